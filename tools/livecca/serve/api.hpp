#pragma once

#include <string>
#include <string_view>

#include "http/http_server.hpp"
#include "serve/gate.hpp"
#include "serve/index/served_runs.hpp"

namespace livecca::tool {

/// Answers requests: the page, and the interface of docs/serve.md.
///
/// Thread safety: answer() is for one thread.
class Api {
 public:
  /// Keeps references.
  Api(const ServedRuns& runs, const Gate& gate) : runs_(runs), gate_(gate) {}

  /// Never throws.
  HttpAnswer answer(const HttpRequest& request) const;

 private:
  HttpAnswer answer_allowed(const HttpRequest& request, const Query& query) const;
  HttpAnswer of_run(std::string_view rest, const Query& query) const;

  const ServedRuns& runs_;
  const Gate& gate_;
};

/// {"version", "livecca", "now", "runs"}, the newest first.
std::string runs_answer(const ServedRuns& runs);

}  // namespace livecca::tool
