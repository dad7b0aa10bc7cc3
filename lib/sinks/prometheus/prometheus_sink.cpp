#include <unistd.h>

#include <mutex>
#include <string_view>
#include <utility>

#include "http/http_server.hpp"
#include "livecca/common/error.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "sinks/prometheus/run_metrics.hpp"

namespace livecca {
namespace {

void check(const PrometheusOptions& options) {
  if (options.port < 0 || options.port > 65535) {
    throw Error("prometheus: expected a port from 0 to 65535, got: " +
                std::to_string(options.port));
  }
}

}  // namespace

struct PrometheusSink::State {
  explicit State(PrometheusOptions given) : options(std::move(given)) {}

  std::shared_ptr<const std::string> current_page() const {
    const std::lock_guard lock(mutex);
    return page;
  }

  void publish() {
    auto next = std::make_shared<const std::string>(metrics.page());
    const std::lock_guard lock(mutex);
    page = std::move(next);
  }

  void listen() {
    if (server != nullptr) return;
    auto made = std::make_unique<HttpServer>(
        HttpOptions{.address = options.address, .port = options.port},
        [this](const HttpRequest& request) { return answer(request.path); });
    const std::lock_guard lock(mutex);
    server = std::move(made);
  }

  HttpAnswer answer(std::string_view path) const {
    if (path == "/metrics") {
      return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = current_page()};
    }
    if (path == "/") return http_text(200, "livecca's metrics are at /metrics");
    return http_text(404, "expected /metrics");
  }

  void stop() {
    std::unique_ptr<HttpServer> stopped;
    {
      const std::lock_guard lock(mutex);
      stopped = std::move(server);
    }
    // Not under the lock, which its thread takes.
  }

  const PrometheusOptions options;
  const pid_t process = ::getpid();
  RunMetrics metrics;
  mutable std::mutex mutex;  // of the page and the server
  std::shared_ptr<const std::string> page = std::make_shared<const std::string>();
  std::unique_ptr<HttpServer> server;
};

PrometheusSink::PrometheusSink(PrometheusOptions options) {
  check(options);
  state_ = std::make_unique<State>(std::move(options));
}

PrometheusSink::~PrometheusSink() {
  if (::getpid() == state_->process) {
    state_->stop();
  } else {
    // A forked child has neither the threads nor, maybe, the lock: waiting for them would not end.
    static_cast<void>(state_.release());
  }
}

std::string PrometheusSink::name() const { return "prometheus"; }

void PrometheusSink::open(const SinkRun& run) {
  state_->metrics.open(run);
  state_->publish();
  state_->listen();
}

void PrometheusSink::run(const RunRow& row, const RowStamp& stamp) {
  state_->metrics.run(row, stamp);
  state_->publish();
}

void PrometheusSink::snapshot(const SnapshotRows& rows, const RowStamp& stamp) {
  state_->metrics.snapshot(rows, stamp);
  state_->publish();
}

void PrometheusSink::log(const LogRow& row, const RowStamp& stamp) {
  state_->metrics.log(row, stamp);
  state_->publish();
}

void PrometheusSink::event(const Event& event, const RowStamp& stamp) {
  state_->metrics.event(event, stamp);
  state_->publish();
}

void PrometheusSink::close() {
  if (state_->server == nullptr) return;
  state_->stop();
  state_->metrics.close();
  state_->publish();
}

int PrometheusSink::port() const {
  const std::lock_guard lock(state_->mutex);
  return state_->server == nullptr ? 0 : state_->server->port();
}

std::string PrometheusSink::page() const { return *state_->current_page(); }

}  // namespace livecca
