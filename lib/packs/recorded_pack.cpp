#include "livecca/packs/recorded_pack.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "common/enum_names.hpp"
#include "common/files/input_file.hpp"
#include "common/files/safetensors_checksum.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "packs/pack_header.hpp"
#include "packs/sequence_rows.hpp"

namespace livecca {
namespace {

// A table of sequences × steps is made in memory, and the steps are a number that a file gives: a
// small file may say that there are far more than memory has bytes.
constexpr std::size_t most_steps = std::size_t{1} << 24U;
constexpr std::uint64_t most_steps_of_all = std::uint64_t{1} << 30U;

/// What a layer's rows are decoded with, and where they lie.
struct StoredLayer {
  std::uint64_t begin = 0;  ///< in the file
  std::vector<double> scale;
  std::vector<double> shift;
  std::vector<std::uint8_t> valid;  ///< empty: all are
  std::vector<std::uint8_t> steps;  ///< sequences × steps; empty: as positions and grid say
};

/// The numbers of an F32 or F64 tensor.
Result<void> read_numbers(const InputFile& file, std::uint64_t data_begin,
                          const LayerTensors::Tensor& tensor, std::size_t count,
                          std::vector<double>& numbers) {
  numbers.resize(count);
  if (tensor.dtype == "F64") {
    return file.read(data_begin + tensor.begin, std::as_writable_bytes(std::span(numbers)));
  }
  std::vector<float> narrow(numbers.size());
  auto read = file.read(data_begin + tensor.begin, std::as_writable_bytes(std::span(narrow)));
  if (read) std::ranges::copy(narrow, numbers.begin());
  return read;
}

/// A tensor of zeros and ones.
Result<void> read_flags(const InputFile& file, std::uint64_t data_begin,
                        const LayerTensors::Tensor& tensor, std::size_t count,
                        std::vector<std::uint8_t>& flags) {
  if (!tensor.is_there()) return {};
  flags.resize(count);
  auto read = file.read(data_begin + tensor.begin, std::as_writable_bytes(std::span(flags)));
  if (!read || std::ranges::all_of(flags, [](std::uint8_t flag) { return flag <= 1; })) return read;
  return Failure{file.path().string() + ": tensor " + in_quotes(tensor.name) +
                 ": expected 0 or 1 for every row that may be left out, got another"};
}

Result<StoredLayer> read_stored(const InputFile& file, std::uint64_t data_begin,
                                const PackHeader::Layer& layer) {
  const auto& [rows, scale, shift, valid, steps] = layer.tensors;
  const auto fail = [&](const char* reason) {
    return Failure{file.path().string() + ": layer " + in_quotes(layer.facts.name) + ": " + reason};
  };
  StoredLayer stored;
  stored.begin = data_begin + rows.begin;
  if (scale.is_there()) {
    const std::size_t features = layer.facts.features;
    auto read = read_numbers(file, data_begin, scale, features, stored.scale);
    if (read) read = read_numbers(file, data_begin, shift, features, stored.shift);
    if (!read) return Failure{read.why()};
    if (!std::ranges::all_of(stored.scale, [](double x) { return std::isfinite(x) && x > 0; }) ||
        !std::ranges::all_of(stored.shift, [](double x) { return std::isfinite(x); })) {
      return fail("expected finite shifts and scales above 0, got others");
    }
  }
  auto read = read_flags(file, data_begin, valid, layer.facts.rows, stored.valid);
  if (read) read = read_flags(file, data_begin, steps, layer.facts.rows, stored.steps);
  if (!read) return Failure{read.why()};
  const auto there = static_cast<std::uint64_t>(std::ranges::count(stored.steps, 1));
  if (steps.is_there() && there != layer.stored_rows) {
    return fail("expected as many rows as its steps say, got others");
  }
  return stored;
}

/// half · scale + shift, row after row.
template <typename Number>
void decode(std::span<const Eigen::half> halves, const StoredLayer& layer,
            std::vector<Number>& into) {
  into.resize(halves.size());
  const std::size_t features = layer.scale.size();
  for (std::size_t first = 0; first < halves.size(); first += features) {
    for (std::size_t j = 0; j < features; ++j) {
      const auto half = static_cast<double>(static_cast<float>(halves[first + j]));
      into[first + j] = static_cast<Number>(half * layer.scale[j] + layer.shift[j]);
    }
  }
}

}  // namespace

struct RecordedPack::State {
  explicit State(InputFile the_file) : file(std::move(the_file)) {}

  InputFile file;
  PackHeader header;
  std::vector<RecordedLayer> layers;
  std::vector<StoredLayer> stored;
  std::vector<std::size_t> kept;

