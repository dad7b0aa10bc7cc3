#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/safetensors.hpp"
#include "common/utf8.hpp"
#include "livecca/common/error.hpp"
#include "monitor/monitor_state.hpp"

namespace livecca {

TapHandle Monitor::State::watch(std::string_view network, std::string_view layer,
                                const Reading& reading, std::optional<TapShape> shape) {
  if (const auto known = taps.find(network, layer, reading)) return {*known};
  const std::string name = std::string(network) + "/" + std::string(layer);
  if (is_reserved(network)) {
    throw Error(name + ": expected a network name other than 'start', 'final' and 'before-…'");
  }
  // A checkpoint is JSON: under another name the tap would not be found again.
  if (!is_utf8(name)) {
    throw Error(in_quotes(name) + ": expected the names of a network and a layer in UTF-8");
  }
  if (const auto valid = reading.check(); !valid) throw Error(name + ": " + valid.why());
  std::unique_lock lock(pipeline, std::defer_lock);
  // Above the limit it waits for no step and no checkpoint: names may change at each step.
  const bool is_over_limit = taps.accepted() >= options.most_taps;
  if (!is_over_limit) lock.lock();
  if (const auto known = taps.find(network, layer, reading)) return {*known};
  if (is_over_limit || taps.size() >= options.most_taps) {
    report_over_limit(name);
    return {TapHandle::none};
  }
  if (packs.has(std::string(network))) {
    throw Error(name + ": expected another network's name, this one is a recorded reference's");
  }
  const std::size_t tap = taps.add({std::string(network), std::string(layer), reading, shape});
  try {
    probe.add_new(taps);
    // What the train stream would take, where that is more and known before.
    if (shape && options.train_window.kind == Window::Kind::last_blocks) {
      window_of(Stream::train).add_new(taps);
    }
    taps.accept_last();
  } catch (...) {
    if (probe.panel().tap_count() > tap) probe.panel().remove_last_tap();
    if (train && train->panel().tap_count() > tap) train->panel().remove_last_tap();
    taps.remove_last();
    throw;
  }
  return {tap};
}

void Monitor::State::expect_reference_name(const std::string& name) const {
  const bool is_tap = [&] {
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (taps.at(i).network == name) return true;
    }
    return false;
  }();
  if (!is_utf8(name)) {
    throw Error("monitor: expected a recorded reference's name in UTF-8, got " + in_quotes(name));
  }
  if (name.empty() || name == options.network || is_reserved(name) || is_tap || packs.has(name)) {
    throw Error("monitor: expected a new name for a recorded reference, got '" + name + "'");
  }
}

Result<void> Monitor::State::add_reference(const std::string& name,
                                           const std::filesystem::path& given) {
  std::int64_t epoch = 0;
  {
    const std::lock_guard lock(front_mutex);
    epoch = front.epoch;
  }
  const std::lock_guard lock(pipeline);
  // The host may change its working directory, and resume from another.
  const std::filesystem::path pack = std::filesystem::absolute(given).lexically_normal();
  // A program that goes on with a run names its references once more.
  if (packs.has(name, pack)) return {};
  expect_reference_name(name);
  // A checkpoint is JSON: under another name the pack would not be found again.
  auto added = is_utf8(pack.string())
                   ? packs.add(name, pack)
                   : Result<void>(Failure{in_quotes(pack.string()) +
                                          ": expected the path of a recorded reference in UTF-8"});
  if (added) {
    history.record_for_references();
  } else {
    writer.report(
        {.epoch = epoch, .what = "reference_refused", .subject = name, .message = added.why()});
  }
  return added;
}

void Monitor::State::report_over_limit(const std::string& name) noexcept {
  writer.tell([&] {
    std::int64_t epoch = 0;
    {
      const std::lock_guard lock(front_mutex);
      epoch = front.epoch;
    }
    return Event{.epoch = epoch,
                 .what = "over_limit",
                 .subject = "taps",
                 .message = "expected at most " + std::to_string(options.most_taps) +
                            " taps, got another one, " + name +
                            "; it is not watched: do names change from step to step?"};
  });
}

}  // namespace livecca
