#include "livecca/moments/moments_file.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/atomic_file.hpp"
#include "common/crc32c.hpp"
#include "common/hexadecimal.hpp"
#include "common/input_file.hpp"
#include "common/safetensors.hpp"
#include "moments/file/moments_facts.hpp"
#include "moments/file/moments_tensors.hpp"

namespace livecca {
namespace {

constexpr const char* format = "livecca.moments";
constexpr const char* version = "1";
constexpr std::string_view checksum_before = "\"checksum\":\"crc32c:";
constexpr std::size_t checksum_digits = 8;
constexpr std::size_t bytes_at_once = std::size_t{1} << 20U;
// Taken apart, JSON takes up to thirty times the memory of its text. Ten thousand taps' facts, and
// notes of any use, are shorter.
constexpr std::size_t longest_facts = std::size_t{8} << 20U;
constexpr std::size_t longest_notes = std::size_t{1} << 20U;

/// Where the digits of the checksum lie in a header's text; nothing if that is not plain.
std::optional<std::size_t> find_checksum(std::string_view text) {
  const std::size_t place = text.find(checksum_before);
  if (place == std::string_view::npos) return std::nullopt;
  const std::size_t digits = place + checksum_before.size();
  if (digits + checksum_digits > text.size()) return std::nullopt;
  const std::string_view stated = text.substr(digits, checksum_digits);
  if (stated.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (text.find(checksum_before, digits) != std::string_view::npos) return std::nullopt;
  return digits;
}

/// Hands every row of a tensor to `take` as bytes.
template <typename Take>
bool for_each_row(const MomentsTensor& tensor, std::vector<double>& buffer, const Take& take) {
  buffer.resize(tensor.row_numbers);
  for (std::size_t row = 0; row < tensor.rows; ++row) {
    tensor.get(row, buffer);
    if (!take(std::as_bytes(std::span<const double>(buffer)))) return false;
  }
  return true;
}

std::vector<SafetensorsTensor> places_of(const std::vector<MomentsTensor>& tensors) {
  std::vector<SafetensorsTensor> places;
  std::uint64_t begin = 0;
  for (const MomentsTensor& tensor : tensors) {
    const std::uint64_t end = begin + tensor.rows * tensor.row_numbers * sizeof(double);
    places.push_back({tensor.name, "F64", tensor.shape, begin, end});
    begin = end;
  }
  return places;
}

bool refuse(const std::filesystem::path& path, std::string& why) {
  why = path.string() + ": " + why;
  return false;
}

bool check_text(const char* name, const std::string& text, std::size_t longest, std::string& why) {
  if (text.size() <= longest) return true;
  why = std::string("expected ") + name + " of at most " + std::to_string(longest) +
        " bytes, got " + std::to_string(text.size());
  return false;
}

bool check_texts(const std::string& facts, const std::string& notes, std::string& why) {
  return check_text("facts", facts, longest_facts, why) &&
         check_text("notes", notes, longest_notes, why);
}

/// The header and whatever the facts say, checked against each other and against the checksum.
bool check_header(const InputFile& file, SafetensorsHeader& header, std::string& why) {
  std::string text;
  if (!read_safetensors_header(file, header, text, why)) return false;
  const auto value = [&](const char* name) {
    const auto found = header.metadata.find(name);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  if (value("format") != format) {
    why = std::string("expected a file of format ") + format + ", got " +
          (value("format").empty() ? "a safetensors file of another program"
                                   : "format " + in_quotes(value("format")));
    return refuse(file.path(), why);
  }
  if (value("version") != version) {
    why = std::string("expected moments of version ") + version + ", got version " +
          in_quotes(value("version"));
    return refuse(file.path(), why);
  }
  const auto digits = find_checksum(text);
  if (!digits) {
    why = "expected a checksum in the header, got none";
    return refuse(file.path(), why);
  }
  const std::string stated = text.substr(*digits, checksum_digits);
  text.replace(*digits, checksum_digits, checksum_digits, '0');
  std::uint32_t checksum = crc32c(std::as_bytes(std::span<const char>(text)));
  std::vector<std::byte> buffer;
  for (std::uint64_t at = header.data_begin; at < file.size(); at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(bytes_at_once, file.size() - at));
    if (!file.read(at, buffer, why)) return false;
    checksum = crc32c(buffer, checksum);
  }
  if (hexadecimal(checksum) == stated) return true;
  why = "expected contents of checksum " + stated + ", got " + hexadecimal(checksum) +
        ": the file was changed or damaged";
  return refuse(file.path(), why);
}

FeaturesOf features_in(const SafetensorsHeader& header) {
  return [&header](const std::string& name) -> std::optional<std::pair<std::size_t, std::size_t>> {
    const SafetensorsTensor* tensor = header.find(name + "scatter");
    if (tensor == nullptr) tensor = header.find(name + "product");
    if (tensor == nullptr || tensor->shape.size() != 2 || tensor->shape[0] == 0 ||
        tensor->shape[1] == 0) {
      return std::nullopt;
    }
    return std::pair(tensor->shape[0], tensor->shape[1]);
  };
}

bool read_tensors(const InputFile& file, const SafetensorsHeader& header, PanelMoments& moments,
                  std::string& why) {
  const std::vector<MomentsTensor> tensors = tensors_of(moments);
  if (tensors.size() != header.tensors.size()) {
    why = "expected " + std::to_string(tensors.size()) + " tensors, got " +
          std::to_string(header.tensors.size());
    return refuse(file.path(), why);
  }
  std::vector<double> buffer;
  for (const MomentsTensor& tensor : tensors) {
    const SafetensorsTensor* place = header.find(tensor.name);
    if (place == nullptr || place->dtype != "F64" || place->shape != tensor.shape) {
      why = "expected a tensor " + tensor.name +
            " of type F64 and the shape that its name asks, got " +
            (place == nullptr ? "none" : "another");
      return refuse(file.path(), why);
    }
    buffer.resize(tensor.row_numbers);
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(buffer));
    for (std::size_t row = 0; row < tensor.rows; ++row) {
      if (!file.read(header.data_begin + place->begin + row * bytes.size(), bytes, why))
        return false;
      tensor.set(row, buffer);
    }
  }
  return true;
}

bool read_notes(const std::string& text, MomentsNotes& notes) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return false;
    notes[name] = value.get<std::string>();
  }
  return true;
}

}  // namespace

