#include "monitor/final_curves.hpp"

#include <algorithm>
#include <memory>

#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"
#include "monitor/recorded_rows.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

// Rows read at a time: large enough for the products, small enough to stay in cache for usual
// widths.
constexpr std::uint64_t rows_per_step = 4096;

PanelMoments moments_of(const std::string& layer, const std::string& network, RecordedRows& then,
                        RecordedRows& last, Executor& executor, std::string& why) {
  Panel panel(executor, {.positions = Positions::all(), .nonfinite_limit = 1.0});
  const std::size_t x = panel.add_tap({network, layer}, Layout::nc);
  const std::size_t y = panel.add_tap({"final", layer}, Layout::nc);
  panel.add_pair(x, y);
  const std::uint64_t an_image = last.rows_per_image();
  const std::uint64_t stride = std::max<std::uint64_t>(1, rows_per_step / an_image) * an_image;
  for (std::uint64_t first = 0; first < last.rows(); first += stride) {
    const std::uint64_t count = std::min(stride, last.rows() - first);
    Panel::Step step = panel.begin();
    const auto then_view = then.read(first, count, why);
    const auto last_view = last.read(first, count, why);
    if (then_view) step.observe_recorded(x, *then_view, then.rows_per_image(), then.grid());
    if (last_view) step.observe_recorded(y, *last_view, last.rows_per_image(), last.grid());
    step.commit();
  }
  return panel.take();
}

bool same_rows(const RecordedRows& a, const RecordedRows& b) {
  return a.rows() == b.rows() && a.rows_per_image() == b.rows_per_image() && a.grid() == b.grid();
}

}  // namespace

void write_final_curves(const std::vector<History::Kept>& kept,
                        const std::vector<std::string>& layers, const MonitorOptions& options,
                        std::uint64_t step, Executor& executor, SnapshotReport& report,
                        RunWriter& writer) {
  if (kept.size() < 2) return;
  const auto fault = [&](const std::string& what, const std::string& layer, std::int64_t epoch,
                         const std::string& message) {
    const Event event{.epoch = epoch, .what = what, .subject = layer, .message = message};
    writer.report(event);
    report.events.push_back(event);
  };
  for (const std::string& layer : layers) {
    std::string why;
    // The newest recording there is: a last snapshot that missed a layer should not cost its curve.
    std::unique_ptr<RecordedRows> last;
    std::size_t newest = kept.size();
    while (!last && newest > 0) {
      last = RecordedRows::open(History::file_of(kept[--newest], layer), why);
      if (!last) fault("missing", "final/" + layer, kept[newest].epoch, why);
    }
    for (std::size_t i = 0; i < newest; ++i) {
      why.clear();
      const auto then = RecordedRows::open(History::file_of(kept[i], layer), why);
      if (!then) {
        fault("missing", "final/" + layer, kept[i].epoch, why);
        continue;
      }
      if (!same_rows(*then, *last)) {
        fault("rows_differ", "final/" + layer, kept[i].epoch,
              "expected " + std::to_string(last->rows()) + " rows as in the last snapshot, got " +
                  std::to_string(then->rows()));
        continue;
      }
      const PanelMoments moments = moments_of(layer, options.network, *then, *last, executor, why);
      for (const Fault& lost : moments.faults) {
        fault("missing", "final/" + layer, kept[i].epoch, why.empty() ? lost.message : why);
      }
      const PanelSolution solution = solve(moments, solve_options(options), executor);
      write_pair(moments, solution, 0, {kept[i].epoch, step, "probe", "probe"}, options.measures,
                 report, writer);
    }
  }
}

}  // namespace livecca
