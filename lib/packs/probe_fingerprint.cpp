#include "livecca/packs/probe_fingerprint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "activations/split_mix.hpp"
#include "common/hexadecimal.hpp"
#include "livecca/common/error.hpp"

namespace livecca {
namespace {

// Odd, so that no place of the order is lost.
constexpr std::uint64_t order_factor = 0xD1342543DE82EF95U;

constexpr std::size_t most_axes = 64;
constexpr std::size_t longest_type = 32;
constexpr const char* several_shapes = "several-shapes";  // in place of one shape

/// Eight bytes at a time. A step is a bijection of the state for given bytes, and of the bytes for
/// a given state: two inputs that differ in one place never hash alike.
std::uint64_t hash_of(const std::byte* bytes, std::size_t count) {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  const auto take = [&state](std::uint64_t word) {
    state = (state ^ word) * 0xD1342543DE82EF95U;
    state ^= state >> 32U;
  };
  const std::size_t rest = count % sizeof(std::uint64_t);
  for (const std::byte* end = bytes + (count - rest); bytes != end;
       bytes += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    take(word);
  }
  std::uint64_t last = 0;
  if (rest > 0) std::memcpy(&last, bytes, rest);
  take(last);
  return mixed(state ^ count);
}

/// One input of a batch, as bytes in C order.
class InputBytes {
 public:
  InputBytes(std::size_t element_bytes, std::span<const std::int64_t> shape,
             std::span<const std::int64_t> strides)
      : element_bytes_(element_bytes), shape_(shape), strides_(strides) {
    std::int64_t in_order = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      // The stride of an axis of one entry is nobody's.
      together_ = together_ && (shape[axis] == 1 || strides[axis] == in_order);
      in_order *= shape[axis];
    }
    bytes_ = static_cast<std::size_t>(in_order) * element_bytes;
  }

  std::span<const std::byte> of(const std::byte* input) {
    if (together_ || bytes_ == 0) return {input, bytes_};
    gathered_.resize(bytes_);
    std::byte* into = gathered_.data();
    gather(input, 0, into);
    return gathered_;
  }

 private:
  void gather(const std::byte* from, std::size_t axis, std::byte*& into) {
    if (axis == shape_.size()) {
      std::memcpy(into, from, element_bytes_);
      into += element_bytes_;
      return;
    }
    const std::int64_t step = strides_[axis] * static_cast<std::int64_t>(element_bytes_);
    for (std::int64_t i = 0; i < shape_[axis]; ++i) gather(from + i * step, axis + 1, into);
  }

  std::size_t element_bytes_;
  std::span<const std::int64_t> shape_;
  std::span<const std::int64_t> strides_;
  bool together_ = true;
  std::size_t bytes_ = 0;
  std::vector<std::byte> gathered_;
};

/// "3x32x32"; "scalar" of no axes.
template <typename Extents>
std::string text_of(const Extents& shape) {
  if (std::empty(shape)) return "scalar";
  std::string text;
  for (const auto extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

bool is_type_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= longest_type && std::ranges::all_of(name, is_plain);
}

/// Whether the elements of a batch can be counted in bytes and walked by strides.
bool is_countable(std::span<const std::int64_t> shape, std::size_t element_bytes) {
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes)) return false;
  }
  return element_bytes > 0;
}

void expect_array(const void* data, std::span<const std::int64_t> shape,
                  std::span<const std::int64_t> strides) {
  if (shape.size() != strides.size()) {
    throw Error("probe fingerprint: expected one stride per axis, got " +
                std::to_string(shape.size()) + " axes and " + std::to_string(strides.size()) +
                " strides");
  }
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; })) {
    throw Error("probe fingerprint: expected extents of 0 or more, got a negative one");
  }
  if (data == nullptr && std::ranges::find(shape, 0) == shape.end()) {
    throw Error("probe fingerprint: expected data, got a null pointer");
  }
}

