#include "livecca/monitor/replay.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "livecca/common/error.hpp"
#include "livecca/packs/recorder.hpp"
#include "monitor/drifting_network.hpp"
#include "support/failing_listing.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

/// A run of a layer "fc" and of what it is fed, with a reference in lock-step.
class ReplayFixture {
 public:
  ReplayFixture() {
    options.run_directory = folder.path() / "run";
    options.history_precision = PackPrecision::exact;
  }

  void begin() {
    monitor.emplace(options);
    net = monitor->watch("net", "fc", Layout::nc);
    ref = monitor->watch("seed7", "fc", Layout::nc);
  }
  void epoch(std::int64_t number) {
    add(network.epoch(*monitor, net, ref, number, share(number)).wait());
  }
  void finish() { add(monitor->finish()); }
  void run(int epochs) {
    begin();
    for (int i = 0; i < epochs; ++i) epoch(i);
    finish();
  }

  static double share(std::int64_t epoch) { return 0.15 * static_cast<double>(epoch); }
  std::filesystem::path snapshot(int number) const {
    return options.run_directory / "history" /
           ("snapshot-000" + std::to_string(number) + ".safetensors");
  }
  /// A pack of the reference network, "fc".
  std::filesystem::path reference_pack(double probe = 0) const {
    const std::filesystem::path path = folder.path() / "seed7.safetensors";
    const auto run_probe = [&](Recorder& recorder) {
      const Eigen::MatrixXd inputs = Eigen::MatrixXd::Constant(DriftingNetwork::images, 2, probe);
      recorder.set_inputs(view_of(inputs));
      recorder.observe("fc", Layout::nc, view_of(network.reference()));
    };
    const auto recorded =
        record(path, {.network = "seed7", .precision = PackPrecision::exact}, run_probe);
    REQUIRE_MESSAGE(recorded, recorded.why());
    return path;
  }

  TemporaryFolder folder;
  MonitorOptions options;
  DriftingNetwork network{1};
  std::optional<Monitor> monitor;
  TapHandle net;
  TapHandle ref;
  std::vector<MeasureRow> rows;  ///< that the run wrote

 private:
  void add(const SnapshotReport& report) {
    rows.insert(rows.end(), report.measures.begin(), report.measures.end());
  }
};

const MeasureRow* find(const std::vector<MeasureRow>& rows, std::int64_t epoch,
                       const std::string& reference, const std::string& measure,
                       const std::string& layer = "fc") {
  for (const MeasureRow& row : rows) {
    if (row.epoch == epoch && row.reference == reference && row.measure == measure &&
        row.layer == layer) {
      return &row;
    }
  }
  return nullptr;
}

/// Song et al. 2007, equation 5, of the rows' inner products; 1 of X with X after normalising.
double debiased_hsic(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  const auto n = static_cast<double>(x.rows());
  Eigen::MatrixXd k = x * x.transpose();
  Eigen::MatrixXd l = y * y.transpose();
  k.diagonal().setZero();
  l.diagonal().setZero();
  const double trace = (k.array() * l.array()).sum();
  const double sums = k.sum() * l.sum() / ((n - 1) * (n - 2));
  const double products = k.rowwise().sum().dot(l.rowwise().sum()) * 2 / (n - 2);
  return (trace + sums - products) / (n * (n - 3));
}

double debiased_cka(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  return debiased_hsic(x, y) / std::sqrt(debiased_hsic(x, x) * debiased_hsic(y, y));
}

}  // namespace

TEST_CASE_FIXTURE(ReplayFixture, "a replay gives what the run wrote, and the pack what it saw") {
  options.compare_before = {1, 3};
  options.error_blocks = 5;
  run(6);
  ReplayOptions asked;
  asked.before = {3, 1, 3};
  asked.error_blocks = 5;
  asked.references = {{"seed7", reference_pack()}};
  const ReplayResult replayed = replay(options.run_directory, asked);
  // The run was not told its probe's inputs, the pack was.
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "unverified_probe");
  REQUIRE(replayed.measures.size() == rows.size());
  for (const MeasureRow& row : rows) {
    CAPTURE(row.epoch);
    CAPTURE(row.reference);
    CAPTURE(row.measure);
    const MeasureRow* again = find(replayed.measures, row.epoch, row.reference, row.measure);
    REQUIRE(again != nullptr);
    CHECK(std::abs(*again->value - *row.value) <= 1e-12);
    // The lock-step reference's parts were batches of another size.
    if (row.reference != "seed7") {
      CHECK(std::abs(*again->standard_error - *row.standard_error) <= 1e-10);
    }
    REQUIRE(again->noise_floor.has_value() == row.noise_floor.has_value());
    if (row.noise_floor) CHECK(std::abs(*again->noise_floor - *row.noise_floor) <= 1e-12);
    CHECK(again->samples == row.samples);
    CHECK(again->ranks == row.ranks);
    CHECK(again->status == row.status);
  }
}

