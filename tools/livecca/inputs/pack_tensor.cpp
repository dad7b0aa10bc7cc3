#include "inputs/pack_tensor.hpp"

#include "activations/safetensors_type.hpp"
#include "common/files/safetensors.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {

PackTensor::PackTensor(std::shared_ptr<const RecordedPack> pack, const std::string& layer)
    : pack_(std::move(pack)),
      layer_(*pack_->find(layer)),
      name_(pack_->path().string() + ": " + in_quotes(layer)),
      element_(safetensors_type_of(layer_.stored)),
      shape_{static_cast<std::int64_t>(layer_.rows), static_cast<std::int64_t>(layer_.features)} {
  rows_ = *pack_->rows(layer);
}

ActivationView PackTensor::entries(std::size_t first, std::size_t count) {
  const auto view = rows_->read(first, count);
  if (!view) throw InputError(view.why());
  return *view;
}

}  // namespace livecca::tool
