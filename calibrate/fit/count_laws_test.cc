#include "calibrate/fit/count_laws.h"

#include <cmath>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::fit {
namespace {

// 10 us log2 n + 2(n-1)/n S / 100 GB/s, times `factor`.
Group Measured(int ranks, double factor = 1, std::string system = "one") {
  Group group;
  group.engine = "nccl";
  group.system = std::move(system);
  group.ranks = ranks;
  group.nodes = 1;
  const double n = ranks;
  for (int e = 10; e <= 30; ++e) {
    const double bytes = std::exp2(e);
    const double us = factor * (10 * std::log2(n) + 2 * (n - 1) / n * bytes / 100e3);
    group.rows.push_back({{bytes, us, 0, 1}, {"log", e, e - 10}});
  }
  return group;
}

TEST(CountLaws, AreLearntFromFamiliesOfThreeCounts) {
  // A machine whose 4 ranks take 10 % more than the law between 2 and 8 says.
  const auto with = LearnCountLaws({Measured(2), Measured(4, 1.1), Measured(8)});
  const auto without = LearnCountLaws({Measured(2), Measured(4), Measured(8)});
  ASSERT_THAT(with, IsOk());
  ASSERT_EQ(with->size(), 1U);
  EXPECT_EQ((*with)[0].op, Op::kAllReduce);
  EXPECT_GT((*with)[0].between[0], (*without)[0].between[0]);
  EXPECT_TRUE(LearnCountLaws({Measured(2), Measured(8)})->empty());
}

TEST(CountLaws, TheBandIsOfSystemsThatTaughtNothing) {
  // Three machines whose 4 ranks take the same time beyond the law teach each other; one that
  // differs by a half of that time is not foreseen by the others.
  std::vector<Group> same, differing;
  for (const char* system : {"one", "two", "three"}) {
    const double other = std::string(system) == "three" ? 1.5 : 1.0;
    for (const int ranks : {2, 4, 8}) {
      same.push_back(Measured(ranks, 1, system));
      differing.push_back(Measured(ranks, ranks == 4 ? other : 1, system));
    }
  }
  const auto agreed = LearnCountLaws(same), surprised = LearnCountLaws(differing);
  ASSERT_THAT(agreed, IsOk());
  ASSERT_THAT(surprised, IsOk());
  EXPECT_LT((*agreed)[0].between_band, 0.10);
  // A third of the rows is 50 % off, less what the curves' own bands hold: the 0.9 quantile.
  EXPECT_GT((*surprised)[0].between_band, 0.25);
  EXPECT_LT((*surprised)[0].between_band, 0.60);
}

}  // namespace
}  // namespace commplan::fit