TEST_CASE_FIXTURE(ReplayFixture,
                  "measures that the run did not have are those of its activations") {
  run(4);
  ReplayOptions asked;
  asked.measures = {"linear_cka_debiased", "rv2"};
  const ReplayResult replayed = replay(options.run_directory, asked);
  CHECK(replayed.measures.size() == 2 * 6);
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    for (const auto& [reference, other] : {std::pair("start", 0), std::pair("final", 3)}) {
      if (epoch == other) continue;
      const double expected =
          debiased_cka(network.layer(share(epoch)), network.layer(share(other)));
      for (const MeasureRow& row : replayed.measures) {
        if (row.epoch != epoch || row.reference != reference) continue;
        if (!row.measure.starts_with("linear_cka_debiased")) continue;
        CHECK(std::abs(*row.value -
                       (row.measure.ends_with("_distance") ? 1 - expected : expected)) < 1e-10);
      }
      CHECK(find(replayed.measures, epoch, reference, "rv2_similarity") != nullptr);
    }
  }
}

TEST_CASE_FIXTURE(ReplayFixture, "a damaged snapshot costs its point, and is named once") {
  run(6);
  std::filesystem::resize_file(snapshot(2), 500);
  ReplayOptions asked;
  asked.before = {1};
  const ReplayResult replayed = replay(options.run_directory, asked);
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "unreadable");
  CHECK(replayed.events[0].message.find("snapshot-0002.safetensors: expected") !=
        std::string::npos);
  for (const auto& [reference, first] : {std::pair("start", 1), std::pair("final", 0)}) {
    for (int epoch = first; epoch < first + 5; ++epoch) {
      CHECK((find(replayed.measures, epoch, reference, "pwcca_distance") != nullptr) ==
            (epoch != 2));
    }
  }
  // The one before is the damaged one, not the one before that.
  CHECK(find(replayed.measures, 3, "before-1", "pwcca_distance") == nullptr);
  CHECK(find(replayed.measures, 4, "before-1", "pwcca_distance") != nullptr);
  for (int i = 0; i < 6; ++i) std::filesystem::resize_file(snapshot(i), 20);
  CHECK_THROWS_WITH_AS(replay(options.run_directory, asked),
                       doctest::Contains("snapshot-0000.safetensors: expected"), Error);
}

TEST_CASE_FIXTURE(ReplayFixture, "a run that still goes on is replayed as far as it is") {
  begin();
  for (int i = 0; i < 3; ++i) epoch(i);
  const ReplayResult early = replay(options.run_directory, {});
  CHECK(find(early.measures, 2, "start", "pwcca_distance") != nullptr);
  CHECK(find(early.measures, 0, "final", "pwcca_distance") != nullptr);
  for (int i = 3; i < 5; ++i) epoch(i);
  finish();
  const ReplayResult late = replay(options.run_directory, {});
  CHECK(*find(late.measures, 2, "start", "pwcca_distance")->value ==
        *find(early.measures, 2, "start", "pwcca_distance")->value);
  CHECK(*find(late.measures, 0, "final", "pwcca_distance")->value ==
        *find(rows, 0, "final", "pwcca_distance")->value);
}

TEST_CASE_FIXTURE(ReplayFixture, "more snapshots than files may be open are compared all") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  constexpr int snapshots = 60;
  options.measures = {"linear_cka"};
  begin();
  for (int i = 0; i < snapshots; ++i) network.epoch(*monitor, net, ref, i, 0.01 * i).wait();
  const rlimit few{40, limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const SnapshotReport final = monitor->finish();
  ReplayResult replayed;
  CHECK_NOTHROW(replayed = replay(options.run_directory, {.measures = {"linear_cka"}}));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(final.events.empty());
  CHECK(final.measures.size() == snapshots - 1);
  CHECK(replayed.events.empty());
  CHECK(replayed.measures.size() == 2 * (snapshots - 1));
}

