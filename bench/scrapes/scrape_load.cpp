// Scrapes 127.0.0.1 at a rate and prints errors and latencies.
// scrape_load --port PORT [--rate 200 (a second)] [--seconds 10] [--clients 4] [--keep-alive 0|1]
//             [--turn 0: always, else so many milliseconds with scrapes and as many without, by the
//              steady clock, which all processes share]

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/http_client.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using livecca_tests::HttpClient;

struct Result {
  std::vector<double> milliseconds;  // of the whole ones
  std::size_t errors = 0;
  std::size_t bytes = 0;
};

HttpClient::Answer ask(std::unique_ptr<HttpClient>& client, int port, bool keeps_alive) {
  if (client == nullptr) client = std::make_unique<HttpClient>(port);
  auto answer = client->get("/metrics", keeps_alive ? "" : "Connection: close\r\n");
  if (!keeps_alive || answer.is_last || answer.status == 0) client.reset();
  return answer;
}

/// Whether it is another's turn.
bool is_off(Clock::time_point time, int turn) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return turn > 0 && now / turn % 2 == 1;
}

/// Every `step`-th of the scrapes, each at its time however long the one before took; latencies are
/// from that time on, so that one that is held up counts for those behind it.
void scrape(std::map<std::string, int>& settings, int first, Result& result) {
  const int count = settings["--rate"] * settings["--seconds"];
  const auto begin = Clock::now();
  std::unique_ptr<HttpClient> client;
  for (int i = first; i < count; i += settings["--clients"]) {
    const auto due = begin + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(i) / settings["--rate"]);
    if (is_off(due, settings["--turn"])) continue;
    std::this_thread::sleep_until(due);
    const auto answer = ask(client, settings["--port"], settings["--keep-alive"] != 0);
    if (answer.status != 200 || !answer.body.ends_with('\n')) {
      ++result.errors;
      continue;
    }
    result.bytes = std::max(result.bytes, answer.body.size());
    result.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - due).count());
  }
}

void print(const std::vector<Result>& results, double seconds) {
  std::vector<double> all;
  std::size_t errors = 0;
  std::size_t bytes = 0;
  for (const Result& result : results) {
    all.insert(all.end(), result.milliseconds.begin(), result.milliseconds.end());
    errors += result.errors;
    bytes = std::max(bytes, result.bytes);
  }
  std::ranges::sort(all);
  const auto at = [&](double share) {
    return all.empty() ? 0.0
                       : all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  std::cout << std::fixed << std::setprecision(2) << all.size() << " whole, " << errors
            << " errors in " << seconds << " s, pages up to " << bytes
            << " bytes; milliseconds: median " << at(0.5) << ", 99 % " << at(0.99) << ", most "
            << at(1) << '\n';
}

}  // namespace

int main(int count, char** words) {
  std::map<std::string, int> settings{{"--port", 9464}, {"--rate", 200},     {"--seconds", 10},
                                      {"--clients", 4}, {"--keep-alive", 0}, {"--turn", 0}};
  for (int i = 1; i < count; i += 2) {
    const int value = i + 1 < count ? std::atoi(words[i + 1]) : -1;
    if (!settings.contains(words[i]) || value < 0 ||
        (value == 0 && std::string(words[i]) != "--keep-alive" &&
         std::string(words[i]) != "--turn")) {
      std::cerr << "scrape_load: expected --port, --rate, --seconds, --clients, --keep-alive or "
                   "--turn and a "
                   "number, got: "
                << words[i] << '\n';
      return 2;
    }
    settings[words[i]] = value;
  }
  std::vector<Result> results(static_cast<std::size_t>(settings["--clients"]));
  std::vector<std::map<std::string, int>> copies(results.size(), settings);
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] { scrape(copies[i], static_cast<int>(i), results[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  print(results, std::chrono::duration<double>(Clock::now() - begin).count());
  return std::ranges::any_of(results, [](const Result& r) { return r.errors > 0; }) ? 1 : 0;
}
