#include "livecca/sinks/stream.hpp"

namespace livecca {

const char* name_of(Stream stream) { return stream == Stream::probe ? "probe" : "train"; }

}  // namespace livecca
