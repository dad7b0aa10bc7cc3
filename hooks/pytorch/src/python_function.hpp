#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "python_lock.hpp"

namespace livecca::python {

/// A function of Python that C++ may call, copy and let go on any thread, without Python's lock.
class PythonFunction {
 public:
  /// Needs the lock.
  explicit PythonFunction(nanobind::callable function)
      : function_(new nanobind::callable(std::move(function)), &let_go) {}

  /// Whether the result is true. Throws std::runtime_error with one line if it raises.
  template <typename... Arguments>
  bool operator()(const Arguments&... arguments) const {
    const WithLock lock;
    try {
      const auto result = nanobind::steal(call(*function_, nanobind::make_tuple(arguments...)));
      const int is_true = result.is_valid() ? PyObject_IsTrue(result.ptr()) : -1;
      if (is_true < 0) nanobind::raise_python_error();
      return is_true == 1;
    } catch (const nanobind::python_error& error) {
      throw std::runtime_error(line_of(error));
    }
  }

 private:
  static void let_go(nanobind::callable* function) {
    if (python_ends()) return;  // its memory is gone or goes with the process
    const WithLock lock;
    delete function;
  }

  std::shared_ptr<nanobind::callable> function_;
};

}  // namespace livecca::python
