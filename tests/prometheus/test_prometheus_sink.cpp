#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"
#include "support/file_text.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca_tests;
using livecca::PrometheusSink;
using livecca::SinkRun;

namespace fs = std::filesystem;

namespace {

const SinkRun first{.name = "first", .folder = ""};

std::set<int> open_files() {
  std::set<int> files;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    files.insert(std::stoi(entry.path().filename().string()));
  }
  return files;
}

}  // namespace

TEST_CASE("options that cannot be are refused") {
  CHECK(message_of([] { PrometheusSink sink({.port = 65536}); }) ==
        "prometheus: expected a port from 0 to 65535, got: 65536");
  CHECK(message_of([] { PrometheusSink sink({.port = -1}); }) ==
        "prometheus: expected a port from 0 to 65535, got: -1");
}

TEST_CASE("a port that is taken is told, and taken once it is free") {
  auto other = std::make_unique<PrometheusSink>(livecca::PrometheusOptions{.port = 0});
  other->open(first);
  const int port = other->port();
  REQUIRE(port != 0);
  PrometheusSink sink({.port = port});
  for (int i = 0; i < 2; ++i) {
    CHECK(message_of([&] { sink.open(first); }) ==
          "expected to listen at 127.0.0.1:" + std::to_string(port) +
              ", got: address already in use");
    CHECK(sink.port() == 0);
  }
  other.reset();
  sink.open(first);
  CHECK(sink.port() == port);
  CHECK(scrape(port).body == sink.page());
}

TEST_CASE("addresses") {
  PrometheusSink nowhere({.address = "192.0.2.1", .port = 0});
  CHECK(message_of([&] { nowhere.open(first); }) ==
        "expected to listen at 192.0.2.1:0, got: cannot assign requested address");
  PrometheusSink nonsense({.address = "no such host", .port = 0});
  CHECK(message_of([&] {
          nonsense.open(first);
        }).starts_with("expected to listen at no such host:0, got: "));
  PrometheusSink everywhere({.address = "0.0.0.0", .port = 0});
  everywhere.open(first);
  CHECK(scrape(everywhere.port()).status == 200);
}

TEST_CASE("close() without open() does nothing") {
  PrometheusSink sink({.port = 0});
  CHECK(sink.name() == "prometheus");
  sink.close();
  CHECK(sink.port() == 0);
  CHECK(sink.page().empty());
}

TEST_CASE("what is opened again begins anew") {
  PrometheusSink sink({.port = 0});
  sink.open(first);
  sink.snapshot(snapshot_rows(1, {"fc"}), {.wall_time = 10, .step = 100});
  sink.event(event_of("missing", "net/fc"), {});
  sink.close();
  CHECK(sink.page().find("livecca_run_closed{run=\"first\"} 1\n") != std::string::npos);
  sink.open({.name = "second", .folder = ""});
  PrometheusSink fresh({.port = 0});
  fresh.open({.name = "second", .folder = ""});
  CHECK(sink.page() == fresh.page());
  CHECK(scrape(sink.port()).body == fresh.page());
}

TEST_CASE("close() may come right after open(), and twice") {
  PrometheusSink sink({.port = 0});
  for (int i = 0; i < 20; ++i) {
    sink.open(first);
    CHECK(sink.port() != 0);
    sink.close();
    sink.close();
  }
}

TEST_CASE("nothing of the process changes: SIGPIPE, and files that programs it starts would get") {
  struct sigaction before {};
  struct sigaction after {};
  // Another sink of this process may have changed it.
  const auto was = std::signal(SIGPIPE, SIG_DFL);
  ::sigaction(SIGPIPE, nullptr, &before);
  const std::set<int> files_before = open_files();
  {
    PrometheusSink sink({.port = 0});
    sink.open(first);
    ::sigaction(SIGPIPE, nullptr, &after);
    CHECK((before.sa_handler == after.sa_handler));
    HttpClient client(sink.port());
    CHECK(client.get("/metrics").status == 200);  // so that its connection is open here, too
    for (const int file : open_files()) {
      if (files_before.contains(file)) continue;
      const int flags = ::fcntl(file, F_GETFD);
      CHECK((flags < 0 || (flags & FD_CLOEXEC) != 0));
    }
  }
  CHECK(open_files() == files_before);
  std::signal(SIGPIPE, was);
}

TEST_CASE("the sink's threads block every signal that can be") {
  const auto threads = [] {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
      names.insert(entry.path().string());
    }
    return names;
  };
  const std::set<std::string> before = threads();
  PrometheusSink sink({.port = 0});
  sink.open(first);
  // While it starts, a thread blocks all signals anyway.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  int looked_at = 0;
  for (const std::string& thread : threads()) {
    if (before.contains(thread)) continue;
    std::ifstream status(thread + "/status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("SigBlk:")) continue;
      const unsigned long long blocked = std::stoull(line.substr(7), nullptr, 16);
      for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGPROF}) {
        CHECK(((blocked >> (signal - 1)) & 1U) == 1U);
      }
      ++looked_at;
    }
  }
  CHECK(looked_at == 3);
  sigset_t own{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own);
  CHECK(sigismember(&own, SIGINT) == 0);
}

TEST_CASE("a client that hangs up early does not raise SIGPIPE") {
  PrometheusSink sink({.port = 0});
  sink.open(first);
  std::vector<std::string> layers;
  for (int i = 0; i < 3000; ++i) layers.push_back("layer" + std::to_string(i));
  sink.snapshot(snapshot_rows(1, layers), {});
  for (int i = 0; i < 20; ++i) HttpClient(sink.port()).send("GET /metrics HTTP/1.1\r\n\r\n");
  CHECK(scrape(sink.port()).body == sink.page());
}

TEST_CASE("a forked child's copy leaves the parent's server alone") {
  // In place, as the child has to destroy it without freeing what it does not own.
  alignas(PrometheusSink) unsigned char place[sizeof(PrometheusSink)];
  auto* sink = new (place) PrometheusSink({.port = 0});
  sink->open(first);
  const int port = sink->port();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    sink->~PrometheusSink();
    ::_exit(0);
  }
  REQUIRE(child > 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  CHECK(scrape(port).body == sink->page());
  sink->~PrometheusSink();
}

TEST_CASE("the port is free after close even while a forked child has the socket") {
  PrometheusSink sink({.port = 0});
  sink.open(first);
  const int port = sink.port();
  int until[2];
  REQUIRE(::pipe2(until, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(until[1]);
    ::alarm(20);
    char byte = 0;
    while (::read(until[0], &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }
  REQUIRE(child > 0);
  sink.close();
  PrometheusSink next({.port = port});
  CHECK(message_of([&] { next.open(first); }).empty());
  CHECK(scrape(port).status == 200);
  ::close(until[0]);
  ::close(until[1]);
  ::waitpid(child, nullptr, 0);
}
