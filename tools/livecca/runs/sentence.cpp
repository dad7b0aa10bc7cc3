#include "runs/sentence.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "runs/disagreement.hpp"
#include "runs/layer_lines.hpp"
#include "runs/layer_order.hpp"
#include "runs/pair_curves.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

using Names = std::vector<std::string>;

constexpr std::size_t most_named_layers = 3;

std::string count_of(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

/// "a", "a and b", "a, b, c and 4 others".
std::string named(const Names& texts) {
  const std::size_t shown = std::min(texts.size(), most_named_layers);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_end = i + 1 == texts.size();
    text += (i == 0 ? "" : is_end ? " and " : ", ") + shown_name(texts[i]);
  }
  if (shown < texts.size()) {
    const std::size_t others = texts.size() - shown;
    text += " and " + std::to_string(others) + (others == 1 ? " other" : " others");
  }
  return text;
}

/// Two digits, with a point in any locale of the host.
std::string speed_text(double speed) {
  constexpr double least = 0.001;
  if (speed < least) return "less than 0.001";
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), speed, std::chars_format::general, 2);
  return {text.data(), end.ptr};
}

/// What layers with an alarm do, and what they have done since an epoch.
struct AlarmWords {
  const char* alarm;
  const char* one;
  const char* several;
  const char* one_since;
  const char* several_since;
};
constexpr std::array<AlarmWords, 4> alarm_words{{
    {"exploding", " is exploding", " are exploding", " has been exploding", " have been exploding"},
    {"collapsing", " is collapsing", " are collapsing", " has been collapsing",
     " have been collapsing"},
    {"dead", " is dead", " are dead", " has been dead", " have been dead"},
    {"best_match_elsewhere", " matches another layer better than its own",
     " match other layers better than their own", " has matched another layer better than its own",
     " have matched other layers better than their own"},
}};

/// What the parts are made from.
class Sentences {
 public:
  explicit Sentences(const RunRows& rows) : rows_(rows), layers_(layers_in_order(rows)) {
    for (const std::string& layer : layers_) {
      const auto found = rows.verdicts.find(layer);
      if (found == rows.verdicts.end()) continue;
      const VerdictRow& row = found->second;
      of_[kind_of(row)].push_back(&row);
    }
  }

  Sentence made() {
    add_alarms();
    if (rows_.verdicts.empty()) {
      add_without_verdicts();
    } else {
      add_settled();
      add_moving("moving", " still moves", " still move");
      add_moving("wandering", " wanders", " wander");
      add_undecided();
    }
    add_floor();
    add_disagreements();
    punctuate();
    return std::move(sentence_);
  }

 private:
  using VerdictRows = std::vector<const VerdictRow*>;

  /// The verdict, or why there is none.
  std::string kind_of(const VerdictRow& row) const {
    if (row.verdict != "undecided") return row.verdict;
    if (row.samples_needed) return "chance";
    const auto is_dead = [&](const VerdictRow& alarm) {
      return alarm.layer == row.layer && alarm.verdict == "dead";
    };
    if (std::ranges::any_of(rows_.alarms, is_dead)) return "dead";  // which is said already
    const bool is_first = row.snapshots < 2;
    return row.moved[0] || is_first || row.message.empty() ? row.verdict : "unknown";
  }

  void add(SentenceKind kind, std::string text, Names layers = {}) {
    sentence_.parts.push_back({std::move(text), kind, std::move(layers)});
  }

  static Names layers_of(const VerdictRows& rows) {
    Names names;
    for (const VerdictRow* row : rows) names.push_back(row->layer);
    return names;
  }

  /// "at the end (epoch 40), " of a run that has ended, else nothing.
  std::string when() const {
    if (!rows_.finished) return "";
    return rows_.epochs.empty()
               ? "at the end, "
               : "at the end (epoch " + std::to_string(*rows_.epochs.rbegin()) + "), ";
  }

  void add_alarms() {
    for (const AlarmWords& words : alarm_words) {
      const Names layers = ordered_layers_of_alarm(words.alarm);
      if (layers.empty()) continue;
      const auto since_of = [&](const std::string& layer) {
        return alarm_of(layer, words.alarm).since_epoch;
      };
      const bool is_one = layers.size() == 1;
      const auto since = since_of(layers.front());
      if (since &&
          std::ranges::all_of(layers, [&](auto& layer) { return since_of(layer) == since; })) {
        add(SentenceKind::alarm,
            named(layers) + (is_one ? words.one_since : words.several_since) + " since epoch " +
                std::to_string(*since),
            layers);
        continue;
      }
      Names dated;
      for (const std::string& layer : layers) {
        const auto epoch = since_of(layer);
        dated.push_back(epoch ? layer + " (since epoch " + std::to_string(*epoch) + ")" : layer);
      }
      add(SentenceKind::alarm, named(dated) + (is_one ? words.one : words.several), layers);
    }
  }