TEST_CASE_FIXTURE(ReplayFixture, "the start is the first snapshot that is finite, as in the run") {
  begin();
  for (int i = 0; i < 3; ++i) {
    Eigen::MatrixXd now = network.layer(share(i));
    if (i == 0) now(3, 2) = std::numeric_limits<double>::quiet_NaN();
    auto step = monitor->begin(Stream::probe, i);
    step.observe(net, view_of(now));
    step.observe(ref, view_of(network.reference()));
    step.commit();
    const SnapshotReport report = monitor->snapshot(i).wait();
    rows.insert(rows.end(), report.measures.begin(), report.measures.end());
  }
  const ReplayResult replayed = replay(options.run_directory, {});
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "nonfinite");
  CHECK(replayed.events[0].subject == "start/fc");
  const MeasureRow* written = find(rows, 2, "start", "pwcca_distance");
  const MeasureRow* again = find(replayed.measures, 2, "start", "pwcca_distance");
  REQUIRE(written != nullptr);
  REQUIRE(again != nullptr);
  CHECK(*again->value == doctest::Approx(*written->value).epsilon(1e-12));
  CHECK(again->samples == 400);
  CHECK(find(replayed.measures, 0, "final", "pwcca_distance")->samples == 399);
}

TEST_CASE_FIXTURE(ReplayFixture, "a layer that grew is compared with what it was") {
  begin();
  for (int i = 0; i < 4; ++i) {
    const Eigen::MatrixXd now = normal_matrix(200, i < 2 ? 4 : 7, 10 + i);
    auto step = monitor->begin(Stream::probe, i);
    step.observe(net, view_of(now));
    step.commit();
    monitor->snapshot(i).wait();
  }
  ReplayOptions asked;
  asked.before = {1};
  const ReplayResult replayed = replay(options.run_directory, asked);
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "shape_changed");
  CHECK(replayed.events[0].message.find("expected 4 features as in the snapshot before, got 7") !=
        std::string::npos);
  for (int epoch = 1; epoch < 4; ++epoch) {
    const MeasureRow* row = find(replayed.measures, epoch, "start", "mean_cca_distance");
    REQUIRE(row != nullptr);
    CHECK(row->features == std::array<std::size_t, 2>{epoch < 2 ? 4U : 7U, 4});
    CHECK(row->value.has_value());
  }
  CHECK(find(replayed.measures, 2, "before-1", "mean_cca_distance")->value.has_value());
}

TEST_CASE_FIXTURE(ReplayFixture,
                  "a reference that does not pair is named once, and the rest goes on") {
  begin();
  for (int i = 0; i < 3; ++i) {
    const Eigen::MatrixXd inputs = Eigen::MatrixXd::Constant(DriftingNetwork::images, 2, 1);
    auto step = monitor->begin(Stream::probe, i);
    step.set_inputs(view_of(inputs));
    const Eigen::MatrixXd now = network.layer(share(i));
    step.observe(net, view_of(now));
    step.commit();
    monitor->snapshot(i).wait();
  }
  ReplayOptions asked;
  asked.references = {{"seed7", reference_pack(2)}};
  const ReplayResult replayed = replay(options.run_directory, asked);
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "other_probe");
  CHECK(replayed.events[0].subject == "seed7");
  CHECK(replayed.events[0].count == 3);
  CHECK(find(replayed.measures, 0, "seed7", "pwcca_distance") == nullptr);
  CHECK(find(replayed.measures, 1, "start", "pwcca_distance") != nullptr);
  asked.pairing = Pairing::by_patterns({{"conv*", "conv*"}});
  asked.references = {{"seed7", reference_pack(1)}};
  const ReplayResult unpaired = replay(options.run_directory, asked);
  REQUIRE(unpaired.events.size() == 1);
  CHECK(unpaired.events[0].what == "missing");
  CHECK(unpaired.events[0].message.find("seed7.safetensors: expected a layer") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(ReplayFixture, "all layers are compared with all that have the same rows") {
  monitor.emplace(options);
  const TapHandle fc = monitor->watch("net", "fc", Layout::nc);
  const TapHandle wide = monitor->watch("net", "wide", Layout::nc);
  const TapHandle conv = monitor->watch("net", "conv", Layout::nchw);
  for (int i = 0; i < 2; ++i) {
    const Eigen::MatrixXd a = normal_matrix(100, 4, 1 + i);
    const Eigen::MatrixXd b = normal_matrix(100, 12, 5 + i);
    auto step = monitor->begin(Stream::probe, i);
    step.observe(fc, view_of(a));
    step.observe(wide, view_of(b));
    const std::array<std::int64_t, 4> shape{100, 3, 2, 2};
    const Eigen::Matrix<double, -1, -1, Eigen::RowMajor> rows_of_b = b;
    step.observe(conv, {rows_of_b.data(), DType::float64, shape});
    step.commit();
    monitor->snapshot(i).wait();
  }
  ReplayOptions asked;
  asked.measures = {"pwcca"};
  asked.pairing = Pairing::all();
  asked.start = asked.final = false;
  asked.references = {{"early", snapshot(0)}};
  const ReplayResult replayed = replay(options.run_directory, asked);
  // fc and wide with each other and conv with itself, at two snapshots.
  CHECK(replayed.measures.size() == 2 * (4 + 1));
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].subject == "all with all");
  CHECK(replayed.events[0].message.starts_with("4 pairs"));
}

