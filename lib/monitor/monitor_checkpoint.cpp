#include <cmath>
#include <exception>
#include <future>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "common/files/atomic_file.hpp"
#include "common/files/list_folder.hpp"
#include "common/files/safetensors.hpp"
#include "common/json_numbers.hpp"
#include "livecca/common/error.hpp"
#include "livecca/moments/moments_file.hpp"
#include "monitor/checkpoint.hpp"
#include "monitor/monitor_state.hpp"

namespace livecca {
namespace {

using Json = nlohmann::json;

/// Where a panel is at the beginning of a window: what it knows of shapes, and nothing else.
PanelProgress at_beginning(PanelProgress progress) {
  PanelProgress result;
  for (PanelProgress::Tap& tap : progress.taps) {
    tap.left = tap.fed = false;
    result.taps.push_back(tap);
  }
  result.pairs_left.resize(progress.pairs_left.size());
  result.block_clock.resize(progress.block_clock.size());
  return result;
}

/// The front as a resumed run finds it: what the probe's open pass did is not in it.
Json front_to_json(const FrontState& front) {
  const StreamFront& train = front.streams[1];
  const std::optional<std::int64_t>& last = front.snapshot_epoch;
  return {{"train", {train.number, train.begun, train.discarded}},
          {"committed", front.counted},
          {"made", front.made},
          {"epoch", front.epoch},
          {"snapshot_epoch", last ? Json(*last) : Json(nullptr)},
          {"resumes", front.resumes}};
}

void front_from_json(const Json& json, FrontState& front) {
  front.streams[1].number = whole_number<std::uint64_t>(json.at("train").at(0));
  front.streams[1].begun = whole_number<std::uint64_t>(json.at("train").at(1));
  front.streams[1].discarded = whole_number<std::uint64_t>(json.at("train").at(2));
  front.counted = whole_number<std::uint64_t>(json.at("committed"));
  front.made = whole_number<std::uint64_t>(json.at("made"));
  front.epoch = whole_number<std::int64_t>(json.at("epoch"));
  const auto last = json.find("snapshot_epoch");  // checkpoints of older versions lack it
  if (last != json.end() && !last->is_null()) {
    front.snapshot_epoch = whole_number<std::int64_t>(*last);
  }
  front.resumes = whole_number<std::uint64_t>(json.at("resumes")) + 1;
}

/// Of each stream, what was logged since its last snapshot.
Json losses_to_json(const FrontState& front) {
  Json losses = Json::array();
  for (const StreamFront& stream : front.streams) {
    losses.push_back({stream.loss.sum, stream.loss.count});
  }
  return losses;
}

void losses_from_json(const Json& json, FrontState& front) {
  for (std::size_t i = 0; i < front.streams.size(); ++i) {
    const Json& loss = json.at(i);
    // A sum that is not finite is null in JSON.
    front.streams[i].loss.sum = loss.at(0).is_null() ? std::nan("") : loss.at(0).get<double>();
    front.streams[i].loss.count = whole_number<std::uint64_t>(loss.at(1));
  }
}

Json facts_to_json(const StreamWindow::Facts& facts) {
  return {{"steps", facts.steps},
          {"dropped", facts.dropped},
          {"taps", facts.taps},
          {"nonfinite", facts.nonfinite},
          {"training_modes", facts.training_modes}};
}

StreamWindow::Facts facts_from_json(const Json& json) {
  return {.steps = whole_number<std::uint64_t>(json.at("steps")),
          .dropped = json.at("dropped").get<std::string>(),
          .taps = json.at("taps").get<std::set<std::size_t>>(),
          .nonfinite = json.at("nonfinite").get<std::vector<std::uint64_t>>(),
          .training_modes = json.value("training_modes", TrainingModes())};
}

/// A name that the checkpoint which is there does not use: until monitor.json is replaced, that one
/// holds.
std::string new_moments_file(const std::filesystem::path& folder, const FrontState& front) {
  const std::string stem =
      "train-" + std::to_string(front.streams[1].number) + "-" + std::to_string(front.made);
  std::string name = stem + ".moments";
  constexpr int most_tries = 1000;
  // What cannot be looked at may be the one in use; that it cannot be written then is said there.
  const auto is_free = [&] {
    std::error_code ignored;
    return std::filesystem::status(folder / name, ignored).type() ==
           std::filesystem::file_type::not_found;
  };
  for (int i = 1; !is_free() && i < most_tries; ++i) {
    name = stem + "-" + std::to_string(i) + ".moments";
  }
  return name;
}

/// A name as new_moments_file() gives.
bool is_moments_file(std::string_view name) {
  constexpr std::string_view characters = "0123456789-abcdefghijklmnopqrstuvwxyz.";
  return name.starts_with("train-") && name.ends_with(".moments") &&
         name.find_first_not_of(characters) == std::string_view::npos;
}

/// Of earlier checkpoints, and of those that were being written when the process was killed.
void remove_stale_files(const std::filesystem::path& folder, const std::string& current) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored = list_folder(folder, files);  // what stays behind costs disk alone
  std::vector<std::filesystem::path> stale;
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    const bool is_moments = name.starts_with("train-") && name.ends_with(".moments");
    const bool is_part =
        (name.starts_with("train-") || name.starts_with("monitor.json.")) && name.ends_with(".tmp");
    if ((is_moments && name != current) || is_part) stale.push_back(file);
  }
  for (const auto& file : stale) std::filesystem::remove(file, ignored);
}