  Names ordered_layers_of_alarm(const std::string& verdict) const {
    Names layers;
    for (const VerdictRow& alarm : rows_.alarms) {
      if (alarm.verdict == verdict && std::ranges::find(layers, alarm.layer) == layers.end()) {
        layers.push_back(alarm.layer);
      }
    }
    std::ranges::stable_sort(layers, LayerOrder(rows_));
    return layers;
  }

  const VerdictRow& alarm_of(const std::string& layer, const std::string& verdict) const {
    return *std::ranges::find_if(rows_.alarms, [&](const VerdictRow& alarm) {
      return alarm.layer == layer && alarm.verdict == verdict;
    });
  }

  void add_settled() {
    const std::size_t all = rows_.verdicts.size();
    const VerdictRows& settled = of_["settled"];
    std::size_t unknown = 0;
    for (const char* kind : {"undecided", "chance", "dead", "unknown"}) unknown += of_[kind].size();
    if (unknown == all) return;
    std::string text;
    if (settled.size() == all) {
      text = all == 1   ? "the only layer has settled"
             : all == 2 ? "both layers have settled"
                        : "all " + std::to_string(all) + " layers have settled";
    } else if (settled.empty()) {
      text = all == 1 ? "the only layer has not settled"
                      : "none of " + std::to_string(all) + " layers has settled";
    } else {
      text = std::to_string(settled.size()) + " of " + std::to_string(all) +
             (settled.size() == 1 ? " layers has settled" : " layers have settled");
    }
    if (settled.size() == all && all > 1) text += last_to_settle(settled);
    add(SentenceKind::settled, when() + text, layers_of(settled));
  }

  /// Only a layer that was the last alone.
  static std::string last_to_settle(const VerdictRows& settled) {
    const auto since_of = [](const VerdictRow* row) {
      return row->since_epoch.value_or(std::numeric_limits<std::int64_t>::max());
    };
    const VerdictRow* const last = *std::ranges::max_element(settled, {}, since_of);
    if (!last->since_epoch || std::ranges::count(settled, since_of(last), since_of) > 1) return "";
    return ", " + shown_name(last->layer) + " last, at epoch " + std::to_string(*last->since_epoch);
  }

  void add_moving(const char* verdict, const char* one, const char* several) {
    VerdictRows moving = of_[verdict];
    if (moving.empty()) return;
    std::ranges::stable_sort(moving, [](const VerdictRow* a, const VerdictRow* b) {
      return a->speed.value_or(-1) > b->speed.value_or(-1);
    });
    const auto speed_of = [](const VerdictRow* row) {
      return row->speed ? " (" + speed_text(*row->speed) + " an epoch)" : "";
    };
    if (moving.size() == 1) {
      return add(SentenceKind::moving,
                 shown_name(moving.front()->layer) + one + speed_of(moving.front()),
                 layers_of(moving));
    }
    Names texts;
    for (const VerdictRow* row : moving) texts.push_back(shown_name(row->layer) + speed_of(row));
    add(SentenceKind::moving, named(texts) + several, layers_of(moving));
  }

  void add_undecided() {
    if (const VerdictRows& chance = of_["chance"]; !chance.empty()) add_chance(chance);
    if (const VerdictRows& unknown = of_["unknown"]; !unknown.empty()) {
      add(SentenceKind::note,
          named(layers_of(unknown)) + " cannot be followed from snapshot to snapshot",
          layers_of(unknown));
    }
    const VerdictRows& early = of_["undecided"];
    if (early.empty()) return;
    const bool is_all = early.size() == rows_.verdicts.size();
    std::string text =
        rows_.finished && is_all ? "there were too few snapshots to say" : "it is too early to say";
    if (!is_all) text += " anything about " + named(layers_of(early));
    add(SentenceKind::note, (is_all ? when() : "") + text, layers_of(early));
  }

  /// The probe is too small to tell one snapshot of these layers from the next.
  void add_chance(const VerdictRows& chance) {
    const Names layers = layers_of(chance);
    double needed = 0;
    for (const VerdictRow* row : chance) needed = std::max(needed, *row->samples_needed);
    const bool is_all = chance.size() == rows_.verdicts.size();
    std::string text = is_all && chance.size() > 1
                           ? "none of " + std::to_string(chance.size()) + " layers can be told"
                           : named(layers) + " cannot be told";
    text += " from chance";
    if (const auto images = images_of(layers)) {
      text += " with " + count_text(*images) + (*images == 1 ? " image" : " images");
    }
    text += " (about " + about_text(needed) + " would do)";
    add(SentenceKind::chance, (is_all ? when() : "") + text, layers);
  }

