#pragma once

#include <string>
#include <utility>
#include <variant>

#include "livecca/common/error.hpp"

namespace livecca {

/// Why something could not be done: one line that says what, where, what was expected and what
/// came.
struct Failure {
  std::string message;
};

/// A value, or why there is none. For what comes from outside: files, tensors, options. The
/// compiler warns where a result is not looked at. Its constructors are implicit: a function that
/// returns a Result can say `return value;` or `return Failure{"…"};`.
///
///     const auto pack = livecca::RecordedPack::open(path);
///     if (!pack) std::cerr << pack.why() << '\n';
template <typename Value>
class [[nodiscard]] Result {
 public:
  Result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  /// Throws Error with the reason if there is no value.
  Value& operator*() & { return *expect(); }
  const Value& operator*() const& { return *const_cast<Result*>(this)->expect(); }
  Value operator*() && { return std::move(*expect()); }
  Value* operator->() { return expect(); }
  const Value* operator->() const { return const_cast<Result*>(this)->expect(); }
  /// Empty if there is a value.
  std::string why() const { return *this ? std::string() : std::get<1>(state_).message; }

 private:
  Value* expect() {
    if (!*this) throw Error(why());
    return &std::get<0>(state_);
  }

  std::variant<Value, Failure> state_;
};

/// Whether something was done, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)), is_done_(false) {}

  explicit operator bool() const { return is_done_; }
  /// Empty if it was done.
  const std::string& why() const { return failure_.message; }

 private:
  Failure failure_;
  bool is_done_ = true;
};

}  // namespace livecca