/// What a checkpoint has of all but the streams. Of the monitor's state, whose type is private.
template <typename State>
Json parts_to_json(const State& state) {
  Json json{{"format", checkpoint_format},
            {"version", checkpoint_version},
            {"options", options_to_json(state.options)},
            {"taps", taps_to_json(state.taps)},
            {"taps_in_run_row", state.taps_in_run_row},
            {"widths", state.widths},
            {"history", state.history.state()},
            {"verdicts", state.solver.verdict_state()},
            {"latest", rows_to_json(state.latest.all())},
            {"probe", progress_to_json(at_beginning(state.probe.panel().progress()))},
            {"packs", Json::array()}};
  for (const ReferencePacks::Entry& entry : state.packs.entries()) {
    json["packs"].push_back({entry.name, entry.path.string()});
  }
  return json;
}

}  // namespace

Result<void> Monitor::State::save_in_order(const std::filesystem::path& folder,
                                           std::int64_t& epoch) {
  FrontState then;
  std::array<std::string, 3> schedules;
  const auto copy_front = [&] {
    then = front;
    schedules = {options.probe_schedule.state(), options.train_schedule.state(),
                 options.train_snapshots.state()};
  };
  std::optional<Result<void>> written;
  std::string failure;
  std::promise<void> done;
  const std::future<void> is_done = done.get_future();
  const auto job = [&] {
    try {
      if (!options.synchronous) executor.drain(Lane::solve);
      const std::lock_guard lock(pipeline);
      if (options.synchronous) {
        const std::lock_guard front_lock(front_mutex);
        copy_front();
      }
      written = write_checkpoint(folder, then, schedules);
    } catch (const std::exception& reason) {
      keep_reason(failure, reason.what());
    } catch (...) {
      keep_reason(failure, "unknown");
    }
    done.set_value();
  };
  {
    // What was counted and what the window holds are taken at one point of the steps' order.
    const std::lock_guard lock(ordering);
    if (options.synchronous) {
      job();
    } else {
      const std::lock_guard front_lock(front_mutex);
      copy_front();
      executor.submit(Lane::training, job);
    }
  }
  is_done.wait();
  epoch = then.epoch;
  if (written) return *std::move(written);
  return Failure{folder.string() + ": expected to write a checkpoint, got: " + failure};
}

Result<void> Monitor::State::save(const std::filesystem::path& folder) {
  overhead.interrupt();
  std::int64_t epoch = 0;
  Result<void> saved;
  try {
    saved = save_in_order(folder, epoch);
  } catch (const std::exception& failure) {
    // std::bad_alloc, before the job is queued or when it is done.
    std::string why;
    keep_reason(why, failure.what());
    saved = Failure{std::move(why)};
  }
  // What a resumed run's sinks will not be given again they should have; it is all with them now.
  try {
    sinks.drain();
  } catch (...) {
    writer.lose(Loss::sink_call);
  }
  if (!saved) {
    writer.tell([&] {
      return Event{.epoch = epoch,
                   .what = "checkpoint_failed",
                   .subject = folder.string(),
                   .message = saved.why()};
    });
  }
  return saved;
}

