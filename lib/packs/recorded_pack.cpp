#include "livecca/packs/recorded_pack.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "common/input_file.hpp"
#include "common/safetensors_checksum.hpp"
#include "packs/pack_header.hpp"

namespace livecca {
namespace {

/// What a layer's rows are decoded with, and where they lie.
struct StoredLayer {
  std::uint64_t begin = 0;  ///< in the file
  std::vector<double> scale;
  std::vector<double> shift;
  std::vector<std::uint8_t> valid;  ///< empty: all are
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

Result<StoredLayer> read_stored(const InputFile& file, std::uint64_t data_begin,
                                const PackHeader::Layer& layer) {
  const auto& [rows, scale, shift, valid] = layer.tensors;
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
  if (valid.is_there()) {
    stored.valid.resize(layer.facts.rows);
    const auto read =
        file.read(data_begin + valid.begin, std::as_writable_bytes(std::span(stored.valid)));
    if (!read) return Failure{read.why()};
    if (std::ranges::any_of(stored.valid, [](std::uint8_t entry) { return entry > 1; })) {
      return fail("expected 0 or 1 for every row that may be left out, got another");
    }
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
};

/// Reads through the pack's one file, which any number of threads may do.
class RecordedPack::Rows : public RowSource {
 public:
  Rows(std::shared_ptr<const State> state, std::size_t layer)
      : state_(std::move(state)), facts_(state_->layers[layer]), stored_(state_->stored[layer]) {}

  std::uint64_t rows() const override { return facts_.rows; }
  std::size_t features() const override { return facts_.features; }
  std::size_t rows_per_image() const override { return facts_.rows_per_image; }
  Grid grid() const override { return facts_.grid; }

  Result<ActivationView> read(std::uint64_t first, std::uint64_t count) override {
    if (!is_there(first, count)) {
      return Failure{state_->file.path().string() + ": layer " + in_quotes(facts_.name) +
                     ": expected rows among " + std::to_string(facts_.rows) + ", got " +
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
    return first <= facts_.rows && count <= facts_.rows - first;
  }
  ActivationView view(const void* data, DType dtype, std::uint64_t count) const {
    const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(count),
                                            static_cast<std::int64_t>(facts_.features)};
    return ActivationView(data, dtype, shape).with_roundoff(facts_.roundoff);
  }

  std::shared_ptr<const State> state_;
  const RecordedLayer& facts_;
  const StoredLayer& stored_;
  std::vector<std::byte> bytes_;
  std::vector<float> narrow_;
  std::vector<double> wide_;
};

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

Result<std::shared_ptr<RowSource>> RecordedPack::rows(std::string_view layer) const {
  const RecordedLayer* found = find(layer);
  if (found == nullptr) {
    return Failure{path().string() + ": expected a layer " + in_quotes(layer) +
                   ", got none of that name"};
  }
  const auto index = static_cast<std::size_t>(found - state_->layers.data());
  return std::shared_ptr<RowSource>(std::make_shared<Rows>(state_, index));
}

}  // namespace livecca
