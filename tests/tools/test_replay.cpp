#include <cmath>
#include <optional>

#include "livecca/packs/recorder.hpp"
#include "monitor/drifting_network.hpp"
#include "program.hpp"
#include "support/json_lines.hpp"

using namespace livecca_tests;
using livecca::Layout;
using livecca::Monitor;
using livecca::MonitorOptions;
using livecca::PackPrecision;
using nlohmann::json;

namespace {

constexpr int epochs = 4;

/// A run with a finished history, and the program on it.
class ReplayProgram : public ProgramFixture {
 public:
  ReplayProgram() {
    MonitorOptions options;
    options.run_directory = path("run");
    options.run = "first, of many";
    options.measures = {"pwcca", "mean_cca"};
    options.history_precision = PackPrecision::exact;
    monitor.emplace(options);
    net = monitor->watch("net", "fc", Layout::nc);
    ref = monitor->watch("seed7", "fc", Layout::nc);
    for (int i = 0; i < epochs; ++i) network.epoch(*monitor, net, ref, i, share(i)).wait();
  }

  static double share(int epoch) { return 0.2 * epoch; }
  std::string snapshot(int number) const {
    return path("run/history/snapshot-000" + std::to_string(number) + ".safetensors");
  }
  void write_matrix(const std::string& name, const Eigen::MatrixXd& matrix) const {
    const Eigen::Matrix<double, -1, -1, Eigen::RowMajor> rows = matrix;
    write(name,
          NpyArray{{static_cast<std::size_t>(rows.rows()), static_cast<std::size_t>(rows.cols())},
                   {rows.data(), rows.data() + rows.size()}});
  }
  std::string reference_pack(const std::string& layer = "fc") const {
    const auto run_probe = [&](livecca::Recorder& recorder) {
      recorder.observe(layer, Layout::nc, livecca::view_of(network.reference()));
    };
    REQUIRE(
        livecca::record(path("seed7.safetensors"), {.precision = PackPrecision::exact}, run_probe));
    return path("seed7.safetensors");
  }

  /// Rows of `livecca replay RUN …`, which has nothing to say on stderr.
  std::vector<json> replayed(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"replay", "@run", "--format", "jsonl"});
    return livecca_tests::lines_of(table(arguments));
  }

  DriftingNetwork network{1};
  std::optional<Monitor> monitor;
  livecca::TapHandle net;
  livecca::TapHandle ref;
};

const json* find(const std::vector<json>& rows, int epoch, const std::string& reference,
                 const std::string& measure) {
  for (const json& row : rows) {
    if (row["epoch"] == epoch && row["reference"] == reference &&
        (row["measure"] == measure || row["measure"] == measure + "_distance" ||
         row["measure"] == measure + "_similarity")) {
      return &row;
    }
  }
  return nullptr;
}

}  // namespace

TEST_CASE_FIXTURE(ReplayProgram, "replay prints the run's own numbers again") {
  monitor->finish();
  std::vector<json> written;
  for (json& row : livecca_tests::read_lines(path("run/rows.jsonl"))) {
    if (row["kind"] == "measure") written.push_back(std::move(row));
  }
  const auto rows =
      replayed({"--measures", "pwcca,mean_cca", "--reference", "seed7=" + reference_pack()});
  REQUIRE(written.size() == 2 * (epochs + 2 * (epochs - 1)));
  REQUIRE(rows.size() == written.size());
  for (const json& row : written) {
    const json* again = find(rows, row["epoch"], row["reference"], row["measure"]);
    REQUIRE(again != nullptr);
    CAPTURE(row.dump());
    json expected = row;
    json found = *again;
    if (row["reference"] == "final") expected.erase("step"), found.erase("step");
    for (json* one : {&expected, &found}) one->erase("wall_time"), one->erase("checksum");
    // It ran beside the network; now its recording is read.
    if (row["reference"] == "seed7") expected["reference_kind"] = "pack";
    check_same(found, expected, 1e-12);
  }
}

