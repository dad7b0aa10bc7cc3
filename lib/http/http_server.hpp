#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace livecca {

/// What the server sends to a client.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  /// Sent as it is, without a copy, so it must not change any more.
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
};

/// An answer of one line of text.
HttpAnswer http_text(int status, const std::string& line);

/// Makes the answer to GET of a path: "/metrics", as the client wrote it, without "?…". It is
/// called on the server's thread, where it holds up all other clients, so it should only hand out
/// what was made elsewhere.
using HttpHandler = std::function<HttpAnswer(std::string_view path)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< a name or number of this machine
  int port = 0;                       ///< 0: any free port
  /// Open connections; each is an open file of the process. 0: an eighth of the files that the
  /// process may open, from 16 to 1000.
  std::size_t most_connections = 0;
  /// How long a client may take to send a request, and then to take the answer.
  std::chrono::milliseconds patience{5000};
  /// How old an answer may get that is being sent when the server stops.
  std::chrono::milliseconds grace{250};
};

/// Answers GET and HEAD over HTTP 1.1, one thread for all clients. A client that is slow costs an
/// open connection and nothing else: others are answered meanwhile. If there are too many
/// connections, the server closes the slowest one, so a new client always gets in.
///
/// The process stays as it is: the thread blocks all signals, sending does not raise SIGPIPE, and
/// programs that the process starts inherit no file of it.
///
/// Thread safety: none.
class HttpServer {
 public:
  /// Listens. Throws Error, for example "expected to listen at 127.0.0.1:9464, got: address already
  /// in use".
  HttpServer(const HttpOptions& options, HttpHandler handler);
  /// Frees the port and closes all connections. Answers that are being sent may end, see
  /// HttpOptions::grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace livecca
