#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "livecca/packs/recorder.hpp"
#include "support/random_data.hpp"
#include "valid_files/valid_files.hpp"

using namespace livecca;

namespace livecca_tests {
namespace {

constexpr std::int64_t images_of_pack = 12;
constexpr std::int64_t images_per_batch = 6;

/// How a pack differs from the others.
struct PackKind {
  const char* name;
  DType dtype = DType::float32;
  bool is_masked = false;  ///< sequences end at lengths of their own
  bool has_nan = false;    ///< in one layer
  RecorderOptions options{};
};

template <typename Element>
class Batch {
 public:
  Batch(const PackKind& kind, std::int64_t first) : kind_(kind), first_(first) {}

  void observe(Recorder& recorder) {
    const std::array<std::int64_t, 2> inputs{images_per_batch, 3};
    recorder.set_inputs(view(inputs, 0));
    const std::array<std::int64_t, 2> vectors{images_per_batch, 4};
    recorder.observe("fc", Layout::nc, view(vectors, 1));
    const std::array<std::int64_t, 4> planes{images_per_batch, 2, 2, 3};
    recorder.observe("conv", Layout::nchw, view(planes, 2));
    const std::array<std::int64_t, 3> sequences{images_per_batch, 5, 3};
    const std::vector<std::int64_t> lengths{5, 0, 2, 4, 1, 5};
    const auto mask = kind_.is_masked ? SequenceMask::of_lengths(lengths) : SequenceMask();
    recorder.observe("encoder", Layout::ntc, view(sequences, 3), mask);
    recorder.observe("pooled", Reading::pooled(Layout::ntc), view(sequences, 4), mask);
    recorder.end_batch();
  }

 private:
  template <std::size_t rank>
  ActivationView view(const std::array<std::int64_t, rank>& shape, std::uint64_t layer) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    const auto seed = 100 * layer + static_cast<std::uint64_t>(first_);
    const Eigen::MatrixXd numbers = normal_matrix(count, 1, seed);
    values_.emplace_back();
    for (const double number : numbers.reshaped()) values_.back().push_back(element(number));
    if (kind_.has_nan && layer == 1) {
      values_.back()[5] = element(std::numeric_limits<double>::quiet_NaN());
    }
    return {values_.back().data(), kind_.dtype, shape};
  }
  static Element element(double number) {
    if constexpr (std::is_same_v<Element, double>) {
      return number;
    } else {
      return Element(static_cast<float>(number));
    }
  }

  const PackKind& kind_;
  std::int64_t first_;
  std::vector<std::vector<Element>> values_;
};

template <typename Element>
void observe_all(Recorder& recorder, const PackKind& kind) {
  for (std::int64_t first = 0; first < images_of_pack; first += images_per_batch) {
    Batch<Element>(kind, first).observe(recorder);
  }
}

std::vector<PackKind> kinds() {
  const auto with = [](auto change) {
    RecorderOptions options;
    options.epoch = 3;
    options.step = 40;
    options.positions = Positions::all();
    change(options);
    return options;
  };
  using Options = RecorderOptions;
  const auto plain = with([](Options&) {});
  const auto exact = with([](Options& options) { options.precision = PackPrecision::exact; });
  const auto sampled = with([](Options& options) { options.positions = Positions::sampled(2, 5); });
  const auto kept = with([](Options& options) {
    options.images = 8;
    options.images_seed = 9;
  });
  const auto cut = with([](Options& options) {
    options.max_features = 2;
    options.feature_seed = 4;
  });
  return {{.name = "scaled", .options = plain},
          {.name = "scaled_float64", .dtype = DType::float64, .options = plain},
          {.name = "float16", .dtype = DType::float16, .options = plain},
          {.name = "float32", .options = exact},
          {.name = "float64", .dtype = DType::float64, .options = exact},
          {.name = "by_step", .is_masked = true, .options = plain},
          {.name = "by_step_float32", .is_masked = true, .options = exact},
          {.name = "sampled", .options = sampled},
          {.name = "sampled_by_step", .is_masked = true, .options = sampled},
          {.name = "kept_images", .is_masked = true, .options = kept},
          {.name = "cut_features", .options = cut},
          {.name = "not_finite", .has_nan = true, .options = plain}};
}

}  // namespace

void write_valid_packs(const std::filesystem::path& folder) {
  for (const PackKind& kind : kinds()) {
    const auto path = folder / (std::string(kind.name) + ".safetensors");
    const auto recorded = record(path, kind.options, [&](Recorder& recorder) {
      if (kind.dtype == DType::float64) return observe_all<double>(recorder, kind);
      if (kind.dtype == DType::float16) return observe_all<Eigen::half>(recorder, kind);
      observe_all<float>(recorder, kind);
    });
    if (!recorded) throw std::runtime_error(recorded.why());
  }
}

}  // namespace livecca_tests