TEST_CASE_FIXTURE(ReplayProgram, "replay of all measures is compare of the activations") {
  const auto rows = replayed(
      {"--measures", "all", "--to", "start,before-2", "--keep-variance", "0.9", "--alpha", "0.25"});
  write_matrix("start.npy", network.layer(share(0)));
  std::size_t compared = 0;
  for (int epoch = 1; epoch < epochs; ++epoch) {
    write_matrix("now.npy", network.layer(share(epoch)));
    const json pair =
        compare({"@now.npy", "@start.npy", "--keep-variance", "0.9", "--alpha", "0.25"});
    for (const json& row : rows) {
      if (row["epoch"] != epoch || row["reference"] != "start") continue;
      const std::string measure = row["measure"];
      const std::size_t end = measure.rfind('_');
      CAPTURE(measure);
      const double expected = shown_number(pair, measure.substr(0, end), measure.substr(end + 1));
      CHECK(std::abs(row["value"].get<double>() - expected) <= 1e-9 * (1 + expected));
      ++compared;
    }
  }
  CHECK(compared >= 15 * (epochs - 1));
  for (const char* measure : {"linear_cka_debiased", "rv2"}) {
    CHECK(find(rows, 3, "start", measure) != nullptr);
    CHECK(find(rows, 3, "before-2", measure) != nullptr);
    CHECK(find(rows, 1, "before-2", measure) == nullptr);
  }
  CHECK(find(rows, 0, "final", "pwcca") == nullptr);
}

TEST_CASE_FIXTURE(ReplayProgram, "replay draws a table a measure and reference, as show does") {
  monitor->finish();
  const std::string text = table(
      {"replay", "@run", "--measures", "pwcca,rv2", "--reference", "seed7=" + reference_pack()});
  CHECK(text.starts_with("first, of many: from its history, epochs 0 to 3\n"));
  for (const char* title :
       {"pwcca_distance to seed7, probe stream", "pwcca_distance to its own start",
        "pwcca_distance to the final state", "rv2_similarity to seed7"}) {
    CAPTURE(title);
    CHECK(text.find(title) != std::string::npos);
  }
  // The same curve as show's, which has a verdict behind it.
  const std::string shown = table({"show", "@run", "--reference", "start"});
  const auto curve_of = [](const std::string& drawn) {
    const std::size_t begin = drawn.find("pwcca_distance to its own start");
    return drawn.substr(begin, drawn.find("\n\n", begin) - begin);
  };
  CHECK(curve_of(shown).starts_with(curve_of(text)));
  CHECK(table({"replay", "@run/rows.jsonl", "--measures", "pwcca", "--to", "final"})
            .find("to its own start") == std::string::npos);
}

TEST_CASE_FIXTURE(ReplayProgram,
                  "replay begins with the run's latest verdicts, beside its own numbers") {
  const std::string text = table({"replay", "@run", "--measures", "linear_cka", "--to", "start"});
  CAPTURE(text);
  const auto rows = livecca_tests::read_lines(path("run/rows.jsonl"));
  const json* verdict = nullptr;  // of the last snapshot
  for (const json& row : rows) {
    if (row["kind"] == "verdict" && row["message"] == "") verdict = &row;
  }
  REQUIRE(verdict != nullptr);
  const auto again = replayed({"--measures", "linear_cka", "--to", "start"});
  const json* number = find(again, epochs - 1, "start", "linear_cka");
  REQUIRE(number != nullptr);
  char cells[2][32];
  std::snprintf(cells[0], sizeof(cells[0]), "%.4f", (*verdict)["speed"].get<double>());
  std::snprintf(cells[1], sizeof(cells[1]), "%.4f", (*number)["value"].get<double>());
  const std::size_t at = text.find("\n  fc ");
  REQUIRE(at != std::string::npos);
  const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  CHECK(line.find(cells[0]) != std::string::npos);
  CHECK(line.find(cells[1]) != std::string::npos);
  CHECK(line.ends_with((*verdict)["verdict"].get<std::string>()));
  // A history without its rows has distances only.
  std::filesystem::remove(path("run/rows.jsonl"));
  const std::string without = table({"replay", "@run", "--to", "start"});
  CHECK(without.find("have settled") == std::string::npos);
  CHECK(without.find("pwcca_distance to its own start") != std::string::npos);
}

