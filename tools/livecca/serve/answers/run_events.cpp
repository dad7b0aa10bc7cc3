#include "serve/answers/run_events.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "serve/answers/run_answer.hpp"

namespace livecca::tool {
namespace {

/// A browser sends the cursor as a header, and heads of requests have a limit.
constexpr std::size_t longest_cursor = 4096;
constexpr std::size_t id_size = 12;

using Lines = std::uint64_t (GrowingRun::*)() const;

std::string cursor_of(const std::vector<GrowingRuns::Run>& runs, Lines lines_of) {
  std::string cursor;
  for (const GrowingRuns::Run& run : runs) {
    cursor += (cursor.empty() ? "" : ",") + run->id() + ":" + std::to_string((*run.*lines_of)());
    if (cursor.size() > longest_cursor) return "";
  }
  return cursor;
}

/// The lines of each run; of what is no cursor, nothing.
std::map<std::string, std::uint64_t, std::less<>> lines_in(std::string_view cursor) {
  std::map<std::string, std::uint64_t, std::less<>> lines;
  while (!cursor.empty()) {
    const std::string_view part = cursor.substr(0, cursor.find(','));
    cursor.remove_prefix(std::min(cursor.size(), part.size() + 1));
    if (part.size() <= id_size || part[id_size] != ':') continue;
    std::uint64_t count = 0;
    const char* const end = part.data() + part.size();
    if (std::from_chars(part.data() + id_size + 1, end, count).ptr != end) continue;
    lines.emplace(part.substr(0, id_size), count);
  }
  return lines;
}

/// JSON has no line feeds, so one line of data is enough.
std::string event_text(const std::string& name, const std::string& json,
                       const std::optional<std::string>& cursor = {}) {
  return "event: " + name + (cursor ? "\nid: " + *cursor : "") + "\ndata: " + json + "\n\n";
}

struct Summary {
  std::string text;
  std::uint64_t lines = 0;
  bool is_finished = false;
};

Summary summary_text(const GrowingRun& run) {
  Summary summary;
  run.look_at_latest([&](const RunIndex& index, std::uint64_t lines) {
    summary = {text_of(summary_of(run, index, lines)), lines, index.rows().finished};
  });
  return summary;
}

}  // namespace

std::string run_event(const GrowingRuns& runs, GrowingRun& run) {
  const Summary summary = summary_text(run);
  run.set_told_lines(summary.lines);
  // Of other runs the cursor has the lines that were told: those that came since are news yet.
  return event_text("run", summary.text, cursor_of(runs.all(), &GrowingRun::told_lines));
}

std::string id_event(const std::string& name, const std::string& id) {
  return "event: " + name + "\ndata: {\"id\":\"" + id + "\"}\n\n";
}

std::string first_events(const GrowingRuns& runs, std::string_view cursor) {
  auto known = lines_in(cursor);
  const std::vector<GrowingRuns::Run> all = runs.all();
  const std::string now = cursor_of(all, &GrowingRun::lines);  // before the summaries
  std::string text = "retry: 1000\n\n";
  std::vector<std::string> summaries;
  for (const GrowingRuns::Run& run : all) {
    const auto before = known.find(run->id());
    const bool is_new = before == known.end() || before->second != run->lines();
    if (before != known.end() && before->second > run->lines()) {
      text += id_event("anew", run->id());
    }
    if (before != known.end()) known.erase(before);
    // One that goes on may have become silent.
    Summary summary = summary_text(*run);
    if (is_new || !summary.is_finished) summaries.push_back(std::move(summary.text));
  }
  for (const auto& [id, lines] : known) {
    if (std::ranges::all_of(
            id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); })) {
      text += id_event("gone", id);
    }
  }
  // Who has only some of them has no cursor, and asks for all again.
  for (const std::string& summary : summaries) {
    const bool is_last = &summary == &summaries.back();
    text += event_text("run", summary, is_last ? std::optional(now) : std::nullopt);
  }
  return text;
}

}  // namespace livecca::tool
