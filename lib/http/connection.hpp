#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/span_body.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/connections.hpp"
#include "http/http_server.hpp"

namespace livecca {

/// The conversation with one client: requests and answers in turn. It lives as long as it is in
/// Connections or something is sent or awaited.
///
/// Thread safety: none; all calls are on the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const HttpHandler& handler, Connections& all);

  /// Waits for the first request. To be called once, when this is in Connections.
  void start() { read_request(); }
  bool is_answering() const { return is_answering_; }
  /// Whoever else has the socket, such as a forked child.
  void hang_up();

 private:
  friend class Connections;
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  void read_request();
  void take_request(const ErrorCode& error);
  void answer(const Parser::value_type& request, bool is_last);
  void send(HttpAnswer answer, bool has_body, bool is_last);
  void end();
  void drain();

  boost::asio::ip::tcp::socket socket_;
  const HttpHandler& handler_;
  Connections& all_;
  Connections::Place place_;
  Connections::Clock::time_point since_;  // this part of the conversation began

  boost::beast::flat_buffer received_;  // not looked at yet
  std::optional<Parser> parser_;
  Response response_;
  std::shared_ptr<const std::string> body_;  // that response_ points to
  bool is_answering_ = false;
  std::size_t drained_ = 0;
};

}  // namespace livecca
