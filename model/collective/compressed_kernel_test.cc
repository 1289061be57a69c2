// A fused kernel as a closed form, and what is guessed for numbers of ranks that nobody measured.
#include "model/collective/compressed_kernel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/base/test_matchers.h"

namespace commplan {
namespace {

FusedKernel Kernel() {
  FusedKernel kernel;
  kernel.sharpness = 2;
  kernel.shown = 0.5;
  kernel.ramp = 1;
  kernel.start_per_rank = Seconds(1);
  kernel.codecs = {{"none", 1, Seconds(4), {}}, {"half", 0.5, Seconds(8), SecondsPerByte(0.25)}};
  kernel.plain = {{2, Bps(1)}, {4, Bps(2)}};
  kernel.coded = {{2, Bps(1)}};
  kernel.link_per_peer = true;
  return kernel;
}

TEST(CompressedKernelTest, ByHand) {
  // Two ranks: v = 1. body = 0.5 * 12 + 0.25 * 12 = 9, ramp 3, shown start 4: 16 against 8.
  const FusedKernel kernel = Kernel();
  const Cost cost = PriceKernel(kernel, *FindKernelCodec(kernel, "half"), 2, B(12));
  EXPECT_THAT(cost.Total(), IsNear(Seconds(std::sqrt(16.0 * 16 + 8 * 8)), Seconds(1e-12)));
  EXPECT_EQ(cost.At(Term::kBandwidth), Seconds(6));
  EXPECT_EQ(cost.At(Term::kEncode), Seconds(3));
  EXPECT_EQ(cost.At(Term::kFill), Seconds(3));
  // Nothing to move: the start, and the half of it that would be shown, at a soft corner.
  EXPECT_THAT(PriceKernel(kernel, *FindKernelCodec(kernel, "none"), 4, B(0)).Total(),
              IsNear(Seconds(std::hypot(6, 3)), Seconds(1e-12)));
  EXPECT_EQ(PriceKernel(kernel, *FindKernelCodec(kernel, "none"), 1, B(12)).Total(), Seconds(0));
}

TEST(CompressedKernelTest, TimesGrowWithSizeAndNoTermIsNegative) {
  const FusedKernel kernel = Kernel();
  for (const KernelCodec& codec : kernel.codecs) {
    for (const int ranks : {2, 3, 4, 8}) {
      Time last{};
      for (double bytes = 0; bytes < 1e9; bytes = 2 * bytes + 1) {
        const Cost cost = PriceKernel(kernel, codec, ranks, B(bytes));
        EXPECT_GE(cost.Total(), last);
        last = cost.Total();
        for (std::size_t t = 0; t < kTermCount; ++t) {
          EXPECT_GE(cost.At(static_cast<Term>(t)), Seconds(0)) << t;
        }
      }
    }
  }
}

TEST(CompressedKernelTest, MeasuredRatesAreTaken) {
  const RateGuess plain = RateOf(Kernel(), false, 4);
  EXPECT_EQ(plain.rate, Bps(2));
  EXPECT_TRUE(plain.measured);
  EXPECT_EQ(plain.low, plain.high);
}

// Plain traffic doubled from one link to three; compressed traffic lies between no gain and that.
TEST(CompressedKernelTest, CompressedRatesAreGuessedInTheMiddle) {
  const RateGuess coded = RateOf(Kernel(), true, 4);
  EXPECT_FALSE(coded.measured);
  EXPECT_EQ(coded.low, Bps(1));
  EXPECT_EQ(coded.high, Bps(2));
  EXPECT_NEAR(InBps(coded.rate), std::sqrt(2.0), 1e-12);
  // Seven links: plain along the same power of the links.
  const double power = std::log(2.0) / std::log(3.0);
  EXPECT_NEAR(InBps(RateOf(Kernel(), false, 8).rate), std::pow(7, power), 1e-12);
  EXPECT_NEAR(InBps(RateOf(Kernel(), true, 8).rate), std::pow(7, power / 2), 1e-12);
  // Two numbers of ranks measured compressed: along their own power.
  FusedKernel both = Kernel();
  both.coded.push_back({4, Bps(1.5)});
  EXPECT_NEAR(InBps(RateOf(both, true, 8).rate), std::pow(7, std::log(1.5) / std::log(3.0)), 1e-12);
}

TEST(CompressedKernelTest, SharedPortsKeepTheirRate) {
  FusedKernel kernel = Kernel();
  kernel.link_per_peer = false;
  EXPECT_EQ(RateOf(kernel, true, 4).rate, Bps(1));
  EXPECT_EQ(RateOf(kernel, false, 64).rate, Bps(2));
  kernel.plain.clear();
  EXPECT_EQ(RateOf(kernel, false, 8).rate, Bps(1)) << "from what is known";
}

TEST(CompressedKernelTest, AnUnknownCodecIsTheAverageOfTheOthers) {
  FusedKernel kernel = Kernel();
  kernel.codecs.push_back({"quarter", 0.25, Seconds(2), SecondsPerByte(1)});
  const KernelCodec average = AverageCodec(kernel, 0.4);
  EXPECT_NEAR(InSeconds(average.start), 4, 1e-12) << "the geometric mean, without the plain one";
  EXPECT_NEAR(InSecondsPerByte(average.memory), 0.5, 1e-12);
  EXPECT_EQ(average.share, 0.4);
  EXPECT_EQ(FindKernelCodec(kernel, "none")->start, Seconds(4));
  EXPECT_EQ(FindKernelCodec(kernel, "int3"), nullptr);
}

}  // namespace
}  // namespace commplan
