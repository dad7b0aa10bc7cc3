#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// Where a run's metrics go.
struct PrometheusOptions {
  /// What to listen at: a name or a number of this machine; "0.0.0.0" lets other machines in.
  std::string address = "127.0.0.1";
  int port = 9464;  ///< 0: any that is free, see PrometheusSink::port()
  /// Without it there is only the text file.
  bool is_listening = true;
  /// For node_exporter's textfile collector; ends in ".prom". One file a run.
  std::optional<std::filesystem::path> textfile = std::nullopt;
};

/// The newest numbers of a run as Prometheus metrics (text format 0.0.4): at
/// http://ADDRESS:PORT/metrics, in a text file, or both. The metrics are listed in
/// docs/prometheus.md.
///
/// Cost: a page of one line a number is rendered at each call and kept; a scrape sends it and takes
/// no lock meanwhile. Three threads, which block all signals, answer scrapes; at most three
/// connections are open. A client that is slow or idle for 5 s, or for 250 ms while others wait, is
/// hung up on.
///
/// Errors: a call that throws Error (the port is taken, the file cannot be written) can be made
/// again and counts nothing twice; what it brought is at the address already.
///
/// Thread safety: that of Sink; port() and page() from any thread. In a forked child, where its
/// threads are not, only the destructor may be called; it leaves the parent's server alone.
class LIVECCA_EXPORT PrometheusSink : public Sink {
 public:
  /// Throws Error if a port or a file's name cannot be.
  explicit PrometheusSink(PrometheusOptions options = {});
  ~PrometheusSink() override;

  std::string name() const override;
  /// Listens. Throws Error, e.g. "prometheus: expected to listen at 127.0.0.1:9464, got: address
  /// already in use".
  void open(const SinkRun& run) override;
  void run(const RunRow& row, const RowStamp& stamp) override;
  void snapshot(const SnapshotRows& rows, const RowStamp& stamp) override;
  void log(const LogRow& row, const RowStamp& stamp) override;
  void event(const Event& event, const RowStamp& stamp) override;
  /// Stops listening; clients that are being answered are hung up on. The text file stays.
  void close() override;

  /// Where it listens; 0 while it does not.
  int port() const;
  /// What a scrape gets now; nothing before open().
  std::string page() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca
