#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"
#include "promtool.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

/// What two clients met, one that makes a connection a request and one that keeps its own.
struct Scrapes {
  std::atomic<int> whole{0};
  std::atomic<int> faulty{0};
  std::string sample;

  void look_at(const HttpClient::Answer& answer) {
    const bool is_whole =
        answer.status == 200 && answer.body.ends_with('\n') &&
        answer.body.starts_with("# HELP livecca_build_info ") &&
        answer.body.find("# TYPE livecca_run_closed gauge\n") != std::string::npos;
    ++(is_whole ? whole : faulty);
  }
};

void scrape_with_new_connections(int port, const std::atomic<bool>& is_over, Scrapes& scrapes) {
  while (!is_over) {
    const auto answer = scrape(port);
    scrapes.look_at(answer);
    scrapes.sample = answer.body;
  }
}

void scrape_with_one_connection(int port, const std::atomic<bool>& is_over, Scrapes& scrapes) {
  auto client = std::make_unique<HttpClient>(port);
  while (!is_over) {
    const auto answer = client->get("/metrics");
    scrapes.look_at(answer);
    if (answer.is_last) client = std::make_unique<HttpClient>(port);
  }
}

}  // namespace

TEST_CASE("every scrape is whole while snapshots come, whoever else dawdles") {
  livecca::PrometheusSink sink({.port = 0});
  sink.open({.name = "first", .folder = ""});
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
    std::this_thread::sleep_for(5ms);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(fresh.faulty == 0);
  CHECK(kept.faulty == 0);
  CHECK(fresh.whole > 0);
  CHECK(kept.whole > 0);
  const std::string why = why_no_promtool();
  if (why.empty()) {
    CHECK(complaints_of_promtool(fresh.sample).empty());
  } else {
    MESSAGE(why);
  }
}
