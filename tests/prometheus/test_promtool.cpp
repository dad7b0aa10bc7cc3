#include <doctest/doctest.h>

#include <set>
#include <sstream>
#include <string>

#include "made_up_rows.hpp"
#include "promtool.hpp"
#include "sinks/prometheus/run_metrics.hpp"

using namespace livecca_tests;
using livecca::RunMetrics;
using livecca::SnapshotRows;

// The test prometheus_promtool runs these, and is skipped where there is no promtool.

TEST_CASE("promtool has nothing to say against a page with every metric and awkward names" *
          doctest::test_suite("promtool") * doctest::skip()) {
  CHECK_FALSE(complaints_of_promtool("livecca_bad{a=\"unfinished} 1\n").empty());
  CHECK_FALSE(complaints_of_promtool("# TYPE livecca_bad counter\nlivecca_bad 1\n").empty());

  for (const std::string& name : awkward_names()) {
    CAPTURE(name);
    RunMetrics metrics;
    metrics.open({.name = name, .folder = ""});
    metrics.run(run_row(name), {});
    SnapshotRows rows = snapshot_rows(1, awkward_names());
    for (auto& row : rows.measures) row.reference = row.measure = name;
    for (auto& row : rows.layers) row.network = name;
    metrics.snapshot(rows, {.wall_time = 1e9});
    for (const std::string& other : awkward_names()) {
      metrics.log({.epoch = 1, .name = other, .value = 0.5}, {});
      metrics.event(event_of(other, name), {});
    }
    const std::string page = metrics.page();
    for (const auto& facts : livecca::all_metrics) {
      CHECK_MESSAGE(page.find(std::string("# TYPE ") + facts.name + ' ') != std::string::npos,
                    "expected a series of ", facts.name);
    }
    CHECK(complaints_of_promtool(page) == "");
    // node_exporter refuses a file with the same series twice.
    std::set<std::string> seen;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      CHECK(seen.insert(line.substr(0, line.rfind(' '))).second);
    }
  }
}
