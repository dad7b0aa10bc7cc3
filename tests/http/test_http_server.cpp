#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "livecca/common/error.hpp"
#include "served.hpp"
#include "support/http_client.hpp"
#include "support/message_of.hpp"

using namespace livecca_tests;

namespace {

bool has_line(const std::string& head, const std::string& line) {
  return head.find(line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("an answer has the handler's status, type and body") {
  const Served served;
  HttpClient client(served.port());
  const auto page = client.get("/page");
  CHECK(page.status == 200);
  CHECK(page.body == "the page\n");
  CHECK(has_line(page.head, "Content-Type: text/html"));
  CHECK(has_line(page.head, "Content-Length: 9"));
  const auto other = client.get("/other");
  CHECK(other.status == 404);
  CHECK(other.body == "no /other\n");
  CHECK(has_line(other.head, "Content-Type: text/plain; charset=utf-8"));
}

TEST_CASE("the handler gets the path as it was sent, without what follows a question mark") {
  const Served served;
  HttpClient client(served.port());
  CHECK(client.get("/page?x=1").status == 200);
  CHECK(client.get("/a%20b/../c?").body == "no /a%20b/../c\n");
  CHECK(client.get("?").body == "no \n");
}

TEST_CASE("HEAD gets the page's head only") {
  const Served served;
  HttpClient client(served.port());
  REQUIRE(client.send("HEAD /page HTTP/1.1\r\n\r\n"));
  const auto head = client.receive(false);
  CHECK(head.status == 200);
  CHECK(has_line(head.head, "Content-Length: 9"));
  CHECK(client.get("/page").body == "the page\n");  // nothing of HEAD's answer is in the way
}

TEST_CASE("a connection takes many requests, also several at once, until one side ends it") {
  const Served served;
  HttpClient client(served.port());
  for (int i = 0; i < 50; ++i) CHECK(client.get("/page").status == 200);
  REQUIRE(client.send("GET /a HTTP/1.1\r\n\r\nGET /page HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"));
  CHECK(client.receive().body == "no /a\n");
  CHECK(client.receive().body == "the page\n");
  CHECK(client.receive().body == "no /b\n");
  CHECK(client.get("/page", "Connection: close\r\n").is_last);
  CHECK(client.is_hung_up());
}

TEST_CASE("a client of HTTP 1.0 is answered and hung up on") {
  const Served served;
  HttpClient client(served.port());
  REQUIRE(client.send("GET /page HTTP/1.0\r\n\r\n"));
  const auto page = client.receive();
  CHECK(page.head.starts_with("HTTP/1.0 200 "));
  CHECK(page.body == "the page\n");
  CHECK(client.is_hung_up());
}

TEST_CASE("what follows a head that announces a body is no request") {
  const Served served;
  for (const char* announced : {"Content-Length: 28", "Transfer-Encoding: chunked"}) {
    for (const char* method : {"GET", "POST"}) {
      CAPTURE(method);
      CAPTURE(announced);
      HttpClient client(served.port());
      REQUIRE(client.send(std::string(method) + " /page HTTP/1.1\r\n" + announced +
                          "\r\n\r\nGET / HTTP/1.1\r\nA: bcde\r\n\r\n"));
      const auto answer = client.receive();
      CHECK(answer.status == (std::string(method) == "GET" ? 200 : 405));
      CHECK(answer.is_last);
      CHECK(client.is_hung_up());
    }
  }
}

TEST_CASE("a client that sends a large body is told that it may not") {
  const Served served;
  HttpClient client(served.port());
  const std::string body(500'000, 'x');
  REQUIRE(client.send("POST /page HTTP/1.1\r\nContent-Length: 500000\r\n\r\n"));
  REQUIRE(client.send(body));
  const auto answer = client.receive();
  CHECK(answer.status == 405);
  CHECK(has_line(answer.head, "Allow: GET, HEAD"));
  CHECK(answer.body == "expected GET or HEAD\n");
}

TEST_CASE("what is no request is told so in a line, and hung up on") {
  const Served served;
  for (const std::string& text :
       {std::string("nonsense\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET /page HTTP/9.9\r\n\r\n"), std::string("GET /\0 HTTP/1.1\r\n\r\n", 19),
        std::string("GET /page HTTP/1.1\r\nno colon\r\n\r\n"), std::string(9000, 'a'),
        "GET /page HTTP/1.1\r\nA: " + std::string(9000, 'a') + "\r\n\r\n",
        std::string("GET /page HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)}) {  // https
    CAPTURE(text);
    HttpClient client(served.port());
    REQUIRE(client.send(text));
    const auto answer = client.receive();
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with("expected an HTTP request, got: "));
    CHECK(answer.body.find('\n') == answer.body.size() - 1);
    CHECK(client.is_hung_up());
    CHECK(HttpClient(served.port()).get("/page").status == 200);
  }
}

TEST_CASE("a handler that throws costs that client its answer, and no other") {
  livecca::HttpServer server({.patience = std::chrono::milliseconds(50)},
                             [](const livecca::HttpRequest& request) {
                               if (request.path == "/broken") throw std::bad_alloc();
                               return livecca::http_text(200, "whole");
                             });
  HttpClient broken(server.port());
  CHECK(broken.get("/broken").status == 0);
  CHECK(HttpClient(server.port()).get("/").body == "whole\n");
}

TEST_CASE("a port that is taken, or an address of others, is told in a line") {
  const Served served;
  const int port = served.port();
  CHECK(message_of([&] { const Served second({.port = port}); }) ==
        "expected to listen at 127.0.0.1:" + std::to_string(port) +
            ", got: address already in use");
  CHECK(message_of([&] { const Served nowhere({.address = "192.0.2.1"}); }) ==
        "expected to listen at 192.0.2.1:0, got: cannot assign requested address");
}

TEST_CASE("it listens to version 6 of the internet protocol, too") {
  livecca::HttpOptions options{.address = "::1"};
  std::unique_ptr<Served> served;
  const std::string message = message_of([&] { served = std::make_unique<Served>(options); });
  if (served == nullptr) {
    // A machine without it.
    CHECK(message.starts_with("expected to listen at [::1]:0, got: "));
  } else {
    CHECK(served->port() != 0);
  }
}
