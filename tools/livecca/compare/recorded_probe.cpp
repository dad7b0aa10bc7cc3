#include "compare/recorded_probe.hpp"

#include "inputs/input_error.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca::tool {
namespace {

std::string text_of(const Positions& positions) {
  return std::to_string(positions.per_image) + " of seed " + std::to_string(positions.seed);
}

/// Whether a layer's positions were drawn: not if it has all of them.
bool is_drawn(const ActivationTensor& tensor) {
  const auto recorded = tensor.recorded();
  return recorded && recorded->rows_per_image < recorded->grid.size();
}

}  // namespace

void expect_same_probe(const std::vector<FileTap>& taps) {
  const FileTap* first = nullptr;
  for (const FileTap& tap : taps) {
    const RecordedPack* pack = tap.tensor->pack();
    if (pack == nullptr) continue;
    if (first == nullptr) {
      first = &tap;
      continue;
    }
    const RecordedPack& other = *first->tensor->pack();
    if (pack->kept_images() != other.kept_images()) {
      throw InputError("expected the same images of the probe in both files, got others in " +
                       first->tensor->name() + " than in " + tap.tensor->name());
    }
    if (pack->positions() != other.positions() &&
        (is_drawn(*tap.tensor) || is_drawn(*first->tensor))) {
      throw InputError("expected the same positions of every image in both files, got " +
                       text_of(other.positions()) + " in " + first->tensor->name() + " and " +
                       text_of(pack->positions()) + " in " + tap.tensor->name());
    }
  }
}

std::string probes_that_differ(const std::vector<std::string>& paths) {
  std::shared_ptr<const RecordedPack> first;
  for (const std::string& path : paths) {
    if (!path.ends_with(".safetensors")) continue;
    const auto opened = RecordedPack::open(path);
    // What is no pack, or none that can be read, is told when it is used.
    if (!opened) continue;
    const std::shared_ptr<const RecordedPack>& pack = *opened;
    if (!pack->fingerprint()) continue;
    if (first == nullptr) {
      first = pack;
      continue;
    }
    std::string difference = pack->fingerprint()->difference_from(*first->fingerprint());
    if (difference.empty()) continue;
    return difference.insert(0, path + ": ")
        .append(", as against ")
        .append(first->path().string())
        .append(": rows of different probes do not belong together");
  }
  return "";
}

}  // namespace livecca::tool
