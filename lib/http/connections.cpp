#include "http/connections.hpp"

#include <iterator>
#include <utility>

#include "http/connection.hpp"

namespace livecca {

Connections::Connections(boost::asio::io_context& loop, std::size_t most,
                         std::chrono::milliseconds patience)
    : timer_(loop), most_(most), patience_(patience) {}

void Connections::add(std::shared_ptr<Connection> connection) {
  while (open_.size() >= most_) hang_up_slowest();
  open_.push_back(std::move(connection));
  open_.back()->place_ = std::prev(open_.end());
  open_.back()->since_ = Clock::now();
  watch();
}

void Connections::begin_part(Connection& connection) {
  connection.since_ = Clock::now();
  open_.splice(open_.end(), open_, connection.place_);
}

void Connections::remove(Connection& connection) {
  open_.erase(connection.place_);
  if (open_.empty()) timer_.cancel();  // or a stopped loop would wait for it
}

bool Connections::hang_up_slowest() {
  if (open_.empty()) return false;
  open_.front()->hang_up();
  return true;
}

void Connections::stop(std::chrono::milliseconds grace) {
  is_stopping_ = true;
  patience_ = grace;
  const std::list<std::shared_ptr<Connection>> all = open_;
  for (const auto& connection : all) {
    if (!connection->is_answering()) connection->hang_up();
  }
  timer_.cancel();  // it is set again, to the grace
}

/// One timer for all: it goes off when the slowest was due at the time it was set, or earlier.
void Connections::watch() {
  if (is_watching_ || open_.empty()) return;
  timer_.expires_at(open_.front()->since_ + patience_);
  timer_.async_wait([this](const boost::system::error_code&) {
    is_watching_ = false;
    hang_up_late();
    watch();
  });
  is_watching_ = true;
}

void Connections::hang_up_late() {
  const auto now = Clock::now();
  while (!open_.empty() && now - open_.front()->since_ >= patience_) hang_up_slowest();
}

}  // namespace livecca
