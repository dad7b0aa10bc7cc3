#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

namespace livecca {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t most_head_bytes = 8192;
constexpr std::size_t most_bytes_at_once = 16384;  // of requests that are sent in a row
constexpr std::size_t bytes_of_slice = std::size_t{64} << 10U;
constexpr std::size_t most_drained_bytes = std::size_t{1} << 20U;

/// Whether what a client sent is at fault, not the connection.
bool is_no_request(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

/// How a chunk begins, see RFC 9112, section 7.1.
std::string size_line_of(std::size_t size) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

/// The fields of the head that all answers have.
template <typename Response>
void fill_head(Response& response, const HttpAnswer& answer, unsigned version) {
  response.version(version);
  response.result(static_cast<unsigned>(answer.status));
  response.set(http::field::content_type, answer.content_type);
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
}

/// What the client wrote, or nothing.
template <typename Request, typename Name>
std::string_view header(const Request& request, Name name, bool& is_repeated) {
  const auto [first, last] = request.equal_range(name);
  if (first == last) return {};
  is_repeated |= std::next(first) != last;
  return {first->value().data(), first->value().size()};
}

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, const HttpHandler& handler,
                       const HttpRefusal& refusal, Connections& all)
    : socket_(std::move(socket)),
      handler_(handler),
      refusal_(refusal),
      all_(all),
      received_(most_bytes_at_once) {}

void Connection::hang_up() {
  if (!socket_.is_open()) return;
  const auto self = shared_from_this();
  ErrorCode ignored;
  socket_.shutdown(socket_.shutdown_both, ignored);
  socket_.close(ignored);
  all_.remove(*this);
  // It counts no more, and is kept until what was begun with it has ended.
  if (body_ != nullptr) all_.let_go(body_);
}

void Connection::hold(Text text) {
  all_.hold(text);
  const Text before = std::exchange(body_, std::move(text));
  if (before != nullptr) all_.let_go(before);
}

void Connection::let_go() {
  if (body_ != nullptr) all_.let_go(std::exchange(body_, nullptr));
}

void Connection::read_request() {
  is_answering_ = false;
  all_.begin_part(*this);
  parser_.emplace();
  parser_->header_limit(most_head_bytes);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // bodies are not read
  http::async_read_header(socket_, received_, *parser_,
                          [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                            self->take_request(error);
                          });
}

void Connection::take_request(const ErrorCode& error) {
  if (!socket_.is_open()) return;
  if (error && is_no_request(error)) {
    send(refusal_(400, "expected an HTTP request, got: " + error.message()), true, true);
  } else if (error) {
    hang_up();
  } else if (all_.has_room()) {
    answer();
  } else {
    all_.wait_for_room(*this);
  }
}

void Connection::use_room() {
  if (long_) {
    make_next_piece();
  } else {
    answer();
  }
}

void Connection::answer() {
  const Parser::value_type& request = parser_->get();
  // What follows a head that announces a body is no request.
  const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
  const bool is_last = has_body || !request.keep_alive();
  const bool is_head = request.method() == http::verb::head;
  if (!is_head && request.method() != http::verb::get) {
    send(refusal_(405, "expected GET or HEAD"), true, true);
    return;
  }
  const std::string_view target(request.target().data(), request.target().size());
  const std::size_t end = std::min(target.find('?'), target.size());
  HttpRequest asked{.path = target.substr(0, end),
                    .query = target.substr(std::min(end + 1, target.size()))};
  bool& is_repeated = asked.has_repeated_header;
  asked.host = header(request, http::field::host, is_repeated);
  asked.authorization = header(request, http::field::authorization, is_repeated);
  asked.cookie = header(request, http::field::cookie, is_repeated);
  asked.last_event_id = header(request, "Last-Event-ID", is_repeated);
  send(handler_(asked), !is_head, is_last);
}

void Connection::send(HttpAnswer answer, bool has_body, bool is_last) {
  is_answering_ = true;
  all_.begin_part(*this);
  hold(std::move(answer.body));
  if (has_body && (answer.is_stream || answer.more)) {
    send_head_of_long(std::move(answer), is_last);
  } else {
    send_whole(answer, has_body, is_last);
  }
}

void Connection::send_whole(const HttpAnswer& answer, bool has_body, bool is_last) {
  response_ = {};
  fill_head(response_, answer, parser_->get().version());
  if (!answer.is_stream && !answer.more) response_.content_length(body_->size());
  response_.keep_alive(!is_last);
  if (has_body) response_.body() = {body_->data(), body_->size()};
  Whole& to = whole_.emplace(response_, is_last);
  to.serializer.limit(bytes_of_slice);
  send_slice();
}

/// So that a client has its time for each slice, and not for all of a long answer.
void Connection::send_slice() {
  http::async_write_some(socket_, whole_->serializer,
                         [self = shared_from_this()](const ErrorCode& error, std::size_t count) {
                           if (!self->socket_.is_open()) return;
                           if (error) {
                             self->hang_up();
                           } else {
                             self->take_next_slice(count);
                           }
                         });
}

void Connection::take_next_slice(std::size_t count) {
  if (whole_->serializer.is_done()) {
    const bool is_last = whole_->is_last;
    whole_.reset();
    go_on(is_last);
    return;
  }
  whole_->bytes += count;
  if (whole_->bytes >= bytes_of_slice && !all_.is_stopping()) {
    whole_->bytes = 0;
    all_.begin_part(*this);
  }
  send_slice();
}

void Connection::go_on(bool is_last) {
  response_ = {};
  let_go();
  if (all_.is_stopping()) {
    hang_up();
  } else if (is_last) {
    end();
  } else {
    read_request();
  }
}

void Connection::send_head_of_long(HttpAnswer answer, bool is_last) {
  const unsigned version = parser_->get().version();
  Long& to = long_.emplace();
  to.is_chunked = version >= 11;
  to.is_last = is_last || !to.is_chunked;
  to.more = std::move(answer.more);
  fill_head(to.head, answer, version);
  to.head.chunked(to.is_chunked);
  to.head.keep_alive(!to.is_last);
  to.serializer.emplace(to.head);
  // At once, so that what is published from now on waits for the head. body_ is the first text.
  if (answer.is_stream) {
    is_answering_ = false;
    all_.become_stream(*this);
  }
  http::async_write_header(socket_, *to.serializer,
                           [self = shared_from_this(), is_stream = answer.is_stream](
                               const ErrorCode& error, std::size_t) {
                             if (!self->socket_.is_open()) return;
                             if (error || self->all_.is_stopping()) {
                               self->hang_up();
                             } else if (is_stream) {
                               self->begin_stream();
                             } else {
                               self->send_piece(self->body_);
                             }
                           });
}

void Connection::begin_stream() {
  received_.clear();  // whatever came behind the request
  drain();            // notices when the client hangs up
  if (body_->empty()) {
    take_next_event();
  } else {
    long_->bytes_waiting += body_->size();
    send_piece(body_);
  }
}

void Connection::send_event(Text text) {
  if (!socket_.is_open() || text->empty()) return;
  if (long_->bytes_waiting > 0 && long_->bytes_waiting + text->size() > all_.most_bytes_waiting()) {
    hang_up();
    return;
  }
  long_->bytes_waiting += text->size();
  long_->waiting.push_back(std::move(text));
  if (body_ == nullptr) take_next_event();
}

void Connection::take_next_event() {
  let_go();
  if (long_->waiting.empty()) {
    all_.rest(*this);
    return;
  }
  Text next = std::move(long_->waiting.front());
  long_->waiting.pop_front();
  send_piece(std::move(next));
}

void Connection::take_next_piece() {
  let_go();
  if (all_.has_room()) {
    make_next_piece();
  } else {
    all_.wait_for_room(*this);
  }
}

void Connection::make_next_piece() {
  std::optional<std::string> next;
  try {
    if (long_->more) next = long_->more();
  } catch (...) {
    hang_up();
    return;
  }
  if (next && next->empty()) {
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (self->socket_.is_open()) self->take_next_piece();
    });
  } else if (next) {
    send_piece(std::make_shared<const std::string>(*std::move(next)));
  } else if (long_->is_chunked) {
    send_last_chunk();
  } else {
    long_.reset();
    go_on(true);
  }
}

