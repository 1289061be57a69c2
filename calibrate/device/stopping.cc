#include "calibrate/device/stopping.h"

#include <algorithm>

namespace commplan::device {

void StoppingRule::Add(double time_us, double spent_us) {
  times_us_.push_back(time_us);
  spent_us_ += spent_us;
  const int count = static_cast<int>(times_us_.size());
  if (count < std::max(options_.least, next_look_)) return;
  constexpr int kPart = 8;
  next_look_ = count + std::max(1, count / kPart);
  const Spread spread = SpreadOf(times_us_);
  // A drifting series has a precise median of nothing in particular.
  precise_ = spread.drift == 0 && spread.Uncertainty() <= options_.precision;
}

Stop StoppingRule::Verdict() const {
  const int count = static_cast<int>(times_us_.size());
  if (precise_) return Stop::kPrecise;
  if (count >= options_.fewest && spent_us_ >= 2 * options_.budget_us) return Stop::kBudget;
  if (count < std::max(1, options_.least)) return Stop::kGoOn;
  if (spent_us_ >= options_.budget_us) return Stop::kBudget;
  return count >= options_.most ? Stop::kMost : Stop::kGoOn;
}

}  // namespace commplan::device
