#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "arrays.hpp"
#include "livecca/monitor/monitor.hpp"

namespace livecca::python {

/// A step of a monitor, which Python may keep longer than it is open.
class OwnedStep {
 public:
  explicit OwnedStep(Monitor::Step step) : step_(std::move(step)) {}

  /// Rows are copied before it returns. A mask has a byte a step, sequences × steps.
  void observe(std::size_t tap, const Array& array, const std::optional<Array>& mask);
  void set_inputs(const Array& array);
  void report_unwatchable(const std::string& tap, const std::string& why);
  void add_reference_time(double seconds);
  void add_observing_time(double seconds);
  void commit();
  /// Drops it, unless it was committed.
  void discard();

 private:
  Monitor::Step& open();

  std::optional<Monitor::Step> step_;
};

void bind_step(nanobind::module_& module);

}  // namespace livecca::python
