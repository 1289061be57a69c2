#include "model/base/cost.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "model/base/number.h"

namespace commplan {
namespace {

TEST(CostTest, TotalIsTheSumOfItsTerms) {
  Cost cost;
  cost.Add(Term::kLatency, Seconds(2)).Add(Term::kBandwidth, Seconds(3));
  cost.Add(Term::kLatency, Seconds(1));
  EXPECT_EQ(cost.At(Term::kLatency), Seconds(3));
  EXPECT_EQ(cost.At(Term::kEncode), Seconds(0));
  EXPECT_EQ(cost.Total(), Seconds(6));
}

TEST(CostTest, SumsTermByTerm) {
  Cost a, b;
  a.Add(Term::kLatency, Seconds(1));
  b.Add(Term::kLatency, Seconds(2)).Add(Term::kReduce, Seconds(5));
  const Cost sum = a + b;
  EXPECT_EQ(sum.At(Term::kLatency), Seconds(3));
  EXPECT_EQ(sum.At(Term::kReduce), Seconds(5));
  EXPECT_EQ(sum.Total(), Seconds(8));
}

TEST(CostTest, DominantTermIsTheLargest) {
  Cost cost;
  cost.Add(Term::kLatency, Seconds(2)).Add(Term::kDecode, Seconds(3));
  EXPECT_EQ(DominantTerm(cost), Term::kDecode);
  cost.Add(Term::kLatency, Seconds(1));
  EXPECT_EQ(DominantTerm(cost), Term::kLatency) << "the first of two equal ones";
}

TEST(CostTest, AlsoAsText) {
  CostOf<Text> cost;
  cost.Add(Term::kLatency, TimeOf<Text>::FromBase(Text::Leaf("alpha")));
  cost.Add(Term::kBandwidth, TimeOf<Text>::FromBase(Text::Leaf("beta")));
  EXPECT_EQ(cost.Total().base().str(), "alpha + beta");
}

TEST(CostTest, EveryTermHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kTermCount; ++i) names.insert(TermName(static_cast<Term>(i)));
  EXPECT_EQ(names.size(), kTermCount);
}

}  // namespace
}  // namespace commplan
