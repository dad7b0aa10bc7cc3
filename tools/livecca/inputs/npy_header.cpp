#include "inputs/npy_header.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "inputs/activation_tensor.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

// numpy itself writes a few hundred bytes; more than this is not a header of numbers.
constexpr std::size_t longest_header = 1U << 20U;
// numpy's own limit was 32 for decades and is 64 now.
constexpr std::size_t most_axes = 64;

[[noreturn]] void broken(const std::string& what) {
  throw InputError("expected a .npy header with descr, fortran_order and shape, got " + what);
}

/// Reads the header's text: a Python dictionary of a string, a boolean and a tuple of integers.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : text_(text) {}

  bool at(char wanted) {
    skip_blanks();
    return place_ < text_.size() && text_[place_] == wanted;
  }

  bool accept(char wanted) {
    if (!at(wanted)) return false;
    ++place_;
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) broken("no '" + std::string(1, wanted) + "' where one belongs");
  }

  std::string quoted() {
    skip_blanks();
    const char quote = at('"') ? '"' : '\'';
    expect(quote);
    const std::size_t end = text_.find(quote, place_);
    if (end == std::string_view::npos) broken("a string without an end");
    const std::string_view content = text_.substr(place_, end - place_);
    place_ = end + 1;
    return std::string(content);
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(place_).starts_with(word)) {
        place_ += word.size();
        return value;
      }
    }
    broken("a fortran_order that is neither True nor False");
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> values;
    if (!accept('(')) broken("a shape that is not a tuple");
    while (!accept(')')) {
      if (values.size() == most_axes) broken("a shape of more than 64 axes");
      values.push_back(integer());
      if (accept(',')) continue;
      // (5) is a number in Python, not a tuple.
      if (values.size() == 1 || !at(')')) broken("a shape that is not a tuple");
    }
    return values;
  }

  void expect_end() {
    skip_blanks();
    if (place_ != text_.size()) broken("text after the dictionary");
  }

 private:
  static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

  std::int64_t integer() {
    if (at('-')) broken("a shape with a negative extent");
    if (place_ == text_.size() || !is_digit(text_[place_])) broken("a shape that is not integers");
    std::int64_t value = 0;
    for (; place_ < text_.size() && is_digit(text_[place_]); ++place_) {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text_[place_] - '0', &value)) {
        broken("an extent beyond 63 bits");
      }
    }
    accept('L');  // Python 2 wrote long integers so
    return value;
  }

  void skip_blanks() {
    while (place_ < text_.size() &&
           (text_[place_] == ' ' || text_[place_] == '\n' || text_[place_] == '\t')) {
      ++place_;
    }
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

/// Where the dictionary lies in the file.
struct HeaderExtent {
  std::size_t begin;
  std::size_t length;
};

std::uint8_t byte_at(std::span<const std::byte> file, std::size_t place) {
  return std::to_integer<std::uint8_t>(file[place]);
}

HeaderExtent find_header(std::span<const std::byte> file) {
  if (file.empty()) throw InputError("expected a .npy file, got an empty file");
  constexpr std::string_view magic = "\x93NUMPY";
  if (file.size() < magic.size() || std::memcmp(file.data(), magic.data(), magic.size()) != 0) {
    throw InputError("expected a .npy file, got one that does not begin like one");
  }
  if (file.size() < 10) throw InputError("expected a .npy header, got a file that ends inside it");
  const std::uint8_t version = byte_at(file, 6);
  if (version < 1 || version > 3) {
    throw InputError("expected .npy version 1, 2 or 3, got version " + std::to_string(version));
  }
  const std::size_t begin = version == 1 ? 10 : 12;
  std::size_t length = 0;
  for (std::size_t place = begin; place-- > 8;) {
    length = length * 256 + (place < file.size() ? byte_at(file, place) : 0U);
  }
  if (length > longest_header) broken("one of " + std::to_string(length) + " bytes");
  if (file.size() < begin + length) {
    throw InputError("expected a .npy header of " + std::to_string(length) +
                     " bytes, got a file that ends inside it");
  }
  return {begin, length};
}

const char* name_of_unfit_kind(char kind) {
  switch (kind) {
    case 'c':
      return "complex";
    case 'O':
      return "objects";
    case 'S':
    case 'a':
    case 'U':
      return "strings";
    case 'M':
    case 'm':
      return "dates or durations";
    case 'V':
      return "raw bytes";
    case 'f':
      return "a float of unusual width";
    default:
      return "not numbers";
  }
}

[[noreturn]] void unfit_element(const std::string& what) {
  throw InputError("expected a float16, float32, float64 or integer array, got " + what);
}

std::optional<ElementKind> kind_of(char letter, std::size_t bytes) {
  const bool power = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  if (letter == 'f' && power && bytes > 1) return ElementKind::floating;
  if (letter == 'i' && power) return ElementKind::signed_integer;
  if (letter == 'u' && power) return ElementKind::unsigned_integer;
  if (letter == 'b' && bytes == 1) return ElementKind::boolean;
  return std::nullopt;
}

NpyElement parse_element(const std::string& descr) {
  std::string_view rest = descr;
  const bool marked = !rest.empty() && std::string_view("<>=|").find(rest[0]) != rest.npos;
  const char order = marked ? rest[0] : '=';
  if (marked) rest.remove_prefix(1);
  const char letter = rest.empty() ? '?' : rest[0];
  const std::size_t bytes =
      rest.size() == 2 && rest[1] >= '0' && rest[1] <= '9' ? std::size_t(rest[1] - '0') : 0;
  const auto kind = kind_of(letter, bytes);
  if (!kind) {
    unfit_element("dtype '" + descr.substr(0, 40) + "' (" + name_of_unfit_kind(letter) + ")");
  }
  constexpr bool little = std::endian::native == std::endian::little;
  const bool swapped = bytes > 1 && ((order == '<' && !little) || (order == '>' && little));
  return {*kind, bytes, swapped, descr};
}

void parse_dictionary(HeaderText text, NpyHeader& header) {
  bool has_element = false;
  bool has_order = false;
  bool has_shape = false;
  const auto first_time = [](bool& seen, const std::string& key) {
    if (seen) broken("'" + key + "' twice");
    seen = true;
  };
  text.expect('{');
  while (!text.accept('}')) {
    const std::string key = text.quoted();
    text.expect(':');
    if (key == "descr") {
      first_time(has_element, key);
      if (text.at('[') || text.at('(')) unfit_element("a structured dtype");
      header.element = parse_element(text.quoted());
    } else if (key == "fortran_order") {
      first_time(has_order, key);
      header.fortran_order = text.boolean();
    } else if (key == "shape") {
      first_time(has_shape, key);
      header.shape = text.tuple();
    } else {
      broken("the key '" + key.substr(0, 40) + "'");
    }
    if (!text.accept(',') && !text.at('}')) broken("no ',' where one belongs");
  }
  text.expect_end();
  if (!has_element || !has_order || !has_shape) broken("one without all three");
}

void expect_size(const NpyHeader& header, std::size_t file_size) {
  const std::string subject =
      "shape " + shape_text(header.shape) + " of '" + header.element.text + "'";
  for (const std::int64_t extent : header.shape) {
    if (extent > 0) continue;
    throw InputError("expected at least one row and one feature, got shape " +
                     shape_text(header.shape));
  }
  std::uint64_t bytes = header.element.bytes;
  for (const std::int64_t extent : header.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes)) {
      throw InputError("expected an array that a file can hold, got " + subject);
    }
  }
  const std::uint64_t held = file_size - header.data_offset;
  if (bytes != held) {
    throw InputError("expected " + std::to_string(bytes) + " bytes of data for " + subject +
                     ", got " + std::to_string(held));
  }
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> file) {
  const HeaderExtent extent = find_header(file);
  const char* begin = reinterpret_cast<const char*>(file.data()) + extent.begin;
  NpyHeader header;
  parse_dictionary(HeaderText({begin, extent.length}), header);
  header.data_offset = extent.begin + extent.length;
  expect_size(header, file.size());
  return header;
}

}  // namespace livecca::tool
