#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "checks.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "livecca/monitor/replay.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "safetensors_bytes.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"
#include "valid_files/valid_files.hpp"

using namespace livecca;
using livecca_fuzz::expect;

namespace {

// A few bytes may say that there are millions of steps, most of which are not there. They are not
// read by step, which takes a byte each. Rows beyond the first ones are not read, and wide layers
// are not compared: that would be time spent in Eigen.
constexpr std::uint64_t most_steps_to_read = std::uint64_t{1} << 20U;
constexpr std::uint64_t most_rows_to_read = 5000;
constexpr std::size_t most_features_to_compare = 64;

void check_block(const RowSource& source, std::uint64_t first, std::uint64_t count,
                 const ActivationView& view, std::span<const std::uint8_t> valid) {
  const std::string at = " of rows from " + std::to_string(first) + " on";
  expect(view.rank() == 2 && view.shape()[0] == static_cast<std::int64_t>(count) &&
             view.shape()[1] == static_cast<std::int64_t>(source.features()),
         "as many rows and features as were asked for" + at);
  expect(valid.empty() || valid.size() == count, "a flag for every row" + at);
  expect(std::ranges::all_of(valid, [](std::uint8_t flag) { return flag <= 1; }),
         "flags of 0 and 1" + at);
}

/// Reads rows in blocks of whole images and decodes every one. Returns the numbers.
std::vector<double> read_all(RowSource& source) {
  std::vector<double> numbers;
  PackedRows rows;
  const std::uint64_t per_image = source.rows_per_image();
  expect(per_image > 0 && source.rows() % per_image == 0, "rows of whole images");
  const std::uint64_t at_once = per_image * std::max<std::uint64_t>(1, 37 / per_image);
  const std::uint64_t end = std::min(source.rows(), most_rows_to_read / per_image * per_image);
  for (std::uint64_t first = 0; first < end; first += at_once) {
    const std::uint64_t count = std::min(at_once, end - first);
    const auto view = source.read(first, count);
    expect(static_cast<bool>(view), "to read rows that are there, got " + view.why());
    const auto valid = source.valid(first, count);
    check_block(source, first, count, *view, valid);
    const auto packed = rows.pack_recorded(*view, per_image, source.grid(), valid);
    expect(static_cast<bool>(packed), "rows that can be packed, got " + packed.why());
    const std::size_t before = numbers.size();
    numbers.resize(before + rows.rows() * rows.features());
    rows.read(0, rows.rows(), std::span(numbers).subspan(before));
  }
  expect(!source.read(source.rows(), 1), "no rows behind the last");
  expect(source.valid(source.rows(), 1).empty(), "no flags behind the last");
  return numbers;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

bool has_few_steps(const RecordedPack& pack, const RecordedLayer& layer) {
  return layer.grid.width < most_steps_to_read / (pack.images() + 1);
}

void check_steps(const RecordedPack& pack, const RecordedLayer& layer) {
  if (!has_few_steps(pack, layer)) return;
  const auto by_step = pack.rows_by_step(layer.name);
  if (!by_step) {
    livecca_fuzz::check_refusal(pack.path().string(), by_step.why());
    return;
  }
  expect(layer.is_of_steps(), "rows by step of sequences alone");
  read_all(**by_step);
  const auto wider = pack.rows_by_step(layer.name, layer.grid.width + 2);
  if (wider) read_all(**wider);
}

void check_layers(const RecordedPack& pack) {
  expect(!pack.layers().empty(), "a layer");
  const auto& kept = pack.kept_images();
  expect(kept.empty() || kept.size() == pack.images(), "as many kept images as there are");
  for (const RecordedLayer& layer : pack.layers()) {
    const auto source = pack.rows(layer.name);
    if (!source) {
      livecca_fuzz::check_refusal(pack.path().string(), source.why());
      continue;
    }
    expect((*source)->rows() == layer.rows && (*source)->features() == layer.features,
           "as many rows and features as the layer says");
    const auto numbers = read_all(**source);
    expect(same_bits(numbers, read_all(**pack.rows(layer.name))), "the same rows when read again");
    check_steps(pack, layer);
  }
}

/// A run whose history has the input after a snapshot that is in order.
class HistoryWithInput {
 public:
  HistoryWithInput() {
    livecca_tests::write_valid_packs(folder_.path() / "packs");
    std::filesystem::create_directories(folder_.path() / "history");
    const auto valid = folder_.path() / "packs" / "scaled.safetensors";
    std::filesystem::copy_file(valid, snapshot(0));
  }

  ReplayResult replay_with(const std::string& bytes) const {
    livecca_tests::write_text(snapshot(1), bytes);
    ReplayOptions options;
    options.before = {1};
    options.threads = 1;
    return replay(folder_.path(), options);
  }
  std::filesystem::path snapshot(int number) const {
    return folder_.path() / "history" / ("snapshot-000" + std::to_string(number) + ".safetensors");
  }

 private:
  livecca_tests::TemporaryFolder folder_;
};

void check_replay(const std::string& bytes, bool is_pack) {
  static const HistoryWithInput history;
  const ReplayResult result = history.replay_with(bytes);
  for (const MeasureRow& row : result.measures) {
    expect(!row.value || std::isfinite(*row.value), "a finite value of " + row.measure);
  }
  bool is_told = false;
  for (const Event& event : result.events) {
    expect(livecca_fuzz::is_one_line(event.message),
           "an event in one line, got '" + event.message + "'");
    is_told |= event.message.starts_with(history.snapshot(1).string() + ": ");
  }
  expect(is_pack || is_told, "an event about the snapshot that cannot be read");
}

bool is_small(const RecordedPack& pack) {
  return std::ranges::all_of(pack.layers(), [&](const RecordedLayer& layer) {
    return layer.features <= most_features_to_compare && layer.rows <= most_rows_to_read &&
           has_few_steps(pack, layer);
  });
}

void try_file(const std::string& bytes) {
  static const livecca_fuzz::FileInMemory file;
  file.hold(bytes);
  const auto pack = RecordedPack::open(file.path());
  if (!pack) {
    ++livecca_fuzz::verdicts().refused;
    livecca_fuzz::check_refusal(file.path(), pack.why());
  } else {
    ++livecca_fuzz::verdicts().taken;
    check_layers(**pack);
  }
  if (!pack || is_small(**pack)) check_replay(bytes, static_cast<bool>(pack));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  livecca_fuzz::as_it_is_and_corrected({reinterpret_cast<const char*>(data), size}, try_file);
  return 0;
}