bool save_moments(const std::filesystem::path& path, const PanelMoments& moments,
                  const MomentsNotes& notes, std::string& why) {
  // The tensors refer to what they could also be read into.
  const std::vector<MomentsTensor> tensors = tensors_of(const_cast<PanelMoments&>(moments));
  std::string facts_text;
  std::string notes_text;
  try {
    facts_text = facts_to_json(moments);
    notes_text = nlohmann::json(notes).dump();
  } catch (const nlohmann::json::exception&) {
    why = "expected names and notes in UTF-8, got other bytes";
    return refuse(path, why);
  }
  if (!check_texts(facts_text, notes_text, why)) return refuse(path, why);
  const SafetensorsMetadata metadata{{"format", format},
                                     {"version", version},
                                     {"checksum", "crc32c:" + std::string(checksum_digits, '0')},
                                     {"moments", facts_text},
                                     {"notes", notes_text}};
  auto header = write_safetensors_header(metadata, places_of(tensors), why);
  if (!header) return refuse(path, why);
  std::vector<double> buffer;
  std::uint32_t checksum =
      crc32c(std::as_bytes(std::span<const char>(*header).subspan(safetensors_length_bytes)));
  for (const MomentsTensor& tensor : tensors) {
    for_each_row(tensor, buffer, [&](std::span<const std::byte> bytes) {
      checksum = crc32c(bytes, checksum);
      return true;
    });
  }
  header->replace(*find_checksum(*header), checksum_digits, hexadecimal(checksum));
  AtomicFile file(path);
  if (!file.write(std::as_bytes(std::span<const char>(*header)), why)) return false;
  for (const MomentsTensor& tensor : tensors) {
    const bool written = for_each_row(
        tensor, buffer, [&](std::span<const std::byte> bytes) { return file.write(bytes, why); });
    if (!written) return false;
  }
  return file.commit(AtomicFile::Sync::disk, why);
}

bool load_moments(const std::filesystem::path& path, PanelMoments& moments, MomentsNotes& notes,
                  std::string& why) {
  const auto file = InputFile::open(path, why);
  if (!file) return false;
  SafetensorsHeader header;
  if (!check_header(*file, header, why)) return false;
  const auto facts = header.metadata.find("moments");
  const auto notes_text = header.metadata.find("notes");
  const bool has_both = facts != header.metadata.end() && notes_text != header.metadata.end();
  if (has_both && !check_texts(facts->second, notes_text->second, why)) return refuse(path, why);
  MomentsNotes read_into_notes;
  if (!has_both || !read_notes(notes_text->second, read_into_notes)) {
    why = "expected facts and notes in the header, got none";
    return refuse(path, why);
  }
  auto result = facts_from_json(facts->second, features_in(header), why);
  if (!result) return refuse(path, why);
  if (!read_tensors(*file, header, *result, why)) return false;
  moments = std::move(*result);
  notes = std::move(read_into_notes);
  return true;
}

}  // namespace livecca
