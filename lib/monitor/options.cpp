#include "livecca/monitor/options.hpp"

#include <algorithm>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"

namespace livecca {

bool MonitorOptions::is_valid(std::string& why) const {
  const auto refuse = [&](std::string text) {
    why = "monitor options: " + std::move(text);
    return false;
  };
  if (run_directory.empty()) return refuse("expected a run_directory, got none");
  if (network.empty()) return refuse("expected the trained network's name, got none");
  if (network == "start" || network == "final" || network.starts_with("before-")) {
    return refuse("expected a network name other than 'start', 'final' and 'before-…'");
  }
  if (measures.empty()) return refuse("expected at least one measure, got none");
  for (const std::string& name : measures) {
    if (find_measure(name) != nullptr) continue;
    std::string known;
    for (const MeasureInfo& info : livecca::measures()) {
      if (!known.empty()) known += ", ";
      known += info.name;
    }
    known += "; got '";
    known += name;
    return refuse("expected measures out of " + known + "'");
  }
  if (!(keep_variance > 0 && keep_variance <= 1)) {
    return refuse("expected keep_variance above 0 and at most 1, got " +
                  std::to_string(keep_variance));
  }
  if (!(partial_whitening_alpha >= 0 && partial_whitening_alpha <= 1)) {
    return refuse("expected partial_whitening_alpha from 0 to 1, got " +
                  std::to_string(partial_whitening_alpha));
  }
  if (error_blocks > 0 && error_blocks < fewest_error_blocks) {
    return refuse("expected 0 or at least " + std::to_string(fewest_error_blocks) +
                  " error_blocks, got " + std::to_string(error_blocks));
  }
  if (threads < 0) {
    return refuse("expected 0 or more threads, got " + std::to_string(threads));
  }
  if (queue_steps == 0) return refuse("expected at least one of queue_steps, got 0");
  if (!(overhead_budget >= 0 && overhead_budget < 1)) {
    return refuse("expected an overhead_budget from 0 to below 1, got " +
                  std::to_string(overhead_budget));
  }
  for (const std::size_t snapshots : compare_before) {
    if (snapshots == 0) return refuse("expected compare_before of 1 or more, got 0");
  }
  if (!compare_before.empty() && !keep_history) {
    return refuse("expected keep_history with compare_before, got none");
  }
  std::string reason;
  if (!train_window.is_valid(reason) || !verdicts.is_valid(reason)) return refuse(reason);
  return true;
}

}  // namespace livecca
