#include "show/run_list.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "runs/sentence.hpp"
#include "show/layer_verdicts.hpp"
#include "show/run_notices.hpp"
#include "show/run_view.hpp"
#include "text/ink.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

struct ListedRun {
  std::string name;
  std::string place;  ///< in the list's second column
  std::string state;
  std::string sentence;
  std::vector<std::string> more;  ///< earlier alarms, and how often verdicts came true
  Ink ink = Ink::aside;           ///< of the state
  bool is_live = false;
  double last_row = 0;
};

/// The folder's own name, as a run's name may be the same in all folders.
std::string name_of(const GrowingRun& run) { return shown_name(run.folder().filename().string()); }

ListedRun listed(const GrowingRun& run, double now) {
  ListedRun result;
  result.name = name_of(run);
  run.look_at_latest([&](const RunIndex& index, std::uint64_t) {
    const RunRows& rows = index.rows();
    const RunState state = run.state(index);
    result.is_live = state == RunState::live;
    result.last_row = rows.wall_time;
    result.place =
        rows.epochs.empty() ? "no snapshot yet" : "epoch " + std::to_string(*rows.epochs.rbegin());
    result.state = run.has_died(index) ? "died, or without finish()" : name_of(state);
    if (rows.wall_time > 0) result.state += ", last row " + ago_text(now - rows.wall_time);
    result.ink = state == RunState::silent ? Ink::alarm : Ink::aside;
    result.sentence = sentence_of(rows).text();
    for (const std::string& more : {earlier_alarms(rows), record_line(rows.verdict_records)}) {
      if (!more.empty()) result.more.push_back(more);
    }
  });
  return result;
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

}  // namespace

std::string draw_run_list(const GrowingRuns& runs, const Canvas& canvas) {
  std::vector<ListedRun> list;
  for (const GrowingRuns::Run& run : runs.all()) list.push_back(listed(*run, canvas.now));
  std::ranges::sort(list, [](const ListedRun& one, const ListedRun& other) {
    return std::tuple(!one.is_live, -one.last_row, one.name) <
           std::tuple(!other.is_live, -other.last_row, other.name);
  });
  std::size_t names = 0;
  std::size_t places = 0;
  for (ListedRun& run : list) {
    run.name = cut_end(run.name, canvas.width / 3);
    names = std::max(names, width_of(run.name));
    places = std::max(places, width_of(run.place));
  }
  std::string text;
  for (const ListedRun& run : list) {
    const std::size_t room = canvas.width - names - places - 4;
    text += inked(padded(run.name, names), Ink::title, canvas.colours) + "  " +
            padded(run.place, places) + "  " +
            inked(cut_end(run.state, room), run.ink, canvas.colours) + "\n";
    text += "  " + wrapped(run.sentence, canvas.width - 2);
    for (const std::string& more : run.more) {
      text += inked("  " + wrapped(more, canvas.width - 2), Ink::aside, canvas.colours);
    }
  }
  return text;
}

}  // namespace livecca::tool
