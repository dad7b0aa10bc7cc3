#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "program.hpp"
#include "served_folder.hpp"

using namespace livecca_tests;

namespace {

constexpr int epochs = 12;

livecca::MeasureRow number(std::int64_t epoch, const std::string& layer, double value,
                           const std::string& reference, const std::string& measure) {
  auto row = measure_row(epoch, layer, value, reference);
  row.measure = measure;
  row.standard_error = 0.01;
  row.p_value = value >= 0.875 ? 0.5 : 1e-6;
  row.effective_samples = 2000;
  row.independent_samples = 1990;
  return row;
}

/// Two layers, two references, two measures, all kinds of rows.
class ApiFixture : public ServedFolder {
 public:
  ApiFixture() {
    begin("first");
    for (int epoch = 0; epoch < epochs; ++epoch) add_snapshot(epoch);
    add("first", livecca::Event{11, "missing", "fc", "expected rows, got none", 2});
    livecca::VerdictRecordRow record;
    record.held = 41;
    record.early = 2;
    record.settled = 43;
    add("first", record);
    finish("first");
    serve();
    wait_for_lines("first", lines);
  }

  template <typename Row>
  void add(const std::string& name, const Row& row) {
    ++lines;
    ServedFolder::add(name, row);
  }
  void begin(const std::string& name) {
    ++lines;
    ServedFolder::begin(name);
  }

  void add_snapshot(int epoch) {
    const auto step = static_cast<std::uint64_t>(10 * epoch + 10);
    for (const char* layer : {"conv1", "fc"}) {
      livecca::LayerRow health;
      health.epoch = epoch;
      health.step = step;
      health.network = "net";
      health.layer = layer;
      health.features = 64;
      health.dead = 3;
      health.effective_rank = 12.5;
      health.samples_nonfinite = 1;
      add("first", health);
      for (const char* reference : {"start", "seed7"}) {
        for (const char* measure : {"pwcca_distance", "svcca_distance"}) {
          const double value = epoch == 5 ? 0.9 : 1.0 / (epoch + 3);
          add("first", number(epoch, layer, value, reference, measure));
        }
        livecca::SpectrumRow spectrum;
        spectrum.epoch = epoch;
        spectrum.step = step;
        spectrum.layer = spectrum.reference_layer = layer;
        spectrum.reference = reference;
        spectrum.canonical_correlations = {0.9, 0.5, 0.01 * epoch};
        spectrum.weights = {0.5, 0.3, 0.2};
        spectrum.status = livecca::Status::ok;
        add("first", spectrum);
      }
      auto verdict = verdict_row(epoch, layer, epoch < 7 ? "undecided" : "settled");
      verdict.speed = 0.25;
      if (epoch >= 7) verdict.since_epoch = 7;
      add("first", verdict);
      add("first", direction_row(epoch, layer, "nearing"));
    }
    if (epoch >= 9) add("first", verdict_row(epoch, "fc", "dead"));
    livecca::LogRow log;
    log.epoch = epoch;
    log.step = step;
    log.name = "loss";
    log.value = 2.0 / (epoch + 1);
    add("first", log);
    livecca::OverheadRow overhead;
    overhead.epoch = epoch;
    overhead.step = step;
    overhead.share = 12;  // of an older version, which counted all threads
    overhead.observe_seconds = 3;
    overhead.training_seconds = 97;
    overhead.train_steps_dropped = 2;
    overhead.resumes = 1;
    add("first", overhead);
    livecca::DriftRow drift;
    drift.layer = drift.reference_layer = "fc";
    drift.reference = "seed7";
    drift.measure = "pwcca_distance";
    drift.probe = 0.2;
    drift.train = 0.3;
    add("first", drift);
  }

  std::vector<Json> rows_in_file() const {
    std::ifstream file(run("first") / "rows.jsonl");
    std::vector<Json> rows;
    for (std::string line; std::getline(file, line);) rows.push_back(Json::parse(line));
    return rows;
  }

