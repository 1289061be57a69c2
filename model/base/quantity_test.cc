#include "model/base/quantity.h"

#include <compare>
#include <functional>
#include <string>
#include <type_traits>

#include "gtest/gtest.h"

namespace commplan {
namespace {

// A number that is only its own text: no order, no equality, no zero of its own.
struct Symbol {
  std::string text;
  friend Symbol operator+(const Symbol& a, const Symbol& b) { return {a.text + "+" + b.text}; }
  friend Symbol operator-(const Symbol& a, const Symbol& b) { return {a.text + "-" + b.text}; }
  friend Symbol operator*(const Symbol& a, const Symbol& b) { return {a.text + "*" + b.text}; }
  friend Symbol operator/(const Symbol& a, const Symbol& b) { return {a.text + "/" + b.text}; }
  friend Symbol operator-(const Symbol& a) { return {"-" + a.text}; }
};

Symbol Max(const Symbol& a, const Symbol& b) { return {"max(" + a.text + ", " + b.text + ")"}; }
Symbol Min(const Symbol& a, const Symbol& b) { return {"min(" + a.text + ", " + b.text + ")"}; }

static_assert(!std::is_invocable_v<std::less<>, TimeOf<Symbol>, TimeOf<Symbol>>);
static_assert(!std::is_invocable_v<std::equal_to<>, TimeOf<Symbol>, TimeOf<Symbol>>);
static_assert(std::is_same_v<decltype(BytesOf<Symbol>{} / BytesOf<Symbol>{}), Symbol>);

// T = alpha + n / B, once for every Rep.
template <class R>
TimeOf<R> Send(BytesOf<R> n, TimeOf<R> alpha, BandwidthOf<R> bandwidth) {
  return alpha + n / bandwidth;
}

TEST(Quantity, FollowsTheAlgebraOfItsDimensions) {
  // 64 MiB over 1 GiB/s: 64 / 1024 s = 0.0625 s, exactly.
  EXPECT_EQ(MiB(64) / GiBps(1), Seconds(0.0625));
  EXPECT_EQ(GBps(2) * Seconds(3), GB(6));
  EXPECT_EQ(Seconds(3) * GBps(2), GB(6));
  EXPECT_EQ(B(10) / Seconds(2), Bps(5));
  EXPECT_EQ(B(10) / B(4), 2.5);
  EXPECT_EQ(1.0 / GBps(1), NanosPerByte(1));
  EXPECT_EQ(B(8) * SecondsPerByte(0.5), Seconds(4));
  EXPECT_EQ(TFlop(10) / TFlopps(5), Seconds(2));
  EXPECT_EQ(Bps(4) * SecondsPerByte(2), 8.0);
}

TEST(Quantity, AddsSubtractsAndScalesWithinADimension) {
  EXPECT_EQ(Seconds(1) + Seconds(2), Seconds(3));
  EXPECT_EQ(Seconds(1) - Seconds(2), -Seconds(1));
  EXPECT_EQ(2 * Seconds(3), Seconds(6));
  EXPECT_EQ(Seconds(3) * 2, Seconds(6));
  EXPECT_EQ(Seconds(3) / 2, Seconds(1.5));
  Time t = Seconds(1);
  t += Seconds(4);
  t -= Seconds(2);
  EXPECT_EQ(t, Seconds(3));
  EXPECT_EQ(Time(), Seconds(0));
}

TEST(Quantity, OrdersWithinADimension) {
  EXPECT_LT(Micros(1), Millis(1));
  EXPECT_GE(KiB(1), KB(1));
  EXPECT_NE(GB(1), GiB(1));
  EXPECT_EQ(B(1) <=> B(2), std::partial_ordering::less);
  EXPECT_EQ(Max(B(1), B(2)), B(2));
  EXPECT_EQ(Min(B(1), B(2)), B(1));
  EXPECT_EQ(Max(Bps(3), Bps(2)), Bps(3));
  EXPECT_EQ(Min(Bps(3), Bps(2)), Bps(2));
}

TEST(Quantity, CarriesASymbol) {
  const auto time = Send(BytesOf<Symbol>::FromBase({"n"}), TimeOf<Symbol>::FromBase({"alpha"}),
                         BandwidthOf<Symbol>::FromBase({"B"}));
  EXPECT_EQ(time.base().text, "alpha+n/B");
  EXPECT_EQ((Symbol{"2"} * time).base().text, "2*alpha+n/B");
  EXPECT_EQ((-time).base().text, "-alpha+n/B");
  const auto one = TimeOf<Symbol>::FromBase({"a"});
  const auto two = TimeOf<Symbol>::FromBase({"b"});
  EXPECT_EQ(Max(one, two).base().text, "max(a, b)");
  EXPECT_EQ(Min(one, two).base().text, "min(a, b)");
  auto sum = one;
  sum += two;
  EXPECT_EQ(sum.base().text, "a+b");
  sum -= one;
  EXPECT_EQ(sum.base().text, "a+b-a");
}

TEST(Quantity, CarriesAValueThroughTheSameFormula) {
  // 2 s + 6 B / (3 B/s) = 4 s.
  EXPECT_EQ(Send(B(6), Seconds(2), Bps(3)), Seconds(4));
}

TEST(Quantity, EveryNamedUnitIsItsNumberOfBaseUnits) {
  EXPECT_EQ(KB(1).base(), 1000);
  EXPECT_EQ(MB(1).base(), 1e6);
  EXPECT_EQ(GB(1).base(), 1e9);
  EXPECT_EQ(TB(1).base(), 1e12);
  EXPECT_EQ(KiB(1).base(), 1024);
  EXPECT_EQ(MiB(1), KiB(1024));
  EXPECT_EQ(GiB(1), MiB(1024));
  EXPECT_EQ(TiB(1), GiB(1024));
  EXPECT_EQ(MBps(1).base(), 1e6);
  EXPECT_EQ(GBps(1), MBps(1000));
  EXPECT_EQ(TBps(1), GBps(1000));
  EXPECT_EQ(MiBps(1024), GiBps(1));
  EXPECT_EQ(Mbitps(8), MBps(1));
  EXPECT_EQ(Gbitps(8), GBps(1));
  EXPECT_EQ(GFlop(1000), TFlop(1));
  EXPECT_EQ(PFlop(1), TFlop(1000));
  EXPECT_EQ(Flop(1e9), GFlop(1));
  EXPECT_EQ(GFlopps(1000), TFlopps(1));
  EXPECT_EQ(PFlopps(1), TFlopps(1000));
  EXPECT_EQ(Flopps(1e9), GFlopps(1));
}

TEST(Quantity, SmallTimesAreTheNearestDoubles) {
  EXPECT_EQ(Millis(7).base(), 7e-3);
  EXPECT_EQ(Micros(3).base(), 3e-6);
  EXPECT_EQ(Nanos(123).base(), 123e-9);
  EXPECT_EQ(NanosPerByte(3).base(), 3e-9);
}

TEST(Quantity, LeavesByTheUnitItCameIn) {
  EXPECT_EQ(InBytes(B(7)), 7);
  EXPECT_EQ(InMB(MB(7)), 7);
  EXPECT_EQ(InGB(GB(7)), 7);
  EXPECT_EQ(InKiB(KiB(7)), 7);
  EXPECT_EQ(InMiB(MiB(7)), 7);
  EXPECT_EQ(InGiB(GiB(7)), 7);
  EXPECT_EQ(InSeconds(Seconds(7)), 7);
  EXPECT_DOUBLE_EQ(InMillis(Millis(7)), 7);
  EXPECT_DOUBLE_EQ(InMicros(Micros(7)), 7);
  EXPECT_DOUBLE_EQ(InNanos(Nanos(7)), 7);
  EXPECT_EQ(InBps(Bps(7)), 7);
  EXPECT_EQ(InMBps(MBps(7)), 7);
  EXPECT_EQ(InGBps(GBps(7)), 7);
  EXPECT_EQ(InGbitps(Gbitps(7)), 7);
  EXPECT_EQ(InFlop(Flop(7)), 7);
  EXPECT_EQ(InGFlop(GFlop(7)), 7);
  EXPECT_EQ(InTFlop(TFlop(7)), 7);
  EXPECT_EQ(InFlopps(Flopps(7)), 7);
  EXPECT_EQ(InTFlopps(TFlopps(7)), 7);
  EXPECT_EQ(InSecondsPerByte(SecondsPerByte(7)), 7);
  EXPECT_DOUBLE_EQ(InNanosPerByte(NanosPerByte(7)), 7);
}

}  // namespace
}  // namespace commplan
