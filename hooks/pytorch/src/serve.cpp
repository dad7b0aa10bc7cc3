#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "module.hpp"
#include "python_lock.hpp"
#include "serve/page_server.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;
using tool::PageServer;

/// A server that Python has.
class ServedPage {
 public:
  ServedPage(std::vector<std::string> runs, int port, std::string address, std::string token) {
    const WithoutLock unlocked;
    server_ = std::make_unique<PageServer>(tool::ServeOptions{.runs = std::move(runs),
                                                              .address = std::move(address),
                                                              .port = port,
                                                              .token = std::move(token)});
    url_ = server_->url();
  }
  ~ServedPage() { close(); }
  ServedPage(const ServedPage&) = delete;
  ServedPage& operator=(const ServedPage&) = delete;

  const std::string& url() const { return url_; }

  void close() {
    std::unique_ptr<PageServer> server = std::move(server_);
    if (server == nullptr) return;
    if (::getpid() != process_) {
      // A forked child has not the threads: waiting for them would not end.
      static_cast<void>(server.release());
      return;
    }
    const WithoutLock unlocked;
    server.reset();
  }

 private:
  const pid_t process_ = ::getpid();
  std::unique_ptr<PageServer> server_;
  std::string url_;
};

}  // namespace

void bind_serve(nb::module_& module) {
  nb::class_<ServedPage>(module, "ServedPage")
      .def(nb::init<std::vector<std::string>, int, std::string, std::string>())
      .def_prop_ro("url", &ServedPage::url)
      .def("close", &ServedPage::close);
}

}  // namespace livecca::python
