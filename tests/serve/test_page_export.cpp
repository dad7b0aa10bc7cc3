#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "program.hpp"
#include "serve/page_export.hpp"
#include "served_folder.hpp"
#include "support/file_text.hpp"

using namespace livecca_tests;
using livecca::tool::export_page;

namespace {

/// What stands between two texts; of the second, the first after the first.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t at = from + begin.size();
  return text.substr(at, text.find(end, at) - at);
}

}  // namespace

TEST_CASE_FIXTURE(ServedFolder, "an exported page is one file with the data of all answers") {
  const std::string layer = "</script><script>alert(1)</script><!--<script>";
  begin("first");
  for (int epoch = 0; epoch < 5; ++epoch) {
    add("first", measure_row(epoch, layer, 0.5 / (epoch + 1)));
    livecca::SpectrumRow spectrum;
    spectrum.epoch = epoch;
    spectrum.step = static_cast<std::uint64_t>(10 * epoch + 10);
    spectrum.layer = spectrum.reference_layer = layer;
    spectrum.reference = "seed7";
    spectrum.canonical_correlations = {0.5};
    spectrum.weights = {1};
    spectrum.status = livecca::Status::ok;
    add("first", spectrum);
    livecca::LogRow log;
    log.epoch = epoch;
    log.step = spectrum.step;
    log.name = "loss";
    add("first", log);
  }
  finish("first");
  const std::string file = path() + "/out.html";
  export_page({run("first").string()}, file);
  const std::string page = text_of(file);
  CHECK(page.find("</script><script>alert") == std::string::npos);
  CHECK(page.find("<!--") == std::string::npos);
  CHECK(page.find("src=") == std::string::npos);
  CHECK(page.find("href=\"data:image/svg+xml,") != std::string::npos);
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  CHECK(policy.starts_with("default-src 'none'; script-src 'sha256-"));
  CHECK(between(policy, "script-src 'sha256-", "'").size() == 44);
  const Json data =
      Json::parse(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"));
  serve();
  wait_for_lines("first", 17);
  const std::string id = id_of("first");
  const std::string key = "probe/pwcca_distance/seed7";
  CHECK(data.at("runs")[0].at("sentence") == runs()[0].at("sentence"));
  CHECK(data.at("run").at(id).at("layers") == of_run("first").at("layers"));
  for (const std::string x : {"epoch", "step", "time"}) {
    CHECK(data.at("curves").at(id + "/" + x + "/" + key) == of_run("first", "/curves?x=" + x));
    CHECK(data.at("logs").at(id + "/" + x) == of_run("first", "/logs?x=" + x));
  }
  CHECK(data.at("events").at(id) == of_run("first", "/events"));
  CHECK(data.at("health").at(id) == of_run("first", "/health"));
  CHECK(data.at("matrix").at(id + "/" + key) == of_run("first", "/matrix"));
  CHECK(data.at("spectra").at(id + "/probe/" + layer + "/seed7").at("row").at("epoch") == 4);
  CHECK(data.at("rows").at(id).size() == 5);
  CHECK(data.at("rows").at(id).at("5") == of_run("first", "/row/5"));
}

TEST_CASE_FIXTURE(ServedFolder, "an export does not write over a run's rows, by whatever name") {
  begin("first");
  begin("second");
  const std::string rows = (run("first") / "rows.jsonl").string();
  const std::string before = text_of(rows);
  const std::string link = path() + "/link.html";
  std::filesystem::create_symlink(rows, link);
  const std::string other = path() + "/other.html";
  std::filesystem::create_hard_link(rows, other);
  const std::string none = path() + "/none";
  std::filesystem::create_directory(none);
  const ProgramFixture program;
  for (const std::string& file : {rows, link, other, none + "/rows.jsonl"}) {
    program.refuses({"serve", path(), "--export", file}, {"--export: expected another file", file});
  }
  CHECK(text_of(rows) == before);
  CHECK_FALSE(std::filesystem::exists(none + "/rows.jsonl"));
}

TEST_CASE_FIXTURE(ServedFolder, "the command exports, and says so; without a run it refuses") {
  begin("first");
  const ProgramFixture program;
  const Outcome outcome = program.run({"serve", run("first").string(), "--export", "@out.html"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "livecca's page of these runs is the file " + program.path("out.html") + "\n");
  CHECK(std::filesystem::file_size(program.path("out.html")) > 500);
  std::filesystem::remove_all(run("first"));
  program.refuses({"serve", path(), "--export", "@out.html"}, {"RUNS: expected one run or more"});
  program.refuses({"serve", path() + "/none"}, {"RUNS: expected", "is not there"});
  program.refuses({"serve", path(), "--port", "x"}, {"--port: expected 0 to 65535, got 'x'"});
  program.refuses({"serve", path(), "--host", "0.0.0.0"}, {"--host: expected --token"});
  program.refuses({"serve"}, {"RUNS"});
}
