#include "cli/report/score_json.h"

#include "model/base/units.h"

namespace commplan::report {

void PutScore(const fit::Score& score, Json* json) {
  (*json)["points"] = score.points;
  const auto put = [&](const char* key, double value) {
    if (score.points > 0) {
      (*json)[key] = value;
    } else {
      (*json)[key] = nullptr;
    }
  };
  put("median_ape", score.median_ape);
  put("mape", score.mape);
  put("p95_ape", score.p95_ape);
  put("coverage90", score.coverage90);
}

std::vector<std::string> ScoreCells(const fit::Score& score) {
  std::vector<std::string> cells = {std::to_string(score.points)};
  for (const double share : {score.median_ape, score.mape, score.p95_ape, score.coverage90}) {
    cells.push_back(score.points > 0 ? ShareForPeople(share) : "-");
  }
  return cells;
}

}  // namespace commplan::report
