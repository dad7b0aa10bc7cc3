#include "livecca/monitor/options.hpp"

#include <algorithm>

#include "common/files/safetensors.hpp"
#include "common/utf8.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/reference.hpp"

namespace livecca {
namespace {

std::string known_measures() {
  std::string known;
  for (const MeasureInfo& info : measures()) {
    known += (known.empty() ? "" : ", ") + std::string(info.name);
  }
  return known;
}

// Each says what is wrong, or nothing.

std::string fault_of_names(const MonitorOptions& options) {
  if (options.run_directory.empty()) return "expected a run_directory, got none";
  if (options.network.empty()) return "expected the trained network's name, got none";
  if (is_reserved(options.network)) {
    return "expected a network name other than 'start', 'final' and 'before-…'";
  }
  for (const std::string& name : {options.network, options.run, options.pairing.text()}) {
    if (!is_utf8(name)) return "expected names and patterns in UTF-8, got " + in_quotes(name);
  }
  if (options.measures.empty()) return "expected at least one measure, got none";
  for (const std::string& name : options.measures) {
    if (find_measure(name) != nullptr) continue;
    return "expected measures out of " + known_measures() + "; got '" + name + "'";
  }
  return {};
}

std::string fault_of_numbers(const MonitorOptions& options) {
  const auto got = [](const char* expected, auto value) {
    return std::string("expected ") + expected + ", got " + std::to_string(value);
  };
  if (!(options.keep_variance > 0 && options.keep_variance <= 1)) {
    return got("keep_variance above 0 and at most 1", options.keep_variance);
  }
  if (!(options.partial_whitening_alpha >= 0 && options.partial_whitening_alpha <= 1)) {
    return got("partial_whitening_alpha from 0 to 1", options.partial_whitening_alpha);
  }
  if (options.error_blocks > 0 && options.error_blocks < fewest_error_blocks) {
    return "expected 0 or at least " + std::to_string(fewest_error_blocks) + " error_blocks, got " +
           std::to_string(options.error_blocks);
  }
  if (options.threads < 0) return got("0 or more threads", options.threads);
  if (options.most_taps == 0) return got("at least one of most_taps", options.most_taps);
  if (options.queue_steps == 0) return got("at least one of queue_steps", options.queue_steps);
  if (!(options.overhead_budget >= 0 && options.overhead_budget < 1)) {
    return got("an overhead_budget from 0 to below 1", options.overhead_budget);
  }
  return {};
}

std::string expected_free(const Sink& sink) {
  return "expected sinks that serve no other run, got " + sink.name() + ", which does";
}

std::string fault_of_parts(const MonitorOptions& options) {
  if (std::ranges::count(options.compare_before, std::size_t{0}) > 0) {
    return "expected compare_before of 1 or more, got 0";
  }
  if (!options.compare_before.empty() && !options.keep_history) {
    return "expected keep_history with compare_before, got none";
  }
  std::vector<const Sink*> known;
  for (const auto& sink : options.sinks) {
    if (sink == nullptr) return "expected sinks, got a null pointer among them";
    if (std::ranges::count(known, sink.get()) > 0) {
      return "expected each sink once, got " + sink->name() + " twice";
    }
    known.push_back(sink.get());
    if (sink->is_serving()) return expected_free(*sink);
  }
  if (const auto window = options.train_window.check(); !window) return window.why();
  return options.verdicts.check().why();
}

}  // namespace

Result<void> MonitorOptions::check() const {
  for (const auto fault : {fault_of_names, fault_of_numbers, fault_of_parts}) {
    const std::string reason = fault(*this);
    if (!reason.empty()) return Failure{"monitor options: " + reason};
  }
  return {};
}

}  // namespace livecca
