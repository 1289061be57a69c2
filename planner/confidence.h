// How far an answer can be trusted: how likely a time within its band meets a target, and whether
// the best plan stays the best while what is uncertain moves.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "model/base/quantity.h"

namespace commplan::planner {

// A time and its 90 % band.
struct Banded {
  Time middle{};
  Time low{};
  Time high{};
};

// The probability that the time is at most `target`, with a normal logarithm on each side of the
// middle whose 5 % and 95 % quantiles are the band's ends.
double LikelyWithin(const Banded& time, Time target);

// Factors by which all kernels, and all collectives, may be off together.
struct Uncertainty {
  double compute_low = 1, compute_high = 1;
  double communication_low = 1, communication_high = 1;
};

// What a plan would be judged by (less is better) if kernels took `compute` and collectives
// `communication` times as long.
using Judged = std::function<double(std::size_t plan, double compute, double communication)>;

struct Challenge {
  double compute = 1;
  double communication = 1;
  std::size_t winner = 0;  // among the plans
  double lead = 0;         // of the winner over plan 0, as a share of plan 0's value
};

// Plan 0 against the others at each corner of what is uncertain, and with one thing moved at a
// time. Those that it loses.
std::vector<Challenge> LostChallenges(std::size_t plans, const Uncertainty& uncertainty,
                                      const Judged& judged);

}  // namespace commplan::planner
