#pragma once

#include <string>
#include <vector>

#include "common/files/safetensors.hpp"
#include "packs/pack_header.hpp"

namespace livecca {

/// The JSON object by layer in a pack's metadata, see PackHeader. Fails if names are not UTF-8 or
/// it is longer than layers_from_json() takes.
Result<std::string> layers_to_json(const std::vector<PackHeader::Layer>& layers);

/// Takes it apart and gives every tensor of the file to its layer; layers come in the order in
/// which they were written, or where an older file does not say, in that of their rows. Fails with
/// "expected …, got …" if they do not fit each other. Holds against any text.
Result<std::vector<PackHeader::Layer>> layers_from_json(const std::string& text,
                                                        const SafetensorsHeader& header);

}  // namespace livecca