Result<void> Monitor::State::write_checkpoint(const std::filesystem::path& folder,
                                              const FrontState& front_then,
                                              const std::array<std::string, 3>& schedules) {
  if (folder.empty()) {
    return Failure{"monitor: expected a folder to write a checkpoint into, got no name"};
  }
  std::error_code failure;  // if it is not there, the first write says so
  std::filesystem::create_directories(folder, failure);
  std::string moments_file;
  Json json = parts_to_json(*this);
  json["front"] = front_to_json(front_then);
  json["losses"] = losses_to_json(front_then);
  json["learning_rate"] = or_null<Json>(front_then.learning_rate);
  json["schedules"] = schedules;
  if (train) {
    moments_file = new_moments_file(folder, front_then);
    auto written = save_moments(folder / moments_file, train->panel().copy_for_restore(), {});
    if (!written) return written;
    json["train"] = {{"moments", moments_file},
                     {"progress", progress_to_json(train->panel().progress())},
                     {"facts", facts_to_json(train->facts())}};
  }
  const auto rows = writer.sync();
  if (!rows) return Failure{rows.why()};
  json["rows_size"] = rows->size;
  json["rows_time"] = rows->last_time;
  json["rows_begin"] = rows->first_line;
  json["events"] = events_to_json(rows->events);
  const std::string text =
      sealed_checkpoint(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  AtomicFile file(checkpoint_file(folder));
  auto written = file.write(std::as_bytes(std::span(text)));
  if (written) written = file.commit(AtomicFile::Sync::disk);
  if (!written) return written;
  history.was_saved();
  remove_stale_files(folder, moments_file);
  return {};
}

void Monitor::State::restore_streams(const std::filesystem::path& folder) {
  const Json& json = *restored;
  front_from_json(json.at("front"), front);
  losses_from_json(json.at("losses"), front);
  front.learning_rate = number_or_none(json.at("learning_rate"));
  const auto schedules = json.at("schedules").get<std::array<std::string, 3>>();
  const std::array targets{&options.probe_schedule, &options.train_schedule,
                           &options.train_snapshots};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // False for a schedule that is another one than at the save: it begins anew.
    static_cast<void>(targets[i]->restore(schedules[i]));
  }
  for (WatchedTap& tap : taps_from_json(json.at("taps"))) {
    taps.add(std::move(tap));
    taps.accept_last();
  }
  probe.add_new(taps);
  probe.restore(probe.panel().copy_for_restore(), progress_from_json(json.at("probe")), {});
  if (!json.contains("train")) return;
  const Json& saved = json.at("train");
  const auto moments_file = saved.at("moments").get<std::string>();
  if (!is_moments_file(moments_file)) {
    throw Error(checkpoint_file(folder).string() +
                ": expected the name of a moments file beside it, got " + in_quotes(moments_file));
  }
  const auto stored = load_moments(folder / moments_file);
  if (!stored) throw Error(stored.why());
  const PanelMoments& moments = stored->moments;
  train.emplace(Stream::train, options, executor);
  // Those that were watched after the last train step joined late, and do so again.
  train->add_new(taps, moments.taps.size());
  train->restore(moments, progress_from_json(saved.at("progress")),
                 facts_from_json(saved.at("facts")));
}

void Monitor::State::restore(const std::filesystem::path& folder) {
  try {
    const Json& json = *restored;
    // First all that may be refused, then what is cut off: another checkpoint may be tried.
    if (!writer.take_up(json.at("rows_begin").get<std::string>())) {
      throw Error((options.run_directory / "rows.jsonl").string() +
                  ": expected the rows of the run that " + folder.string() +
                  " was saved from, got another run's; they are left as they are");
    }
    restore_streams(folder);
    const auto verdicts = solver.restore_verdicts(json.at("verdicts").get<std::string>());
    if (!verdicts) throw Error(verdicts.why());
    latest.put(rows_from_json(json.at("latest")));
    taps_in_run_row = whole_number<std::size_t>(json.at("taps_in_run_row"));
    widths = json.at("widths").get<decltype(widths)>();
    const auto packs_then =
        json.at("packs").get<std::vector<std::pair<std::string, std::string>>>();
    const std::vector<CountedEvent> events = events_from_json(json.at("events"));
    const auto rows_size = whole_number<std::uint64_t>(json.at("rows_size"));
    const auto rows_time = json.at("rows_time").get<double>();
    history.restore(json.at("history"));
    const RunWriter::Cut cut = writer.cut(rows_size, rows_time);
    const std::optional<Event> stays = history.remove_later();
    writer.restore(events, rows_time);
    open_sinks(true);
    if (stays) writer.report(*stays);
    history.open_starts();
    // A run goes on without a pack that cannot be used any more; an event tells the reason.
    for (const auto& [name, pack] : packs_then) static_cast<void>(add_reference(name, pack));
    const RunRow row = run_row();
    writer.set_heading(row);
    if (cut.is_whole) {
      writer.tell_sinks(row);
    } else {
      writer.write(row);  // the last one may be gone
      writer.report(
          {front.epoch, "rows_lost", "rows.jsonl",
           "expected the rows that were there when the checkpoint was written, got a part"});
    }
    if (cut.foreign_lines > 0) {
      writer.report({front.epoch, "foreign_lines", "rows.jsonl",
                     "expected rows after the checkpoint, got " +
                         std::to_string(cut.foreign_lines) + " other lines among them; they stay"});
    }
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // the checkpoint may be good
  } catch (const std::exception& failure) {
    throw Error(checkpoint_file(folder).string() +
                ": expected a checkpoint as save() writes it, got: " + failure.what());
  }
}

}  // namespace livecca
