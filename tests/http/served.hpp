#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/http_server.hpp"

namespace livecca_tests {

/// A server at a free port that answers with one page, or with the path that was asked for.
struct Served {
  explicit Served(livecca::HttpOptions options = {}, std::string text = "the page\n")
      : page(std::make_shared<const std::string>(std::move(text))),
        server(std::make_unique<livecca::HttpServer>(
            options, [this](const livecca::HttpRequest& request) { return answer(request.path); })) {}

  livecca::HttpAnswer answer(std::string_view path) const {
    if (path == "/page") return {.content_type = "text/html", .body = page};
    return livecca::http_text(404, "no " + std::string(path));
  }
  int port() const { return server->port(); }

  std::shared_ptr<const std::string> page;
  std::unique_ptr<livecca::HttpServer> server;
};

}  // namespace livecca_tests
