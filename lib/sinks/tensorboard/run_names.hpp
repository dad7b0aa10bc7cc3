#pragma once

#include <string>

namespace livecca {

// TensorBoard takes each folder of event files for a run: it names, colours and hides lines by it.
// So each layer has a folder. Its name here is relative to the stream's folder.

/// The layer's name, with ~<reference_layer> if that is another. '/' makes folders within folders,
/// as TensorBoard's names of runs do; what would lead elsewhere is written %2E and so on. A name
/// that is too long for a folder is cut, and ends with ~~~ and a number made of the whole name.
std::string layer_run(const std::string& layer, const std::string& reference_layer);

/// The lines of all layers together: the score of unrelated data. No layer has this name.
inline constexpr const char* floor_run = "noise floor";

}  // namespace livecca
