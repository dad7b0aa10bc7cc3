#include "export/export_rows.hpp"
#include "export/row_columns.hpp"
#include "program.hpp"
#include "run_file.hpp"
#include "sinks/line_checksum.hpp"
#include "support/json_lines.hpp"

using namespace livecca_tests;
using livecca::tool::columns_of;
using livecca::tool::row_kinds;

namespace {

using Record = std::vector<std::string>;

/// RFC 4180, with line feeds; written from the RFC, not from the exporter.
std::vector<Record> parse_csv(const std::string& text) {
  std::vector<Record> records(1, Record(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = records.back().back();
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"')
      field += text[i++];
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && text[i] == ',')
      records.back().emplace_back();
    else if (!quoted && text[i] == '\n')
      records.emplace_back(1);
    else
      field += text[i];
  }
  CHECK_FALSE(quoted);
  CHECK(records.back() == Record{""});
  records.pop_back();
  return records;
}

class ExportFixture : public ProgramFixture {
 public:
  std::vector<Record> exported(const std::string& kind) const {
    const Outcome outcome = run({"export", run_file.folder(), "--format", "csv", "--kind", kind});
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    const auto records = parse_csv(outcome.out);
    for (const Record& record : records) CHECK(record.size() == records.front().size());
    return records;
  }

  static std::string field(const std::vector<Record>& records, std::size_t row,
                           const std::string& name) {
    const Record& names = records.front();
    const auto place = std::ranges::find(names, name);
    REQUIRE(place != names.end());
    return records.at(row).at(static_cast<std::size_t>(place - names.begin()));
  }

  RunFile run_file;
};

}  // namespace

TEST_CASE_FIXTURE(ExportFixture, "measures come out as they are, whatever names hold") {
  const std::string odd = "conv,1 \"the\nfirst\"";
  run_file.begin();
  run_file.add(measure_row(3, odd, 0.1));
  run_file.add(measure_row(4, "fc", std::nullopt));
  run_file.add_event(4, "finished");
  const auto records = exported("measure");
  REQUIRE(records.size() == 3);
  CHECK(records[0] == Record{"run",
                             "wall_time",
                             "epoch",
                             "step",
                             "stream",
                             "layer",
                             "reference",
                             "reference_kind",
                             "reference_layer",
                             "measure",
                             "value",
                             "noise_floor",
                             "standard_error",
                             "p_value",
                             "samples_needed",
                             "samples",
                             "effective_samples",
                             "independent_samples",
                             "samples_left_out",
                             "features_x",
                             "features_y",
                             "features_of_taps_x",
                             "features_of_taps_y",
                             "ranks_x",
                             "ranks_y",
                             "window",
                             "precision",
                             "modes_x",
                             "modes_y",
                             "status"});
  CHECK(records[1] == Record{"first", "1001.0", "3",       "40",   "probe",
                             odd,     "seed7",  "network", odd,    "pwcca_distance",
                             "0.1",   "0.875",  "",        "",     "",
                             "2000",  "0",      "0",       "0",    "64",
                             "32",    "0",      "0",       "60",   "30",
                             "probe", "exact",  "eval",    "eval", "ok"});
  CHECK(field(records, 2, "value").empty());
  CHECK(field(records, 2, "status") == "missing");
}

TEST_CASE_FIXTURE(ExportFixture, "every field of a row has a column, in the row's order") {
  run_file.begin();
  const auto check_all = [&](const auto& row, const std::string& kind) {
    const auto fields = nlohmann::ordered_json::parse(livecca::to_json(row, "first", 1.5));
    std::vector<std::string> expected;
    for (const auto& [name, value] : fields.items()) {
      if (name != "schema" && name != "kind") expected.push_back(name);
    }
    std::vector<std::string> columns;
    for (const auto& column : columns_of(kind)) {
      const bool known =
          column.field.empty() || std::ranges::find(columns, column.field) != columns.end();
      if (!known) columns.push_back(column.field);
    }
    CAPTURE(kind);
    if (kind == "spectrum") {  // what all lines of a row share stands before its elements
      std::ranges::sort(expected);
      std::ranges::sort(columns);
    }
    CHECK(columns == expected);
  };
  check_all(measure_row(0, "fc", 0.5), "measure");
  check_all(livecca::LayerRow(), "layer");
  livecca::VerdictRow verdict;  // with what only older rows have
  verdict.slope = verdict.slope_error = 0.5;
  verdict.error_source = "jackknife";
  check_all(verdict, "verdict");
  check_all(livecca::DirectionRow(), "direction");
  check_all(livecca::VerdictRecordRow(), "verdict_record");
  check_all(livecca::DriftRow(), "drift");
  check_all(livecca::LogRow(), "log");
  check_all(livecca::SpectrumRow(), "spectrum");
  const auto events = columns_of("event");
  const auto overhead = livecca_tests::parsed(livecca::to_json(livecca::OverheadRow(), "first", 1));
  for (const auto& [name, value] : overhead.items()) {
    CAPTURE(name);
    CHECK((name == "schema" || name == "kind" ||
           std::ranges::find(events, name, &livecca::tool::RowColumn::field) != events.end()));
  }
}