  /// A table of sequences × steps, for a layer whose sequences all have the same number of steps:
  /// 1 where the pack has a row.
  std::vector<std::uint8_t> chosen_steps(const RecordedLayer& facts) const {
    const std::uint64_t sequences = header.images();
    std::vector<std::uint8_t> there(sequences * facts.grid.width, 0);
    std::vector<std::size_t> steps;
    for (std::uint64_t i = 0; i < sequences; ++i) {
      choose_positions(header.positions, facts.grid, kept.empty() ? i : kept[i], steps);
      for (const std::size_t step : steps) there[i * facts.grid.width + step] = 1;
    }
    return there;
  }
};

/// Reads through the pack's one file, which any number of threads may do.
class RecordedPack::Rows : public RowSource {
 public:
  Rows(std::shared_ptr<const State> state, std::size_t layer)
      : state_(std::move(state)),
        facts_(state_->layers[layer]),
        stored_(state_->stored[layer]),
        rows_(state_->header.layers[layer].stored_rows) {}

  std::uint64_t rows() const override { return rows_; }
  std::size_t features() const override { return facts_.features; }
  std::size_t rows_per_image() const override { return facts_.rows_per_image; }
  Grid grid() const override { return facts_.grid; }

  Result<ActivationView> read(std::uint64_t first, std::uint64_t count) override {
    if (!is_there(first, count)) {
      return Failure{state_->file.path().string() + ": layer " + in_quotes(facts_.name) +
                     ": expected rows among " + std::to_string(rows_) + ", got " +
                     std::to_string(count) + " from " + std::to_string(first) + " on"};
    }
    const std::uint64_t row_bytes = facts_.features * size_of(facts_.stored);
    bytes_.resize(count * row_bytes);
    const auto bytes = state_->file.read(stored_.begin + first * row_bytes, bytes_);
    if (!bytes) return Failure{bytes.why()};
    if (stored_.scale.empty()) return view(bytes_.data(), facts_.stored, count);
    const std::span halves(reinterpret_cast<const Eigen::half*>(bytes_.data()),
                           count * facts_.features);
    if (facts_.observed == DType::float64) {
      decode(halves, stored_, wide_);
      return view(wide_.data(), DType::float64, count);
    }
    decode(halves, stored_, narrow_);
    return view(narrow_.data(), DType::float32, count);
  }

  std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count) override {
    if (stored_.valid.empty() || !is_there(first, count)) return {};
    return std::span(stored_.valid).subspan(first, count);
  }

 private:
  bool is_there(std::uint64_t first, std::uint64_t count) const {
    return first <= rows_ && count <= rows_ - first;
  }
  ActivationView view(const void* data, DType dtype, std::uint64_t count) const {
    const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                            static_cast<std::int64_t>(facts_.features)};
    return ActivationView(data, dtype, shape).with_roundoff(facts_.roundoff);
  }

  std::shared_ptr<const State> state_;
  const RecordedLayer& facts_;
  const StoredLayer& stored_;
  std::uint64_t rows_;
  std::vector<std::byte> bytes_;
  std::vector<float> narrow_;
  std::vector<double> wide_;
};

bool RecordedLayer::is_of_steps() const {
  const auto layout = enum_named<Layout>(reading);
  return layout && is_sequence(*layout);
}

RecordedPack::RecordedPack(std::shared_ptr<const State> state) : state_(std::move(state)) {}
RecordedPack::~RecordedPack() = default;

Result<std::shared_ptr<const RecordedPack>> RecordedPack::open(const std::filesystem::path& path) {
  auto file = InputFile::open(path);
  if (!file) return Failure{file.why()};
  const auto state = std::make_shared<State>(*std::move(file));
  const auto in_file = read_safetensors_header(state->file);
  if (!in_file) return Failure{in_file.why()};
  auto header = parse_pack_header(in_file->header);
  if (!header) return Failure{path.string() + ": " + header.why()};
  state->header = *std::move(header);
  if (state->header.has_checksum) {
    const auto checked = check_checksum(state->file, *in_file);
    if (!checked) return Failure{checked.why()};
  }
  for (const PackHeader::Layer& layer : state->header.layers) {
    auto stored = read_stored(state->file, in_file->header.data_begin, layer);
    if (!stored) return Failure{stored.why()};
    state->layers.push_back(layer.facts);
    state->stored.push_back(*std::move(stored));
  }
  if (state->header.kept) state->kept = state->header.kept->images();
  return std::shared_ptr<const RecordedPack>(new RecordedPack(state));
}

