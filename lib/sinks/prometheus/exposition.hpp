#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sinks/prometheus/metric.hpp"

namespace livecca {

/// The labels of a series, `{name="value",…}`, as the text format writes them. To Prometheus an
/// empty label is none, so it is left out, and series that are the same have the same text.
class Labels {
 public:
  /// `value` may hold any bytes; those that the format cannot carry (not UTF-8, or zero) become
  /// U+FFFD, as one of them would make the whole page unreadable.
  Labels& with(std::string_view name, std::string_view value);
  /// Braces and all; empty without labels.
  std::string text() const { return text_.empty() ? "" : '{' + text_ + '}'; }

 private:
  std::string text_;
};

/// Series that are replaced together. Each has one value: a later one takes the place of an
/// earlier.
class SeriesGroup {
 public:
  /// A number that is not finite is none: the series goes.
  void set(Metric metric, const Labels& labels, double value);
  /// Written with all its digits.
  void set_count(Metric metric, const Labels& labels, std::uint64_t value);
  void clear() { series_.clear(); }

  /// What lies under a metric: labels and value as texts.
  const std::map<std::string, std::string>* series(Metric metric) const;

 private:
  std::map<Metric, std::map<std::string, std::string>> series_;
};

/// The page, text format 0.0.4: HELP, TYPE and the series of each metric that has any. Whatever the
/// locale.
std::string exposition(std::span<const SeriesGroup* const> groups);

}  // namespace livecca
