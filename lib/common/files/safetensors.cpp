#include "common/files/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

namespace livecca {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian data");

using Json = nlohmann::ordered_json;

constexpr std::uint64_t longest_header = 100'000'000;  // as in the reference implementation
constexpr std::size_t most_dimensions = 64;
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

/// Of one element; 0 if there is no such type.
std::uint64_t bits_of_dtype(std::string_view dtype) {
  struct Known {
    std::string_view name;
    std::uint64_t bits;
  };
  constexpr std::array<Known, 21> known{
      {{"F64", 64},    {"F32", 32},    {"F16", 16},        {"BF16", 16},   {"I64", 64},
       {"I32", 32},    {"I16", 16},    {"I8", 8},          {"U64", 64},    {"U32", 32},
       {"U16", 16},    {"U8", 8},      {"BOOL", 8},        {"C64", 64},    {"F8_E5M2", 8},
       {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
       {"F4", 4}}};
  const auto* found = std::ranges::find(known, dtype, &Known::name);
  return found == known.end() ? 0 : found->bits;
}

std::string bytes_of(const SafetensorsTensor& tensor) {
  return std::to_string(tensor.begin) + " to " + std::to_string(tensor.end);
}

/// Whether a file has room for the header that it speaks of.
Result<void> check_length(std::uint64_t length, std::uint64_t file_bytes) {
  const std::uint64_t rest =
      file_bytes - std::min<std::uint64_t>(file_bytes, safetensors_length_bytes);
  const std::uint64_t longest = std::min(longest_header, rest);
  if (length <= longest) return {};
  return Failure{"expected a header of at most " + std::to_string(longest) + " bytes, got " +
                 std::to_string(length)};
}

/// Whether type, shape and place agree.
Result<void> check_tensor(const SafetensorsTensor& tensor) {
  const std::uint64_t bits = bits_of_dtype(tensor.dtype);
  if (bits == 0) {
    return Failure{"expected a known dtype of " + in_quotes(tensor.name) + ", got " +
                   in_quotes(tensor.dtype)};
  }
  // Zeros are left out at first: whoever multiplies some of the dimensions must not overflow.
  std::uint64_t elements = 1;
  bool is_empty = false;
  for (const std::uint64_t dimension : tensor.shape) {
    is_empty = is_empty || dimension == 0;
    const std::uint64_t times = std::max<std::uint64_t>(dimension, 1);
    // Elements of less than a byte count as bytes here.
    if (times > largest / std::max<std::uint64_t>(bits / 8, 1) / elements) {
      return Failure{"expected a shape of less than 2^64 bytes for " + in_quotes(tensor.name) +
                     ", got more"};
    }
    elements *= times;
  }
  // Of eight elements at a time no bit is lost, and nothing overflows.
  const std::uint64_t bytes = is_empty ? 0 : elements / 8 * bits + (elements % 8 * bits + 7) / 8;
  if (tensor.begin > tensor.end || tensor.end - tensor.begin != bytes) {
    return Failure{"expected " + std::to_string(bytes) + " bytes for the shape and dtype of " +
                   in_quotes(tensor.name) + ", got data_offsets " + bytes_of(tensor)};
  }
  return {};
}

/// Whether the tensors, in the order of their data, fill the data from the first byte to the last.
Result<void> check_tiling(const std::vector<SafetensorsTensor>& tensors, std::uint64_t data_bytes) {
  std::uint64_t covered = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.begin != covered) {
      return Failure{"expected the next tensor's data at byte " + std::to_string(covered) +
                     ", got " + in_quotes(tensor.name) + " at " + bytes_of(tensor)};
    }
    covered = tensor.end;
  }
  if (covered != data_bytes) {
    return Failure{"expected " + std::to_string(covered) +
                   " bytes of data as the header says, got " + std::to_string(data_bytes)};
  }
  return {};
}

