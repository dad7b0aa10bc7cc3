#include "sinks/prometheus/page_server.hpp"

#include <httplib.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "livecca/common/error.hpp"
#include "sinks/prometheus/connection.hpp"
#include "sinks/prometheus/listening_socket.hpp"

namespace livecca {
namespace {

constexpr int thread_count = 3;
constexpr int most_requests = 1000;  // of one connection

/// Undoes what the constructor of httplib::Server does to the whole process: it ignores SIGPIPE.
class KeptSigpipe {
 protected:
  KeptSigpipe() { ::sigaction(SIGPIPE, nullptr, &action_); }
  void restore() {
    struct sigaction now {};
    ::sigaction(SIGPIPE, nullptr, &now);
    if (now.sa_handler == SIG_IGN) ::sigaction(SIGPIPE, &action_, nullptr);
  }

 private:
  struct sigaction action_ {};
};

/// What is said over a connection, by cpp-httplib; the sockets and threads are our own, as it would
/// neither bound nor mask them.
class Conversation : private KeptSigpipe, private httplib::Server {
 public:
  Conversation(int listening_socket, PageServer::Page page) : page_(std::move(page)) {
    restore();
    svr_sock_ = listening_socket;  // without one it takes itself as stopped and sends no page
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
  }

  void hold(Connection& connection, const Connection::Waiting& waiting) {
    for (int i = 0; i < most_requests && connection.read_head(); ++i) {
      const bool is_last = i + 1 == most_requests || waiting.is_crowded();
      bool is_closed = is_last;
      const auto look_at = [&](httplib::Request& request) {
        if (request.method == "GET" || request.method == "HEAD") return;
        // What follows may be a body, which nobody reads.
        request.headers.erase("Connection");
        request.headers.emplace("Connection", "close");
        is_closed = true;
      };
      if (!process_request(connection, is_last, is_closed, look_at) || is_closed) return;
    }
  }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    if (request.method != "GET" && request.method != "HEAD") {
      response.status = 405;
      response.set_header("Allow", "GET, HEAD");
    } else if (request.path == "/metrics") {
      const auto page = page_();
      response.set_content_provider(
          page->size(), "text/plain; version=0.0.4; charset=utf-8",
          [page](std::size_t offset, std::size_t size, httplib::DataSink& sink) {
            return sink.write(page->data() + offset, size);
          });
    } else if (request.path == "/") {
      response.set_content("livecca's metrics are at /metrics\n", "text/plain; charset=utf-8");
    } else {
      response.status = 404;
      response.set_content("expected /metrics\n", "text/plain; charset=utf-8");
    }
  }

  PageServer::Page page_;
};

}  // namespace

class PageServer::Threads {
 public:
  Threads(Descriptor socket, Page page)
      : socket_(std::move(socket)), conversation_(socket_.number(), std::move(page)) {
    waiting_.is_stopped = [this] { return is_stopped_.load(); };
    waiting_.is_crowded = [this] { return busy_ == thread_count && is_somebody_waiting(0); };
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    // The host's handlers must not run on these threads; a new thread has its maker's mask.
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      for (std::thread& thread : threads_) thread = std::thread([this] { serve(); });
    } catch (const std::system_error& failure) {
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      stop();
      throw Error(std::string("expected to start a thread, got: ") + failure.what());
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Threads() { stop(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  int port() const { return port_of(socket_); }

 private:
  void stop() {
    is_stopped_ = true;
    // Wakes who waits for clients; frees the port even if a forked child has the socket, too.
    ::shutdown(socket_.number(), SHUT_RDWR);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  bool is_somebody_waiting(int milliseconds) const {
    pollfd socket{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    return ::poll(&socket, 1, milliseconds) > 0;
  }

  void serve() {
    while (!is_stopped_) {
      if (!is_somebody_waiting(-1)) continue;
      Descriptor client(
          ::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client.is_open()) {
        pause_if_short_of_files();
        continue;
      }
      ++busy_;
      try {
        Connection connection(std::move(client), waiting_);
        conversation_.hold(connection, waiting_);
      } catch (...) {
        // Out of memory: this client gets nothing, the next one may.
      }
      --busy_;
    }
  }

  /// The client that cannot be accepted keeps the socket readable: do not spin meanwhile.
  void pause_if_short_of_files() const {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  Descriptor socket_;
  Conversation conversation_;
  Connection::Waiting waiting_;
  std::atomic<bool> is_stopped_{false};
  std::atomic<int> busy_{0};
  std::array<std::thread, thread_count> threads_;
};

PageServer::PageServer(const std::string& address, int port, Page page)
    : threads_(std::make_unique<Threads>(listening_socket(address, port), std::move(page))) {}

PageServer::~PageServer() = default;

int PageServer::port() const { return threads_->port(); }

}  // namespace livecca
