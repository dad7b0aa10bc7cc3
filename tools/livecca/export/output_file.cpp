#include "export/output_file.hpp"

#include <span>

#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

}  // namespace

void OutputFile::write(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() >= bytes_at_once) flush();
}

void OutputFile::flush() {
  const auto written = file_.write(std::as_bytes(std::span(waiting_)));
  if (!written) throw InputError(written.why());
  waiting_.clear();
}

void OutputFile::commit() {
  flush();
  const auto committed = file_.commit(AtomicFile::Sync::none);
  if (!committed) throw InputError(committed.why());
}

}  // namespace livecca::tool
