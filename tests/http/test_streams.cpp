#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "http/http_server.hpp"
#include "support/http_client.hpp"
#include "support/many_files.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

using Text = std::shared_ptr<const std::string>;

Text text_of(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

const std::string ask_for_events =
    "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 7\r\n\r\n";

/// Streams at /events, which begin with "hello"; an answer in three pieces at /pieces, one that
/// breaks off at /broken; else what was asked for.
livecca::HttpAnswer answer(const livecca::HttpRequest& request) {
  livecca::HttpAnswer answer;
  if (request.path == "/events") {
    answer.content_type = "text/event-stream";
    answer.body = text_of("hello " + std::string(request.last_event_id) + "\n");
    answer.is_stream = true;
  } else if (request.path == "/pieces" || request.path == "/broken") {
    answer.body = text_of("first,");
    answer.more = [left = 4,
                   is_broken = request.path == "/broken"]() mutable -> std::optional<std::string> {
      if (is_broken) throw std::bad_alloc();
      if (left-- == 0) return std::nullopt;
      return left % 2 == 0 ? "next," : "";
    };
  } else {
    answer.headers = {{"X-Told", "yes"}};
    answer.body = text_of("query " + std::string(request.query) + ", host " +
                          std::string(request.host) + ", cookie " + std::string(request.cookie) +
                          ", authorization " + std::string(request.authorization) +
                          (request.has_repeated_header ? ", repeated" : ""));
  }
  return answer;
}

/// Until the server's thread has taken the stream up.
std::string begun(HttpClient& client) {
  REQUIRE(client.send(ask_for_events));
  return client.receive_until("hello 7\n\r\n");
}

}  // namespace

TEST_CASE("the handler gets the query and headers, and its own headers are sent") {
  livecca::HttpServer server({}, answer);
  HttpClient client(server.port());
  const auto got =
      client.get("/any?a=1&b=?", "Cookie: token=x\r\nAuthorization: Bearer y\r\nX-Other: z\r\n");
  CHECK(got.body == "query a=1&b=?, host localhost, cookie token=x, authorization Bearer y");
  CHECK(got.head.find("X-Told: yes\r\n") != std::string::npos);
  CHECK(client.get("/any").body == "query , host localhost, cookie , authorization ");
  CHECK(client.get("/any", "Host: other\r\n").body.ends_with(", repeated"));
}

