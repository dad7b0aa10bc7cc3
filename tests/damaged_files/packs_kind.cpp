#include <bit>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "file_kind.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {
namespace {

using livecca::RecordedLayer;
using livecca::RecordedPack;

/// Texts and numbers in one text.
class Everything {
 public:
  template <typename Value>
  void add(const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string>) {
      text_ += value;
    } else if constexpr (std::is_same_v<Value, double>) {
      text_ += std::to_string(std::bit_cast<std::uint64_t>(value));
    } else {
      text_ += std::to_string(value);
    }
    text_ += '\n';
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add_rows(livecca::RowSource& source, Everything& all) {
  const auto view = source.read(0, source.rows());
  if (!view) return all.add(view.why());
  const auto valid = source.valid(0, source.rows());
  for (const std::uint8_t flag : valid) all.add(int{flag});
  livecca::PackedRows rows;
  const auto packed = rows.pack_recorded(*view, source.rows_per_image(), source.grid(), valid);
  if (!packed) return all.add(packed.why());
  std::vector<double> numbers(rows.rows() * rows.features());
  rows.read(0, rows.rows(), numbers);
  for (const double number : numbers) all.add(number);
}

void add_layer(const RecordedPack& pack, const RecordedLayer& layer, Everything& all) {
  all.add(layer.name);
  all.add(layer.reading);
  all.add(int{layer.is_by_step});
  all.add(layer.rows);
  all.add(layer.features);
  all.add(layer.features_of_tap);
  all.add(layer.feature_seed);
  all.add(layer.rows_per_image);
  all.add(layer.grid.text());
  all.add(static_cast<int>(layer.stored));
  all.add(static_cast<int>(layer.observed));
  all.add(layer.roundoff);
  all.add(layer.estimated_loss);
  add_rows(**pack.rows(layer.name), all);
  if (const auto by_step = pack.rows_by_step(layer.name)) add_rows(**by_step, all);
}

/// Empty if the pack is refused.
std::string everything_in(const std::filesystem::path& path, std::string& why) {
  const auto opened = RecordedPack::open(path);
  if (!opened) {
    why = opened.why();
    return {};
  }
  const RecordedPack& pack = **opened;
  Everything all;
  all.add(pack.network());
  all.add(pack.epoch());
  all.add(pack.step());
  all.add(pack.positions().per_image);
  all.add(pack.positions().seed);
  all.add(pack.fingerprint() ? pack.fingerprint()->text() : "none");
  for (const std::size_t image : pack.kept_images()) all.add(image);
  for (const RecordedLayer& layer : pack.layers()) add_layer(pack, layer, all);
  return all.text();
}

class Packs : public FileKind {
 public:
  explicit Packs(Files files) : FileKind(std::move(files)) {
    for (const auto& [name, bytes] : this->files()) {
      std::string why;
      write_text(path_, bytes);
      expected_.push_back(everything_in(path_, why));
      if (expected_.back().empty()) throw std::runtime_error(name + ": " + why);
    }
  }

  Outcome read(std::size_t file, const std::string& bytes, std::string& why) override {
    write_text(path_, bytes);
    const std::string everything = everything_in(path_, why);
    if (everything.empty()) return Outcome::told;
    why = "other rows or facts";
    return everything == expected_[file] ? Outcome::same : Outcome::silent;
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "damaged.safetensors";
  std::vector<std::string> expected_;
};

}  // namespace

std::unique_ptr<FileKind> packs(const std::filesystem::path& valid) {
  return std::make_unique<Packs>(files_of(valid / "packs"));
}

}  // namespace livecca_tests