/// What is left of a text that is taken apart from its beginning.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool take(std::uint64_t& value, int base = 10) {
    const auto [stop, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
    return true;
  }
  std::string_view until(char end) { return rest_.substr(0, rest_.find(end)); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace

Result<void> ProbeFingerprint::add(const ActivationView& inputs) {
  return add(inputs.data(), name_of(inputs.dtype()), size_of(inputs.dtype()), inputs.shape(),
             inputs.strides());
}

Result<void> ProbeFingerprint::check_fits(std::string_view element_type,
                                          std::span<const std::int64_t> shape) const {
  if (shape.empty() || shape.size() > most_axes) {
    return Failure{"expected inputs along the first of 1 to 64 axes, got " +
                   std::to_string(shape.size()) + " axes"};
  }
  if (element_type_.empty()) return {};
  return check_type(element_type);
}

Result<void> ProbeFingerprint::check_type(std::string_view element_type) const {
  if (element_type == element_type_) return {};
  return Failure{"expected inputs of element type " + element_type_ +
                 " as in the batches before, got " + std::string(element_type)};
}

void ProbeFingerprint::take_shape(std::span<const std::uint64_t> shape, bool varies) {
  const bool is_first = inputs_ == 0;
  varies_ = varies || (!is_first && (varies_ || !std::ranges::equal(shape, shape_)));
  shape_.clear();
  if (!varies_) shape_.assign(shape.begin(), shape.end());
}

Result<void> ProbeFingerprint::add(const void* data, std::string_view element_type,
                                   std::size_t element_bytes, std::span<const std::int64_t> shape,
                                   std::span<const std::int64_t> strides) {
  expect_array(data, shape, strides);
  if (!is_type_name(element_type)) {
    return Failure{
        "expected the name of an element type of 1 to 32 letters and digits, got another"};
  }
  if (auto fits = check_fits(element_type, shape); !fits) return fits;
  if (!is_countable(shape, element_bytes)) {
    return Failure{"expected inputs whose bytes can be counted, got shape " + text_of(shape) +
                   " of " + std::to_string(element_bytes) + " bytes"};
  }
  if (shape[0] == 0) return {};
  element_type_ = element_type;
  take_shape(std::vector<std::uint64_t>(shape.begin() + 1, shape.end()), false);
  if (std::ranges::find(shape, 0) != shape.end()) {
    // Inputs without elements are counted; where they would lie is nobody's.
    for (std::int64_t i = 0; i < shape[0]; ++i) add_hash(hash_of(nullptr, 0));
    return {};
  }
  InputBytes bytes(element_bytes, shape.subspan(1), strides.subspan(1));
  const auto* input = static_cast<const std::byte*>(data);
  const std::int64_t step = strides[0] * static_cast<std::int64_t>(element_bytes);
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    const auto of_input = bytes.of(input + i * step);
    add_hash(hash_of(of_input.data(), of_input.size()));
  }
  return {};
}

Result<void> ProbeFingerprint::append(const ProbeFingerprint& later) {
  if (later.element_type_.empty()) return {};
  if (element_type_.empty()) {
    *this = later;
    return {};
  }
  if (auto fits = check_type(later.element_type_); !fits) return fits;
  take_shape(later.shape_, later.varies_);
  // A polynomial in the factor: what came before moves up by as many places as come now.
  std::uint64_t shift = 1;
  std::uint64_t power = order_factor;
  for (std::uint64_t places = later.inputs_; places > 0; places >>= 1U, power *= power) {
    if ((places & 1U) != 0) shift *= power;
  }
  ordered_ = ordered_ * shift + later.ordered_;
  unordered_ += later.unordered_;
  inputs_ += later.inputs_;
  return {};
}

void ProbeFingerprint::add_hash(std::uint64_t hash) {
  ++inputs_;
  ordered_ = ordered_ * order_factor + mixed(hash);
  // Mixed with something else than the chain above, so that one number says nothing of the other.
  unordered_ += mixed(hash ^ 0xA0761D6478BD642FU);
}

std::string ProbeFingerprint::shape_text() const {
  return varies_ ? several_shapes : text_of(shape_);
}

std::string ProbeFingerprint::text() const {
  if (element_type_.empty()) return "0 inputs";
  return std::to_string(inputs_) + " inputs of " + shape_text() + " " + element_type_ + ", " +
         hexadecimal(ordered_) + "/" + hexadecimal(unordered_);
}

std::optional<ProbeFingerprint> ProbeFingerprint::parse(std::string_view text) {
  ProbeFingerprint result;
  if (text == result.text()) return result;
  Scanner scanner(text);
  if (!scanner.take(result.inputs_) || !scanner.take(" inputs of ")) return std::nullopt;
  result.varies_ = scanner.take(several_shapes);
  if (!result.varies_ && !scanner.take("scalar")) {
    do {
      std::uint64_t extent = 0;
      if (!scanner.take(extent) || result.shape_.size() == most_axes) return std::nullopt;
      result.shape_.push_back(extent);
    } while (scanner.take("x"));
  }
  if (!scanner.take(" ")) return std::nullopt;
  result.element_type_ = scanner.until(',');
  if (!is_type_name(result.element_type_) || !scanner.take(result.element_type_) ||
      !scanner.take(", ") || !scanner.take(result.ordered_, 16) || !scanner.take("/") ||
      !scanner.take(result.unordered_, 16) || !scanner.rest().empty()) {
    return std::nullopt;
  }
  // Leading zeros and capitals are not what text() writes.
  if (result.text() != text) return std::nullopt;
  return result;
}

std::string ProbeFingerprint::difference_from(const ProbeFingerprint& expected) const {
  if (*this == expected) return "";
  const bool empty = element_type_.empty() || expected.element_type_.empty();
  if (!empty && (varies_ != expected.varies_ || shape_ != expected.shape_)) {
    return "expected inputs of shape " + expected.shape_text() + ", got " + shape_text();
  }
  if (!empty && element_type_ != expected.element_type_) {
    return "expected inputs of element type " + expected.element_type_ + ", got " + element_type_;
  }
  if (inputs_ != expected.inputs_) {
    return "expected " + std::to_string(expected.inputs_) + " inputs, got " +
           std::to_string(inputs_);
  }
  if (unordered_ == expected.unordered_) {
    return "expected the inputs in their order, got the same inputs in another order";
  }
  return "expected the same inputs, got other inputs of the same number and shape";
}

}  // namespace livecca
