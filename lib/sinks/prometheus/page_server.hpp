#pragma once

#include <functional>
#include <memory>
#include <string>

namespace livecca {

/// Answers GET /metrics over HTTP with a page that is made elsewhere.
///
/// The process's signals stay as they are: the three threads block all of them, and sending does
/// not raise SIGPIPE. At most three connections are open; others wait in the kernel.
///
/// Thread safety: none.
class PageServer {
 public:
  /// Called from the server's threads, at the same time.
  using Page = std::function<std::shared_ptr<const std::string>()>;

  /// Listens; port 0 takes any that is free. Throws Error.
  PageServer(const std::string& address, int port, Page page);
  /// Hangs up; waits for the threads, which takes some 50 ms.
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  int port() const;

 private:
  class Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace livecca
