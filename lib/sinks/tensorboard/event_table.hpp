#pragma once

#include <cstdint>
#include <deque>

#include "livecca/sinks/row.hpp"
#include "sinks/tensorboard/event_messages.hpp"

namespace livecca {

/// A run's events as one table, so that TensorBoard, which samples what is written at many steps,
/// always shows them all. Of more than 200 only the newest are kept; the others are counted.
class EventTable {
 public:
  /// An event of a kind and subject that is there takes its place, with its new count.
  void add(const Event& event);
  TableCells table() const;
  bool empty() const { return events_.empty(); }

 private:
  std::deque<Event> events_;
  std::uint64_t left_out_ = 0;
};

}  // namespace livecca
