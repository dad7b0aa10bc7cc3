#include "sinks/prometheus/connection.hpp"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace livecca {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_head_bytes = 8192;
constexpr auto patience = 5s;
constexpr auto patience_while_crowded = 250ms;
constexpr auto patience_with_silent = 20ms;  // while crowded, with who has not begun to ask
constexpr auto between_questions = 50ms;

/// The head without the line that asks for a part of the page. It is not needed, and this version
/// of cpp-httplib matches a long one with a regular expression that takes more than 2 MiB of stack.
std::string without_range(const std::string& head) {
  constexpr std::string_view unwanted = "range:";
  std::string rest;
  for (std::size_t begin = 0; begin < head.size();) {
    const std::size_t end = head.find('\n', begin) + 1;
    if (::strncasecmp(head.c_str() + begin, unwanted.data(), unwanted.size()) != 0) {
      rest.append(head, begin, end - begin);
    }
    begin = end;
  }
  return rest;
}

}  // namespace

Connection::Connection(Descriptor socket, const Waiting& waiting)
    : socket_(std::move(socket)), waiting_(waiting) {}

Connection::~Connection() { ::shutdown(socket_.number(), SHUT_RDWR); }

bool Connection::wait_for(short events) {
  const bool is_silent = events == POLLIN && received_.empty();
  const auto least = is_silent ? patience_with_silent : patience_while_crowded;
  std::chrono::milliseconds until_question =
      std::min<std::chrono::milliseconds>(least, between_questions);
  for (;;) {
    pollfd socket{.fd = socket_.number(), .events = events, .revents = 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(until_question.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    until_question = between_questions;
    const auto waited = std::chrono::steady_clock::now() - since_;
    if (waited > patience || waiting_.is_stopped()) return false;
    if (waited >= least && waiting_.is_crowded()) return false;
  }
}

bool Connection::receive() {
  std::array<char, 4096> bytes{};
  for (;;) {
    // Asked first, so that a client that sends a byte now and then does not stay for ever.
    if (std::chrono::steady_clock::now() - since_ > patience || !wait_for(POLLIN)) return false;
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      received_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) return false;
  }
}

bool Connection::read_head() {
  since_ = std::chrono::steady_clock::now();
  is_answering_ = false;
  constexpr std::string_view end = "\r\n\r\n";
  std::size_t found = 0;
  while ((found = received_.find(end)) == std::string::npos) {
    if (received_.size() > most_head_bytes || !receive()) return false;
  }
  const std::size_t size = found + end.size();
  if (size > most_head_bytes) return false;
  head_ = without_range(received_.substr(0, size));
  received_.erase(0, size);
  return true;
}

ssize_t Connection::read(char* bytes, size_t size) {
  const std::size_t count = std::min(size, head_.size());
  std::memcpy(bytes, head_.data(), count);
  head_.erase(0, count);
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  if (!std::exchange(is_answering_, true)) since_ = std::chrono::steady_clock::now();
  for (;;) {
    const ssize_t count = ::send(socket_.number(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for(POLLOUT)) return -1;
  }
}

}  // namespace livecca
