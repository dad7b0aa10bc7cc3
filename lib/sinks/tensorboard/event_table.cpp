#include "sinks/tensorboard/event_table.hpp"

#include <algorithm>

#include "sinks/tensorboard/tags.hpp"

namespace livecca {

void EventTable::add(const Event& event) {
  constexpr std::size_t most_events = 200;
  const auto known = std::ranges::find_if(events_, [&](const Event& other) {
    return other.what == event.what && other.subject == event.subject;
  });
  if (known != events_.end()) {
    *known = event;
    return;
  }
  events_.push_back(event);
  if (events_.size() <= most_events) return;
  events_.pop_front();
  ++left_out_;
}

TableCells EventTable::table() const {
  TableCells rows{{"epoch", "what", "subject", "message", "count"}};
  for (const Event& event : events_) {
    rows.push_back({std::to_string(event.epoch), markdown_of(event.what),
                    markdown_of(event.subject), markdown_of(event.message),
                    std::to_string(event.count)});
  }
  if (left_out_ > 0) {
    rows.push_back({"", "", "", std::to_string(left_out_) + " older ones: see rows.jsonl", ""});
  }
  return rows;
}

}  // namespace livecca
