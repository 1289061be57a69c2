// The error keys that every command about measurements shares.
#pragma once

#include <string>
#include <vector>

#include "calibrate/fit/score.h"
#include "cli/report/json.h"

namespace commplan::report {

// Puts points, median_ape, mape, p95_ape and coverage90 into `json`; null without points.
void PutScore(const fit::Score& score, Json* json);

// "1.47 %" for each of them, in that order; "-" without points.
std::vector<std::string> ScoreCells(const fit::Score& score);

}  // namespace commplan::report
