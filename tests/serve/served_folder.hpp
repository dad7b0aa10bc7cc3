#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "index/growing_run.hpp"
#include "runs_folder.hpp"
#include "serve/page_server.hpp"
#include "support/http_client.hpp"

namespace livecca_tests {

using Json = nlohmann::json;

/// A server of that folder, and what it answers.
class ServedFolder : public RunsFolder {
 public:
  /// Call it when the runs are there.
  void serve(const std::string& token = "", std::vector<std::string> runs = {}) {
    if (runs.empty()) runs = {path()};
    server = std::make_unique<livecca::tool::PageServer>(
        livecca::tool::ServeOptions{.runs = std::move(runs), .token = token});
  }

  int port() const { return server->port(); }

  HttpClient::Answer get(const std::string& target, const std::string& headers = "",
                         const std::string& host = "localhost") const {
    HttpClient client(port());
    if (!client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port()) +
                     "\r\n" + headers + "\r\n")) {
      return {};
    }
    return client.receive();
  }

  Json json(const std::string& target) const {
    const auto answer = get(target);
    CAPTURE(target);
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    return Json::parse(answer.body);
  }

  std::string id_of(const std::string& name) const {
    return livecca::tool::id_of_folder(std::filesystem::canonical(run(name)));
  }

  /// What is below /api/v1/runs/ID.
  Json of_run(const std::string& name, const std::string& rest = "") const {
    return json("/api/v1/runs/" + id_of(name) + rest);
  }

  Json runs() const { return json("/api/v1/runs").at("runs"); }

  /// Whether it becomes true within some seconds.
  static bool soon(const std::function<bool()>& is_so) {
    for (int i = 0; i < 2000; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// Waits until so many lines of the run are served, and its file is known to be read to its end:
  /// until then the summary is made of the file's ends.
  void wait_for_lines(const std::string& name, std::uint64_t lines) const {
    REQUIRE(soon([&] {
      const auto answer = get("/api/v1/runs/" + id_of(name));
      if (answer.status != 200) return false;
      const Json run = Json::parse(answer.body);
      return run.at("lines") == lines && run.at("read") == 1;
    }));
  }

  std::unique_ptr<livecca::tool::PageServer> server;
};

}  // namespace livecca_tests
