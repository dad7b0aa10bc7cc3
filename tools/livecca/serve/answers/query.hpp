#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "livecca/sinks/stream.hpp"

namespace livecca::tool {

/// A request that cannot be answered, with its HTTP status. The message is one line: what, where,
/// what was expected, what came.
class RequestError : public std::runtime_error {
 public:
  RequestError(int status, const std::string& line) : std::runtime_error(line), status_(status) {}

  int status() const { return status_; }

 private:
  int status_;
};

/// What follows the question mark of a request: "x=epoch&log=1". Names that nobody asks for are
/// ignored.
///
/// Its functions throw RequestError 400 for a value that is none of those expected.
class Query {
 public:
  /// Throws RequestError 400 if the text is not percent-encoded as it should be, or has a name
  /// twice.
  explicit Query(std::string_view text);

  /// Empty if it is not there.
  std::optional<std::string> text(const std::string& name) const;
  std::optional<double> number(const std::string& name) const;
  std::optional<std::uint64_t> count(const std::string& name) const;
  std::optional<std::int64_t> whole(const std::string& name) const;
  /// "0" or "1"; false if it is not there.
  bool flag(const std::string& name) const;
  std::optional<Stream> stream(const std::string& name) const;

 private:
  [[noreturn]] void refuse(const std::string& name, const std::string& expected) const;

  std::map<std::string, std::string> values_;
};

/// The text of a percent-encoded one, "+" being a space; empty if it is not one.
std::optional<std::string> percent_decoded(std::string_view text);

/// For a query or a cookie.
std::string percent_encoded(std::string_view text);

}  // namespace livecca::tool
