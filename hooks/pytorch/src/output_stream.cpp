#include "output_stream.hpp"

#include "python_lock.hpp"

namespace livecca::python {

namespace nb = nanobind;

int PythonStream::Buffer::sync() {
  const WithLock lock;
  try {
    const nb::tuple text = nb::make_tuple(nb::str(text_.data(), text_.size()));
    const nb::object write = stream_.attr("write");
    const nb::object flush = stream_.attr("flush");
    const bool is_written = nb::steal(call(write, text)).is_valid() &&
                            nb::steal(call(flush, nb::make_tuple())).is_valid();
    if (!is_written) nb::raise_python_error();
  } catch (nb::python_error& error) {
    // Of a full disk the caller says a line.
    if (!error.matches(PyExc_OSError)) error.discard_as_unraisable("livecca's output");
    return -1;
  }
  text_.clear();
  return 0;
}

}  // namespace livecca::python
