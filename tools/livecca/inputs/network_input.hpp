#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inputs/activation_tensor.hpp"
#include "inputs/npy_file.hpp"
#include "inputs/safetensors_file.hpp"
#include "livecca/packs/recorded_pack.hpp"

namespace livecca::tool {

/// What an argument of the command line holds: the activations of one network, of one layer (.npy)
/// or of several by name.
///
///     x.npy             one layer without a name
///     x.safetensors     a layer a tensor, by the tensor's name; of a pack its layers
///     a folder          a layer a .safetensors file, by the file's name without the ending; of a
///                       file with several layers each is one, "file/layer". Where files are parts
///                       of one, "name-00001-of-00002", layers have their own names alone, if
///                       these differ. Parts of one tensor's rows are not joined
class NetworkInput {
 public:
  /// Reads the headers. Throws InputError on what cannot be read, and on a folder without layers.
  explicit NetworkInput(std::string path);

  const std::string& path() const { return path_; }
  /// Whether its layers have names to be matched by: not so for .npy.
  bool has_names() const { return npy_ == nullptr; }
  /// Of a pack in the order in which they were recorded, else in the order of people: conv2 before
  /// conv10. One empty name for .npy.
  const std::vector<std::string>& layers() const { return layers_; }
  bool has(const std::string& layer) const;
  /// Why a layer cannot be compared, as unfit_reason() says it; empty if it can be.
  std::string unfit(const std::string& layer) const;

  /// Of a folder, calls its layers by their own names, without those of the files. Changes nothing
  /// if two would have the same, or if it is no folder.
  void drop_file_names();
  /// Keeps the layers of which `wanted` is true.
  void keep_if(const std::function<bool(const std::string& layer)>& wanted);

  /// Throws InputError if the layer is unfit().
  std::shared_ptr<ActivationTensor> open(const std::string& layer) const;

 private:
  struct Place {
    std::shared_ptr<const SafetensorsFile> file;  ///< null in a pack
    std::shared_ptr<const RecordedPack> pack;
    std::string name;  ///< of the tensor, or of the pack's layer
  };

  /// Adds the file's layers. Returns false if one of them is there already.
  bool read_file(const std::string& path, const std::string& layer_of_file);
  void read_folder();

  std::string path_;
  bool is_folder_ = false;
  std::shared_ptr<NpyFile> npy_;
  std::map<std::string, Place> places_;
  std::vector<std::string> layers_;
};

}  // namespace livecca::tool
