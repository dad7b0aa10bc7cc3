#include "http/http_server.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <exception>
#include <thread>
#include <utility>

#include "common/quiet_thread.hpp"
#include "http/connection.hpp"
#include "http/connections.hpp"
#include "http/listening_socket.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

constexpr int most_accepted_in_a_row = 16;  // then those that are open have their turn
constexpr auto pause_without_files = 50ms;

/// What was asked for, or that part of the files that the process may open.
std::size_t limit_or_share(std::size_t asked, rlim_t part) {
  if (asked > 0) return asked;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<std::size_t>(std::clamp<rlim_t>(files.rlim_cur / part, 16, 1000));
}

ConnectionLimits limits_of(const HttpOptions& options) {
  return {.connections = limit_or_share(options.most_connections, 8),
          .streams = limit_or_share(options.most_streams, 4),
          .bytes_waiting = options.most_bytes_waiting,
          .bytes_held = options.most_bytes_held,
          .patience = options.patience,
          .patience_without_room = options.patience_without_room};
}

bool is_short_of_files(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

HttpAnswer http_text(int status, const std::string& line) {
  return {.status = status, .body = std::make_shared<const std::string>(line + '\n')};
}

/// Sockets are accepted here and not by Asio, which lets programs that the process starts inherit
/// them.
class HttpServer::Loop {
 public:
  Loop(const HttpOptions& options, HttpHandler handler, ListeningSocket listening)
      : handler_(std::move(handler)),
        refusal_(options.refusal),
        grace_(options.grace),
        port_(listening.port),
        protocol_(listening.is_version_6 ? tcp::v6() : tcp::v4()),
        acceptor_(loop_),
        pause_(loop_),
        connections_(loop_, limits_of(options)) {
    acceptor_.assign(protocol_, listening.socket.number());
    listening.socket.release();
    thread_ = quiet_thread([this] { run(); });
  }

  ~Loop() {
    is_stopped_ = true;
    // Wakes the thread; frees the port even if a forked child has the socket, too.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  int port() const { return port_; }

  void publish(std::shared_ptr<const std::string> text) {
    boost::asio::post(loop_,
                      [this, text = std::move(text)] { connections_.send_to_streams(text); });
  }

 private:
  void run() {
    for (;;) {
      try {
        if (!is_waiting_) wait_for_clients();
        loop_.run();  // until stop(), when nothing is awaited any more
        return;
      } catch (...) {
        // Out of memory: this client gets nothing, the next one may.
        std::this_thread::sleep_for(pause_without_files);
      }
    }
  }

  void wait_for_clients() {
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code&) {
      is_waiting_ = false;
      if (is_stopped_) {
        connections_.stop(grace_);
      } else if (accept_clients()) {
        wait_for_clients();
      } else {
        wait_for_files();
      }
    });
    is_waiting_ = true;
  }

  /// The client that cannot be accepted keeps the socket readable: do not spin meanwhile.
  void wait_for_files() {
    pause_.expires_after(pause_without_files);
    pause_.async_wait([this](const boost::system::error_code&) {
      is_waiting_ = false;
      wait_for_clients();
    });
    is_waiting_ = true;
  }

  /// False if the process can open no more files, though none of them is a connection.
  bool accept_clients() {
    for (int i = 0; i < most_accepted_in_a_row; ++i) {
      tcp::socket socket(loop_);
      const int client =
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client >= 0) {
        take(std::move(socket), client);
      } else if (is_short_of_files(errno)) {
        if (!connections_.hang_up_slowest()) return false;
      } else if (errno == EAGAIN) {
        return true;
      }
    }
    return true;
  }

  void take(tcp::socket socket, int client) {
    boost::system::error_code failure;
    socket.assign(protocol_, client, failure);
    if (failure) {
      ::close(client);
      return;
    }
    const auto connection =
        std::make_shared<Connection>(std::move(socket), handler_, refusal_, connections_);
    connections_.add(connection);
    connection->start();
  }

  const HttpHandler handler_;
  const HttpRefusal refusal_;
  const std::chrono::milliseconds grace_;
  const int port_;
  const tcp protocol_;
  boost::asio::io_context loop_{1};
  tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Connections connections_;
  std::atomic<bool> is_stopped_{false};
  bool is_waiting_ = false;  // for clients, or for files
  std::thread thread_;
};

HttpServer::HttpServer(const HttpOptions& options, HttpHandler handler) {
  ListeningSocket listening = listening_socket(options.address, options.port);
  try {
    loop_ = std::make_unique<Loop>(options, std::move(handler), std::move(listening));
  } catch (const std::exception& failure) {
    throw Error("expected to start a server at " + options.address + ':' +
                std::to_string(options.port) + ", got: " + failure.what());
  }
}

HttpServer::~HttpServer() = default;

int HttpServer::port() const { return loop_->port(); }

void HttpServer::publish(std::shared_ptr<const std::string> text) {
  loop_->publish(std::move(text));
}

}  // namespace livecca
