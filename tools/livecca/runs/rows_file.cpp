#include "runs/rows_file.hpp"

#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t bytes_read_at_once = std::size_t{1} << 20;

std::filesystem::path file_of(const std::filesystem::path& run) {
  std::error_code failure;
  const auto kind = std::filesystem::status(run, failure).type();
  if (kind == std::filesystem::file_type::not_found) {
    throw InputError(run.string() + ": expected the folder of a run, got nothing of this name");
  }
  if (kind != std::filesystem::file_type::directory) return run;
  if (!std::filesystem::exists(run / "rows.jsonl", failure)) {
    throw InputError(run.string() + ": expected the folder of a run, got one without rows.jsonl");
  }
  return run / "rows.jsonl";
}

}  // namespace

RowsFile::RowsFile(const std::filesystem::path& run) : path_(file_of(run)) {
  if (!std::ifstream(path_, std::ios::binary)) {
    throw InputError(path_.string() + ": expected to read a run's rows, got an error on opening");
  }
}

bool RowsFile::still_holds_last_line(std::ifstream& file) const {
  std::string found(last_line_.size(), '\0');
  file.seekg(static_cast<std::streamoff>(offset_ - last_line_.size()));
  file.read(found.data(), static_cast<std::streamsize>(found.size()));
  const bool holds = file.good() && found == last_line_;
  file.clear();
  return holds;
}

bool RowsFile::read(const OnLine& on_line, const OnStartOver& on_start_over) {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return false;
  const bool starts_over = !last_line_.empty() && !still_holds_last_line(file);
  if (starts_over) {
    offset_ = 0;
    last_line_.clear();
    on_start_over();
  }
  return read_lines(file, on_line) || starts_over;
}

bool RowsFile::read_lines(std::ifstream& file, const OnLine& on_line) {
  file.seekg(static_cast<std::streamoff>(offset_));
  std::string bytes;
  std::string block(bytes_read_at_once, '\0');
  const std::uint64_t before = offset_;
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    bytes.append(block, 0, static_cast<std::size_t>(file.gcount()));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = bytes.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      on_line(std::string_view(bytes).substr(begin, end - begin));
      last_line_.assign(bytes, begin, end + 1 - begin);
    }
    bytes.erase(0, begin);
    offset_ += begin;
  }
  return offset_ != before;
}

}  // namespace livecca::tool
