#include "livecca/sinks/stream.hpp"

namespace livecca {

const char* name_of(Stream stream) { return stream == Stream::probe ? "probe" : "train"; }

std::optional<Stream> stream_named(std::string_view name) {
  for (const Stream stream : {Stream::probe, Stream::train}) {
    if (name == name_of(stream)) return stream;
  }
  return std::nullopt;
}

}  // namespace livecca
