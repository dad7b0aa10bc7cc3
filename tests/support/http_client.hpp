#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "common/files/descriptor.hpp"

namespace livecca_tests {

/// A plain client of 127.0.0.1, without the server's library, so that its mistakes are not made
/// twice.
class HttpClient {
 public:
  struct Answer {
    int status = 0;  ///< 0: none, or not whole
    std::string head;
    std::string body;
    bool is_last = false;  ///< the server hangs up after it
  };

  explicit HttpClient(int port, int seconds = 20) : HttpClient() {
    const timeval limit{.tv_sec = seconds, .tv_usec = 0};
    const int on = 1;
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connect(port);
  }
  /// Has its socket, but is not connected yet.
  HttpClient() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

  void connect(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  bool is_connected() const { return is_connected_; }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// `has_body` is false of an answer to HEAD.
  Answer receive(bool has_body = true) {
    Answer answer;
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_more()) return answer;
    }
    answer.head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    answer.is_last = answer.head.find("Connection: close\r\n") != std::string::npos;
    const std::size_t size = has_body ? number_after(answer.head, "Content-Length: ") : 0;
    while (received_.size() < size) {
      if (!receive_more()) return answer;
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
    answer.status = static_cast<int>(number_after(answer.head, "HTTP/1.1 "));
    return answer;
  }

  Answer get(const std::string& path, const std::string& more = "") {
    if (!send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n")) return {};
    return receive();
  }

  /// All that comes up to these words, as it is sent; what came if they do not.
  std::string receive_until(std::string_view words) {
    std::size_t at = 0;
    while ((at = received_.find(words)) == std::string::npos) {
      if (!receive_more()) return std::exchange(received_, {});
    }
    std::string text = received_.substr(0, at + words.size());
    received_.erase(0, text.size());
    return text;
  }

  /// Whether the server has neither hung up nor sent anything that was not received here.
  bool is_left_alone() const {
    std::array<char, 1> byte{};
    return ::recv(socket_.number(), byte.data(), 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

  /// Whether the server hangs up within the limit, having sent no more.
  bool is_hung_up() {
    std::array<char, 1> byte{};
    errno = 0;
    return received_.empty() && ::recv(socket_.number(), byte.data(), 1, 0) <= 0 && errno != EAGAIN;
  }

 private:
  static std::size_t number_after(const std::string& text, std::string_view words) {
    const std::size_t at = text.find(words);
    std::size_t number = 0;
    if (at == std::string::npos) return number;
    std::from_chars(text.data() + at + words.size(), text.data() + text.size(), number);
    return number;
  }

  bool receive_more() {
    std::array<char, 65536> bytes{};
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  livecca::Descriptor socket_;
  std::string received_;
  bool is_connected_ = false;
};

inline HttpClient::Answer scrape(int port) {
  return HttpClient(port).get("/metrics", "Connection: close\r\n");
}

}  // namespace livecca_tests
