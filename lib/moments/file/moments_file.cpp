#include "livecca/moments/moments_file.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/crc32c.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/input_file.hpp"
#include "common/files/safetensors.hpp"
#include "common/files/safetensors_checksum.hpp"
#include "common/hexadecimal.hpp"
#include "common/json_depth.hpp"
#include "moments/file/moments_facts.hpp"
#include "moments/file/moments_tensors.hpp"

namespace livecca {
namespace {

constexpr const char* format = "livecca.moments";
constexpr const char* version = "1";
// Taken apart, JSON takes up to thirty times the memory of its text. Ten thousand taps' facts, and
// notes of any use, are shorter.
constexpr std::size_t longest_facts = std::size_t{8} << 20U;
constexpr std::size_t longest_notes = std::size_t{1} << 20U;

/// Hands every row of a tensor to `take` as bytes, until it fails.
template <typename Take>
Result<void> for_each_row(const MomentsTensor& tensor, std::vector<double>& buffer,
                          const Take& take) {
  buffer.resize(tensor.row_numbers);
  for (std::size_t row = 0; row < tensor.rows; ++row) {
    tensor.get(row, buffer);
    Result<void> taken = take(std::as_bytes(std::span<const double>(buffer)));
    if (!taken) return taken;
  }
  return {};
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

Failure refusal_of(const std::filesystem::path& path, const std::string& reason) {
  return Failure{path.string() + ": " + reason};
}

Result<void> check_text(const char* name, const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return {};
  return Failure{std::string("expected ") + name + " of at most " + std::to_string(longest) +
                 " bytes, got " + std::to_string(text.size())};
}

Result<void> check_texts(const std::string& facts, const std::string& notes) {
  auto checked = check_text("facts", facts, longest_facts);
  return checked ? check_text("notes", notes, longest_notes) : checked;
}

/// The header of a moments file of this version, whose checksum is right.
Result<SafetensorsHeader> read_header(const InputFile& file) {
  auto read = read_safetensors_header(file);
  if (!read) return Failure{read.why()};
  SafetensorsHeader& header = read->header;
  const auto value = [&](const char* name) {
    const auto found = header.metadata.find(name);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  if (value("format") != format) {
    return refusal_of(file.path(),
                      std::string("expected a file of format ") + format + ", got " +
                          (value("format").empty() ? "a safetensors file of another program"
                                                   : "format " + in_quotes(value("format"))));
  }
  if (value("version") != version) {
    return refusal_of(file.path(), std::string("expected moments of version ") + version +
                                       ", got version " + in_quotes(value("version")));
  }
  if (const auto checked = check_checksum(file, *read); !checked) return Failure{checked.why()};
  return std::move(header);
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

Result<void> read_tensors(const InputFile& file, const SafetensorsHeader& header,
                          PanelMoments& moments) {
  const std::vector<MomentsTensor> tensors = tensors_of(moments);
  if (tensors.size() != header.tensors.size()) {
    return refusal_of(file.path(), "expected " + std::to_string(tensors.size()) + " tensors, got " +
                                       std::to_string(header.tensors.size()));
  }
  std::vector<double> buffer;
  for (const MomentsTensor& tensor : tensors) {
    const SafetensorsTensor* place = header.find(tensor.name);
    if (place == nullptr || place->dtype != "F64" || place->shape != tensor.shape) {
      return refusal_of(file.path(), "expected a tensor " + tensor.name +
                                         " of type F64 and the shape that its name asks, got " +
                                         (place == nullptr ? "none" : "another"));
    }
    buffer.resize(tensor.row_numbers);
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(buffer));
    for (std::size_t row = 0; row < tensor.rows; ++row) {
      auto read = file.read(header.data_begin + place->begin + row * bytes.size(), bytes);
      if (!read) return read;
      tensor.set(row, buffer);
    }
  }
  return {};
}

/// Nothing if the text is not an object of strings.
std::optional<MomentsNotes> notes_from_json(const std::string& text) {
  const auto json = parse_json(text);
  if (!json.is_object()) return std::nullopt;
  MomentsNotes notes;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    notes[name] = value.get<std::string>();
  }
  return notes;
}

}  // namespace

Result<void> save_moments(const std::filesystem::path& path, const PanelMoments& moments,
                          const MomentsNotes& notes) {
  // The tensors refer to what they could also be read into.
  const std::vector<MomentsTensor> tensors = tensors_of(const_cast<PanelMoments&>(moments));
  std::string facts_text;
  std::string notes_text;
  try {
    facts_text = facts_to_json(moments);
    notes_text = nlohmann::json(notes).dump();
  } catch (const nlohmann::json::exception&) {
    return refusal_of(path, "expected names and notes in UTF-8, got other bytes");
  }
  const auto checked = check_texts(facts_text, notes_text);
  if (!checked) return refusal_of(path, checked.why());
  const SafetensorsMetadata metadata{{"format", format},
                                     {"version", version},
                                     {checksum_name, unknown_checksum},
                                     {"moments", facts_text},
                                     {"notes", notes_text}};
  auto header = write_safetensors_header(metadata, places_of(tensors));
  if (!header) return refusal_of(path, header.why());
  std::vector<double> buffer;
  std::uint32_t checksum =
      crc32c(std::as_bytes(std::span<const char>(*header).subspan(safetensors_length_bytes)));
  for (const MomentsTensor& tensor : tensors) {
    static_cast<void>(for_each_row(tensor, buffer, [&](std::span<const std::byte> bytes) {
      checksum = crc32c(bytes, checksum);
      return Result<void>();
    }));
  }
  const std::string digits = hexadecimal(checksum);
  header->replace(*find_checksum_digits(*header), digits.size(), digits);
  AtomicFile file(path);
  auto written = file.write(std::as_bytes(std::span<const char>(*header)));
  if (!written) return written;
  for (const MomentsTensor& tensor : tensors) {
    written = for_each_row(tensor, buffer,
                           [&](std::span<const std::byte> bytes) { return file.write(bytes); });
    if (!written) return written;
  }
  return file.commit(AtomicFile::Sync::disk);
}

Result<StoredMoments> load_moments(const std::filesystem::path& path) {
  const auto file = InputFile::open(path);
  if (!file) return Failure{file.why()};
  const auto header = read_header(*file);
  if (!header) return Failure{header.why()};
  const auto facts = header->metadata.find("moments");
  const auto notes_text = header->metadata.find("notes");
  const bool has_both = facts != header->metadata.end() && notes_text != header->metadata.end();
  if (has_both) {
    const auto checked = check_texts(facts->second, notes_text->second);
    if (!checked) return refusal_of(path, checked.why());
  }
  auto notes = has_both ? notes_from_json(notes_text->second) : std::nullopt;
  if (!notes) return refusal_of(path, "expected facts and notes in the header, got none");
  auto moments = facts_from_json(facts->second, features_in(*header));
  if (!moments) return refusal_of(path, moments.why());
  const auto read = read_tensors(*file, *header, *moments);
  if (!read) return Failure{read.why()};
  return StoredMoments{.moments = *std::move(moments), .notes = *std::move(notes)};
}

}  // namespace livecca
