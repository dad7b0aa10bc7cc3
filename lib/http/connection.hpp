#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/connections.hpp"
#include "http/http_server.hpp"

namespace livecca {

/// The conversation with one client: requests and answers in turn, in the end maybe a stream of
/// events. It lives as long as it is in Connections or something is sent or awaited.
///
/// Thread safety: none; all calls are on the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, const HttpHandler& handler,
             const HttpRefusal& refusal, Connections& all);

  /// Waits for the first request. To be called once, when this is in Connections.
  void start() { read_request(); }
  bool is_answering() const { return is_answering_; }
  /// Whoever else has the socket, such as a forked child.
  void hang_up();
  /// Of a stream only. Hangs up if too much waits already.
  void send_event(std::shared_ptr<const std::string> text);
  /// Goes on with what Connections::wait_for_room() was called for.
  void use_room();

 private:
  friend class Connections;
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;
  using Text = std::shared_ptr<const std::string>;

  /// What an answer of known length needs.
  struct Whole {
    Whole(Response& response, bool last) : serializer(response), is_last(last) {}

    boost::beast::http::response_serializer<boost::beast::http::span_body<const char>> serializer;
    bool is_last = false;
    std::size_t bytes = 0;  // of this slice
  };

  /// What an answer of unknown length needs.
  struct Long {
    boost::beast::http::response<boost::beast::http::empty_body> head;
    std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
        serializer;
    std::function<std::optional<std::string>()> more;
    bool is_chunked = false;  // else hanging up is its end
    bool is_last = false;
    std::string size_line;  // of the piece that is sent, body_
    std::deque<Text> waiting;
    std::size_t bytes_waiting = 0;
  };

  void read_request();
  void take_request(const ErrorCode& error);
  void answer();
  void send(HttpAnswer answer, bool has_body, bool is_last);
  void send_whole(const HttpAnswer& answer, bool has_body, bool is_last);
  void send_slice();
  void take_next_slice(std::size_t count);
  void send_head_of_long(HttpAnswer answer, bool is_last);
  void begin_stream();
  void send_piece(Text piece);
  void take_next_event();
  void take_next_piece();
  void make_next_piece();
  void hold(Text text);
  void let_go();
  void send_last_chunk();
  void go_on(bool is_last);
  void end();
  void drain();

  boost::asio::ip::tcp::socket socket_;
  const HttpHandler& handler_;
  const HttpRefusal& refusal_;
  Connections& all_;
  // Kept by Connections:
  Connections::List* list_ = nullptr;
  Connections::List::iterator place_;
  std::size_t stream_number_ = 0;         // from 1 in the order of their beginning; 0: no stream
  Connections::Clock::time_point since_;  // this part of the conversation began

  boost::beast::flat_buffer received_;  // not looked at yet
  std::optional<Parser> parser_;
  Response response_;
  std::optional<Whole> whole_;
  Text body_;  // that is being sent; set by hold() and let_go()
  std::optional<Long> long_;
  bool is_answering_ = false;
  std::size_t drained_ = 0;
};

}  // namespace livecca