TEST_CASE_FIXTURE(ExportFixture, "other kinds have their own columns; none of a kind is a header") {
  run_file.begin();
  run_file.add(verdict_row(2, "conv1", "moving"));
  run_file.add_log(2, "loss", 0.25);
  run_file.add_event(2, "missing", "net/fc", "expected it, got nothing", 3);
  livecca::OverheadRow overhead;
  overhead.epoch = 2;
  overhead.share = 0.5;
  run_file.add(overhead);
  CHECK(field(exported("verdict"), 1, "verdict") == "moving");
  CHECK(field(exported("verdict"), 1, "since_epoch").empty());
  CHECK(field(exported("log"), 1, "value") == "0.25");
  const auto events = exported("event");
  REQUIRE(events.size() == 3);
  CHECK(field(events, 1, "message") == "expected it, got nothing");
  CHECK(field(events, 1, "share").empty());
  CHECK(field(events, 2, "what") == "overhead");
  CHECK(field(events, 2, "share") == "0.5");
  for (const std::string_view kind : {"measure", "layer", "drift", "spectrum"}) {
    CHECK(exported(std::string(kind)).size() == 1);
  }
}

TEST_CASE_FIXTURE(ExportFixture, "a spectrum is a line a correlation") {
  run_file.begin();
  livecca::SpectrumRow row;
  row.layer = "fc";
  row.canonical_correlations = {0.75, 0.5};
  row.weights = {0.25, 0.125};
  row.status = livecca::Status::ok;
  run_file.add(row);
  row.canonical_correlations.clear();
  row.weights.clear();
  row.status = livecca::Status::missing;
  run_file.add(row);
  const auto records = exported("spectrum");
  REQUIRE(records.size() == 4);
  CHECK(field(records, 2, "index") == "1");
  CHECK(field(records, 2, "canonical_correlation") == "0.5");
  CHECK(field(records, 2, "weight") == "0.125");
  CHECK(field(records, 3, "index").empty());
  CHECK(field(records, 3, "status") == "missing");
}

TEST_CASE_FIXTURE(ExportFixture, "torn and foreign lines are left out, the latter with a line") {
  run_file.begin();
  run_file.add(measure_row(0, "conv1", 0.5));
  run_file.add_text("what?\n");
  run_file.add_text(livecca::to_json(measure_row(1, "conv1", 0.5), "first", 2.0));
  const Outcome outcome = run({"export", run_file.folder()});
  CHECK(outcome.exit_code == 0);
  CHECK(parse_csv(outcome.out).size() == 2);
  CHECK(
      outcome.err ==
      "livecca export: rows.jsonl: line 3 was left out: expected a JSON object, got other text\n");
}

TEST_CASE_FIXTURE(ExportFixture, "a damaged line is not exported as another number") {
  run_file.begin();
  std::string line =
      livecca::with_checksum(livecca::to_json(measure_row(1, "conv1", 0.5), "first", 2.0));
  run_file.add_text(line + "\n");
  const std::size_t value = line.find(R"("value":0.5)");
  REQUIRE(value != std::string::npos);
  line.replace(value, 11, R"("value":0.7)");
  run_file.add_text(line + "\n");
  const Outcome outcome = run({"export", run_file.folder()});
  CHECK(outcome.exit_code == 0);
  const auto records = parse_csv(outcome.out);
  REQUIRE(records.size() == 2);
  CHECK(field(records, 1, "value") == "0.5");
  CHECK(outcome.err.find("line 3 was left out: expected a row of the checksum that it ends with") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(ExportFixture, "lines that nest without end are foreign to export and show") {
  run_file.begin();
  run_file.add(measure_row(0, "conv1", 0.5));
  const std::string row = livecca::to_json(measure_row(1, "conv1", 0.5), "first", 2.0);
  for (const char* field : {"value", "layer", "features", "epoch", "wall_time"}) {
    const std::size_t at =
        row.find(std::string("\"") + field + "\":") + std::string(field).size() + 3;
    run_file.add_text(row.substr(0, at) + std::string(100'000, '[') + std::string(100'000, ']') +
                      row.substr(row.find_first_of(",}", at)) + "\n");
  }
  const Outcome exported = run({"export", run_file.folder()});
  CHECK(exported.exit_code == 0);
  CHECK(parse_csv(exported.out).size() == 2);
  CHECK(exported.err.find("5 lines were left out") != std::string::npos);
  CHECK(run({"show", run_file.folder()}).exit_code == 0);
}

TEST_CASE_FIXTURE(ExportFixture, "a file is written whole, or not at all and never the rows") {
  run_file.begin();
  for (int i = 0; i < 3000; ++i) run_file.add(measure_row(i, "conv1", 0.5));
  const std::string run_folder = run_file.folder();
  const Outcome outcome = run({"export", run_folder, "--output", "@out.csv"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(parse_csv(text_of(path("out.csv"))).size() == 3001);
  const std::string rows = text_of(run_file.path());
  refuses({"export", run_folder, "--output", run_file.path().string()}, {"--output", "rows"});
  CHECK(text_of(run_file.path()) == rows);
  refuses({"export", run_folder, "--output", "@none/out.csv"}, {"expected to write"});
  refuses({"export", run_folder, "--output", "@new.csv"}, {"expected to write"}, "ulimit -f 1");
  CHECK_FALSE(std::filesystem::exists(path("new.csv")));
}

TEST_CASE_FIXTURE(ExportFixture, "wrong arguments and empty runs are one line") {
  refuses({"export", run_file.folder()}, {"expected rows of a run", "none in 0 whole lines"});
  refuses({"export", run_file.folder(), "--output", "@out.csv"}, {"expected rows of a run"});
  CHECK_FALSE(std::filesystem::exists(path("out.csv")));
  refuses({"export", "@none"}, {"got nothing of this name"});
  run_file.begin();
  refuses({"export", run_file.folder(), "--format", "json"}, {"--format", "csv", "'json'"});
  refuses({"export", run_file.folder(), "--kind", "run"}, {"--kind", "measure, layer", "'run'"});
}
