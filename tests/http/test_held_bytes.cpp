#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/http_server.hpp"
#include "support/http_client.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

constexpr auto for_ever = std::chrono::milliseconds(1h);
constexpr std::size_t large = 16'000'000;  // more than what the system's buffers take

/// Answers /small, and /large with a text of its own for each client. /pieces is large, and goes on
/// with large pieces. Knows the most bytes of such texts that were in memory at a time.
class Answers {
 public:
  livecca::HttpAnswer answer(const livecca::HttpRequest& request) {
    if (request.path == "/small") return livecca::http_text(200, "small");
    if (request.path == "/large") return {.body = large_text()};
    livecca::HttpAnswer answer;
    answer.is_stream = request.path == "/events";
    if (answer.is_stream) {
      answer.body = large_text();
    } else {
      answer.more = [this, left = 4]() mutable -> std::optional<std::string> {
        ++pieces;
        if (left-- == 0) return std::nullopt;
        return std::string(large, 'x');
      };
    }
    return answer;
  }
  livecca::HttpHandler handler() {
    return [this](const livecca::HttpRequest& request) { return answer(request); };
  }

  std::atomic<std::size_t> held{0};
  std::atomic<std::size_t> most_held{0};
  std::atomic<int> pieces{0};

 private:
  std::shared_ptr<const std::string> large_text() {
    held += large;
    most_held = std::max(most_held.load(), held.load());
    return {new std::string(large, 'x'), [this](const std::string* text) {
              held -= large;
              delete text;
            }};
  }
};

/// Clients that ask and then read nothing.
void ask_without_reading(std::deque<HttpClient>& deaf, int count, int port, const char* path) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(deaf.emplace_back(port).send(std::string("GET ") + path + " HTTP/1.1\r\n\r\n"));
  }
}

}  // namespace

TEST_CASE("clients that do not read their large answers fill no memory, and others are answered") {
  for (const char* path : {"/large", "/events"}) {
    CAPTURE(path);
    Answers answers;
    const livecca::HttpServer server(
        {.most_bytes_held = 3 * large, .patience = for_ever, .patience_without_room = 20ms},
        answers.handler());
    std::deque<HttpClient> deaf;
    ask_without_reading(deaf, 24, server.port(), path);
    CHECK(HttpClient(server.port()).get("/small").body == "small\n");
    CHECK(HttpClient(server.port()).get("/large").body.size() == large);
    CHECK(answers.most_held <= 4 * large);
  }
}

TEST_CASE("clients that do not read the pieces of their answers fill no memory") {
  Answers answers;
  const livecca::HttpServer server(
      {.most_bytes_held = 3 * large, .patience = for_ever, .patience_without_room = for_ever},
      answers.handler());
  std::deque<HttpClient> deaf;
  ask_without_reading(deaf, 12, server.port(), "/pieces");
  while (answers.pieces < 3) std::this_thread::sleep_for(1ms);
  // All twelve have asked before this, and stand before it in the queue.
  HttpClient waiting(server.port());
  REQUIRE(waiting.send("GET /small HTTP/1.1\r\n\r\n"));
  std::this_thread::sleep_for(100ms);
  CHECK(waiting.is_left_alone());
  CHECK(answers.pieces == 3);
  deaf.clear();
  CHECK(waiting.receive().body == "small\n");
}

TEST_CASE("clients that take their answers all get them, though all at once were too much") {
  Answers answers;
  const livecca::HttpServer server(
      {.most_bytes_held = large, .patience = for_ever, .patience_without_room = for_ever},
      answers.handler());
  std::atomic<int> whole{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      HttpClient client(server.port(), 120);
      for (int k = 0; k < 2; ++k) whole += client.get("/large").body.size() == large ? 1 : 0;
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(whole == 16);
  CHECK(answers.most_held <= 2 * large);
}

TEST_CASE("an answer is let go once it is sent, though its client stays connected") {
  Answers answers;
  const livecca::HttpServer server({.patience = for_ever}, answers.handler());
  HttpClient client(server.port());
  CHECK(client.get("/large").body.size() == large);
  for (int i = 0; i < 5000 && answers.held > 0; ++i) std::this_thread::sleep_for(1ms);
  CHECK(answers.held == 0);
  CHECK(client.is_left_alone());
}

TEST_CASE("a text that goes to many clients counts once") {
  const auto page = std::make_shared<const std::string>(large, 'x');
  const livecca::HttpServer server(
      {.most_bytes_held = 2 * large, .patience = for_ever, .patience_without_room = for_ever},
      [&](const livecca::HttpRequest&) { return livecca::HttpAnswer{.body = page}; });
  std::deque<HttpClient> deaf;
  ask_without_reading(deaf, 10, server.port(), "/");
  CHECK(HttpClient(server.port()).get("/").body.size() == large);
  for (HttpClient& client : deaf) CHECK(client.receive().body.size() == large);
}

TEST_CASE("a server stops while clients wait for room") {
  Answers answers;
  auto server = std::make_unique<livecca::HttpServer>(
      livecca::HttpOptions{
          .most_bytes_held = large, .patience = for_ever, .patience_without_room = for_ever},
      answers.handler());
  std::deque<HttpClient> deaf;
  ask_without_reading(deaf, 4, server->port(), "/large");
  while (answers.held == 0) std::this_thread::sleep_for(1ms);
  server.reset();
  CHECK(answers.held == 0);
  CHECK(answers.most_held == large);
}
