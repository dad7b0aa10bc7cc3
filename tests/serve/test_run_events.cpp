#include <doctest/doctest.h>

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "serve/answers/query.hpp"
#include "served_folder.hpp"
#include "support/many_files.hpp"

using namespace livecca_tests;

namespace {

class EventsFixture : public ServedFolder {
 public:
  EventsFixture() {
    allow_many_files();
    for (const char* name : {"first", "second"}) begin(name);
    serve();
    HttpClient client(port());
    ask(client);
    for (const char* name : {"first", "second"}) finish(name);
    wait_until_told(client, {{"first", 2}, {"second", 2}});
  }

  /// Waits for events of these numbers of lines; the names of all runs that were told until then.
  static std::set<std::string> wait_until_told(HttpClient& client,
                                               std::map<std::string, int> lines) {
    std::set<std::string> names;
    while (!lines.empty()) {
      client.receive_until("event: run\n");
      client.receive_until("data: ");
      const std::string data = client.receive_until("\n");
      REQUIRE(Json::accept(data));  // else none came
      const Json run = Json::parse(data);
      const auto name = run.at("name").get<std::string>();
      names.insert(name);
      const auto place = lines.find(name);
      if (place != lines.end() && run.at("lines") == place->second) lines.erase(place);
    }
    return names;
  }

  /// A stream of events, behind its head.
  void ask(HttpClient& client, const std::string& cursor = "") const {
    REQUIRE(client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost:" + std::to_string(port()) +
                        "\r\n" + (cursor.empty() ? "" : "Last-Event-ID: " + cursor + "\r\n") +
                        "\r\n"));
    CHECK(client.receive_until("\r\n\r\n").find("text/event-stream") != std::string::npos);
    client.receive_until("retry: 1000\n\n");
  }

  std::string cursor(int first, int second) const {
    return id_of("first") + ":" + std::to_string(first) + "," + id_of("second") + ":" +
           std::to_string(second);
  }
};

/// The data of the next event.
Json next_event(HttpClient& client, const std::string& name) {
  client.receive_until("event: " + name + "\n");
  client.receive_until("data: ");
  const std::string data = client.receive_until("\n");
  CAPTURE(name);
  CAPTURE(data);
  REQUIRE(Json::accept(data));
  return Json::parse(data);
}

}  // namespace

TEST_CASE_FIXTURE(EventsFixture, "a stream begins with all runs, then tells of news") {
  HttpClient client(port());
  ask(client);
  std::string names;
  for (int i = 0; i < 2; ++i) names += next_event(client, "run").at("name").get<std::string>();
  CHECK((names == "firstsecond" || names == "secondfirst"));
  add("first", measure_row(1, "fc", 0.25));
  const Json news = next_event(client, "run");
  CHECK(news.at("name") == "first");
  CHECK(news.at("lines") == 3);
  CHECK(news.at("epoch") == 1);
}

TEST_CASE_FIXTURE(EventsFixture, "who comes back with a cursor gets what changed meanwhile") {
  HttpClient one(port());
  ask(one, cursor(2, 1));
  CHECK(next_event(one, "run").at("name") == "second");
  HttpClient anew(port());
  ask(anew, cursor(9, 2));
  CHECK(next_event(anew, "anew").at("id") == id_of("first"));
  CHECK(next_event(anew, "run").at("name") == "first");
  HttpClient gone(port());
  ask(gone, cursor(2, 2) + ",0123456789ab:7");
  CHECK(next_event(gone, "gone").at("id") == "0123456789ab");
  for (const char* nonsense : {"x", ",,,:", "0123456789ab:x", "<script>x</script>:1"}) {
    HttpClient client(port());
    ask(client, nonsense);
    CHECK(next_event(client, "run").contains("name"));
  }
}

TEST_CASE_FIXTURE(EventsFixture, "a run that does not change is told once") {
  HttpClient client(port());
  ask(client, cursor(2, 2));
  begin("third");  // it is found when folders, and all writers, are looked at again
  auto told = wait_until_told(client, {{"third", 1}});
  add("third", measure_row(1, "fc", 0.25));
  told.merge(wait_until_told(client, {{"third", 2}}));
  CHECK(told == std::set<std::string>{"third"});
}

TEST_CASE_FIXTURE(EventsFixture, "who knows all hears of nothing but what is new") {
  HttpClient client(port());
  ask(client, cursor(2, 2));
  add("first", measure_row(1, "fc", 0.25));
  CHECK(next_event(client, "run").at("lines") == 3);
}