TEST_CASE("an answer in pieces is sent in chunks, and the connection goes on") {
  livecca::HttpServer server({}, answer);
  HttpClient client(server.port());
  REQUIRE(client.send("GET /pieces HTTP/1.1\r\n\r\nGET /any HTTP/1.1\r\n\r\n"));
  const std::string pieces = client.receive_until("\r\n0\r\n\r\n");
  CHECK(pieces.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(pieces.ends_with("\r\n\r\n6\r\nfirst,\r\n5\r\nnext,\r\n5\r\nnext,\r\n0\r\n\r\n"));
  CHECK(client.receive().body.starts_with("query "));
}

TEST_CASE("a client of HTTP 1.0 gets pieces as they are, until the server hangs up") {
  livecca::HttpServer server({}, answer);
  HttpClient client(server.port());
  REQUIRE(client.send("GET /pieces HTTP/1.0\r\n\r\n"));
  CHECK(client.receive_until("never").ends_with("\r\n\r\nfirst,next,next,"));
}

TEST_CASE("an answer in pieces that breaks off has no end") {
  livecca::HttpServer server({}, answer);
  HttpClient client(server.port());
  REQUIRE(client.send("GET /broken HTTP/1.1\r\n\r\n"));
  CHECK(client.receive_until("never").ends_with("\r\n\r\n6\r\nfirst,\r\n"));
}

TEST_CASE("HEAD of a stream or of pieces gets the head only") {
  livecca::HttpServer server({}, answer);
  HttpClient client(server.port());
  for (const char* path : {"/events", "/pieces"}) {
    REQUIRE(client.send(std::string("HEAD ") + path + " HTTP/1.1\r\n\r\n"));
    CHECK(client.receive(false).status == 200);
  }
  CHECK(client.get("/any").status == 200);
}

TEST_CASE("200 streams get what is published, in order, while a page is served") {
  allow_many_files();
  livecca::HttpServer server({.most_connections = 16, .most_streams = 200, .patience = 100ms},
                             answer);
  std::deque<HttpClient> streams;
  for (int i = 0; i < 200; ++i) {
    CHECK(begun(streams.emplace_back(server.port())).find("text/event-stream") !=
          std::string::npos);
  }
  std::this_thread::sleep_for(200ms);  // longer than the patience: streams may be idle
  for (const char* event : {"one\n", "two\n"}) server.publish(text_of(event));
  CHECK(HttpClient(server.port()).get("/any").status == 200);
  for (HttpClient& stream : streams) {
    CHECK(stream.receive_until("two\n\r\n") == "4\r\none\n\r\n4\r\ntwo\n\r\n");
    CHECK(stream.is_left_alone());
  }
}

TEST_CASE("what is published while a stream begins is not lost") {
  std::unique_ptr<livecca::HttpServer> server;
  server = std::make_unique<livecca::HttpServer>(livecca::HttpOptions{},
                                                 [&](const livecca::HttpRequest& request) {
                                                   for (const char* event : {"one\n", "two\n"})
                                                     server->publish(text_of(event));
                                                   return answer(request);
                                                 });
  HttpClient stream(server->port());
  begun(stream);
  CHECK(stream.receive_until("two\n\r\n") == "4\r\none\n\r\n4\r\ntwo\n\r\n");
}

TEST_CASE("what a client sends behind its request for a stream is ignored") {
  livecca::HttpServer server({}, answer);
  HttpClient stream(server.port());
  REQUIRE(stream.send(ask_for_events + std::string(5000, 'x')));
  stream.receive_until("hello 7\n\r\n");
  CHECK(HttpClient(server.port()).get("/any").status == 200);
  server.publish(text_of("one\n"));
  CHECK(stream.receive_until("one\n\r\n") == "4\r\none\n\r\n");
}

TEST_CASE("when there are too many streams, the oldest goes") {
  livecca::HttpServer server({.most_streams = 3}, answer);
  std::deque<HttpClient> streams;
  for (int i = 0; i < 5; ++i) begun(streams.emplace_back(server.port()));
  CHECK(streams[0].is_hung_up());
  CHECK(streams[1].is_hung_up());
  server.publish(text_of("news\n"));
  for (int i = 2; i < 5; ++i) CHECK(streams[i].receive_until("news\n\r\n") == "5\r\nnews\n\r\n");
}

TEST_CASE("who lets events pile up is hung up on, and no other stream notices") {
  livecca::HttpServer server({.most_bytes_waiting = 100'000, .patience = 1h}, answer);
  HttpClient deaf(server.port());
  HttpClient listening(server.port());
  begun(deaf);
  begun(listening);
  const Text event = text_of(std::string(20'000, 'x').append(1, '\n'));
  for (int i = 0; i < 1000; ++i) {
    server.publish(event);
    CHECK(listening.receive_until("x\n\r\n").size() == 20'009);
  }
  CHECK(deaf.receive_until("never").size() < 900 * 20'000);
  CHECK(listening.is_left_alone());
}

TEST_CASE("who does not take an event in time is hung up on") {
  livecca::HttpServer server({.most_bytes_waiting = 100'000'000, .patience = 100ms}, answer);
  HttpClient deaf(server.port());
  begun(deaf);
  server.publish(text_of(std::string(20'000'000, 'x')));
  std::this_thread::sleep_for(500ms);
  CHECK(deaf.receive_until("never").size() < 20'000'000);
}

TEST_CASE("a server that stops hangs up on its streams, and events after that go nowhere") {
  auto server = std::make_unique<livecca::HttpServer>(livecca::HttpOptions{}, answer);
  HttpClient stream(server->port());
  begun(stream);
  const auto before = std::chrono::steady_clock::now();
  server->publish(text_of("last\n"));
  server.reset();
  CHECK(std::chrono::steady_clock::now() - before < 2s);
  stream.receive_until("last\n\r\n");
  CHECK(stream.is_hung_up());
}
