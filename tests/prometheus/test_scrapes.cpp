#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"
#include "support/http_client.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

/// What a client met.
struct Scrapes {
  std::set<std::string> pages;
  int failed = 0;

  void look_at(const HttpClient::Answer& answer) {
    if (answer.status == 200) {
      pages.insert(answer.body);
    } else {
      ++failed;
    }
  }
};

void scrape_with_new_connections(int port, const std::atomic<bool>& is_over, Scrapes& scrapes) {
  while (!is_over) scrapes.look_at(scrape(port));
}

void scrape_with_one_connection(int port, const std::atomic<bool>& is_over, Scrapes& scrapes) {
  HttpClient client(port);
  while (!is_over) scrapes.look_at(client.get("/metrics"));
}

}  // namespace

TEST_CASE("every scrape is whole while snapshots come, whoever else dawdles") {
  livecca::PrometheusSink sink({.port = 0});
  sink.open({.name = "first", .folder = ""});
  std::set<std::string> pages{sink.page()};
  const int port = sink.port();
  std::atomic<bool> is_over{false};
  Scrapes fresh;
  Scrapes kept;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { scrape_with_new_connections(port, is_over, fresh); });
  threads.emplace_back([&] { scrape_with_one_connection(port, is_over, kept); });
  threads.emplace_back([&] {
    while (!is_over) {
      HttpClient silent(port);
      HttpClient half(port);
      half.send("GET /met");
      std::this_thread::sleep_for(400ms);
    }
  });
  const auto end = std::chrono::steady_clock::now() + 2s;
  for (int epoch = 0; std::chrono::steady_clock::now() < end; ++epoch) {
    // Pages of other lengths, so that a mixture of two would not be whole.
    std::vector<std::string> layers(static_cast<std::size_t>(epoch % 20 + 1));
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i] = "layer" + std::to_string(i);
    sink.snapshot(snapshot_rows(epoch, layers), {.wall_time = 1e9 + epoch});
    pages.insert(sink.page());
    std::this_thread::sleep_for(5ms);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  for (const Scrapes* scrapes : {&fresh, &kept}) {
    CHECK(scrapes->failed == 0);
    CHECK_FALSE(scrapes->pages.empty());
    // Each is one that the sink had: whole, and no mixture of two.
    CHECK(std::ranges::includes(pages, scrapes->pages));
  }
}