TEST_CASE_FIXTURE(ReplayProgram, "replay notices that stdout is full") {
  for (const char* format : {"table", "csv", "jsonl"}) {
    const Outcome outcome =
        run_into("/dev/full", {"replay", "@run", "--to", "final", "--format", format});
    CHECK(outcome.exit_code == 2);
    CHECK(std::ranges::count(outcome.err, '\n') == 1);
    CHECK(outcome.err.find("expected to write the result to stdout") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(ReplayProgram, "replay writes the columns of export, whole or not at all") {
  const std::string csv = table({"replay", "@run", "--format", "csv", "--standard-errors", "5"});
  const std::string exported = table({"export", "@run"});
  CHECK(csv.substr(0, csv.find('\n')) == exported.substr(0, exported.find('\n')));
  CHECK(csv.find("\n\"first, of many\",") != std::string::npos);
  CHECK(std::ranges::count(csv, '\n') == 1 + 4 * 2 * (epochs - 1));
  const std::vector<std::string> to_file{"replay", "@run", "--format", "csv", "--output", "@out"};
  CHECK(table(to_file).empty());
  CHECK(std::ranges::count(text_of(path("out")), '\n') == 1 + 4 * 2 * (epochs - 1));
  write_text(path("out"), "before");
  refuses(to_file, {"expected to write", "File too large"}, "ulimit -f 1");
  CHECK(text_of(path("out")) == "before");
  refuses({"replay", "@run", "--output", "@run/rows.jsonl"}, {"another file than the run's own"});
  refuses({"replay", "@run", "--output", "@run/history/snapshot-0001.safetensors"},
          {"another file than the run's own"});
}

TEST_CASE_FIXTURE(ReplayProgram, "replay names what it could not compare, once, and goes on") {
  std::filesystem::resize_file(snapshot(1), 300);
  const Outcome outcome = run({"replay", "@run", "--measures", "pwcca", "--format", "csv",
                               "--reference", "seed7=" + reference_pack("other")});
  CHECK(outcome.exit_code == 0);
  CHECK(std::ranges::count(outcome.err, '\n') == 2);
  CHECK(outcome.err.find("livecca replay: history: unreadable: ") != std::string::npos);
  CHECK(outcome.err.find("snapshot-0001.safetensors: expected") != std::string::npos);
  CHECK(outcome.err.find("livecca replay: seed7: missing: ") != std::string::npos);
  CHECK(std::ranges::count(outcome.out, '\n') == 1 + 2 * 2);
}

TEST_CASE_FIXTURE(ReplayProgram, "what replay cannot do is one line") {
  refuses({"replay", "@none"}, {"none: expected the folder of a run", "nothing of this name"});
  refuses({"replay"}, {"livecca replay", "RUN"});
  std::filesystem::create_directory(path("empty"));
  refuses({"replay", "@empty"}, {"empty/history: expected a run's snapshots, got No such file"});
  const auto refuses_option = [&](const std::string& option, const std::string& value,
                                  const std::vector<std::string>& words) {
    refuses({"replay", "@run", option, value}, words);
  };
  refuses_option("--measures", "pwcca,weather", {"--measures", "all, or some of", "'weather'"});
  refuses_option("--measures", "", {"--measures", "''"});
  for (const char* states : {"before", "before-0", "before-x", "start,none", "seed7", ""}) {
    refuses_option("--to", states, {"--to: expected"});
  }
  refuses_option("--to", "none", {"--reference"});
  refuses_option("--to", "before-9", {"too few snapshots"});
  for (const char* reference : {"seed7", "=x", "seed7="}) {
    refuses_option("--reference", reference, {"--reference: expected NAME=PACK"});
  }
  refuses_option("--reference", "seed7=" + path("none"), {"none: expected"});
  refuses_option("--reference", "net=" + snapshot(0), {"new name", "got 'net'"});
  refuses_option("--format", "json", {"table, csv or jsonl"});
  refuses_option("--standard-errors", "4", {"5 or more"});
  refuses_option("--keep-variance", "0", {"--keep-variance"});
  refuses_option("--alpha", "2", {"--alpha"});
  refuses_option("--precision", "quick", {"exact or fast"});
  const std::string help = table({"replay", "--help"});
  CHECK(help.find("livecca replay runs/first --measures") != std::string::npos);
  for (int i = 1; i < epochs; ++i) std::filesystem::remove(snapshot(i));
  refuses({"replay", "@run"}, {"expected activations to compare", "too few snapshots are kept"});
  refuses({"replay", "@run", "--reference", "seed7=" + reference_pack("other")},
          {"expected activations to compare", "seed7: missing"});
}

TEST_CASE_FIXTURE(ReplayProgram, "replay goes as far as a run that goes on") {
  CHECK(find(replayed({}), 3, "start", "pwcca") != nullptr);
  network.epoch(*monitor, net, ref, 4, 0.9).wait();
  CHECK(find(replayed({"--precision", "fast"}), 4, "start", "pwcca") != nullptr);
  const auto all = replayed({"--all-layers", "--reference", "early=" + snapshot(0)});
  CHECK(find(all, 4, "early", "pwcca") != nullptr);
}