const std::filesystem::path& RecordedPack::path() const { return state_->file.path(); }
const std::string& RecordedPack::network() const { return state_->header.network; }
std::int64_t RecordedPack::epoch() const { return state_->header.epoch; }
std::uint64_t RecordedPack::step() const { return state_->header.step; }
bool RecordedPack::is_of_training_mode() const { return state_->header.is_of_training_mode; }
const Positions& RecordedPack::positions() const { return state_->header.positions; }
const std::optional<ProbeFingerprint>& RecordedPack::fingerprint() const {
  return state_->header.fingerprint;
}
const std::vector<RecordedLayer>& RecordedPack::layers() const { return state_->layers; }
std::uint64_t RecordedPack::images() const { return state_->header.images(); }
const std::vector<std::size_t>& RecordedPack::kept_images() const { return state_->kept; }

const RecordedLayer* RecordedPack::find(std::string_view layer) const {
  const auto found = std::ranges::find(state_->layers, layer, &RecordedLayer::name);
  return found == state_->layers.end() ? nullptr : &*found;
}

Result<std::size_t> RecordedPack::index_of(std::string_view layer) const {
  if (const RecordedLayer* found = find(layer)) {
    return static_cast<std::size_t>(found - state_->layers.data());
  }
  return Failure{path().string() + ": expected a layer " + in_quotes(layer) +
                 ", got none of that name"};
}

Result<std::shared_ptr<RowSource>> RecordedPack::rows(std::string_view layer) const {
  const auto index = index_of(layer);
  if (!index) return Failure{index.why()};
  if (state_->layers[*index].is_by_step) return rows_by_step(layer);
  return std::shared_ptr<RowSource>(std::make_shared<Rows>(state_, *index));
}

Result<std::shared_ptr<RowSource>> RecordedPack::rows_by_step(std::string_view layer,
                                                              std::size_t steps) const {
  const auto index = index_of(layer);
  if (!index) return Failure{index.why()};
  const RecordedLayer& facts = state_->layers[*index];
  if (!facts.is_of_steps()) {
    return Failure{path().string() + ": layer " + in_quotes(layer) +
                   ": expected the steps of sequences, got " + facts.reading};
  }
  const std::size_t width = std::max(steps, facts.grid.width);
  if (width > most_steps || images() > most_steps_of_all / width) {
    return Failure{path().string() + ": layer " + in_quotes(layer) + ": expected at most " +
                   std::to_string(most_steps) + " steps, and " + std::to_string(most_steps_of_all) +
                   " of all sequences, got " + std::to_string(width) + " of " +
                   std::to_string(images())};
  }
  SequenceSteps there{.width = facts.grid.width, .there = state_->stored[*index].steps};
  if (there.there.empty()) there.there = state_->chosen_steps(facts);
  const std::uint64_t stored = state_->header.layers[*index].stored_rows;
  if (static_cast<std::uint64_t>(std::ranges::count(there.there, 1)) != stored) {
    return Failure{path().string() + ": layer " + in_quotes(layer) +
                   ": expected as many rows as its positions say, got " + std::to_string(stored)};
  }
  return std::shared_ptr<RowSource>(
      std::make_shared<SequenceRows>(std::make_shared<Rows>(state_, *index), there.widened(steps)));
}

ImagesAgain RecordedPack::images_again(std::string_view layer, std::size_t steps) const {
  auto opened = steps > 0 ? rows_by_step(layer, steps) : rows(layer);
  if (!opened) return {};
  const std::shared_ptr<RowSource> source = *std::move(opened);
  const RecordedLayer& facts = *find(layer);
  const bool has_every_step = steps > 0 || facts.is_by_step;
  const Grid grid = has_every_step ? Grid{.width = source->rows_per_image()} : facts.grid;
  const auto packed = std::make_shared<PackedRows>();
  const auto read = [state = state_, source, grid, has_every_step, packed](std::uint64_t image,
                                                                           ImageRows& into) {
    const std::size_t count = source->rows_per_image();
    const auto view = source->read(image * count, count);
    if (!view) return false;
    if (!packed->pack_recorded(*view, count, grid, source->valid(image * count, count))) {
      return false;
    }
    const Positions positions = has_every_step ? Positions::all() : state->header.positions;
    // A file may say anything.
    if (livecca::rows_per_image(positions, grid) != count) return false;
    choose_positions(positions, grid, state->kept.empty() ? image : state->kept[image],
                     into.positions);
    take_samples(*packed, into);
    return true;
  };
  return {.images = images(), .grid = grid, .read = read};
}

}  // namespace livecca