TEST_CASE_FIXTURE(ReplayFixture, "snapshots that can be listed only in part are not replayed") {
  run(3);
  for (int entries = 0; entries < 5; ++entries) {
    CAPTURE(entries);
    const livecca_tests::FailingListing failing(entries);
    CHECK_THROWS_WITH_AS(replay(options.run_directory, {}),
                         doctest::Contains("expected a run's snapshots, got Input/output error"),
                         Error);
  }
  CHECK_FALSE(replay(options.run_directory, {}).measures.empty());
}

TEST_CASE_FIXTURE(ReplayFixture, "a width that changes between snapshots is said, once") {
  monitor.emplace(options);
  const TapHandle fc = monitor->watch("net", "fc", Layout::nc);
  for (const int features : {4, 4, 6, 6}) {
    const Eigen::MatrixXd a = normal_matrix(100, features, 1);
    auto step = monitor->begin(Stream::probe, features);
    step.observe(fc, view_of(a));
    step.commit();
    monitor->snapshot(features).wait();
  }
  const ReplayResult replayed = replay(options.run_directory, {});
  REQUIRE(replayed.events.size() == 1);
  CHECK(replayed.events[0].what == "shape_changed");
  CHECK(replayed.events[0].subject == "fc");
  CHECK(replayed.events[0].message.find("expected 4 features as in the snapshot before, got 6") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(ReplayFixture, "no flipped bit of a snapshot is replayed as other numbers") {
  run(3);
  const auto numbers = [](const ReplayResult& result) {
    std::map<std::string, std::optional<double>> values;
    for (const MeasureRow& row : result.measures) {
      values[std::to_string(row.epoch) + row.layer + row.reference + row.measure] = row.value;
    }
    return values;
  };
  const ReplayOptions asked{.measures = {"pwcca"}, .before = {1}};
  const auto whole = numbers(replay(options.run_directory, asked));
  const std::string bytes = livecca_tests::text_of(snapshot(1));
  std::mt19937_64 random(20240613);
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    std::string damaged = bytes;
    const std::size_t place = random() % bytes.size();
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
    livecca_tests::write_text(snapshot(1), damaged);
    const ReplayResult replayed = replay(options.run_directory, asked);
    REQUIRE(replayed.events.size() == 1);
    CHECK(replayed.events[0].what == "unreadable");
    INFO(replayed.events[0].message);
    CHECK(replayed.events[0].message.starts_with(snapshot(1).string() + ": "));
    CHECK(replayed.events[0].message.find("expected ") != std::string::npos);
    const auto values = numbers(replayed);
    CHECK(values.size() < whole.size());
    for (const auto& [name, value] : values) CHECK(whole.at(name) == value);
  }
}

TEST_CASE_FIXTURE(ReplayFixture, "what cannot be replayed is an error that says why") {
  CHECK_THROWS_WITH_AS(replay(options.run_directory, {}),
                       doctest::Contains("expected a run's snapshots"), Error);
  run(2);
  const auto refuses = [&](const ReplayOptions& asked, const char* why) {
    CHECK_THROWS_WITH_AS(replay(options.run_directory, asked), doctest::Contains(why), Error);
  };
  refuses({.measures = {"pwcca", "weather"}}, "got 'weather'");
  refuses({.keep_variance = 0}, "keep_variance");
  refuses({.before = {0}}, "compare_before of 1 or more");
  for (const char* name : {"", "net", "start", "final", "before-1"}) {
    refuses({.references = {{name, snapshot(0)}}}, "new name for a recorded reference");
  }
  refuses({.references = {{"a", snapshot(0)}, {"a", snapshot(1)}}}, "got 'a'");
  refuses({.references = {{"a", folder.path() / "none"}}}, "none: expected");
}