/// Takes the JSON as it comes, and stops at the first value that the format has no place for: no
/// nesting is followed but the format's own, and nothing is kept but names, strings and numbers of
/// the header. Unlike a finished JSON object, it sees a name that comes twice.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(std::uint64_t data_begin) { header_.data_begin = data_begin; }

  /// What was read, after a parse that succeeded.
  SafetensorsHeader& header() { return header_; }
  /// Why the parse stopped.
  const std::string& why() const { return why_; }

  bool null() override { return unexpected("null"); }
  bool boolean(bool value) override { return unexpected(value ? "true" : "false"); }
  bool number_integer(number_integer_t /*value*/) override {
    return unexpected("a negative number");
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return unexpected(in_quotes(text));
  }
  bool binary(binary_t& /*value*/) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::list) return unexpected(std::to_string(value));
    std::vector<std::uint64_t>& list = list_of_field();
    const std::size_t most = field_ == "shape" ? most_dimensions : 2;
    if (list.size() == most) {
      why_ = "expected at most " + std::to_string(most) + " numbers in " + subject() + ", got more";
      return false;
    }
    list.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header_.metadata.emplace(field_, std::move(value));
    } else if (place_ == Place::tensor && field_ == "dtype") {
      tensor_.dtype = std::move(value);
    } else {
      return unexpected(in_quotes(value));
    }
    return true;
  }

  bool start_object(std::size_t /*elements*/) override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header) {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
      fields_.clear();
      tensor_ = {};
      offsets_.clear();
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    std::set<std::string>& before = place_ == Place::header ? names_ : fields_;
    if (!before.insert(value).second) {
      why_ = "expected every name once, got " + in_quotes(value) + " twice";
      return false;
    }
    if (place_ == Place::header) {
      name_ = std::move(value);
      return true;
    }
    field_ = std::move(value);
    if (place_ == Place::metadata || field_ == "dtype" || field_ == "shape" ||
        field_ == "data_offsets") {
      return true;
    }
    why_ = "expected dtype, shape and data_offsets of " + in_quotes(name_) + ", got " +
           in_quotes(field_);
    return false;
  }

  bool end_object() override {
    if (place_ == Place::tensor && !take_tensor()) return false;
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }

  bool start_array(std::size_t /*elements*/) override {
    if (place_ != Place::tensor || field_ == "dtype") return unexpected("a list");
    place_ = Place::list;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const Json::exception& /*error*/) override {
    why_ = "expected JSON, got an error at byte " + std::to_string(position) + " of the header";
    return false;
  }

 private:
  /// Where the next value stands: in no object yet, in the whole header, in `__metadata__`, in a
  /// tensor or in a list of a tensor.
  enum class Place { outside, header, metadata, tensor, list };

  std::vector<std::uint64_t>& list_of_field() {
    return field_ == "shape" ? tensor_.shape : offsets_;
  }

  /// What the next value is a value of.
  std::string subject() const {
    if (place_ == Place::outside) return "the header";
    return place_ == Place::header ? in_quotes(name_) : field_name() + " of " + in_quotes(name_);
  }
  std::string field_name() const { return place_ == Place::metadata ? in_quotes(field_) : field_; }

  bool unexpected(const std::string& got) {
    const char* wanted = "an object";
    if (place_ == Place::list) {
      wanted = "integers from 0 to 2^64 - 1";
    } else if (place_ == Place::metadata || (place_ == Place::tensor && field_ == "dtype")) {
      wanted = "a string";
    } else if (place_ == Place::tensor) {
      wanted = "a list";
    }
    why_ = std::string("expected ") + wanted + " as " + subject() + ", got " + got;
    return false;
  }

  bool take_tensor() {
    tensor_.name = name_;
    if (fields_.size() != 3 || offsets_.size() != 2) {
      why_ = "expected dtype, shape and two data_offsets of " + in_quotes(name_) + ", got less";
      return false;
    }
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    if (const auto checked = check_tensor(tensor_); !checked) {
      why_ = checked.why();
      return false;
    }
    header_.tensors.push_back(std::move(tensor_));
    return true;
  }

  SafetensorsHeader header_;
  std::string why_;
  Place place_ = Place::outside;
  std::string name_;   // of the tensor, or __metadata__
  std::string field_;  // within it
  std::set<std::string> names_;
  std::set<std::string> fields_;
  SafetensorsTensor tensor_;
  std::vector<std::uint64_t> offsets_;
};

