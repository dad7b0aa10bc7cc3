#include "monitor/snapshot_solver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/number_text.hpp"
#include "livecca/measures/standard_error.hpp"
#include "monitor/comparison/asked_measures.hpp"
#include "monitor/comparison/report_event.hpp"
#include "monitor/intake/kept_reason.hpp"
#include "monitor/pacing/time_spent.hpp"
#include "sinks/conditions.hpp"

namespace livecca {
namespace {

std::string window_text(Stream stream, const MonitorOptions& options) {
  if (stream == Stream::probe) return "probe";
  const Window& window = options.train_window;
  std::string text = name_of(window.kind);
  if (window.kind == Window::Kind::exponential) {
    text += " of half-life " + number_text(window.half_life, 15);
  }
  return text;
}

bool belongs(const EndedWindow& window, std::size_t tap) { return window.taps.contains(tap); }

/// Rows stand by reference, and those of a reference in the order of the network's layers: pairs
/// have the order in which the reference's layers ran.
std::array<std::size_t, 3> place_in_rows(const PanelMoments& moments, std::size_t pair) {
  const auto [x, y] = std::pair(moments.pairs[pair].x, moments.pairs[pair].y);
  const auto first = std::ranges::find(moments.taps, moments.taps[y].name.network,
                                       [](const TapMoments& tap) { return tap.name.network; });
  return {static_cast<std::size_t>(first - moments.taps.begin()), x, y};
}

/// Of the training threads' time; of a synchronous run livecca's work is on these threads too.
std::optional<double> share_of(const OverheadRow& row, bool synchronous) {
  if (!row.training_seconds || *row.training_seconds <= 0) return std::nullopt;
  double watching = row.observe_seconds + row.wait_seconds + row.reference_seconds;
  if (synchronous) watching += row.accumulate_seconds + row.solve_seconds;
  return watching / (watching + *row.training_seconds);
}

/// Why the drift of a measure would mislead; empty if it does not: of unequal windows only noise
/// floors tell how much their sizes make.
std::string unequal(const MeasureRow& probe, const MeasureRow& train) {
  if (probe.noise_floor && train.noise_floor) return {};
  if (is_same_size(probe.effective_samples, train.effective_samples)) return {};
  return "expected as many samples in both streams for the drift of " + train.measure +
         ", which has no noise floor to tell what that makes, got " +
         std::to_string(probe.samples) + " and " + std::to_string(train.samples) +
         "; it is not written";
}

}  // namespace

SnapshotSolver::SnapshotSolver(const MonitorOptions& options, RunWriter& writer, LatestRows& latest,
                               Callbacks& callbacks, Executor& executor)
    : options_(options),
      writer_(writer),
      latest_(latest),
      callbacks_(callbacks),
      executor_(executor),
      probe_solver_(executor),
      train_solver_(executor),
      recorded_(options, executor),
      motions_(options, executor),
      verdicts_(options.verdicts) {}

void SnapshotSolver::fail(SnapshotJob& job, const char* what, const std::string& subject,
                          std::string_view message) noexcept {
  report_event(writer_, *job.report, [&] {
    return Event{
        .epoch = job.epoch, .what = what, .subject = subject, .message = std::string(message)};
  });
}

void SnapshotSolver::tell_once(SnapshotJob& job, const char* what, const std::string& subject,
                               const std::string& message) {
  if (told_.emplace(what, subject).second) return fail(job, what, subject, message);
  writer_.tell([&] {
    return Event{.epoch = job.epoch, .what = what, .subject = subject, .message = message};
  });
}

SolvedWindow SnapshotSolver::solved(const PanelMoments& moments, Solver& solver, Stream stream,
                                    SnapshotJob& job) {
  try {
    return solve_window(moments, options_, solver, executor_);
  } catch (const std::exception& failure) {
    fail(job, "solve_failed", name_of(stream), failure.what());
    return {.solution = unsolved(moments), .errors = {}};
  }
}

void SnapshotSolver::write_stream(Stream stream, const EndedWindow& window, SnapshotJob& job,
                                  RowSinks& sinks) {
  const PanelMoments& moments = window.moments;
  RowContext context{job.epoch, job.step, stream, window_text(stream, options_)};
  context.training_modes = window.training_modes;
  Solver& solver = stream == Stream::probe ? probe_solver_ : train_solver_;
  const SolvedWindow solution = solved(moments, solver, stream, job);
  if (stream == Stream::probe) report_small_probe(moments, job);
  report_few_batches(stream, moments, job);
  report_repeated(stream, moments, job);
  std::vector<std::size_t> pairs;
  for (std::size_t i = 0; i < moments.pairs.size(); ++i) {
    const PairMoments& pair = moments.pairs[i];
    if (belongs(window, pair.x) && belongs(window, pair.y)) pairs.push_back(i);
  }
  std::ranges::sort(pairs, {}, [&](std::size_t pair) { return place_in_rows(moments, pair); });
  write_pairs(moments, pairs, solution, context, options_, sinks);
  for (std::size_t tap = 0; tap < moments.taps.size(); ++tap) {
    if (belongs(window, tap)) {
      write_layer(moments, solution.solution, tap, window.nonfinite[tap], context, sinks);
    }
  }
}

void SnapshotSolver::report_few_batches(Stream stream, const PanelMoments& moments,
                                        SnapshotJob& job) {
  const std::uint64_t batches = moments.steps_committed;
  if (options_.error_blocks == 0 || batches == 0 || batches >= fewest_error_blocks) return;
  tell_once(job, "few_batches", name_of(stream),
            "expected at least " + std::to_string(fewest_error_blocks) +
                " batches for standard errors, which compare halves of them, got " +
                std::to_string(batches) + "; make the batches smaller");
}

void SnapshotSolver::report_small_probe(const PanelMoments& moments, SnapshotJob& job) {
  const TapMoments* widest = nullptr;
  std::size_t most = 0;
  for (const TapMoments& tap : moments.taps) {
    if (!tap.moments || tap.name.network != options_.network) continue;
    const std::size_t features = tap.moments->features() / (tap.frequency ? 2 : 1);
    if (features <= most) continue;
    most = features;
    widest = &tap;
  }
  if (widest == nullptr) return;
  const std::uint64_t needed = samples_per_feature * most;
  const double there = widest->moments->weights().effective_images() * moments.different.share();
  if (there >= static_cast<double>(needed)) return;
  const bool gives_several_rows = widest->moments->weights().effective_rows() > there;
  // Said of the run and not in the report: no snapshot lost anything, and statuses tell of each
  // row.
  writer_.tell([&] {
    return Event{
        .epoch = job.epoch,
        .what = "small_probe",
        .subject = name_of(Stream::probe),
        .message =
            "expected " + std::to_string(needed) + " different images, ten for each of the " +
            std::to_string(most) + " features of " + widest->name.layer + ", got " +
            std::to_string(static_cast<std::uint64_t>(there)) +
            (gives_several_rows ? "; fewer are enough if the positions of an image differ much"
                                : "")};
  });
}

void SnapshotSolver::report_repeated(Stream stream, const PanelMoments& moments, SnapshotJob& job) {
  const double share = moments.different.share();
  if (share == 1) return;
  const auto images = static_cast<double>(moments.images);
  fail(job, "repeated_images", name_of(stream),
       "expected different images, got " + std::to_string(moments.images) + " of which about " +
           std::to_string(static_cast<std::uint64_t>(std::ceil(share * images))) +
           " differ; only these count as effective samples");
}

void SnapshotSolver::write_recorded(SnapshotJob& job, RowSinks& sinks) {
  if (!job.now || job.earlier.empty()) return;
  recorded_.compare(
      *job.now, job.earlier,
      [&](const std::string& what, const std::string& subject, const std::string& message) {
        fail(job, what.c_str(), subject, message);
      },
      [&](const RecordedSide& side, const PanelMoments& moments,
          const std::vector<std::size_t>& pairs, Solver& solver) {
        const SolvedWindow solution = solved(moments, solver, Stream::probe, job);
        write_pairs(moments, pairs, solution, recorded_rows(job.epoch, job.step, *job.now, side),
                    options_, sinks);
      });
}

void SnapshotSolver::write_missing(const SnapshotJob& job, RowSinks& sinks) {
  std::set<std::array<std::string, 3>> present;
  for (const MeasureRow& row : sinks.report.measures) {
    present.insert({row.layer, row.reference, row.reference_layer});
  }
  for (const RecordedSide& side : job.earlier) {
    for (const std::string& layer : job.layers) {
      for (const auto& [other, pack] : side.layers) {
        if (!are_paired(side, layer, other, options_.pairing)) continue;
        if (present.contains({layer, side.network, other})) continue;
        // Of all layers with all, those on other positions were not meant.
        if (options_.pairing.is_all() && !side.is_own() && layer != other) continue;
        write_missing_pair(probe_rows(job.epoch, job.step, side.kind), {layer, side.network, other},
                           options_.measures, sinks);
      }
    }
  }
}

void SnapshotSolver::write_drifts(SnapshotJob& job) {
  if (!job.probe || !job.train) return;
  SnapshotReport& report = *job.report;
  using Key = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  std::map<Key, const MeasureRow*> of_probe;
  for (const MeasureRow& row : report.measures) {
    const Key key{row.layer, row.reference, row.reference_layer, row.measure};
    if (row.stream == Stream::probe && row.value) of_probe[key] = &row;
  }
  for (const MeasureRow& row : report.measures) {
    if (row.stream != Stream::train || !row.value) continue;
    const auto probe = of_probe.find({row.layer, row.reference, row.reference_layer, row.measure});
    if (probe == of_probe.end()) continue;
    // Those of another width do not belong together, which is told.
    if (row.features != probe->second->features) continue;
    if (const std::string why = unequal(*probe->second, row); !why.empty()) {
      tell_once(job, "unequal_windows", row.measure, why);
      continue;
    }
    const DriftRow drift{.epoch = job.epoch,
                         .step = job.step,
                         .layer = row.layer,
                         .reference = row.reference,
                         .reference_layer = row.reference_layer,
                         .measure = row.measure,
                         .probe = *probe->second->value,
                         .train = *row.value,
                         .probe_noise_floor = probe->second->noise_floor,
                         .train_noise_floor = row.noise_floor};
    writer_.write(drift);
    report.drifts.push_back(drift);
  }
}

void SnapshotSolver::report_unconverged(SnapshotJob& job) {
  std::set<std::string> subjects;
  for (const MeasureRow& row : job.report->measures) {
    if (row.status != Status::not_converged) continue;
    subjects.insert(std::string(name_of(row.stream)) + ": " + options_.network + "/" + row.layer +
                    " with " + row.reference + "/" + row.reference_layer);
  }
  for (const std::string& subject : subjects) {
    fail(job, "not_converged", subject,
         "expected moments that can be solved, these overflow or their decomposition did not end");
  }
}

std::vector<LayerMotion> SnapshotSolver::own_motions(SnapshotJob& job) {
  if (!options_.keep_history || !options_.verdicts.own_motion) return {};
  std::vector<LayerMotion> motions;
  for (const std::string& layer : job.layers) {
    motions.push_back({.layer = layer});
    if (!job.now) continue;  // it could not be kept: that is told already
    std::string why;
    try {
      motions.back() = motions_.measure(
          layer, *job.now, job.own_past,
          [&](const std::string& what, const std::string& subject, const std::string& message) {
            // What is wrong with the probe is told of the start, once.
            if (what == "unreadable") fail(job, what.c_str(), subject, message);
          });
      continue;
    } catch (const std::exception& failure) {
      keep_reason(why, failure.what());
    }
    fail(job, "solve_failed", "own motion of " + layer, why);
  }
  return motions;
}

void SnapshotSolver::write_verdicts(Stream stream, SnapshotJob& job, const RowSinks& sinks) {
  SnapshotVerdictInput input{.epoch = job.epoch,
                             .step = job.step,
                             .stream = stream,
                             .network = options_.network,
                             .measure = headline_measure(options_),
                             .numbers = job.report->measures,
                             .halves = {},
                             .layers = job.report->layers,
                             .loss = job.losses[static_cast<std::size_t>(stream)],
                             .learning_rate = job.learning_rate};
  // Blocks of the train stream hold other inputs at each snapshot: their halves do not pair.
  if (stream == Stream::probe) input.halves = sinks.halves;
  const std::vector<LayerMotion> motions =
      stream == Stream::probe ? own_motions(job) : std::vector<LayerMotion>();
  input.motions = motions;
  SnapshotVerdicts said = verdicts_.add(input);
  if (!said.begun_anew.empty()) {
    tell_once(job, "unequal_windows", name_of(stream), said.begun_anew);
  }
  for (const VerdictRow& row : said.verdicts) writer_.write(row);
  for (const DirectionRow& row : said.directions) writer_.write(row);
  job.report->verdicts.insert(job.report->verdicts.end(), said.verdicts.begin(),
                              said.verdicts.end());
  job.report->directions.insert(job.report->directions.end(), said.directions.begin(),
                                said.directions.end());
}

void SnapshotSolver::write(SnapshotJob& job) noexcept {
  SnapshotReport& report = *job.report;
  const TimeSpent time(report.solve_seconds);
  RowSinks sinks{report, &writer_};
  const auto attempt = [&](const auto& part) {
    std::string why;
    try {
      part();
      return;
    } catch (const std::exception& failure) {
      keep_reason(why, failure.what());
    } catch (...) {
      keep_reason(why, "unknown");
    }
    fail(job, "solve_failed", "snapshot", why);
  };
  // Each by itself: what one of them lacks the others still have.
  attempt([&] {
    if (job.probe) write_stream(Stream::probe, *job.probe, job, sinks);
  });
  attempt([&] { write_recorded(job, sinks); });
  attempt([&] { write_missing(job, sinks); });
  attempt([&] {
    if (job.train) write_stream(Stream::train, *job.train, job, sinks);
  });
  attempt([&] { write_drifts(job); });
  attempt([&] { report_unconverged(job); });
  attempt([&] {
    if (job.probe) write_verdicts(Stream::probe, job, sinks);
  });
  attempt([&] {
    if (job.train) write_verdicts(Stream::train, job, sinks);
  });
  attempt([&] { latest_.put(report.measures); });
}

void SnapshotSolver::solve(SnapshotJob& job) noexcept {
  write(job);
  SnapshotReport& report = *job.report;
  job.overhead.solve_seconds = report.solve_seconds;
  job.overhead.share = share_of(job.overhead, options_.synchronous);
  job.overhead.lines_lost = writer_.lines_lost();
  writer_.write(job.overhead);
  report.step = job.step;
  report.overhead = job.overhead;
  // Others read the report from now on.
  writer_.give_to_sinks(std::shared_ptr<const SnapshotRows>(job.report));
  try {
    callbacks_.snapshot(job.report);
  } catch (...) {
    writer_.lose(Loss::callback);  // the rows are written
  }
}

}  // namespace livecca
