#include "planner/confidence.h"

#include <cmath>

namespace commplan::planner {
namespace {

// Of a normal distribution: 95 % lie below mean + kQuantile95 deviations.
constexpr double kQuantile95 = 1.6448536269514722;

}  // namespace

double LikelyWithin(const Banded& time, Time target) {
  if (!(time.middle > Time()) || !(target > Time())) return target >= time.middle ? 1 : 0;
  const double away = std::log(target / time.middle);
  const Time end = away < 0 ? time.low : time.high;
  const double width = end > Time() ? std::abs(std::log(end / time.middle)) / kQuantile95 : 0;
  if (!(width > 0)) return away >= 0 ? 1 : 0;
  return std::erfc(-away / width / std::sqrt(2.0)) / 2;
}

std::vector<Challenge> LostChallenges(std::size_t plans, const Uncertainty& uncertainty,
                                      const Judged& judged) {
  std::vector<Challenge> lost;
  for (const double compute : {1.0, uncertainty.compute_low, uncertainty.compute_high}) {
    for (const double communication :
         {1.0, uncertainty.communication_low, uncertainty.communication_high}) {
      Challenge challenge{.compute = compute, .communication = communication};
      const double own = judged(0, compute, communication);
      double best = own;
      for (std::size_t plan = 1; plan < plans; ++plan) {
        const double value = judged(plan, compute, communication);
        if (value >= best) continue;
        best = value;
        challenge.winner = plan;
      }
      challenge.lead = (own - best) / std::abs(own);
      if (challenge.winner != 0) lost.push_back(challenge);
    }
  }
  return lost;
}

}  // namespace commplan::planner
