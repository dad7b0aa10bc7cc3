#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include "served.hpp"
#include "support/http_client.hpp"
#include "support/many_files.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

/// A server with this patience never hangs up on a client for being slow: whoever is answered did
/// not wait for that.
constexpr auto no_end = std::chrono::milliseconds(1h);

/// Larger than what the system's buffers take.
std::string large_page() { return std::string(16'000'000, 'x') + '\n'; }

std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

std::ptrdiff_t left_alone(const std::deque<HttpClient>& clients) {
  return std::ranges::count_if(clients, &HttpClient::is_left_alone);
}

/// Lowers how many files this process may have open to `more` than it has.
class FewFiles {
 public:
  explicit FewFiles(rlim_t more) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const livecca::Descriptor next(::dup(0));  // the lowest number that is free
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next.number()) + more;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("with 500 silent clients a page is served while all 500 are connected, by one thread") {
  allow_many_files();
  const auto threads_before = thread_count();
  const Served served({.most_connections = 600, .patience = no_end});
  std::deque<HttpClient> silent;
  for (int i = 0; i < 500; ++i) REQUIRE(silent.emplace_back(served.port()).is_connected());
  for (int i = 0; i < 20; ++i) {
    CHECK(HttpClient(served.port()).get("/page").body == "the page\n");
    CHECK(left_alone(silent) == 500);
  }
  CHECK(thread_count() == threads_before + 1);
}

TEST_CASE("500 clients that send a byte now and then are waited for, and hold up nobody") {
  allow_many_files();
  const Served served({.most_connections = 600, .patience = no_end});
  const std::string request = "GET /page HTTP/1.1\r\n\r\n";
  std::deque<HttpClient> slow;
  for (int i = 0; i < 500; ++i) slow.emplace_back(served.port());
  for (const char byte : request.substr(0, request.size() - 1)) {
    for (HttpClient& client : slow) REQUIRE(client.send({&byte, 1}));
    CHECK(HttpClient(served.port()).get("/page").body == "the page\n");
    CHECK(left_alone(slow) == 500);
  }
  for (HttpClient& client : slow) REQUIRE(client.send("\n"));
  for (HttpClient& client : slow) CHECK(client.receive().body == "the page\n");
}

TEST_CASE("clients that do not read their answer hold up nobody") {
  const Served served({.patience = no_end}, large_page());
  std::deque<HttpClient> deaf;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(deaf.emplace_back(served.port()).send("GET /page HTTP/1.1\r\n\r\n"));
  }
  CHECK(HttpClient(served.port()).get("/page").body == *served.page);
  for (HttpClient& client : deaf) CHECK(client.receive().body == *served.page);
}

TEST_CASE("when there are too many connections, those that are the slowest go") {
  const Served served({.most_connections = 8, .patience = no_end});
  std::deque<HttpClient> silent;
  HttpClient busy(served.port());
  for (int i = 0; i < 50; ++i) {
    silent.emplace_back(served.port());
    CHECK(busy.get("/page").status == 200);  // so that its wait is always among the shortest
  }
  // The newest seven and the busy one.
  for (int i = 0; i < 43; ++i) CHECK(silent[i].is_hung_up());
  silent.erase(silent.begin(), silent.begin() + 43);
  CHECK(left_alone(silent) == 7);
  CHECK(busy.get("/page").status == 200);
}

TEST_CASE("when there are too many connections, those that do not read their answer go, too") {
  const Served served({.most_connections = 4, .patience = no_end}, large_page());
  std::deque<HttpClient> deaf;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(deaf.emplace_back(served.port()).send("GET /page HTTP/1.1\r\n\r\n"));
    CHECK(HttpClient(served.port()).get("/none").status == 404);
  }
  CHECK(deaf.front().receive().status == 0);
}

TEST_CASE("when the process may open no more files, the slowest connection goes") {
  const Served served({.most_connections = 600, .patience = no_end});
  std::deque<HttpClient> silent(20);  // with their sockets, but not connected yet
  HttpClient asking;
  const FewFiles few(5);
  for (HttpClient& client : silent) client.connect(served.port());
  asking.connect(served.port());
  CHECK(asking.get("/page").body == "the page\n");
}

TEST_CASE("when the process may open no file, clients are answered once it may") {
  const Served served({.patience = no_end});
  HttpClient asking;
  {
    const FewFiles none(0);
    asking.connect(served.port());
    REQUIRE(asking.send("GET /page HTTP/1.1\r\n\r\n"));
    std::this_thread::sleep_for(100ms);
    CHECK(asking.is_left_alone());
  }
  CHECK(asking.receive().body == "the page\n");
}

TEST_CASE("who is silent, idle, or sends a byte now and then is hung up on in the end") {
  const Served served({.patience = 200ms});
  HttpClient silent(served.port());
  HttpClient idle(served.port());
  HttpClient dawdling(served.port());
  CHECK(idle.get("/page").status == 200);
  REQUIRE(dawdling.send("GET /"));
  int bytes = 0;
  while (dawdling.is_left_alone() && bytes < 2000) {
    dawdling.send("x");
    ++bytes;
    std::this_thread::sleep_for(10ms);
  }
  CHECK(bytes < 2000);
  CHECK(silent.is_hung_up());
  CHECK(idle.is_hung_up());
}

TEST_CASE("who does not read the answer is hung up on in the end") {
  const Served served({.patience = 100ms}, large_page());
  const auto held_before = served.page.use_count();
  HttpClient deaf(served.port());
  REQUIRE(deaf.send("GET /page HTTP/1.1\r\n\r\n"));
  // The server holds the page as long as it sends it.
  for (int i = 0; i < 2000 && served.page.use_count() == held_before; ++i) {
    std::this_thread::sleep_for(1ms);
  }
  for (int i = 0; i < 2000 && served.page.use_count() > held_before; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(deaf.receive().status == 0);
}
