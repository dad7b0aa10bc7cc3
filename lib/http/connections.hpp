#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

namespace livecca {

class Connection;

/// The open connections of a server, and how long they may take. At any time a connection is in one
/// part of its conversation: it waits for a request, is sent an answer, or ends. The slowest
/// connection is the one whose part began first.
///
/// Thread safety: none; all calls are on the server's thread.
class Connections {
 public:
  using Place = std::list<std::shared_ptr<Connection>>::iterator;
  using Clock = std::chrono::steady_clock;

  Connections(boost::asio::io_context& loop, std::size_t most, std::chrono::milliseconds patience);

  /// If there are too many already, hangs up on the slowest.
  void add(std::shared_ptr<Connection> connection);
  /// The next part of the connection's conversation begins now.
  void begin_part(Connection& connection);
  void remove(Connection& connection);
  /// False if there is no connection.
  bool hang_up_slowest();
  /// Hangs up on all, but on those that are being sent an answer only when that is `grace` old.
  void stop(std::chrono::milliseconds grace);
  bool is_stopping() const { return is_stopping_; }

 private:
  void watch();
  void hang_up_late();

  boost::asio::steady_timer timer_;
  std::size_t most_;
  std::chrono::milliseconds patience_;
  std::list<std::shared_ptr<Connection>> open_;  // the slowest first
  bool is_watching_ = false;
  bool is_stopping_ = false;
};

}  // namespace livecca