  /// The last line of that kind, counted from 1; 0 if there is none.
  std::uint64_t last_line_of(const std::string& kind) const {
    const auto rows = rows_in_file();
    const auto last = std::find_if(rows.rbegin(), rows.rend(),
                                   [&](const Json& row) { return row.at("kind") == kind; });
    return static_cast<std::uint64_t>(rows.rend() - last);
  }

  /// The first line of that verdict, counted from 1.
  std::uint64_t first_line_of(const std::string& verdict) const {
    const auto rows = rows_in_file();
    const auto first = std::ranges::find_if(rows, [&](const Json& row) {
      return row.at("kind") == "verdict" && row.at("verdict") == verdict;
    });
    return static_cast<std::uint64_t>(first - rows.begin()) + 1;
  }

  std::uint64_t lines = 1;  // the last one, of finish()
};

}  // namespace

TEST_CASE_FIXTURE(ApiFixture, "the list of runs has a summary of each") {
  const Json answer = json("/api/v1/runs");
  CHECK(answer.at("version") == 1);
  CHECK(answer.at("livecca").is_string());
  CHECK(answer.at("now").get<double>() > 1e9);
  REQUIRE(answer.at("runs").size() == 1);
  const Json summary = answer.at("runs")[0];
  CHECK(summary.at("id") == id_of("first"));
  CHECK(summary.at("name") == "first");
  CHECK(summary.at("folder") == run("first").string());
  CHECK(summary.at("state") == "finished");
  CHECK(summary.at("lines") == lines);
  CHECK(summary.at("first_time") == 1000);
  CHECK(summary.at("last_time") == 1000 + lines - 1);
  CHECK(summary.at("epoch") == 11);
  CHECK(summary.at("step") == 120);
  CHECK(summary.at("layers") == 2);
  CHECK(summary.at("settled") == 2);
  CHECK(summary.at("alarms") == 1);
  CHECK(summary.at("sentence") ==
        "fc has been dead since epoch 9; at the end (epoch 11), both layers have settled.");
  CHECK(summary.at("last_lines").at("run") == 1);
  CHECK(summary.at("last_lines").at("log") == last_line_of("log"));
  CHECK(summary.at("last_lines").at("measure") == last_line_of("measure"));
  CHECK(summary.at("last_lines").at("drift") == last_line_of("drift"));
  CHECK(summary.at("last_lines").at("event") == last_line_of("event"));
  CHECK(summary.at("last_lines").at("overhead") > 0);
  CHECK(summary.at("last_lines").at("overhead") < last_line_of("event"));
  CHECK(summary.at("last_lines").at("alarm") == first_line_of("dead"));
  CHECK(summary.at("parts").size() == 2);
  CHECK(summary.at("parts")[0] ==
        Json{{"text", "fc has been dead since epoch 9; "}, {"kind", "alarm"}, {"layers", {"fc"}}});
  CHECK(summary.at("headline") ==
        Json{{"stream", "probe"}, {"reference", "seed7"}, {"measure", "pwcca_distance"}});
}