void Connection::send_piece(Text piece) {
  if (piece->empty()) {  // such a chunk would be the end
    take_next_piece();
    return;
  }
  all_.begin_part(*this);
  hold(std::move(piece));
  long_->size_line = long_->is_chunked ? size_line_of(body_->size()) : "";
  const std::string_view end_of_chunk = long_->is_chunked ? "\r\n" : "";
  const std::array<boost::asio::const_buffer, 3> parts{
      boost::asio::buffer(long_->size_line), boost::asio::buffer(*body_),
      boost::asio::const_buffer(end_of_chunk.data(), end_of_chunk.size())};
  boost::asio::async_write(socket_, parts,
                           [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                             if (!self->socket_.is_open()) return;
                             if (error || self->all_.is_stopping()) {
                               self->hang_up();
                             } else if (self->stream_number_ > 0) {
                               self->long_->bytes_waiting -= self->body_->size();
                               self->take_next_event();
                             } else {
                               self->take_next_piece();
                             }
                           });
}

void Connection::send_last_chunk() {
  static constexpr std::string_view last_chunk = "0\r\n\r\n";
  boost::asio::async_write(socket_, boost::asio::const_buffer(last_chunk.data(), last_chunk.size()),
                           [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                             if (!self->socket_.is_open()) return;
                             const bool is_last = self->long_->is_last;
                             self->long_.reset();
                             if (error) {
                               self->hang_up();
                             } else {
                               self->go_on(is_last);
                             }
                           });
}

/// The client hangs up, too. Where the server closes with bytes unread, the system resets the
/// connection, and the client may lose the answer.
void Connection::end() {
  is_answering_ = false;
  all_.begin_part(*this);
  received_.clear();
  ErrorCode ignored;
  socket_.shutdown(socket_.shutdown_send, ignored);
  drain();
}

void Connection::drain() {
  socket_.async_read_some(received_.prepare(most_bytes_at_once),
                          [self = shared_from_this()](const ErrorCode& error, std::size_t count) {
                            if (!self->socket_.is_open()) return;
                            self->drained_ += count;
                            if (error || self->drained_ > most_drained_bytes) {
                              self->hang_up();
                            } else {
                              self->drain();
                            }
                          });
}

}  // namespace livecca
