#include <doctest/doctest.h>

#include <deque>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "serve/answers/query.hpp"
#include "serve/gate.hpp"
#include "served_folder.hpp"

using namespace livecca_tests;

namespace {

const std::string token = "a+token/of=24;characters";

class GateFixture : public ServedFolder {
 public:
  GateFixture() {
    begin("first");
    add("first", measure_row(0, "fc", 0.5));
  }

  /// One of each kind of request, and some that are none.
  std::vector<std::string> all_targets() const {
    std::vector<std::string> targets{"/",
                                     "/app.js",
                                     "/app.css",
                                     "/icon.svg",
                                     "/api/v1/runs",
                                     "/api/v1/events",
                                     "/nothing",
                                     "/../etc/passwd",
                                     "/api/v1/runs/nothing",
                                     "/api/v1/",
                                     "//",
                                     "/%2e%2e/"};
    const std::string id = "/api/v1/runs/" + id_of("first");
    for (const char* rest : {"", "/curves", "/logs", "/row/1", "/spectrum", "/matrix", "/health",
                             "/events", "/export.csv", "/nothing"}) {
      targets.push_back(id + rest);
    }
    return targets;
  }
};

bool has_header(const HttpClient::Answer& answer, const std::string& line) {
  return answer.head.find(line) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(GateFixture,
                  "without a token only requests that name this machine are answered") {
  serve();
  wait_for_lines("first", 2);
  for (const std::string& target : all_targets()) {
    CAPTURE(target);
    for (const char* host :
         {"evil.example", "localhost.evil.example", "127.0.0.2", "localhost@x"}) {
      const auto answer = get(target, "", host);
      CHECK(answer.status == 403);
      CHECK(Json::parse(answer.body).contains("error"));
    }
    HttpClient client(port());
    REQUIRE(client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CHECK(client.receive().status == 403);  // another port is another origin
    REQUIRE(client.send("GET " + target + " HTTP/1.0\r\n\r\n"));
    CHECK(client.receive_until("\r\n\r\n").starts_with("HTTP/1.0 403 "));
  }
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "[::1]"}) {
    CHECK(get("/", "", host).status == 200);
  }
  CHECK(get("/", "Host: evil.example\r\n").status == 400);
}

TEST_CASE_FIXTURE(GateFixture, "with a token every request needs it") {
  serve(token);
  const std::string in_query = "token=" + livecca::tool::percent_encoded(token);
  const std::vector<std::string> wrong{"",
                                       "Authorization: Bearer\r\n",
                                       "Authorization: Bearer " + token.substr(1) + "\r\n",
                                       "Authorization: Bearer " + token + "x\r\n",
                                       "Authorization: Basic " + token + "\r\n",
                                       "Authorization: " + token + "\r\n",
                                       "Cookie: livecca_1=" + token + "\r\n",
                                       "Cookie: livecca_" + std::to_string(port()) + "=\r\n"};
  for (const std::string& target : all_targets()) {
    CAPTURE(target);
    for (const std::string& headers : wrong) {
      const auto answer = get(target, headers, "any.example");
      CHECK(answer.status == 401);
      CHECK(has_header(answer, "WWW-Authenticate: Bearer\r\n"));
      CHECK(answer.body.find(token) == std::string::npos);
    }
    CHECK(get(target + "?token=wrong-wrong-wrong-wrong").status == 401);
    CHECK(get(target + "?token=").status == 401);
    const auto bearer = get(target, "Authorization: Bearer " + token + "\r\n", "any.example");
    CHECK(bearer.status != 401);
    CHECK(bearer.status != 403);
  }
  const std::string runs = "/api/v1/runs";
  CHECK(get(runs, "authorization: bEARER " + token + "\r\n").status == 200);
  CHECK(get(runs + "?" + in_query).status == 200);
  const std::string cookie =
      "livecca_" + std::to_string(port()) + "=" + livecca::tool::percent_encoded(token);
  CHECK(get(runs, "Cookie: other=1; " + cookie + "; more=2\r\n").status == 200);
  CHECK(get(runs, "Cookie: " + cookie + "\r\nCookie: " + cookie + "\r\n").status == 400);
}

TEST_CASE_FIXTURE(GateFixture, "the page's address with the token sets a cookie and leads on") {
  serve(token);
  CHECK(server->url() ==
        "http://127.0.0.1:" + std::to_string(port()) + "/?token=a%2Btoken%2Fof%3D24%3Bcharacters");
  const auto answer = get(server->url().substr(server->url().find("/?")));
  CHECK(answer.status == 303);
  CHECK(has_header(answer, "Location: /\r\n"));
  CHECK(has_header(answer, "; Path=/; HttpOnly; SameSite=Lax\r\n"));
  const std::size_t begin = answer.head.find("Set-Cookie: ") + 12;
  const std::string cookie = answer.head.substr(begin, answer.head.find(';', begin) - begin);
  CHECK(get("/", "Cookie: " + cookie + "\r\n").status == 200);
}

TEST_CASE_FIXTURE(GateFixture, "every answer has the headers that keep a page in its place") {
  serve();
  wait_for_lines("first", 2);
  const auto is_safe = [&](const HttpClient::Answer& answer) {
    return has_header(answer, "Content-Security-Policy: default-src 'none'; script-src 'self'; ") &&
           has_header(answer, "X-Content-Type-Options: nosniff\r\n") &&
           has_header(answer, "Referrer-Policy: no-referrer\r\n") &&
           has_header(answer, "Cache-Control: no-store\r\n");
  };
  for (const std::string& target : all_targets()) {
    CAPTURE(target);
    HttpClient client(port());
    REQUIRE(client.send("HEAD " + target +
                        " HTTP/1.1\r\nHost: localhost:" + std::to_string(port()) + "\r\n\r\n"));
    const auto answer = client.receive(false);
    CHECK(answer.status != 0);
    CHECK(is_safe(answer));
  }
  for (const char* text :
       {"POST / HTTP/1.1\r\n\r\n", "DELETE /api/v1/runs HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"}) {
    HttpClient client(port());
    REQUIRE(client.send(text));
    const auto answer = client.receive();
    CHECK(answer.status == (text[0] == 'n' ? 400 : 405));
    CHECK(is_safe(answer));
    CHECK(Json::parse(answer.body).contains("error"));
  }
}

TEST_CASE_FIXTURE(GateFixture, "no path leads to a file of the machine") {
  add_text("secret", "top secret\n");
  std::filesystem::rename(run("secret"), run("first") / "inner");
  serve("", {run("first").string()});
  wait_for_lines("first", 2);
  const std::string id = "/api/v1/runs/" + id_of("first");
  for (const std::string& target :
       {std::string("/../../../../etc/passwd"), std::string("/..%2f..%2fetc%2fpasswd"),
        std::string("/etc/passwd"), std::string("//etc/passwd"), std::string("/app.js/../../x"),
        std::string("/built/index.html"), std::string("/%00"), std::string("/app.js%00"),
        std::string("/api/v1/runs/../../../etc/passwd"), id + "/../rows.jsonl", id + "/rows.jsonl",
        id + "/inner/rows.jsonl", id + "/row/../../rows.jsonl", id + "/row/%2e%2e",
        id + "/export.csv/../rows.jsonl", "/api/v1/runs/" + run("first").string(),
        std::string("/api/v1/runs/%2e%2e"), std::string("http://localhost/app.js")}) {
    const auto answer = get(target);
    CAPTURE(target);
    CHECK((answer.status == 404 || answer.status == 400));
    CHECK(answer.body.find("root:") == std::string::npos);
    CHECK(answer.body.find("secret") == std::string::npos);
  }
  CHECK(runs().size() == 1);
}

TEST_CASE_FIXTURE(GateFixture,
                  "oversized requests are refused, and others are answered after them") {
  serve();
  wait_for_lines("first", 2);
  const std::string id = "/api/v1/runs/" + id_of("first");
  CHECK(get(id + "/curves?reference=" + std::string(7000, 'x')).status == 404);
  CHECK(get(id + "/curves?reference=" + std::string(7000, 'x')).body.size() < 1000);
  CHECK(get("/" + std::string(9000, 'x')).status == 400);
  CHECK(get("/", "Cookie: " + std::string(9000, 'x') + "\r\n").status == 400);
  std::string many = "/curves?";
  for (int i = 0; i < 1000; ++i) many += "a" + std::to_string(i) + "&";
  CHECK(get(id + many).status == 200);
  CHECK(get("/api/v1/runs").status == 200);
}

TEST_CASE_FIXTURE(GateFixture,
                  "random requests are answered or hung up on, and the server goes on") {
  serve();
  const std::uint64_t seed = 20;
  CAPTURE(seed);
  std::mt19937_64 engine(seed);
  const std::vector<std::string> valid = all_targets();
  for (int i = 0; i < 300; ++i) {
    std::string text = "GET " + valid[engine() % valid.size()] +
                       "?x=step&width=10&log=1&since=3&index=0&layer=fc&line=2 HTTP/1.1\r\nHost: "
                       "localhost:" +
                       std::to_string(port()) +
                       "\r\nCookie: a=b\r\nLast-Event-ID: " + id_of("first") + ":1\r\n\r\n";
    for (std::uint64_t changes = engine() % 4; changes > 0; --changes) {
      text[engine() % text.size()] = static_cast<char>(engine());
    }
    HttpClient client(port(), 1);
    client.send(text.substr(0, engine() % 8 == 0 ? engine() % text.size() : text.size()));
    if (engine() % 4 == 0) client.receive_until("\r\n\r\n");
  }
  CHECK(get("/api/v1/runs").status == 200);
}

TEST_CASE_FIXTURE(GateFixture, "slow clients hold up nobody") {
  serve();
  wait_for_lines("first", 2);
  std::deque<HttpClient> slow;
  for (int i = 0; i < 50; ++i) slow.emplace_back(port()).send("GET /api/v1/runs HTT");
  for (int i = 0; i < 20; ++i) CHECK(get("/api/v1/runs").status == 200);
}

TEST_CASE("percent-encoding and back") {
  using livecca::tool::percent_decoded;
  using livecca::tool::percent_encoded;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(percent_decoded(percent_encoded(all)) == all);
  CHECK(percent_decoded("a+b%20c") == "a b c");
  for (const char* wrong : {"%", "%1", "a%", "%g0", "%0g", "%-1", "% 1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(percent_decoded(wrong));
  }
}

TEST_CASE("addresses that others cannot reach") {
  using livecca::tool::is_loopback;
  for (const char* address : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) {
    CHECK(is_loopback(address));
  }
  for (const char* address :
       {"0.0.0.0", "::", "192.168.0.1", "127.0.0.1.evil.example", "", "1270.1", "127.evil"}) {
    CHECK_FALSE(is_loopback(address));
  }
}