TEST_CASE_FIXTURE(ApiFixture, "a run has its layers with verdicts, health and latest numbers") {
  const Json run = of_run("first");
  CHECK(run.at("facts").at("network") == "net");
  CHECK(run.at("streams") == Json{"probe"});
  CHECK(run.at("references") ==
        Json{{{"name", "seed7"}, {"kind", "network"}}, {{"name", "start"}, {"kind", "start"}}});
  CHECK(run.at("measures") == Json{"pwcca_distance", "svcca_distance"});
  CHECK(run.at("logs") == Json{"loss"});
  REQUIRE(run.at("layers").size() == 2);
  const Json fc = run.at("layers")[1];
  CHECK(fc.at("name") == "fc");
  CHECK(fc.at("verdict") == "settled");
  CHECK(fc.at("since_epoch") == 7);
  CHECK(fc.at("speed") == 0.25);
  CHECK(fc.at("remaining").is_null());
  CHECK(fc.at("alarms") == Json{{{"verdict", "dead"}, {"message", ""}, {"since_epoch", 9}}});
  CHECK(fc.at("features") == 64);
  CHECK(fc.at("dead") == 3);
  CHECK(fc.at("effective_rank") == 12.5);
  CHECK(fc.at("disagree").is_null());
  REQUIRE(fc.at("numbers").size() == 4);
  const Json number = fc.at("numbers")[1];
  CHECK(number.at("reference") == "seed7");
  CHECK(number.at("measure") == "pwcca_distance");
  CHECK(number.at("value") == 1.0 / 14);
  CHECK(number.at("noise_floor") == 0.875);
  CHECK(number.at("standard_error") == 0.01);
  CHECK(number.at("unlike") == false);
  CHECK(number.at("direction") == "nearing");
  CHECK(number.at("independent_samples") == 1990);
  CHECK(number.at("ranks") == Json{60, 30});
  CHECK(number.at("spark").size() == epochs);
  CHECK(number.at("spark")[5] == 0.9);
  CHECK(number.at("spark_at")[0] == 0);
  CHECK(number.at("spark_at")[5] == 0.455);
  CHECK(number.at("spark_at")[epochs - 1] == 1);
  CHECK(run.at("strip").at("train_steps_dropped") == 2 * epochs);
  CHECK(run.at("strip").at("nonfinite_snapshots") == epochs);
  CHECK(run.at("strip").at("overhead_share") == 0.03);
  CHECK(run.at("strip").at("resumes") == 1);
  CHECK(run.at("read") == 1);
  CHECK(run.at("strip").at("elapsed_seconds") == lines - 1);
  CHECK(run.at("record").at("held") == 41);
  CHECK(run.at("record").at("text").get<std::string>().find("41 of 43") != std::string::npos);
  CHECK(run.at("verdict_history")[3] ==
        Json{{"layer", "fc"}, {"verdict", "settled"}, {"from_epoch", 7}, {"to_epoch", 11}});
}

