#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "http/held_texts.hpp"

namespace livecca {

class Connection;

struct ConnectionLimits {
  std::size_t connections = 0;  ///< without streams
  std::size_t streams = 0;
  std::size_t bytes_waiting = 0;  ///< of one stream
  std::size_t bytes_held = 0;     ///< of all answers
  std::chrono::milliseconds patience{};
  std::chrono::milliseconds patience_without_room{};
};

/// The open connections of a server, and how long they may take. At any time a connection is in one
/// part of its conversation: it waits for a request, is sent an answer, or ends. The slowest
/// connection is the one whose part began first. A stream is in such a part only while it is sent
/// something. In between it is idle, as long as it likes.
///
/// What is being sent is held in memory. When that is too much, there is no room for another answer
/// until somebody has taken theirs, or is hung up on for taking nothing.
///
/// Thread safety: none; all calls are on the server's thread.
class Connections {
 public:
  using List = std::list<std::shared_ptr<Connection>>;
  using Clock = std::chrono::steady_clock;

  Connections(boost::asio::io_context& loop, const ConnectionLimits& limits);

  /// If there are too many already, hangs up on the slowest.
  void add(std::shared_ptr<Connection> connection);
  /// The next part of the connection's conversation begins now.
  void begin_part(Connection& connection);
  /// From now on the connection is a stream. If there are too many, hangs up on the oldest.
  void become_stream(Connection& connection);
  /// The stream has taken everything.
  void rest(Connection& stream);
  void send_to_streams(const std::shared_ptr<const std::string>& text);
  void remove(Connection& connection);
  /// Whether an answer may be made now. False also if others wait for room already.
  bool has_room() const { return waiting_.empty() && is_below_limit(); }
  /// Calls the connection's use_room() when it is its turn and there is room.
  void wait_for_room(Connection& connection);
  /// The text is being sent. To be called once for each connection that it is sent to.
  void hold(const HeldTexts::Text& text) { held_.add(text); }
  /// It is sent to this connection no more.
  void let_go(const HeldTexts::Text& text);
  /// False if there is no connection. Streams are spared while there are others.
  bool hang_up_slowest();
  /// Hangs up on all, but on those that are being sent an answer only when that is `grace` old.
  void stop(std::chrono::milliseconds grace);
  bool is_stopping() const { return is_stopping_; }
  std::size_t most_bytes_waiting() const { return limits_.bytes_waiting; }

 private:
  void move_to(List& list, Connection& connection);
  bool is_empty() const {
    return open_.empty() && waiting_.empty() && busy_.empty() && idle_.empty();
  }
  bool is_below_limit() const {
    return held_.bytes() == 0 || held_.bytes() < limits_.bytes_held;  // one answer in any case
  }
  void hang_up_oldest_stream();
  void watch();
  void hang_up_late();
  void offer_room();
  void make_room();
  void hang_up_holders(Clock::time_point since, bool is_one_due);

  boost::asio::steady_timer timer_;
  boost::asio::steady_timer timer_without_room_;
  ConnectionLimits limits_;
  List open_;     // the slowest first
  List waiting_;  // for room, the first first
  List busy_;     // streams that are sent something, the slowest first
  List idle_;     // streams
  HeldTexts held_;
  std::size_t streams_so_far_ = 0;
  std::size_t rooms_given_ = 0;
  bool is_watching_ = false;
  bool is_offering_room_ = false;
  bool is_making_room_ = false;
  bool is_stopping_ = false;
};

}  // namespace livecca
