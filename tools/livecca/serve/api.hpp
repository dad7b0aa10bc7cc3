#pragma once

#include <string>
#include <string_view>

#include "http/http_server.hpp"
#include "index/growing_runs.hpp"
#include "serve/gate.hpp"

namespace livecca::tool {

/// Answers requests: the page, and the interface of docs/serve.md.
///
/// Thread safety: answer() is for one thread.
class Api {
 public:
  /// Keeps references.
  Api(const GrowingRuns& runs, const Gate& gate) : runs_(runs), gate_(gate) {}

  /// Never throws.
  HttpAnswer answer(const HttpRequest& request) const;

 private:
  HttpAnswer answer_allowed(const HttpRequest& request, const Query& query) const;
  HttpAnswer of_run(std::string_view rest, const Query& query) const;

  const GrowingRuns& runs_;
  const Gate& gate_;
};

/// {"version", "livecca", "now", "runs"}, the newest first.
std::string runs_answer(const GrowingRuns& runs);

}  // namespace livecca::tool
