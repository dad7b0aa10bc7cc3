#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "arrays.hpp"
#include "livecca/monitor/monitor.hpp"
#include "python_lock.hpp"
#include "shared_monitor.hpp"

namespace livecca::python {

/// A step of a monitor, which Python may keep longer than it or its monitor is open.
class OwnedStep {
 public:
  OwnedStep(std::shared_ptr<SharedMonitor> monitor, Monitor::Step step);
  OwnedStep(OwnedStep&&) = default;
  OwnedStep& operator=(OwnedStep&&) = delete;
  ~OwnedStep();

  /// Rows are copied before it returns. A mask has a byte a step, sequences × steps.
  void observe(std::size_t tap, const Array& array, const std::optional<Array>& mask);
  /// The same of rows that were gathered as choice() says; see gathered_rows().
  void observe_gathered(std::size_t tap, const Array& rows, const std::optional<Array>& positions,
                        const std::array<std::size_t, 5>& shape, const std::optional<Array>& mask);
  RowChoice choice();
  void set_inputs(const Array& array);
  void set_training_mode(const std::string& network, bool is_training);
  void report_unwatchable(const std::string& tap, const std::string& why);
  void add_reference_time(double seconds);
  void add_observing_time(double seconds);
  void commit();
  /// Drops it, unless it was committed. Does nothing once the monitor is closed.
  void discard();

 private:
  /// use(step) without Python's lock. Throws Error if the step or the monitor is gone.
  template <typename Use>
  auto with_step(const Use& use);

  std::shared_ptr<SharedMonitor> monitor_;
  std::shared_ptr<SharedStep> step_;
};

void bind_step(nanobind::module_& module);

}  // namespace livecca::python
