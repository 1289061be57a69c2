// The measured compressed collectives beside the repository, and how far a fit of some of their
// rows is from the others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calibrate/fit/compressed.h"

namespace commplan::accuracy {

// The rows of one kernel; the vendor's library is kept apart.
struct CompressedTable {
  std::vector<fit::CompressedSample> rows;      // of the kernel, plain rows among them
  std::vector<fit::CompressedSample> baseline;  // what a codec is judged against, with no codec
};

// quickreduce_mi300x_tp2.csv and _tp4.csv. The baseline is the same kernel without a codec.
CompressedTable ReadQuickReduce(const std::string& folder);
// vllm_two_shot_h100.csv. The baseline is another kernel on another host.
CompressedTable ReadTwoShotH100(const std::string& folder);

struct CompressedScore {
  int rows = 0;
  double mape = 0, median = 0, worst = 0;
  double coverage = 0;  // share of measurements inside the band of nine tenths
};
CompressedScore ScoreOf(const fit::CompressedFit& fit,
                        const std::vector<fit::CompressedSample>& held_out);

// Win or loss against the baseline, for each held-out row.
struct Signs {
  int clear = 0;        // rows whose measured gain or loss is beyond the band
  int right = 0;        // of those, predicted on the right side
  int called = 0;       // of those, predicted beyond the band on the right side
  int wrong_calls = 0;  // predicted beyond the band on the wrong side of a clear row
  std::vector<std::string> misses;
};
Signs SignsOf(const fit::CompressedFit& fit, const std::vector<fit::CompressedSample>& held_out,
              const std::vector<fit::CompressedSample>& baseline, double band);

// The size at which a codec overtakes the baseline for good, between two measured sizes along the
// logarithm of the gain; 0 where it never does.
struct Crossover {
  std::string codec;
  double measured = 0, predicted = 0;
};
std::vector<Crossover> CrossoversOf(const fit::CompressedFit& fit, int ranks,
                                    const std::vector<fit::CompressedSample>& held_out,
                                    const std::vector<fit::CompressedSample>& baseline);

}  // namespace commplan::accuracy
