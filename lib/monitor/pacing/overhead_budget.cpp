#include "monitor/pacing/overhead_budget.hpp"

#include <algorithm>
#include <cmath>

#include "common/number_text.hpp"

namespace livecca {
namespace {

/// Observing more rarely than one in so many offered steps would miss too much of training.
constexpr std::uint64_t rarest = 64;
/// More images only if that leaves room, or noise would switch to and fro.
constexpr double room_for_more = 48;
constexpr double least_images_share = 0.125;
constexpr double recent_training_steps = 300;
/// Seconds of training without an observed step that are worth a word.
constexpr double long_wait = 10;

bool is_time(double seconds) { return std::isfinite(seconds) && seconds >= 0; }

}  // namespace

void RecentMedian::add(double value) {
  values_[next_] = value;
  next_ = (next_ + 1) % most;
  count_ = std::min(count_ + 1, most);
}

double RecentMedian::value() const {
  if (count_ == 0) return 0;
  std::array<double, most> sorted = values_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((count_ - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(count_));
  return *middle;
}

void OverheadBudget::training_step(double seconds) {
  if (!is_time(seconds)) return;
  constexpr double keep = 1 - 1 / recent_training_steps;
  recent_.training = recent_.training * keep + seconds;
  recent_.watching *= keep;
  total_.training += seconds;
  training_since_offer_ += seconds;
  balance_ += budget_ * seconds;
}

void OverheadBudget::pay(double seconds) {
  balance_ -= seconds;
  total_.watching += seconds;
  recent_.watching += seconds;
}

void OverheadBudget::observed(double seconds, double images_share_used) {
  if (!reserved_.empty()) {
    balance_ += reserved_.front().seconds;
    reserved_.pop_front();
  }
  if (!is_time(seconds)) return;
  pay(seconds);
  if (!(images_share_used > 0)) return;
  cost_of_all_images_.add(seconds / std::min(images_share_used, 1.0));
  choose_images_share();
}

void OverheadBudget::spent(double seconds) {
  if (!is_time(seconds)) return;
  pay(seconds);
  snapshots_ += seconds;
}

bool OverheadBudget::wants_step() {
  ++offers_;
  if (training_since_offer_ > 0) training_an_offer_.add(training_since_offer_);
  training_since_offer_ = 0;
  if (budget_ <= 0) return true;
  give_up_old_reserves();
  // Without a median yet the balance is what a step or two earned.
  if (!training_an_offer_.empty()) balance_ = std::min(balance_, most_balance());
  const bool is_trusted = !cost_of_all_images_.empty() || reserved_.empty();
  // A step may cost more than the balance can hold: it is then made when that is full, and paid off
  // afterwards. So an expectation that is far too high does not stop observing for good.
  if (!is_trusted || balance_ < std::min(expected_cost(), most_balance())) return false;
  reserved_.push_back({offers_, expected_cost()});
  balance_ -= expected_cost();
  return true;
}

std::string OverheadBudget::shortage() const {
  const double an_offer = training_an_offer_.value();
  if (budget_ <= 0 || an_offer <= 0) return {};
  const double lacking = std::min(expected_cost(), most_balance()) - balance_;
  const double training = lacking / budget_;
  if (training <= long_wait || training / an_offer <= static_cast<double>(rarest)) return {};
  const auto seconds = [](double value) { return number_text(value) + " s"; };
  return "expected to pay for a train step now and then, but the overhead budget of " +
         number_text(100 * budget_) + " % lacks " + seconds(lacking) + ", which takes about " +
         seconds(training) + " of training to earn: watching took " + seconds(total_.watching) +
         " so far, " + seconds(snapshots_) + " of it for snapshots" +
         (cost_of_all_images_.empty() ? ""
                                      : ", and a train step costs " + seconds(expected_cost())) +
         "; raise the budget, make the probe smaller, or make fewer snapshots";
}

double OverheadBudget::most_balance() const {
  return budget_ * training_an_offer_.value() * static_cast<double>(rarest);
}

void OverheadBudget::give_up_old_reserves() {
  while (!reserved_.empty() && offers_ - reserved_.front().offer > rarest) {
    balance_ += reserved_.front().seconds;
    reserved_.pop_front();
  }
}

double OverheadBudget::offers_per_step() const {
  // What snapshots take is not there for steps.
  const double snapshots = total_.training > 0 ? snapshots_ / total_.training : 0;
  const double left = std::max(budget_ - snapshots, budget_ / 10);
  const double earned = left * training_an_offer_.value();
  return earned > 0 ? expected_cost() / earned : 1;
}

std::uint64_t OverheadBudget::every() const {
  if (budget_ <= 0) return 1;
  return static_cast<std::uint64_t>(std::ceil(std::clamp(offers_per_step(), 1.0, 1e18)));
}

void OverheadBudget::choose_images_share() {
  if (budget_ <= 0 || training_an_offer_.empty()) return;
  if (offers_per_step() > static_cast<double>(rarest)) {
    images_share_ = std::max(images_share_ / 2, least_images_share);
  } else if (images_share_ < 1 && 2 * offers_per_step() <= room_for_more) {
    images_share_ *= 2;
  }
}

}  // namespace livecca
