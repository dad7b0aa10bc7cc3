#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// Where a run's metrics can be scraped.
struct PrometheusOptions {
  /// What to listen at: a name or a number of this machine; "0.0.0.0" lets other machines in.
  std::string address = "127.0.0.1";
  int port = 9464;  ///< 0: any that is free, see PrometheusSink::port()
};

/// The newest numbers of a run as Prometheus metrics (text format 0.0.4) at
/// http://ADDRESS:PORT/metrics. The metrics are listed in docs/prometheus.md.
///
/// Cost: a page of one line a number is rendered at each call and kept; a scrape sends it and takes
/// no lock meanwhile. Three threads, which block all signals, answer scrapes; at most three
/// connections are open. A client that is slow or idle for 5 s is hung up on; while others wait,
/// one that is slow for 250 ms, or has sent nothing for 20 ms.
///
/// Errors: open() throws Error, e.g. when the port is taken, and can be made again.
///
/// Thread safety: that of Sink; port() and page() from any thread. In a forked child, where its
/// threads are not, only the destructor may be called; it leaves the parent's server alone.
class LIVECCA_EXPORT PrometheusSink : public Sink {
 public:
  /// Throws Error if there can be no such port.
  explicit PrometheusSink(PrometheusOptions options = {});
  ~PrometheusSink() override;

  std::string name() const override;
  /// Begins anew, and listens. Throws Error, e.g. "expected to listen at 127.0.0.1:9464, got:
  /// address already in use".
  void open(const SinkRun& run) override;
  void run(const RunRow& row, const RowStamp& stamp) override;
  void snapshot(const SnapshotRows& rows, const RowStamp& stamp) override;
  void log(const LogRow& row, const RowStamp& stamp) override;
  void event(const Event& event, const RowStamp& stamp) override;
  /// Stops listening; clients that are being answered are hung up on. Nothing if it does not
  /// listen.
  void close() override;

  /// Where it listens; 0 while it does not.
  int port() const;
  /// What a scrape gets now; nothing before open().
  std::string page() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A sink that writes the same page into a file for node_exporter's textfile collector, at each
/// call, whole or not at all. The file stays when the run is over. One file a run.
///
/// `file` ends in ".prom"; Error is thrown if it does not. A call that throws Error with the path
/// and the reason, as when the folder is not there, can be made again and counts nothing twice.
///
/// Cost: a page of one line a number is rendered and written at each call, to the operating system
/// and not to the disk.
///
/// Thread safety: as Sink says.
LIVECCA_EXPORT std::shared_ptr<Sink> prometheus_textfile_sink(const std::filesystem::path& file);

}  // namespace livecca