  std::optional<double> images_of(const Names& layers) const {
    std::optional<double> images;
    for (const Curve& curve : rows_.curves) {
      if (curve.key.stream != Stream::probe || curve.effective_samples <= 0 ||
          std::ranges::find(layers, curve.key.layer) == layers.end()) {
        continue;
      }
      images = std::max(images.value_or(0), curve.effective_samples);
    }
    return images;
  }

  void add_without_verdicts() {
    if (rows_.curves.empty()) {
      return add(SentenceKind::note, rows_.finished ? "finished without a number of a layer"
                                                    : "no number of a layer yet");
    }
    add(SentenceKind::note, when() + "there are no verdicts");
    const auto group = headline_group();
    if (!group) return;
    Names nearing;
    Names leaving;
    std::size_t directed = 0;
    for (const Curve* curve : group->own) {
      const auto found = rows_.directions.find(curve->key);
      if (found == rows_.directions.end()) continue;
      ++directed;
      if (found->second.direction == "nearing") nearing.push_back(curve->key.layer);
      if (found->second.direction == "leaving") leaving.push_back(curve->key.layer);
    }
    if (directed == 0) return;
    std::string text = std::to_string(nearing.size()) + " of " + count_of(directed, "layer") +
                       (nearing.size() == 1 ? " comes" : " come") + " nearer to " +
                       shown_name(group->reference);
    if (!leaving.empty()) {
      text += ", " + named(leaving) + (leaving.size() == 1 ? " goes away" : " go away");
    }
    nearing.insert(nearing.end(), leaving.begin(), leaving.end());
    add(SentenceKind::moving, text, nearing);
  }

  /// The first other network's curves; of the probe, if it has any.
  std::optional<CurveGroup> headline_group() const {
    ShowOptions probe;
    probe.stream = Stream::probe;
    for (CurveGroup& group : curve_groups(rows_, probe)) {
      if (group.reference_kind == ReferenceKind::network ||
          group.reference_kind == ReferenceKind::pack) {
        return std::move(group);
      }
    }
    return std::nullopt;
  }

  /// Only if no layer can be told from unrelated data: for some layers that is usual.
  void add_floor() {
    const auto group = headline_group();
    if (!group || group->own.empty()) return;
    Names layers;
    double needed = 0;
    for (const Curve* curve : group->own) {
      if (!curve->is_at_floor()) return;
      layers.push_back(curve->key.layer);
      needed = std::max(needed, curve->samples_needed.value_or(0));
    }
    std::string text =
        "no layer is nearer to " + shown_name(group->reference) + " than unrelated data";
    if (needed > 0) text += " (about " + about_text(needed) + " images would decide)";
    add(SentenceKind::chance, text, layers);
  }

  void add_disagreements() {
    Names layers;
    std::string first;
    for (const std::string& layer : layers_) {
      const std::string text = disagreement_on(rows_, layer);
      if (text.empty()) continue;
      if (layers.empty()) first = text;
      layers.push_back(layer);
    }
    if (layers.empty()) return;
    std::string text = "measures disagree on " + named(layers);
    if (layers.size() == 1) text += " (" + first + ")";
    add(SentenceKind::note, text, layers);
  }

  /// The texts become those of one sentence. A layer's name at its beginning stays as it is.
  void punctuate() {
    std::vector<SentencePart>& parts = sentence_.parts;
    constexpr std::array<const char*, 10> openings{"at the end", "all ",     "both ", "none ",
                                                   "the only ",  "it is ",   "no ",   "there ",
                                                   "measures ",  "finished "};
    std::string& first = parts.front().text;
    const bool is_word = std::ranges::any_of(
        openings, [&](const char* opening) { return first.starts_with(opening); });
    if (is_word && parts.front().kind != SentenceKind::alarm) {
      first.front() = static_cast<char>(first.front() - 'a' + 'A');
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].text += i + 1 == parts.size() ? "." : "; ";
    }
  }

  const RunRows& rows_;
  Names layers_;
  std::map<std::string, VerdictRows> of_;  // by verdict, "chance" for a probe that is too small
  Sentence sentence_;
};

}  // namespace

const char* name_of(SentenceKind kind) {
  switch (kind) {
    case SentenceKind::settled:
      return "settled";
    case SentenceKind::moving:
      return "moving";
    case SentenceKind::alarm:
      return "alarm";
    case SentenceKind::chance:
      return "chance";
    case SentenceKind::note:
      return "note";
  }
  return nullptr;
}

std::string Sentence::text() const {
  std::string text;
  for (const SentencePart& part : parts) text += part.text;
  return text;
}

Sentence sentence_of(const RunRows& rows) { return Sentences(rows).made(); }

}  // namespace livecca::tool
