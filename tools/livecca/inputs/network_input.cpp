#include "inputs/network_input.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "common/files/list_folder.hpp"
#include "common/natural_order.hpp"
#include "inputs/input_error.hpp"
#include "inputs/pack_tensor.hpp"

namespace livecca::tool {
namespace {

constexpr const char* ending = ".safetensors";

bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }

/// Whether a file's name, without the ending, says that it is one of several:
/// "model-00001-of-00002".
bool is_part(const std::string& stem) {
  const std::size_t of = stem.rfind("-of-");
  if (of == std::string::npos) return false;
  const std::size_t dash = stem.rfind('-', of - 1);
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
  };
  const std::string_view text(stem);
  return dash != std::string::npos && dash < of && is_number(text.substr(of + 4)) &&
         is_number(text.substr(dash + 1, of - dash - 1));
}

}  // namespace

NetworkInput::NetworkInput(std::string path) : path_(std::move(path)) {
  std::error_code ignored;  // what is not there is said by whoever opens it
  if (std::filesystem::is_directory(path_, ignored)) {
    read_folder();
  } else if (path_.ends_with(ending)) {
    read_file(path_, "");
  } else {
    npy_ = std::make_shared<NpyFile>(path_);
    layers_ = {""};
  }
}

void NetworkInput::read_folder() {
  is_folder_ = true;
  std::vector<std::filesystem::path> files;
  if (const auto failure = list_folder(path_, files)) {
    throw InputError(path_ + ": expected a folder that can be read, got: " + failure.message());
  }
  std::erase_if(files, [](const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    return !name.ends_with(ending) || name.starts_with('.');
  });
  if (files.empty()) {
    throw InputError(path_ + ": expected .safetensors files in the folder, got none");
  }
  std::ranges::sort(files, comes_before_naturally,
                    [](const auto& file) { return file.stem().string(); });
  const auto read_files = [&](bool joins_parts) {
    places_.clear();
    layers_.clear();
    return std::ranges::all_of(files, [&](const auto& file) {
      const std::string stem = file.stem().string();
      return read_file(file.string(), joins_parts && is_part(stem) ? "" : stem);
    });
  };
  // Parts with a tensor of the same name, such as one block each, are no parts of one file.
  if (!read_files(true)) read_files(false);
}

bool NetworkInput::read_file(const std::string& path, const std::string& layer_of_file) {
  const auto file = std::make_shared<const SafetensorsFile>(path);
  std::vector<Place> places;
  if (file->is_pack()) {
    const auto opened = RecordedPack::open(path);
    if (!opened) throw InputError(opened.why());
    const std::shared_ptr<const RecordedPack>& pack = *opened;
    for (const RecordedLayer& layer : pack->layers()) places.push_back({nullptr, pack, layer.name});
  } else {
    for (const SafetensorsTensor& tensor : file->header().tensors) {
      places.push_back({file, nullptr, tensor.name});
    }
    std::ranges::sort(places, comes_before_naturally, &Place::name);
  }
  for (Place& place : places) {
    std::string layer = place.name;
    if (!layer_of_file.empty()) {
      layer = places.size() == 1 ? layer_of_file : layer_of_file + "/" + place.name;
    }
    if (!places_.emplace(layer, std::move(place)).second) return false;
    layers_.push_back(layer);
  }
  return true;
}

std::string NetworkInput::unfit(const std::string& layer) const {
  if (npy_) return "";
  const Place& place = places_.at(layer);
  return place.pack ? "" : unfit_reason(*place.file->header().find(place.name));
}

void NetworkInput::drop_file_names() {
  if (!is_folder_) return;
  std::map<std::string, Place> places;
  std::vector<std::string> layers;
  for (const std::string& layer : layers_) {
    const Place& place = places_.at(layer);
    if (!places.emplace(place.name, place).second) return;
    layers.push_back(place.name);
  }
  places_ = std::move(places);
  layers_ = std::move(layers);
}

void NetworkInput::keep_if(const std::function<bool(const std::string& layer)>& wanted) {
  std::erase_if(layers_, [&](const std::string& layer) { return !wanted(layer); });
  std::erase_if(places_, [&](const auto& place) { return !wanted(place.first); });
}

bool NetworkInput::has(const std::string& layer) const {
  return has_names() ? places_.contains(layer) : layer.empty();
}

std::shared_ptr<ActivationTensor> NetworkInput::open(const std::string& layer) const {
  if (npy_) return npy_;
  const Place& place = places_.at(layer);
  if (place.pack) return std::make_shared<PackTensor>(place.pack, place.name);
  return std::make_shared<SafetensorsTensorFile>(place.file,
                                                 *place.file->header().find(place.name));
}

}  // namespace livecca::tool
