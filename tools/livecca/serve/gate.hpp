#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/http_server.hpp"
#include "serve/answers/query.hpp"

namespace livecca::tool {

/// Who may ask. With a token, who has it. Without one, whoever is on this machine, if the Host
/// header names it: a page of another origin whose name leads here does not get in.
class Gate {
 public:
  /// `token` may be empty.
  Gate(std::string token, std::string address);

  /// To be called before the first request.
  void set_port(int port);
  /// An answer for who may not ask; nothing for who may.
  std::optional<HttpAnswer> refusal(const HttpRequest& request, const Query& query) const;
  /// After a request of the page with the token: the cookie, and the way to the page without it.
  HttpAnswer welcome() const;
  /// Whether the request has the token in its query.
  bool has_token_in_query(const Query& query) const;

 private:
  bool is_token(std::string_view text) const;
  bool has_token(const HttpRequest& request, const Query& query) const;
  bool names_this_server(std::string_view host) const;

  std::string token_;
  std::string address_;
  int port_ = 0;
};

/// The headers of every answer.
std::vector<HttpAnswer::Header> safe_headers();

/// {"error": line}.
HttpAnswer error_answer(int status, const std::string& line);

/// Whether an address is one of this machine that others cannot reach.
bool is_loopback(const std::string& address);

/// Why a token cannot be used; empty if it can.
std::string why_no_token(const std::string& token);

}  // namespace livecca::tool
