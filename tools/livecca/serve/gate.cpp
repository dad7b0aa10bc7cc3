#include "serve/gate.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "serve/answers/answer_json.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t shortest_token = 16;
constexpr std::size_t longest_token = 512;

/// The value of a cookie in a Cookie header; empty if there is none.
std::string_view cookie_named(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::string_view cookie = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), cookie.size() + 1));
    cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
    if (cookie.starts_with(name) && cookie.substr(name.size()).starts_with('=')) {
      return cookie.substr(name.size() + 1);
    }
  }
  return {};
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  }
  return lower;
}

}  // namespace

Gate::Gate(std::string token, std::string address)
    : token_(std::move(token)), address_(std::move(address)) {}

void Gate::set_port(int port) { port_ = port; }

/// Its time does not tell how much of the text is right.
bool Gate::is_token(std::string_view text) const {
  std::size_t difference = text.size() ^ token_.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    difference |=
        static_cast<unsigned char>(text[i]) ^ static_cast<unsigned char>(token_[i % token_.size()]);
  }
  return difference == 0;
}

bool Gate::has_token_in_query(const Query& query) const {
  const auto given = query.text("token");
  return !token_.empty() && given && is_token(*given);
}

bool Gate::has_token(const HttpRequest& request, const Query& query) const {
  constexpr std::string_view bearer = "bearer ";
  std::string_view given = request.authorization;
  if (in_lower_case(given.substr(0, bearer.size())) == bearer) {
    given.remove_prefix(bearer.size());
    if (is_token(given)) return true;
  }
  const auto cookie =
      percent_decoded(cookie_named(request.cookie, "livecca_" + std::to_string(port_)));
  return (cookie && is_token(*cookie)) || has_token_in_query(query);
}

bool Gate::names_this_server(std::string_view host) const {
  const std::string port = ":" + std::to_string(port_);
  std::string name = in_lower_case(host);
  if (name.ends_with(port)) {
    name.resize(name.size() - port.size());
  } else if (port_ != 80) {
    return false;
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return name == "localhost" || name == "127.0.0.1" || name == "::1" || name == address_;
}

std::optional<HttpAnswer> Gate::refusal(const HttpRequest& request, const Query& query) const {
  if (request.has_repeated_header) {
    return error_answer(400, "expected Host, Authorization, Cookie and Last-Event-ID once each");
  }
  if (token_.empty()) {
    if (names_this_server(request.host)) return std::nullopt;
    return error_answer(403, "Host: expected localhost:" + std::to_string(port_) +
                                 ", as no token is asked for here, got another name");
  }
  if (has_token(request, query)) return std::nullopt;
  HttpAnswer answer = error_answer(
      401, "expected the token that livecca serve was given, as ?token=TOKEN, got none or another");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

HttpAnswer Gate::welcome() const {
  HttpAnswer answer{.status = 303, .headers = safe_headers()};
  answer.headers.emplace_back("Location", "/");
  answer.headers.emplace_back("Set-Cookie", "livecca_" + std::to_string(port_) + "=" +
                                                percent_encoded(token_) +
                                                "; Path=/; HttpOnly; SameSite=Lax");
  return answer;
}

std::vector<HttpAnswer::Header> safe_headers() {
  return {{"Content-Security-Policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
           "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' "
           "http://localhost:* http://127.0.0.1:*"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Cache-Control", "no-store"}};
}

HttpAnswer error_answer(int status, const std::string& line) {
  return {.status = status,
          .content_type = "application/json",
          .body = std::make_shared<const std::string>(text_of({{"error", line}})),
          .headers = safe_headers()};
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "ip6-localhost" ||
         (address.starts_with("127.") &&
          address.find_first_not_of("0123456789.") == std::string::npos);
}

std::string why_no_token(const std::string& token) {
  const bool is_plain = std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.size() < shortest_token || token.size() > longest_token) {
    return "expected " + std::to_string(shortest_token) + " to " + std::to_string(longest_token) +
           " characters, got " + std::to_string(token.size());
  }
  return is_plain ? "" : "expected letters, digits and signs of ASCII without spaces, got others";
}

}  // namespace livecca::tool