TEST_CASE_FIXTURE(EventsFixture, "a run that goes on is told to who comes back in any case") {
  begin("third");
  wait_for_lines("third", 1);
  HttpClient client(port());
  ask(client, cursor(2, 2) + "," + id_of("third") + ":1");
  CHECK(next_event(client, "run").at("name") == "third");
}

TEST_CASE_FIXTURE(EventsFixture, "of the first events the last alone has the cursor") {
  HttpClient client(port());
  ask(client);
  const std::string text = client.receive_until("id: ");
  CHECK(text.starts_with("event: run\ndata: "));
  CHECK(text.ends_with("\n\nevent: run\nid: "));
}

TEST_CASE_FIXTURE(EventsFixture, "the cursor of an event leads to what comes after it") {
  HttpClient client(port());
  ask(client, cursor(2, 2));
  add("first", measure_row(1, "fc", 0.25));
  client.receive_until("event: run\nid: ");
  std::string id = client.receive_until("\n");
  id.pop_back();
  CHECK((id == cursor(3, 2) || id == id_of("second") + ":2," + id_of("first") + ":3"));
}

TEST_CASE_FIXTURE(EventsFixture, "a file begun anew and a run that is removed are told") {
  HttpClient client(port());
  ask(client, cursor(2, 2));
  std::filesystem::resize_file(run("first") / "rows.jsonl", 0);
  CHECK(next_event(client, "anew").at("id") == id_of("first"));
  const std::string id = id_of("second");
  std::filesystem::remove_all(run("second"));
  CHECK(next_event(client, "gone").at("id") == id);
}

TEST_CASE_FIXTURE(EventsFixture,
                  "200 streams are told of a row, and the page is served meanwhile") {
  std::deque<HttpClient> streams;
  for (int i = 0; i < 200; ++i) ask(streams.emplace_back(port()), cursor(2, 2));
  add("first", measure_row(1, "fc", 0.25));
  CHECK(get("/api/v1/runs").status == 200);
  for (HttpClient& stream : streams) CHECK(next_event(stream, "run").at("lines") == 3);
}

TEST_CASE_FIXTURE(EventsFixture, "a run that grows all the time is told at most 5 times a second") {
  HttpClient client(port());
  ask(client, cursor(2, 2));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    add("first", measure_row(i + 1, "fc", 0.25));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  int events = 0;
  while (next_event(client, "run").at("lines") < 102) ++events;
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(events <= took / std::chrono::milliseconds(200) + 1);
}

TEST_CASE_FIXTURE(ServedFolder, "names are data, whatever is in them") {
  const std::string name = "<b>\"run\"</b>\n\xff";
  const std::string layer = "</script><img src=x onerror=alert(1)>\n\"'\\ \xc3\x28";
  std::string text;
  livecca::RunRow facts;
  facts.network = "net";
  text += livecca::to_json(facts, name, wall_time) + "\n";
  text += livecca::to_json(measure_row(0, layer, 0.5, layer), name, wall_time) + "\n";
  auto verdict = verdict_row(0, layer, "moving");
  verdict.message = layer;
  text += livecca::to_json(verdict, name, wall_time) + "\n";
  livecca::LogRow log;
  log.name = layer;
  text += livecca::to_json(log, name, wall_time) + "\n";
  const std::string folder = "a <run> \"quoted\"\n\xff";
  add_text(folder, text);
  serve();
  wait_for_lines(folder, 4);
  const std::string shown_layer = "</script><img src=x onerror=alert(1)>\n\"'\\ \xef\xbf\xbd(";
  const Json summary = runs()[0];
  CHECK(summary.at("name") == "<b>\"run\"</b>\n\xef\xbf\xbd");
  CHECK(summary.at("folder").get<std::string>().ends_with("a <run> \"quoted\"\n\xef\xbf\xbd"));
  const Json run = of_run(folder);
  CHECK(run.at("layers")[0].at("name") == shown_layer);
  CHECK(run.at("logs")[0] == shown_layer);
  CHECK(of_run(folder, "/curves").at("layers")[0].at("layer") == shown_layer);
  CHECK(of_run(folder, "/curves?reference=" + livecca::tool::percent_encoded(shown_layer))
            .at("layers")
            .size() == 1);
  CHECK(of_run(folder, "/matrix").at("rows")[0] == shown_layer);
  CHECK(of_run(folder, "/logs").at("logs")[0].at("name") == shown_layer);
  HttpClient client(port());
  REQUIRE(client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost:" + std::to_string(port()) +
                      "\r\n\r\n"));
  CHECK(next_event(client, "run").at("name") == summary.at("name"));
}
