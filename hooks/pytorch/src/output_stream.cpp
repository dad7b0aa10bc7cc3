#include "output_stream.hpp"

namespace livecca::python {

namespace nb = nanobind;

int PythonStream::Buffer::sync() {
  const nb::gil_scoped_acquire lock;
  try {
    stream_.attr("write")(nb::str(text_.data(), text_.size()));
    stream_.attr("flush")();
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("livecca's output");
    return -1;
  }
  text_.clear();
  return 0;
}

}  // namespace livecca::python
