#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace livecca {

/// What a client asks for, as the client wrote it. Headers that it did not send are empty. The
/// texts are valid only during the call.
struct HttpRequest {
  std::string_view path{};   ///< "/metrics": the target up to the question mark
  std::string_view query{};  ///< what follows the question mark
  std::string_view host{};
  std::string_view authorization{};
  std::string_view cookie{};
  std::string_view last_event_id{};
  /// Whether a header that is named here came more than once, so that one of them is as good as the
  /// other.
  bool has_repeated_header = false;
};

/// What the server sends to a client.
struct HttpAnswer {
  using Header = std::pair<std::string, std::string>;

  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  /// Sent as it is, without a copy, so it must not change any more.
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
  std::vector<Header> headers{};  ///< more of them: name and value
  /// If set, more text comes after the body. It is called on the server's thread whenever the
  /// client has taken the text before, and returns the next text, or nothing at the end. After an
  /// empty text it is called again, when other clients had their turn. If it throws, the answer is
  /// cut off, and the client can tell.
  std::function<std::optional<std::string>()> more{};
  /// After the body the answer goes on with what HttpServer::publish() is given, until the client
  /// or the server hangs up.
  bool is_stream = false;
};

/// An answer of one line of text.
HttpAnswer http_text(int status, const std::string& line);

/// Makes the answer to GET or HEAD. It is called on the server's thread, where it holds up all
/// other clients, so it should hand out what was made elsewhere, or compute for some milliseconds.
using HttpHandler = std::function<HttpAnswer(const HttpRequest& request)>;

/// Makes the answer to what the server refuses itself, such as what is no HTTP.
using HttpRefusal = std::function<HttpAnswer(int status, const std::string& line)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< a name or number of this machine
  int port = 0;                       ///< 0: any free port
  /// Open connections; each is an open file of the process. 0: an eighth of the files that the
  /// process may open, from 16 to 1000.
  std::size_t most_connections = 0;
  /// Streams of events that are open beside them. 0: a quarter of the files that the process may
  /// open, from 16 to 1000. If there are more, the oldest is closed.
  std::size_t most_streams = 0;
  /// What may wait to be sent to one stream. A client that lets more pile up is hung up on.
  std::size_t most_bytes_waiting = std::size_t{1} << 18U;
  /// What may be in memory to be sent to all clients together. When it is this much, the next
  /// answer is made once a client has taken its own. So at most one answer more is in memory.
  std::size_t most_bytes_held = std::size_t{1} << 26U;
  /// How long a client may take to send a request, and then to take the answer.
  std::chrono::milliseconds patience{5000};
  /// How long a client may take for 64 kB of its answer, or for a whole piece of a long one, while
  /// others wait for most_bytes_held.
  std::chrono::milliseconds patience_without_room{250};
  /// How old an answer may get that is being sent when the server stops.
  std::chrono::milliseconds grace{250};
  HttpRefusal refusal = http_text;
};

/// Answers GET and HEAD over HTTP 1.1, one thread for all clients. A client that is slow costs an
/// open connection and its answer's memory: others are answered meanwhile. If there are too many
/// connections, the server closes the slowest one, so a new client always gets in. If too much
/// memory is held, others wait until those that do not read are hung up on.
///
/// An answer may go on as a stream of events. Streams are idle most of the time, so they have a
/// limit of their own, and nobody waits for the next request on them.
///
/// The process stays as it is: the thread blocks all signals, sending does not raise SIGPIPE, and
/// programs that the process starts inherit no file of it.
///
/// Thread safety: publish() and port() may be called from any thread.
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
  /// Sends a text to all streams that are open. Returns at once.
  void publish(std::shared_ptr<const std::string> text);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace livecca
