#include "livecca/sinks/jsonl_reader.hpp"

#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace livecca {
namespace {

constexpr std::size_t bytes_read_at_once = std::size_t{1} << 20U;

Result<std::filesystem::path> rows_file(const std::filesystem::path& run) {
  std::error_code failure;
  const auto kind = std::filesystem::status(run, failure).type();
  if (kind == std::filesystem::file_type::not_found) {
    return Failure{run.string() + ": expected the folder of a run, got nothing of this name"};
  }
  if (kind != std::filesystem::file_type::directory) return run;
  const auto rows = std::filesystem::status(run / "rows.jsonl", failure).type();
  if (rows == std::filesystem::file_type::not_found) {
    return Failure{run.string() + ": expected the folder of a run, got one without rows.jsonl"};
  }
  return run / "rows.jsonl";
}

}  // namespace

JsonlReader::JsonlReader(std::filesystem::path path) : path_(std::move(path)) {}

Result<JsonlReader> JsonlReader::open(const std::filesystem::path& run) {
  const auto path = rows_file(run);
  if (!path) return Failure{path.why()};
  if (!std::ifstream(*path, std::ios::binary)) {
    return Failure{path->string() + ": expected to read a run's rows, got an error on opening"};
  }
  return JsonlReader(*path);
}

bool JsonlReader::still_holds_last_line(std::ifstream& file) const {
  std::string found(last_line_.size(), '\0');
  file.seekg(static_cast<std::streamoff>(offset_ - last_line_.size()));
  file.read(found.data(), static_cast<std::streamsize>(found.size()));
  return file.good() && found == last_line_;
}

Result<bool> JsonlReader::read(const OnLine& on_line, const OnStartOver& on_start_over,
                               std::uint64_t most_bytes) {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    std::error_code ignored;
    const auto kind = std::filesystem::status(path_, ignored).type();
    if (kind == std::filesystem::file_type::not_found) return false;
    return Failure{path_.string() + ": expected to read a run's rows, got an error on opening"};
  }
  const Failure failure{path_.string() +
                        ": expected to read a run's rows, got an error on reading"};
  const bool starts_over = !last_line_.empty() && !still_holds_last_line(file);
  if (file.bad()) return failure;
  file.clear();
  if (starts_over) {
    offset_ = 0;
    last_line_.clear();
    on_start_over();
  }
  const auto has_lines = read_lines(file, on_line, most_bytes);
  if (file.bad()) return failure;
  if (!has_lines) return Failure{has_lines.why()};
  return *has_lines || starts_over;
}

Result<bool> JsonlReader::read_lines(std::ifstream& file, const OnLine& on_line,
                                     std::uint64_t most_bytes) {
  file.seekg(static_cast<std::streamoff>(offset_));
  std::string bytes;
  std::string block(bytes_read_at_once, '\0');
  const std::uint64_t before = offset_;
  while (
      offset_ - before < most_bytes &&
      (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)) {
    std::size_t from = bytes.size();  // no line ends before
    bytes.append(block, 0, static_cast<std::size_t>(file.gcount()));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', from)) != std::string::npos;
         begin = from = end + 1) {
      on_line(std::string_view(bytes).substr(begin, end - begin));
      last_line_.assign(bytes, begin, end + 1 - begin);
    }
    bytes.erase(0, begin);
    offset_ += begin;
    if (bytes.size() > longest_line) {
      return Failure{path_.string() + ": expected lines of at most " +
                     std::to_string(longest_line) + " bytes, got a longer one at byte " +
                     std::to_string(offset_)};
    }
  }
  return offset_ != before;
}

}  // namespace livecca
