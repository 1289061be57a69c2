#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace commplan::cli {
namespace {

TEST(ProgressLines, SpeaksOnceASecondAtTheMost) {
  std::ostringstream out;
  double now_s = 100;
  ProgressLines progress(&out, [&now_s] { return now_s; });
  now_s = 100.9;
  progress.Next("one");
  now_s = 101.2;
  progress.Next("two");
  now_s = 101.9;
  progress.Next("three");
  now_s = 102.3;
  progress.Next("four");
  EXPECT_EQ(out.str(), "commplan: two\ncommplan: four\n");
}

TEST(ProgressLines, IsSilentWhereNobodyWatches) {
  std::ostringstream out, err;
  Io io{out, err};
  ProgressLines progress(io);
  progress.Next("one");
  EXPECT_EQ(out.str() + err.str(), "");
}

}  // namespace
}  // namespace commplan::cli
