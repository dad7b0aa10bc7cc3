#include "http/connection.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>
#include <utility>

namespace livecca {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t most_head_bytes = 8192;
constexpr std::size_t most_bytes_at_once = 16384;  // of requests that are sent in a row
constexpr std::size_t most_drained_bytes = std::size_t{1} << 20U;

/// Whether what a client sent is at fault, not the connection.
bool is_no_request(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, const HttpHandler& handler,
                       Connections& all)
    : socket_(std::move(socket)), handler_(handler), all_(all), received_(most_bytes_at_once) {}

void Connection::hang_up() {
  if (!socket_.is_open()) return;
  const auto self = shared_from_this();
  ErrorCode ignored;
  socket_.shutdown(socket_.shutdown_both, ignored);
  socket_.close(ignored);
  all_.remove(*this);
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
    send(http_text(400, "expected an HTTP request, got: " + error.message()), true, true);
  } else if (error) {
    hang_up();
  } else {
    // What follows a head that announces a body is no request.
    const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
    answer(parser_->get(), has_body || !parser_->get().keep_alive());
  }
}

void Connection::answer(const Parser::value_type& request, bool is_last) {
  const bool is_head = request.method() == http::verb::head;
  if (!is_head && request.method() != http::verb::get) {
    send(http_text(405, "expected GET or HEAD"), true, true);
    return;
  }
  const std::string_view target(request.target().data(), request.target().size());
  send(handler_(target.substr(0, target.find('?'))), !is_head, is_last);
}

void Connection::send(HttpAnswer answer, bool has_body, bool is_last) {
  is_answering_ = true;
  all_.begin_part(*this);
  body_ = std::move(answer.body);
  response_ = {};
  response_.version(parser_->get().version());
  response_.result(static_cast<unsigned>(answer.status));
  response_.set(http::field::content_type, answer.content_type);
  if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
  response_.content_length(body_->size());
  response_.keep_alive(!is_last);
  if (has_body) response_.body() = {body_->data(), body_->size()};
  http::async_write(socket_, response_,
                    [self = shared_from_this(), is_last](const ErrorCode& error, std::size_t) {
                      if (!self->socket_.is_open()) return;
                      if (error || self->all_.is_stopping()) {
                        self->hang_up();
                      } else if (is_last) {
                        self->end();
                      } else {
                        self->read_request();
                      }
                    });
}

/// The client hangs up, too. Where the server closes with bytes unread, the system resets the
/// connection, and the client may lose the answer.
void Connection::end() {
  is_answering_ = false;
  all_.begin_part(*this);
  body_.reset();
  response_ = {};
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
