#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace livecca {

/// An enum whose values count from 0 and have a name_of, which is nullptr past the last one.
/// Write name_of as a switch without a default: then a new enumerator without a name does not
/// compile, and nothing else lists the names.
template <typename Enum>
concept NamedEnum = requires(Enum value) {
  { name_of(value) } -> std::same_as<const char*>;
};

/// The enumerator of that name, if there is one.
template <NamedEnum Enum>
std::optional<Enum> enum_named(std::string_view text) {
  for (int i = 0;; ++i) {
    const auto value = static_cast<Enum>(i);
    const char* name = name_of(value);
    if (name == nullptr) return std::nullopt;
    if (text == name) return value;
  }
}

/// For messages: the names of all enumerators that `is_wanted` takes, as "nc, ncl or nchw". The
/// last two stand on both sides of `before_last`.
template <NamedEnum Enum, std::predicate<Enum> Wanted>
std::string enum_names(Wanted is_wanted, std::string_view before_last = " or ") {
  std::string text;
  std::string last;
  for (int i = 0; name_of(static_cast<Enum>(i)) != nullptr; ++i) {
    if (!is_wanted(static_cast<Enum>(i))) continue;
    if (!last.empty()) text += (text.empty() ? "" : ", ") + last;
    last = name_of(static_cast<Enum>(i));
  }
  return text.empty() ? last : text.append(before_last) + last;
}

template <NamedEnum Enum>
std::string enum_names() {
  return enum_names<Enum>([](Enum) { return true; });
}

}  // namespace livecca
