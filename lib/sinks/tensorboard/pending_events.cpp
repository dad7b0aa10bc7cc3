#include "sinks/tensorboard/pending_events.hpp"

namespace livecca {

void PendingEvents::add(EventFile& file, std::string_view event, double wall_time,
                        std::int64_t first_step) {
  if (events_.empty() || events_.back().file != &file) {
    events_.push_back({&file, {}, wall_time, first_step});
  }
  if (!event.empty()) events_.back().records += framed_record(event);
}

void PendingEvents::write() {
  while (!events_.empty()) {
    const Pending& next = events_.front();
    next.file->begin(next.wall_time, next.first_step);
    if (!next.records.empty()) next.file->append(next.records);
    events_.pop_front();
  }
}

void PendingEvents::run(const std::string& call, const std::function<void()>& make_events) {
  const bool is_repeated = !events_.empty() && call == call_;
  write();  // also what is left of a call that nobody made again
  if (is_repeated) return;
  try {
    make_events();
  } catch (...) {
    events_.clear();
    throw;
  }
  call_ = call;
  write();
}

}  // namespace livecca
