#include <doctest/doctest.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <string>

#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"
#include "support/http_client.hpp"
#include "support/many_files.hpp"

using namespace livecca_tests;
using livecca::PrometheusSink;

namespace {

/// A sink that listens at a free port and has a page.
struct Listening {
  PrometheusSink sink{{.port = 0}};
  Listening() {
    sink.open({.name = "first", .folder = ""});
    sink.snapshot(snapshot_rows(1, {"conv", "fc"}), {.wall_time = 10, .step = 100});
  }
};

}  // namespace

TEST_CASE("/metrics is the page, with the format's type") {
  const Listening run;
  const auto answer = scrape(run.sink.port());
  CHECK(answer.status == 200);
  CHECK(answer.body == run.sink.page());
  CHECK(answer.head.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(HttpClient(run.sink.port()).get("/metrics?x=1").body == run.sink.page());
}

TEST_CASE("the page is as it is, whatever a client would like") {
  const Listening run;
  for (const char* header :
       {"Accept-Encoding: gzip, br\r\n", "Range: bytes=0-3\r\n", "rAnGe: bytes=1-\r\n",
        "Accept: application/openmetrics-text\r\n", "Expect: 100-continue\r\n"}) {
    CAPTURE(header);
    HttpClient client(run.sink.port());
    auto answer = client.get("/metrics", header);
    if (answer.status == 100) answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.body == run.sink.page());
  }
}

TEST_CASE("what is not /metrics") {
  const Listening run;
  const int port = run.sink.port();
  CHECK(HttpClient(port).get("/").status == 200);
  CHECK(HttpClient(port).get("/").body.find("/metrics") != std::string::npos);
  CHECK(HttpClient(port).get("/metrics/").status == 404);
  CHECK(HttpClient(port).get("/../etc/passwd").status == 404);
  HttpClient head(port);
  REQUIRE(head.send("HEAD /metrics HTTP/1.1\r\n\r\n"));
  CHECK(head.receive(false).status == 200);
  CHECK(head.get("/metrics").body == run.sink.page());  // nothing of HEAD's answer is in the way
  HttpClient post(port);
  REQUIRE(post.send(
      "POST /metrics HTTP/1.1\r\nContent-Length: 28\r\n\r\nGET / HTTP/1.1\r\nA: bcde\r\n\r\n"));
  const auto answer = post.receive();
  CHECK(answer.status == 405);
  CHECK(answer.is_last);
  CHECK(post.is_hung_up());  // a body is no request
}

TEST_CASE("a long request takes little stack") {
  // The default of other systems, and of a user's limit.
  pthread_attr_t before{};
  pthread_attr_t small{};
  REQUIRE(::pthread_getattr_default_np(&before) == 0);
  REQUIRE(::pthread_getattr_default_np(&small) == 0);
  REQUIRE(::pthread_attr_setstacksize(&small, std::size_t{1} << 20U) == 0);
  REQUIRE(::pthread_setattr_default_np(&small) == 0);
  const Listening run;
  REQUIRE(::pthread_setattr_default_np(&before) == 0);
  const std::string digits(7000, '1');
  CHECK(HttpClient(run.sink.port()).get("/metrics", "Range: bytes=" + digits + "-\r\n").status ==
        200);
  CHECK(HttpClient(run.sink.port()).get("/" + digits).status == 404);
}

TEST_CASE("requests that are none cost their connection, and the next client is answered") {
  const Listening run;
  const int port = run.sink.port();
  const std::string digits(7000, '1');
  for (const std::string& text :
       {std::string("\r\n\r\n"), std::string("nonsense\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET /metrics HTTP/9.9\r\n\r\n"), std::string(9000, 'a'),
        "GET /" + digits + " HTTP/1.1\r\n\r\n", "GET /%%%zz%u HTTP/1.1\r\n\r\n" + digits,
        "GET /metrics HTTP/1.1\r\nRange: bytes=" + digits + "-\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nA: b\r\nRANGE : bytes=" + digits + "-\r\n\r\n",
        std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)}) {
    HttpClient client(port);
    client.send(text);
    client.receive();
    CHECK(scrape(port).body == run.sink.page());
  }
}

TEST_CASE("a connection takes many requests, also several at once") {
  const Listening run;
  HttpClient client(run.sink.port());
  for (int i = 0; i < 50; ++i) CHECK(client.get("/metrics").body == run.sink.page());
  REQUIRE(
      client.send("GET / HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n"));
  CHECK(client.receive().status == 200);
  CHECK(client.receive().body == run.sink.page());
  CHECK(client.receive().status == 404);
  CHECK(client.get("/metrics", "Connection: close\r\n").is_last);
  CHECK(client.is_hung_up());
}

TEST_CASE("clients that send nothing, or half a request, do not keep others out") {
  const Listening run;
  const int port = run.sink.port();
  std::deque<HttpClient> silent;
  for (int i = 0; i < 3; ++i) silent.emplace_back(port).get("/metrics");  // and then idle
  for (int i = 0; i < 9; ++i) {
    silent.emplace_back(port);
    silent.emplace_back(port).send("GET /metrics HTTP/1.1\r\nHost: lo");
  }
  for (int i = 0; i < 5; ++i) CHECK(scrape(port).body == run.sink.page());
}

TEST_CASE("500 clients that send nothing, or a byte now and then, do not hold up a scrape") {
  allow_many_files();
  const Listening run;
  const int port = run.sink.port();
  const auto begin = std::chrono::steady_clock::now();
  std::deque<HttpClient> slow;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) slow.emplace_back(port);
    for (std::size_t i = 0; i < slow.size(); i += 2) slow[i].send("G");
    CHECK(scrape(port).body == run.sink.page());
    const auto connected = std::ranges::count_if(slow, &HttpClient::is_left_alone);
    // Later, on a machine that has much else to do, their time may be over.
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(5)) continue;
    CHECK(connected == std::ssize(slow));
  }
}

TEST_CASE("a client that does not read its answer does not keep others out") {
  PrometheusSink sink({.port = 0});
  sink.open({.name = "first", .folder = ""});
  std::vector<std::string> layers;
  for (int i = 0; i < 5000; ++i) layers.push_back("layer" + std::to_string(i));
  sink.snapshot(snapshot_rows(1, layers), {});
  REQUIRE(sink.page().size() > 8'000'000);  // more than the system's buffers take
  std::deque<HttpClient> deaf;
  for (int i = 0; i < 5; ++i) deaf.emplace_back(sink.port()).send("GET /metrics HTTP/1.1\r\n\r\n");
  CHECK(scrape(sink.port()).body == sink.page());
}

TEST_CASE("closing hangs up on idle and waiting clients") {
  Listening run;
  const int port = run.sink.port();
  std::deque<HttpClient> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(port);
  CHECK(HttpClient(port).get("/metrics").status == 200);
  run.sink.close();
  for (HttpClient& client : clients) CHECK(client.is_hung_up());
  CHECK_FALSE(HttpClient(port).is_connected());
  CHECK(run.sink.port() == 0);
}