/// The header as JSON, field by field in the order given. Throws what nlohmann::json does for text
/// that is not UTF-8.
std::string json_of(const SafetensorsMetadata& metadata,
                    const std::vector<SafetensorsTensor>& tensors) {
  std::string text;
  const auto add = [](std::string& object, const std::string& name, const std::string& value) {
    object += (object.empty() ? "{" : ",") + Json(name).dump() + ':' + value;
  };
  if (!metadata.empty()) {
    std::string strings;
    for (const auto& [name, value] : metadata) add(strings, name, Json(value).dump());
    add(text, "__metadata__", strings + '}');
  }
  for (const SafetensorsTensor& tensor : tensors) {
    std::string shape;
    for (const auto length : tensor.shape) {
      shape += (shape.empty() ? "" : ",") + std::to_string(length);
    }
    // Put together here: an object of the library takes memory in its destructor, which ends the
    // process if there is none.
    add(text, tensor.name,
        "{\"dtype\":" + Json(tensor.dtype).dump() + ",\"shape\":[" + shape +
            "],\"data_offsets\":[" + std::to_string(tensor.begin) + ',' +
            std::to_string(tensor.end) + "]}");
  }
  return (text.empty() ? "{" : text) + '}';
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  const std::string shown(text.substr(0, longest));
  return Json(shown).dump(-1, ' ', true, Json::error_handler_t::replace) +
         (text.size() > longest ? "…" : "");
}

const SafetensorsTensor* SafetensorsHeader::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &SafetensorsTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

Result<std::string> write_safetensors_header(const SafetensorsMetadata& metadata,
                                             const std::vector<SafetensorsTensor>& tensors,
                                             std::size_t room) {
  std::string text;
  try {
    text = json_of(metadata, tensors);
  } catch (const Json::type_error&) {
    return Failure{"expected names and metadata in UTF-8, got other bytes"};
  }
  const std::size_t used = safetensors_length_bytes + text.size();
  if (room == 0) room = (used + 7) / 8 * 8;
  if (used > room) {
    return Failure{"expected a header of at most " + std::to_string(room) + " bytes, got " +
                   std::to_string(used)};
  }
  text.resize(room - safetensors_length_bytes, ' ');
  // Reading it back finds whatever is wrong with the names and places.
  std::uint64_t data_bytes = 0;
  for (const SafetensorsTensor& tensor : tensors) data_bytes = std::max(data_bytes, tensor.end);
  if (data_bytes > largest - room) {
    return Failure{"expected a file of less than 2^64 bytes, got more"};
  }
  const auto read_back = parse_safetensors_header(text, room + data_bytes);
  if (!read_back) return Failure{read_back.why()};
  const std::uint64_t length = text.size();
  std::string result(safetensors_length_bytes, '\0');
  std::memcpy(result.data(), &length, safetensors_length_bytes);
  return result + text;
}

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json_text,
                                                   std::uint64_t file_bytes) {
  if (const auto checked = check_length(json_text.size(), file_bytes); !checked) {
    return Failure{checked.why()};
  }
  if (!json_text.starts_with('{')) {
    return Failure{"expected a header that begins with \"{\", got " +
                   in_quotes(json_text.substr(0, 1))};
  }
  // The JSON parser takes a zero byte for the end of the text.
  if (json_text.find('\0') != std::string_view::npos) {
    return Failure{"expected JSON, got a zero byte in the header"};
  }
  HeaderReader reader(safetensors_length_bytes + json_text.size());
  if (!Json::sax_parse(json_text.begin(), json_text.end(), &reader)) return Failure{reader.why()};
  SafetensorsHeader& header = reader.header();
  std::ranges::stable_sort(header.tensors, {}, [](const SafetensorsTensor& tensor) {
    return std::pair(tensor.begin, tensor.end);
  });
  const auto tiled = check_tiling(header.tensors, file_bytes - header.data_begin);
  if (!tiled) return Failure{tiled.why()};
  return std::move(header);
}

Result<SafetensorsHeaderInFile> read_safetensors_header(const InputFile& file) {
  const auto fail = [&](const std::string& reason) {
    return Failure{file.path().string() + ": " + reason};
  };
  if (file.size() < safetensors_length_bytes) {
    return fail("expected a safetensors file, got " + std::to_string(file.size()) + " bytes");
  }
  std::uint64_t length = 0;
  if (const auto read = file.read(0, std::as_writable_bytes(std::span(&length, 1))); !read) {
    return Failure{read.why()};
  }
  if (const auto checked = check_length(length, file.size()); !checked) return fail(checked.why());
  std::string text(length, '\0');
  if (const auto read =
          file.read(safetensors_length_bytes, std::as_writable_bytes(std::span(text)));
      !read) {
    return Failure{read.why()};
  }
  auto header = parse_safetensors_header(text, file.size());
  if (!header) return fail(header.why());
  return SafetensorsHeaderInFile{.header = *std::move(header), .text = std::move(text)};
}

}  // namespace livecca
