#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// The address at which Prometheus scrapes a run.
struct PrometheusOptions {
  /// A name or number of this machine to listen at. "0.0.0.0" also lets other machines in.
  std::string address = "127.0.0.1";
  int port = 9464;  ///< 0: any free port, see PrometheusSink::port()
};

/// Serves the newest numbers of a run as Prometheus metrics (text format 0.0.4) at
/// http://ADDRESS:PORT/metrics. docs/prometheus.md lists the metrics.
///
/// Cost: each call renders a page with one line per number and keeps it. A scrape sends that page
/// without holding a lock. One thread, which blocks all signals, answers all scrapes, and none
/// waits for a slow client. The sink closes a connection that is slow or idle for 5 s. If
/// there are more connections than an eighth of the files that the process may open (at least 16,
/// at most 1000), it closes the slowest one.
///
/// Errors: open() throws Error, for example if the port is taken. It can be called again.
///
/// Thread safety: as Sink; port() and page() may be called from any thread. A forked child does
/// not have this thread, and may call only the destructor, which leaves the parent's server alone.
class LIVECCA_EXPORT PrometheusSink : public Sink {
 public:
  /// Throws Error if the port is not from 0 to 65535.
  explicit PrometheusSink(PrometheusOptions options = {});
  ~PrometheusSink() override;

  std::string name() const override;
  /// Forgets the numbers of an earlier run, and listens. Throws Error, for example "expected to
  /// listen at 127.0.0.1:9464, got: address already in use".
  void open(const SinkRun& run) override;
  void run(const RunRow& row, const RowStamp& stamp) override;
  void snapshot(const SnapshotRows& rows, const RowStamp& stamp) override;
  void log(const LogRow& row, const RowStamp& stamp) override;
  void event(const Event& event, const RowStamp& stamp) override;
  /// Stops listening and closes all connections. A scrape that is being answered has up to 250 ms
  /// to end. Does nothing if it does not listen.
  void close() override;

  /// The port that it listens at; 0 if it does not listen.
  int port() const;
  /// The page that a scrape gets now; empty before open().
  std::string page() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Makes a sink that writes the same page into a file, for the textfile collector of node_exporter.
/// Each call writes the file whole or not at all. The file stays after the run. Use one file per
/// run.
///
/// `file` must end in ".prom"; otherwise Error is thrown. A call of the sink throws Error with the
/// path and the reason, for example if the folder is missing. It can be repeated, and counts
/// nothing twice.
///
/// Cost: each call renders one line per number and writes the page to the operating system, without
/// waiting for the disk.
///
/// Thread safety: as Sink.
LIVECCA_EXPORT std::shared_ptr<Sink> prometheus_textfile_sink(const std::filesystem::path& file);

}  // namespace livecca