TEST_CASE_FIXTURE(ApiFixture, "curves are the rows' numbers, with their lines") {
  const Json curves = of_run("first", "/curves?reference=start&measure=svcca_distance&x=step");
  CHECK(curves.at("lines") == lines);
  CHECK(curves.at("direction") == "distance");
  CHECK(curves.at("x") == "step");
  CHECK(curves.at("total") == 2 * epochs);
  CHECK(curves.at("decimated") == false);
  REQUIRE(curves.at("layers").size() == 2);
  const Json fc = curves.at("layers")[1];
  CHECK(fc.at("layer") == "fc");
  CHECK(fc.at("reference_layer") == "fc");
  for (const char* field : {"x", "value", "floor", "error", "line", "unlike"}) {
    CHECK(fc.at(field).size() == epochs);
  }
  CHECK(fc.at("x")[3] == 40);
  CHECK(fc.at("value")[3] == 1.0 / 6);
  CHECK(fc.at("floor")[3] == 0.875);
  CHECK(fc.at("error")[3] == 0.01);
  CHECK(fc.at("unlike") == Json{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  const Json row = of_run("first", "/row/" + fc.at("line")[3].dump());
  CHECK(row.at("kind") == "measure");
  CHECK(row.at("reference") == "start");
  CHECK(row.at("value") == fc.at("value")[3]);
  CHECK(row.at("epoch") == 3);
}

TEST_CASE_FIXTURE(ApiFixture,
                  "curves of few pixels keep the spike, and those since a line are new") {
  const Json curves = of_run("first", "/curves?width=1");
  CHECK(curves.at("decimated") == true);
  CHECK(curves.at("layers")[0].at("x") == Json{0, 5, 11});
  CHECK(curves.at("layers")[0].at("value")[1] == 0.9);
  const Json all = of_run("first", "/curves");
  const std::uint64_t line = all.at("layers")[1].at("line")[8];
  const Json since = of_run("first", "/curves?width=1&since=" + std::to_string(line));
  CHECK(since.at("layers")[1].at("x") == Json{9, 10, 11});
  CHECK(since.at("decimated") == false);
  CHECK(of_run("first", "/curves?since=1000000").at("layers")[0].at("x").empty());
}

TEST_CASE_FIXTURE(ApiFixture, "curves of a range have the nearest points outside it") {
  const Json curves = of_run("first", "/curves?from=3.5&to=6.5&width=100");
  CHECK(curves.at("layers")[0].at("x") == Json{3, 4, 5, 6, 7});
  CHECK(curves.at("total") == 2 * 3);
  CHECK(of_run("first", "/curves?log=1").at("layers")[0].at("x").size() == epochs);
  const Json time = of_run("first", "/curves?x=time");
  CHECK(time.at("layers")[0].at("x")[0].get<double>() == 1005);
}

TEST_CASE_FIXTURE(ApiFixture, "what the user logged is a curve, too") {
  const Json logs = of_run("first", "/logs?width=2");
  CHECK(logs.at("total") == epochs);
  REQUIRE(logs.at("logs").size() == 1);
  CHECK(logs.at("logs")[0].at("name") == "loss");
  CHECK(logs.at("logs")[0].at("value")[0] == 2.0);
  CHECK(logs.at("logs")[0].at("x").back() == 11);
}

TEST_CASE_FIXTURE(ApiFixture, "a spectrum belongs to a row, or is the latest") {
  const Json curves = of_run("first", "/curves?reference=start");
  const std::string line = curves.at("layers")[1].at("line")[4].dump();
  const Json spectrum = of_run("first", "/spectrum?line=" + line);
  CHECK(spectrum.at("row").at("epoch") == 4);
  CHECK(spectrum.at("row").at("layer") == "fc");
  CHECK(spectrum.at("row").at("reference") == "start");
  CHECK(spectrum.at("row").at("canonical_correlations") == Json{0.9, 0.5, 0.04});
  CHECK(spectrum.at("line95").get<double>() > 0.1);
  CHECK(spectrum.at("line95").get<double>() < 0.4);
  const Json latest = of_run("first", "/spectrum?stream=probe&layer=conv1&reference=seed7");
  CHECK(latest.at("row").at("epoch") == 11);
  CHECK(latest.at("row").at("reference") == "seed7");
  CHECK(of_run("first", "/spectrum?layer=none") == Json{{"row", nullptr}, {"line95", nullptr}});
}

TEST_CASE_FIXTURE(ApiFixture, "a matrix is layer by layer at one snapshot") {
  const Json matrix = of_run("first", "/matrix?reference=seed7&measure=pwcca_distance&index=5");
  CHECK(matrix.at("snapshots").size() == epochs);
  CHECK(matrix.at("snapshots")[5] == Json{{"epoch", 5}, {"step", 60}});
  CHECK(matrix.at("index") == 5);
  CHECK(matrix.at("rows") == Json{"conv1", "fc"});
  CHECK(matrix.at("columns") == Json{"conv1", "fc"});
  CHECK(matrix.at("values") == Json{{0.9, nullptr}, {nullptr, 0.9}});
  CHECK(matrix.at("unlike") == Json{{true, false}, {false, true}});
  CHECK(matrix.at("direction") == "distance");
  CHECK(of_run("first", "/matrix").at("index") == 11);
}

TEST_CASE_FIXTURE(ApiFixture, "health has layers, what watching cost, and drifts") {
  const Json health = of_run("first", "/health");
  REQUIRE(health.at("layers").size() == 2);
  CHECK(health.at("layers")[0].at("epoch") == 11);
  CHECK(health.at("layers")[0].at("dead") == 3);
  REQUIRE(health.at("overhead").size() == epochs);
  CHECK(health.at("overhead")[3].at("share") == 0.03);
  CHECK(health.at("overhead")[3].at("time").get<double>() > 1000);
  REQUIRE(health.at("drifts").size() == 1);
  CHECK(health.at("drifts")[0].at("train") == 0.3);
}

TEST_CASE_FIXTURE(ApiFixture, "events and the beginnings of alarms, since a line") {
  const Json events = of_run("first", "/events");
  CHECK(events.at("lines") == lines);
  REQUIRE(events.at("events").size() == 2);
  CHECK(events.at("events")[0].at("what") == "missing");
  CHECK(events.at("events")[0].at("count") == 2);
  CHECK(events.at("events")[1].at("line") == lines);
  REQUIRE(events.at("alarms").size() == 1);
  CHECK(events.at("alarms")[0].at("layer") == "fc");
  CHECK(events.at("alarms")[0].at("since_epoch") == 9);
  CHECK(events.at("alarms")[0].at("epoch") == 9);
  const Json since = of_run("first", "/events?since=" + std::to_string(lines - 1));
  CHECK(since.at("events").size() == 1);
  CHECK(since.at("alarms").empty());
}

TEST_CASE_FIXTURE(ApiFixture, "CSV is what livecca export writes") {
  HttpClient client(port());
  REQUIRE(client.send("GET /api/v1/runs/" + id_of("first") +
                      "/export.csv?kind=verdict HTTP/1.0\r\nHost: localhost:" +
                      std::to_string(port()) + "\r\n\r\n"));
  const std::string answer = client.receive_until("never");
  CHECK(answer.find("Content-Type: text/csv; charset=utf-8\r\n") != std::string::npos);
  const ProgramFixture program;
  const Outcome exported = program.run({"export", run("first").string(), "--kind", "verdict"});
  CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == exported.out);
  CHECK(exported.out.size() > 1000);
}

TEST_CASE_FIXTURE(ApiFixture, "wrong requests are told in a line of JSON") {
  const std::string id = "/api/v1/runs/" + id_of("first");
  const auto is_refused = [&](const std::string& target, int status, const std::string& words) {
    const auto answer = get(target);
    CAPTURE(target);
    CAPTURE(answer.body);
    CHECK(answer.status == status);
    CHECK(answer.head.find("Content-Type: application/json") != std::string::npos);
    const std::string line = Json::parse(answer.body).at("error");
    CHECK(line.find(words) != std::string::npos);
    CHECK(line.find('\n') == std::string::npos);
  };
  is_refused("/nothing", 404, "path: expected");
  is_refused("/api/v1/", 404, "path: expected");
  is_refused("/api/v2/runs", 404, "path: expected");
  is_refused("/api/v1/runs/", 404, "run: expected the id");
  is_refused("/api/v1/runs/000000000000", 404, "run: expected the id");
  is_refused(id + "/", 404, "path: expected");
  is_refused(id + "/nothing", 404, "path: expected");
  is_refused(id + "/row/0", 404, "row: expected");
  is_refused(id + "/row/99999", 404, "row: expected");
  is_refused(id + "/row/1x", 400, "row: expected");
  is_refused(id + "/row/-1", 400, "row: expected");
  is_refused(id + "/curves?x=depth", 400, "x: expected epoch, step or time, got 'depth'");
  is_refused(id + "/curves?log=yes", 400, "log: expected 0 or 1, got 'yes'");
  is_refused(id + "/curves?from=nan", 400, "from: expected a number, got 'nan'");
  is_refused(id + "/curves?from=2&to=1", 400, "from, to: expected a range");
  is_refused(id + "/curves?width=0", 400, "width: expected 1 to 10000");
  is_refused(id + "/curves?width=1000000", 400, "width: expected 1 to 10000");
  is_refused(id + "/curves?since=-1", 400, "since: expected a whole number");
  is_refused(id + "/curves?stream=both", 400, "stream: expected probe or train");
  is_refused(id + "/curves?reference=seed8", 404,
             "reference: expected one that the run has, seed7");
  is_refused(id + "/curves?measure=%3Cb%3E", 404, "got '<b>'");
  is_refused(id + "/curves?x=%", 400, "query: expected two hexadecimal digits");
  is_refused(id + "/curves?x=%zz", 400, "query: expected two hexadecimal digits");
  is_refused(id + "/curves?x=step&x=time", 400, "query: expected 'x' once");
  is_refused(id + "/spectrum", 400, "layer: expected");
  is_refused(id + "/spectrum?line=1", 400, "line: expected the line of a measure row");
  is_refused(id + "/matrix?index=12", 404, "index: expected a snapshot from 0 to 11");
  is_refused(id + "/matrix?index=-2", 404, "index: expected");
  is_refused(id + "/export.csv?kind=rows", 400, "kind: expected one of measure");
}
