#include "monitor/final_curves.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "livecca/moments/panel.hpp"
#include "monitor/recorded_rows.hpp"
#include "monitor/rows_of_solution.hpp"

namespace livecca {
namespace {

// Rows read at a time: large enough for the products, small enough to stay in cache for usual
// widths.
constexpr std::uint64_t rows_per_step = 4096;

/// One layer's last state, against which its earlier ones go through one panel: the moments of the
/// last state are computed once.
class LastState {
 public:
  LastState(const std::string& layer, const MonitorOptions& options,
            const std::shared_ptr<RecordedRows>& last, Executor& executor)
      : last_(last),
        panel_(executor, {.positions = Positions::all(),
                          .nonfinite_limit = 1.0,
                          .window = Window::since_snapshot(),
                          .precision = options.precision,
                          .error_blocks = options.error_blocks,
                          .norm_sums = needs_norm_sums(options)}) {
    x_ = panel_.add_recorded_tap({options.network, layer}, last);
    y_ = panel_.add_recorded_tap({"final", layer}, last);
    panel_.add_pair(x_, y_);
  }

  PanelMoments moments_with(const std::shared_ptr<RecordedRows>& then) {
    panel_.set_recording(x_, then);
    const std::uint64_t an_image = last_->rows_per_image();
    const std::uint64_t most = std::max<std::uint64_t>(1, rows_per_step / an_image) * an_image;
    // At least twice as many steps as parts for the standard errors.
    const std::uint64_t parts = std::max<std::uint64_t>(1, 2 * panel_.block_count());
    const std::uint64_t images = last_->rows() / an_image;
    const std::uint64_t stride =
        std::clamp<std::uint64_t>(images / parts * an_image, an_image, most);
    for (std::uint64_t first = 0; first < last_->rows(); first += stride) {
      const std::uint64_t count = std::min(stride, last_->rows() - first);
      Panel::Step step = panel_.begin();
      step.observe_recorded(x_, first, count);
      step.observe_recorded(y_, first, count);
      step.commit();
    }
    return panel_.take();
  }

 private:
  std::shared_ptr<RecordedRows> last_;
  Panel panel_;
  std::size_t x_ = 0;
  std::size_t y_ = 0;
};

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
    std::shared_ptr<RecordedRows> last;
    std::size_t newest = kept.size();
    while (!last && newest > 0) {
      last = RecordedRows::open(History::file_of(kept[--newest], layer), why);
      if (!last) fault("missing", "final/" + layer, kept[newest].epoch, why);
    }
    std::optional<LastState> against;
    Solver solver(executor);  // the last state is whitened once
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
      if (!against) against.emplace(layer, options, last, executor);
      const PanelMoments moments = against->moments_with(then);
      for (const Fault& lost : moments.faults) {
        fault(name_of(lost.kind), "final/" + layer, kept[i].epoch, lost.message);
      }
      const SolvedWindow window = solve_window(moments, options, solver, executor);
      write_pair(moments, window, 0, {kept[i].epoch, step, "probe", "probe"}, options.measures,
                 report, writer);
    }
  }
}

}  // namespace livecca
