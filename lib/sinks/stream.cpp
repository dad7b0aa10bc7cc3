#include "livecca/sinks/stream.hpp"

namespace livecca {

const char* name_of(Stream stream) {
  switch (stream) {
    case Stream::probe:
      return "probe";
    case Stream::train:
      return "train";
  }
  return nullptr;
}

}  // namespace livecca
