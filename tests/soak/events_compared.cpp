#include "events_compared.hpp"

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/event_records.hpp"

namespace livecca_soak {
namespace {

using livecca_tests::heading_records;
using livecca_tests::step_of;

/// The events that count: a file of a resumed run begins with the step from which on those before
/// count no more.
std::vector<std::string> events_that_count(const std::filesystem::path& folder) {
  std::vector<std::string> events;
  for (const auto& file : livecca_tests::event_files(folder)) {
    const auto records = livecca_tests::records_of(file);
    if (records.events.empty() && records.bytes_left == 0) continue;  // killed before its first
    if (records.bytes_left > 0 || records.events.size() < heading_records) {
      throw std::runtime_error(file.string() + ": expected whole records, got " +
                               std::to_string(records.events.size()) + " and " +
                               std::to_string(records.bytes_left) + " bytes of another");
    }
    if (!file.string().ends_with(".final")) {
      const std::uint64_t first_step = step_of(records.events[1]);
      std::erase_if(events, [&](const std::string& event) { return step_of(event) >= first_step; });
    }
    events.insert(events.end(), records.events.begin() + heading_records, records.events.end());
  }
  return events;
}

/// A protobuf message, field by field.
class Message {
 public:
  explicit Message(std::string bytes) : bytes_(std::move(bytes)) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  bool takes(char tag) {
    const bool is_next = !at_end() && bytes_[at_] == tag;
    if (is_next) ++at_;
    return is_next;
  }
  void expect(char tag) {
    if (!takes(tag)) throw std::runtime_error("expected another field in an event");
  }
  std::size_t take_number() {
    std::size_t number = 0;
    for (unsigned shift = 0; !at_end(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      number |= static_cast<std::size_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) break;
    }
    return number;
  }
  std::string take_bytes() {
    const std::size_t length = take_number();
    if (length > bytes_.size() - at_) throw std::runtime_error("expected more bytes in an event");
    at_ += length;
    return bytes_.substr(at_ - length, length);
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// The values of a summary, each with its step.
std::vector<std::string> values_of(const std::vector<std::string>& events) {
  constexpr char step = 0x10;
  constexpr char summary = 0x2A;
  constexpr char value = 0x0A;
  std::vector<std::string> values;
  for (const std::string& event : events) {
    Message message(event.substr(livecca_tests::wall_time_bytes));
    if (message.takes(step)) message.take_number();
    message.expect(summary);
    for (Message rest(message.take_bytes()); !rest.at_end();) {
      rest.expect(value);
      values.push_back(std::to_string(step_of(event)) + ": " + rest.take_bytes());
    }
  }
  return values;
}

/// The steps of the events that hold this text.
std::vector<std::uint64_t> steps_of(const std::vector<std::string>& events,
                                    const std::string& text) {
  std::vector<std::uint64_t> steps;
  for (const std::string& event : events) {
    if (event.find(text) != std::string::npos) steps.push_back(step_of(event));
  }
  return steps;
}

/// The folders within that have something, and "." if it has something itself.
std::set<std::string> runs_of(const std::filesystem::path& folder) {
  std::set<std::string> runs;
  if (!events_that_count(folder).empty()) runs.insert(".");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_directory() && !events_that_count(entry.path()).empty()) {
      runs.insert(entry.path().lexically_relative(folder).string());
    }
  }
  return runs;
}

}  // namespace

bool shows_the_same(const std::filesystem::path& expected, const std::filesystem::path& got,
                    std::ostream& out) {
  bool same = true;
  const auto compare = [&](const char* what, const auto& a, const auto& b) {
    if (a == b && !a.empty()) return;
    same = false;
    out << "  TensorBoard's files: expected equal " << what << ", got " << a.size() << " and "
        << b.size() << (a.size() == b.size() ? " that differ\n" : "\n");
  };
  const auto events_of = [](const std::filesystem::path& run, const std::string& name) {
    return events_that_count(run / "tensorboard" / name);
  };
  const std::set<std::string> runs = runs_of(expected / "tensorboard" / "probe");
  compare("runs of the probe", runs, runs_of(got / "tensorboard" / "probe"));
  for (const std::string& name : runs) {
    if (!std::filesystem::is_directory(got / "tensorboard" / "probe" / name)) continue;
    compare(("values of " + name).c_str(), values_of(events_of(expected, "probe/" + name)),
            values_of(events_of(got, "probe/" + name)));
  }
  // Its windows may be of other sizes where the run was killed, so that lines go on as others.
  const auto train_steps = [&](const std::filesystem::path& run) {
    std::set<std::uint64_t> steps;
    for (const std::string& name : runs_of(run / "tensorboard" / "train")) {
      const auto of_run = steps_of(events_of(run, "train/" + name), "train: ");
      steps.insert(of_run.begin(), of_run.end());
    }
    return steps;
  };
  compare("steps of the train stream", train_steps(expected), train_steps(got));
  compare("steps of the loss", steps_of(events_of(expected, "run"), "log/loss"),
          steps_of(events_of(got, "run"), "log/loss"));
  return same;
}

}  // namespace livecca_soak
