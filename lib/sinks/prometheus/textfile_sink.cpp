#include <span>
#include <utility>

#include "common/files/atomic_file.hpp"
#include "livecca/common/error.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "sinks/prometheus/run_metrics.hpp"

namespace livecca {
namespace {

class TextfileSink : public Sink {
 public:
  explicit TextfileSink(const std::filesystem::path& file) {
    if (file.extension() != ".prom") {
      throw Error("prometheus textfile: expected a file whose name ends in .prom, got: " +
                  file.string());
    }
    // The host may change its working directory.
    file_ = std::filesystem::absolute(file);
  }

  std::string name() const override { return "prometheus textfile"; }

  void open(const SinkRun& run) override {
    is_open_ = false;
    metrics_.open(run);
    write();
    is_open_ = true;
  }

  void run(const RunRow& row, const RowStamp& stamp) override {
    metrics_.run(row, stamp);
    write();
  }

  void snapshot(const SnapshotRows& rows, const RowStamp& stamp) override {
    metrics_.snapshot(rows, stamp);
    write();
  }

  void log(const LogRow& row, const RowStamp& stamp) override {
    metrics_.log(row, stamp);
    write();
  }

  void event(const Event& event, const RowStamp& stamp) override {
    metrics_.event(event, stamp);
    write();
  }

  void close() override {
    if (!is_open_) return;
    metrics_.close();
    write();
    is_open_ = false;
  }

 private:
  void write() const {
    AtomicFile file(file_);
    const std::string page = metrics_.page();
    auto written = file.write(std::as_bytes(std::span(page)));
    // A loss of power ends the run too, and with it what the file is good for.
    if (written) written = file.commit(AtomicFile::Sync::none);
    if (!written) throw Error(written.why());
  }

  std::filesystem::path file_;
  RunMetrics metrics_;
  bool is_open_ = false;
};

}  // namespace

std::shared_ptr<Sink> prometheus_textfile_sink(const std::filesystem::path& file) {
  return std::make_shared<TextfileSink>(file);
}

}  // namespace livecca
