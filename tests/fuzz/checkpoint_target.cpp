#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checks.hpp"
#include "common/crc32c.hpp"
#include "common/hexadecimal.hpp"
#include "common/json_depth.hpp"
#include "livecca/common/error.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"
#include "valid_files/saved_run.hpp"

using livecca_fuzz::expect;
using livecca_tests::SavedRun;

namespace {

// A checkpoint begins with the checksum of all that follows.
constexpr std::string_view checksum_begin = "{\"checksum\":\"crc32c:";
constexpr std::string_view checksum_end = "\",";
constexpr std::size_t checksum_digits = 8;

std::optional<std::string> with_right_checksum(const std::string& text) {
  if (!text.starts_with('{')) return std::nullopt;
  constexpr std::size_t length = checksum_begin.size() + checksum_digits + checksum_end.size();
  const bool has_one = text.starts_with(checksum_begin) && text.size() > length;
  const std::string rest = text.substr(has_one ? length : 1);
  return std::string(checksum_begin) +
         livecca::hexadecimal(livecca::crc32c(std::as_bytes(std::span(rest)))) +
         std::string(checksum_end) + rest;
}

/// Inputs that are kept are JSON patches of the run's checkpoint, {"@patch": […]}: they stay good
/// when checkpoints get other fields. Other inputs are checkpoints.
std::string checkpoint_of(const SavedRun& run, const std::string& input) {
  using Json = nlohmann::ordered_json;
  const Json json = livecca::parse_json<Json>(input);
  if (!json.is_object() || !json.contains("@patch")) return run.with_place(input);
  try {
    const Json saved = Json::parse(run.open_checkpoint());
    return run.with_place(saved.patch(json["@patch"]).dump());
  } catch (const Json::exception&) {
    return input;
  }
}

/// The run goes on from the checkpoint to its end, or the checkpoint is refused.
void try_checkpoint(const SavedRun& run, const std::string& text) {
  static const livecca_tests::TemporaryFolder folder;
  run.put_into(folder.path());
  livecca_tests::write_text(SavedRun::checkpoint_in(folder.path()) / "monitor.json", text);
  bool is_resumed = false;
  try {
    SavedRun::go_on_in(folder.path(), [&] { is_resumed = true; });
  } catch (const livecca::Error& error) {
    const std::string why = error.what();
    expect(!is_resumed, "a run that was resumed to go on, got '" + why + "'");
    expect(livecca_fuzz::is_one_line(why) && !why.empty(),
           "a reason in one line, got '" + why + "'");
  }
  ++(is_resumed ? livecca_fuzz::verdicts().taken : livecca_fuzz::verdicts().refused);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SavedRun run = SavedRun::train();
  const std::string text = checkpoint_of(run, {data, data + size});
  try_checkpoint(run, text);
  const auto corrected = with_right_checksum(text);
  if (corrected && *corrected != text) try_checkpoint(run, *corrected);
  return 0;
}
