#include "http/connections.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "http/connection.hpp"

namespace livecca {

Connections::Connections(boost::asio::io_context& loop, const ConnectionLimits& limits)
    : timer_(loop), timer_without_room_(loop), limits_(limits) {}

void Connections::add(std::shared_ptr<Connection> connection) {
  while (open_.size() + waiting_.size() >= limits_.connections) hang_up_slowest();
  open_.push_back(std::move(connection));
  open_.back()->list_ = &open_;
  open_.back()->place_ = std::prev(open_.end());
  open_.back()->since_ = Clock::now();
  watch();
}

/// To the end: what is put there last began last.
void Connections::move_to(List& list, Connection& connection) {
  list.splice(list.end(), *connection.list_, connection.place_);
  connection.list_ = &list;
}

void Connections::begin_part(Connection& connection) {
  connection.since_ = Clock::now();
  move_to(connection.stream_number_ > 0 ? busy_ : open_, connection);
  watch();
}

void Connections::become_stream(Connection& connection) {
  while (busy_.size() + idle_.size() >= limits_.streams) hang_up_oldest_stream();
  connection.stream_number_ = ++streams_so_far_;
  move_to(busy_, connection);
  connection.since_ = Clock::now();
  watch();
}

void Connections::rest(Connection& stream) { move_to(idle_, stream); }

void Connections::send_to_streams(const std::shared_ptr<const std::string>& text) {
  List all = idle_;
  all.insert(all.end(), busy_.begin(), busy_.end());
  for (const auto& stream : all) stream->send_event(text);
}

void Connections::remove(Connection& connection) {
  connection.list_->erase(connection.place_);
  if (!is_empty()) return;
  timer_.cancel();  // or a stopped loop would wait for it
  timer_without_room_.cancel();
}

bool Connections::hang_up_slowest() {
  if (is_empty()) return false;
  if (!open_.empty()) {
    open_.front()->hang_up();
  } else if (!waiting_.empty()) {
    waiting_.front()->hang_up();
  } else {
    hang_up_oldest_stream();
  }
  return true;
}

void Connections::hang_up_oldest_stream() {
  const auto is_older = [](const auto& a, const auto& b) {
    return a->stream_number_ < b->stream_number_;
  };
  std::shared_ptr<Connection> oldest;
  for (const List* list : {&busy_, &idle_}) {
    const auto first = std::ranges::min_element(*list, is_older);
    if (first != list->end() && (oldest == nullptr || is_older(*first, oldest))) oldest = *first;
  }
  oldest->hang_up();
}

void Connections::stop(std::chrono::milliseconds grace) {
  is_stopping_ = true;
  limits_.patience = grace;
  List all = open_;
  all.insert(all.end(), busy_.begin(), busy_.end());
  all.insert(all.end(), idle_.begin(), idle_.end());
  for (const auto& connection : all) {
    if (!connection->is_answering()) connection->hang_up();
  }
  while (!waiting_.empty()) waiting_.front()->hang_up();
  timer_.cancel();  // it is set again, to the grace
}

/// One timer for all: it goes off when the slowest was due at the time it was set, or earlier.
void Connections::watch() {
  if (is_watching_ || (open_.empty() && busy_.empty())) return;
  auto slowest = Clock::time_point::max();
  for (const List* list : {&open_, &busy_}) {
    if (!list->empty()) slowest = std::min(slowest, list->front()->since_);
  }
  timer_.expires_at(slowest + limits_.patience);
  timer_.async_wait([this](const boost::system::error_code&) {
    is_watching_ = false;
    hang_up_late();
    watch();
  });
  is_watching_ = true;
}

void Connections::hang_up_late() {
  const auto now = Clock::now();
  for (const List* list : {&open_, &busy_}) {
    while (!list->empty() && now - list->front()->since_ >= limits_.patience) {
      list->front()->hang_up();
    }
  }
}

void Connections::wait_for_room(Connection& connection) {
  if (is_stopping_) {
    connection.hang_up();
    return;
  }
  move_to(waiting_, connection);
  offer_room();
  make_room();
}

void Connections::let_go(const HeldTexts::Text& text) {
  held_.remove(text);
  offer_room();
}

/// One at a time, so that the clients that take their answers have their turn in between.
void Connections::offer_room() {
  if (is_offering_room_ || waiting_.empty() || !is_below_limit()) return;
  boost::asio::post(timer_.get_executor(), [this] {
    is_offering_room_ = false;
    if (waiting_.empty() || !is_below_limit()) return;
    const auto first = waiting_.front();
    begin_part(*first);
    ++rooms_given_;
    offer_room();
    first->use_room();
  });
  is_offering_room_ = true;
}

/// While somebody waits for room, whoever takes nothing for that shorter time is hung up on. If all
/// take something and still nobody got room, the slowest goes. No answers are made while there is
/// no room, so the server itself holds up nobody meanwhile.
void Connections::make_room() {
  if (is_making_room_ || waiting_.empty()) return;
  timer_without_room_.expires_after(limits_.patience_without_room);
  timer_without_room_.async_wait(
      [this, began = Clock::now(), given = rooms_given_](const boost::system::error_code& error) {
        is_making_room_ = false;
        if (!error && !waiting_.empty() && !is_below_limit()) {
          hang_up_holders(began, given == rooms_given_);
        }
        offer_room();
        make_room();
      });
  is_making_room_ = true;
}

/// Hangs up on those that are sent something and whose part began at that time or before, and on
/// the slowest of all if one is due.
void Connections::hang_up_holders(Clock::time_point since, bool is_one_due) {
  List holders;
  for (const List* list : {&open_, &busy_}) {
    std::ranges::copy_if(*list, std::back_inserter(holders),
                         [](const auto& connection) { return connection->body_ != nullptr; });
  }
  const auto slowest = std::ranges::min_element(
      holders, {}, [](const auto& connection) { return connection->since_; });
  if (is_one_due && slowest != holders.end()) (*slowest)->hang_up();
  for (const auto& connection : holders) {
    if (connection->since_ <= since) connection->hang_up();
  }
}

}  // namespace livecca
