#include "serve/page_server.hpp"

#include <atomic>
#include <memory>
#include <utility>

#include "http/http_server.hpp"
#include "inputs/input_error.hpp"
#include "serve/answers/run_events.hpp"
#include "serve/api.hpp"

namespace livecca::tool {

void check(const ServeOptions& options) {
  if (options.runs.empty()) throw InputError("RUNS: expected one or more, got none");
  if (options.port < 0 || options.port > 65535) {
    throw InputError("--port: expected 0 to 65535, got " + std::to_string(options.port));
  }
  if (!options.token.empty()) {
    const std::string why = why_no_token(options.token);
    if (!why.empty()) throw InputError("--token: " + why);
  } else if (!is_loopback(options.address)) {
    throw InputError("--host: expected --token TEXT with an address that others can reach, got '" +
                     options.address + "' without one");
  }
}

struct PageServer::State {
  explicit State(const ServeOptions& options)
      : gate(options.token, options.address),
        runs(options.runs),
        api(runs, gate),
        server({.address = options.address, .port = options.port, .refusal = error_answer},
               [this](const HttpRequest& request) {
                 if (!is_ready) return error_answer(503, "expected a moment, as livecca starts");
                 return api.answer(request);
               }) {
    gate.set_port(server.port());
    is_ready = true;
    runs.start({.on_news = [this](GrowingRun& run) { publish(run_event(runs, run)); },
                .on_anew = [this](const std::string& id) { publish(id_event("anew", id)); },
                .on_gone = [this](const std::string& id) { publish(id_event("gone", id)); },
                .on_quiet = [this] { publish(":\n\n"); }});
  }
  ~State() { runs.stop(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void publish(std::string event) {
    server.publish(std::make_shared<const std::string>(std::move(event)));
  }

  Gate gate;
  GrowingRuns runs;
  Api api;
  std::atomic<bool> is_ready{false};  // the gate knows the port
  HttpServer server;
};

PageServer::PageServer(const ServeOptions& options) {
  check(options);
  state_ = std::make_unique<State>(options);
  const bool has_colons = options.address.find(':') != std::string::npos;
  url_ = "http://" + (has_colons ? "[" + options.address + "]" : options.address) + ":" +
         std::to_string(port()) + "/";
  if (!options.token.empty()) url_ += "?token=" + percent_encoded(options.token);
}

PageServer::~PageServer() = default;

int PageServer::port() const { return state_->server.port(); }

}  // namespace livecca::tool
