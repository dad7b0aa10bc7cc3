#include "python_lock.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

namespace livecca::python {
namespace {

namespace nb = nanobind;

[[noreturn]] void stop_for_ever() {
  for (;;) ::pause();
}

}  // namespace

WithoutLock::~WithoutLock() {
  try {
    PyEval_RestoreThread(thread_);
  } catch (...) {  // of pthread_exit(); nothing else is thrown
    stop_for_ever();
  }
}

WithLock::WithLock() {
  // A thread of Python's own, such as the main one, may still be needed for the end.
  if (python_ends() && PyGILState_GetThisThreadState() == nullptr) stop_for_ever();
  try {
    state_ = PyGILState_Ensure();
  } catch (...) {
    stop_for_ever();
  }
}

PyObject* call(const nb::object& function, const nb::tuple& arguments) noexcept {
  try {
    return PyObject_Call(function.ptr(), arguments.ptr(), nullptr);
  } catch (...) {
    stop_for_ever();
  }
}

std::string line_of(const nb::python_error& error) {
  std::string text = nb::type_name(error.type()).c_str();
  try {
    const std::string message = nb::str(error.value()).c_str();
    if (!message.empty()) text += ": " + message;
  } catch (const nb::python_error&) {
    text += ", whose text raises another exception";
  }
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace livecca::python
