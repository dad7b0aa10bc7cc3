#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inputs/activation_tensor.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca::tool {

/// One layer of a pack, decoded as it is read.
class PackTensor : public ActivationTensor {
 public:
  /// A layer that the pack has.
  PackTensor(std::shared_ptr<const RecordedPack> pack, const std::string& layer);

  const std::string& name() const override { return name_; }
  std::span<const std::int64_t> shape() const override { return shape_; }
  /// The type in the file.
  std::string element_text() const override { return element_; }
  std::optional<RecordedPositions> recorded() const override {
    return RecordedPositions{layer_.rows_per_image, layer_.grid};
  }
  const RecordedPack* pack() const override { return pack_.get(); }
  std::span<const std::uint8_t> valid(std::size_t first, std::size_t count) override {
    return rows_->valid(first, count);
  }
  ImagesAgain images_again() const override { return pack_->images_again(layer_.name); }
  /// Throws InputError if the file was cut short since it was opened.
  ActivationView entries(std::size_t first, std::size_t count) override;
  void release() const override {}  // nothing is mapped

 private:
  std::shared_ptr<const RecordedPack> pack_;
  const RecordedLayer& layer_;
  std::shared_ptr<RowSource> rows_;
  std::string name_;
  std::string element_;
  std::vector<std::int64_t> shape_;
};

}  // namespace livecca::tool
