#pragma once

#include <nanobind/nanobind.h>

#include <string>

namespace livecca::python {

// Python ends a thread that asks for its lock while the interpreter ends: pthread_exit() unwinds
// the thread's frames. Here this would meet destructors, which may not be left that way, and the
// process would abort. So such a thread is stopped for ever instead, as Python 3.14 does.

/// Gives Python's lock up as long as it lives.
class WithoutLock {
 public:
  WithoutLock() : thread_(PyEval_SaveThread()) {}
  ~WithoutLock();
  WithoutLock(const WithoutLock&) = delete;
  WithoutLock& operator=(const WithoutLock&) = delete;

 private:
  PyThreadState* thread_;
};

/// Has Python's lock as long as it lives, on any thread, also on one that has it already.
class WithLock {
 public:
  WithLock();
  ~WithLock() { PyGILState_Release(state_); }
  WithLock(const WithLock&) = delete;
  WithLock& operator=(const WithLock&) = delete;

 private:
  PyGILState_STATE state_{};
};

/// The function's result; null if it raised. Needs the lock. Python code may be where the thread is
/// ended, so nothing that needs to be destroyed may be between this and the call.
PyObject* call(const nanobind::object& function, const nanobind::tuple& arguments) noexcept;

/// Whether the interpreter ends or has ended.
inline bool python_ends() { return Py_IsInitialized() == 0; }

/// The exception's type and message in one line, such as "ValueError: no thanks". Needs the lock.
std::string line_of(const nanobind::python_error& error);

}  // namespace livecca::python
