#include "livecca/sinks/sink.hpp"

namespace livecca {

Sink::~Sink() = default;

void Sink::open(const SinkRun&) {}
void Sink::run(const RunRow&, const RowStamp&) {}
void Sink::log(const LogRow&, const RowStamp&) {}
void Sink::event(const Event&, const RowStamp&) {}
void Sink::close() {}

}  // namespace livecca
