#include "livecca/sinks/reference.hpp"

#include <charconv>
#include <system_error>

namespace livecca {
namespace {

constexpr std::string_view before_prefix = "before-";

}  // namespace

const char* name_of(ReferenceKind kind) {
  switch (kind) {
    case ReferenceKind::network:
      return "network";
    case ReferenceKind::pack:
      return "pack";
    case ReferenceKind::start:
      return "start";
    case ReferenceKind::before:
      return "before";
    case ReferenceKind::final:
      return "final";
  }
  return nullptr;
}

std::string before_reference(std::size_t snapshots) {
  return std::string(before_prefix) + std::to_string(snapshots);
}

std::optional<std::size_t> snapshots_before(std::string_view reference) {
  if (!reference.starts_with(before_prefix)) return std::nullopt;
  const char* const begin = reference.data() + before_prefix.size();
  const char* const end = reference.data() + reference.size();
  std::size_t snapshots = 0;
  const auto [rest, error] = std::from_chars(begin, end, snapshots);
  if (error != std::errc() || rest != end || snapshots == 0) return std::nullopt;
  return snapshots;
}

ReferenceKind kind_of_reference(std::string_view reference) {
  if (reference == start_reference) return ReferenceKind::start;
  if (reference == final_reference) return ReferenceKind::final;
  if (reference.starts_with(before_prefix)) return ReferenceKind::before;
  return ReferenceKind::network;
}

}  // namespace livecca
