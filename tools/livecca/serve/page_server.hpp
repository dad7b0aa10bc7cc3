#pragma once

#include <memory>
#include <string>
#include <vector>

namespace livecca::tool {

struct ServeOptions {
  std::vector<std::string> runs{};    ///< runs' folders, and folders of such folders
  std::string address = "127.0.0.1";  ///< a name or number of this machine
  int port = 0;                       ///< 0: any free port
  std::string token{};                ///< empty: none, for this machine alone
};

/// Serves the live page of runs: see docs/serve.md. Reads the runs' folders, and changes nothing.
/// Two threads: one reads rows, one answers.
class PageServer {
 public:
  /// Returns when the port is taken; the runs are read meanwhile. Throws InputError for runs and
  /// options that cannot be used, and Error if the port cannot be had.
  explicit PageServer(const ServeOptions& options);
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  int port() const;
  /// Of the page, "http://127.0.0.1:6007/"; with the token, if there is one.
  const std::string& url() const { return url_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string url_;
};

/// Throws InputError for an address, port or token that cannot be used.
void check(const ServeOptions& options);

}  // namespace livecca::tool
