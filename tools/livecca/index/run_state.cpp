#include "index/run_state.hpp"

#include <algorithm>
#include <chrono>

namespace livecca::tool {
namespace {

constexpr double least_silence = 60;  // seconds
constexpr double pauses_of_silence = 5;

}  // namespace

const char* name_of(RunState state) {
  switch (state) {
    case RunState::live:
      return "live";
    case RunState::finished:
      return "finished";
    case RunState::silent:
      return "silent";
  }
  return nullptr;
}

double unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_epoch).count();
}

RunState state_of(const RunRows& rows, const WriterWatch& writer, double now) {
  if (rows.finished) return RunState::finished;
  if (writer.latest() == Writer::there) return RunState::live;
  if (writer.latest() == Writer::gone && writer.was_there()) return RunState::silent;
  const double pause = rows.usual_pause().value_or(0);
  const double silence = std::max(least_silence, pauses_of_silence * pause);
  return now - rows.wall_time > silence ? RunState::silent : RunState::live;
}

bool has_died(const RunRows& rows, const WriterWatch& writer, double now) {
  return writer.latest() == Writer::gone && state_of(rows, writer, now) == RunState::silent;
}

}  // namespace livecca::tool
