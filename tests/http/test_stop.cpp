#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <string>
#include <thread>

#include "served.hpp"
#include "support/http_client.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

constexpr auto for_ever = std::chrono::milliseconds(1h);

std::string page_of_16_megabytes() { return std::string(16'000'000, 'x') + '\n'; }

}  // namespace

TEST_CASE("a stop hangs up on silent and idle clients and frees the port") {
  Served served({.patience = for_ever, .grace = for_ever});
  const int port = served.port();
  std::deque<HttpClient> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(port);
  CHECK(clients.back().get("/page").status == 200);
  served.server.reset();
  for (HttpClient& client : clients) CHECK(client.is_hung_up());
  CHECK_FALSE(HttpClient(port).is_connected());
  const Served next({.port = port});
  CHECK(HttpClient(port).get("/page").status == 200);
}

TEST_CASE("a stop lets an answer end that is being sent") {
  Served served({.patience = for_ever, .grace = for_ever}, page_of_16_megabytes());
  HttpClient reading(served.port());
  HttpClient silent(served.port());
  REQUIRE(reading.send("GET /page HTTP/1.1\r\n\r\n"));
  while (reading.is_left_alone()) std::this_thread::sleep_for(1ms);  // until it is being sent
  std::thread stop([&] { served.server.reset(); });
  CHECK(silent.is_hung_up());  // so it is stopping
  CHECK(reading.receive().body == *served.page);
  CHECK(reading.is_hung_up());
  stop.join();
}

TEST_CASE("a stop does not wait for a client that does not read its answer") {
  Served served({.patience = for_ever}, page_of_16_megabytes());
  HttpClient deaf(served.port());
  REQUIRE(deaf.send("GET /page HTTP/1.1\r\n\r\n"));
  while (deaf.is_left_alone()) std::this_thread::sleep_for(1ms);
  served.server.reset();
  CHECK(deaf.receive().status == 0);
}

TEST_CASE("a stop may come right after the start, and while clients come") {
  for (int i = 0; i < 50; ++i) const Served served;
  for (int i = 0; i < 20; ++i) {
    Served served;
    std::deque<HttpClient> clients;
    std::thread coming([&, port = served.port()] {
      for (int k = 0; k < 20; ++k) clients.emplace_back(port).send("GET /page HTTP/1.1\r\n\r\n");
    });
    served.server.reset();
    coming.join();
  }
}
