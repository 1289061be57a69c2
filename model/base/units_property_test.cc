#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/base/units.h"

namespace commplan {
namespace {

constexpr int kRounds = 10000;  // About a second.

// Finite doubles of every magnitude: each bit pattern is as likely as any other.
double AnyFinite(std::mt19937_64& random) {
  while (true) {
    const double number = std::bit_cast<double>(random());
    if (std::isfinite(number)) return number;
  }
}

// What people write: few digits, everyday magnitude.
double Everyday(std::mt19937_64& random) {
  const double digits = static_cast<double>(random() % 100000);
  return digits * std::pow(10.0, static_cast<double>(random() % 20) - 14.0);
}

std::vector<double> EdgeNumbers() {
  using Limits = std::numeric_limits<double>;
  std::vector<double> numbers = {
      0.0, Limits::denorm_min(), Limits::min(),     Limits::max(), Limits::epsilon(),
      1.0, 9007199254740991.0,   9007199254740992.0};
  for (const double base : {1e3, 1e6, 1e9, 1e12, 1024.0, 1048576.0, 60.0, 3600.0, 1e-3, 1e-9}) {
    numbers.push_back(base);
    numbers.push_back(std::nextafter(base, 0.0));
    numbers.push_back(std::nextafter(base, Limits::infinity()));
    numbers.push_back(1 / base);
  }
  const std::size_t positive = numbers.size();
  for (std::size_t i = 0; i < positive; ++i) numbers.push_back(-numbers[i]);
  return numbers;
}

std::vector<double> Numbers() {
  std::mt19937_64 random(TestSeed());
  std::vector<double> numbers = EdgeNumbers();
  for (int i = 0; i < kRounds; ++i) numbers.push_back(AnyFinite(random));
  for (int i = 0; i < kRounds; ++i) numbers.push_back(Everyday(random));
  return numbers;
}

template <class Q>
void ExpectRoundTrip(double base, Result<Q> (*parse)(std::string_view, Sign)) {
  const Q quantity = Q::FromBase(base);
  const std::string text = Exact(quantity);
  const Result<Q> read = parse(text, Sign::kAny);
  ASSERT_TRUE(read.ok()) << text << ": " << FormatError(read.error());
  ASSERT_EQ(read->base(), base) << text;
}

TEST(UnitsProperty, WhatIsPrintedExactlyReadsBackTheSame) {
  SCOPED_TRACE(SeedNote());
  for (const double number : Numbers()) {
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Bytes>(number, ParseBytes));
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Bandwidth>(number, ParseBandwidth));
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Time>(number, ParseTime));
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Flops>(number, ParseFlops));
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<FlopRate>(number, ParseFlopRate));
    ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<TimePerByte>(number, ParseTimePerByte));
    ASSERT_THAT(ParseNumber(ExactNumber(number), Sign::kAny), IsOkAndHolds(number));
    ASSERT_THAT(ParseShare(ExactNumber(number), Sign::kAny), IsOkAndHolds(number));
  }
}

// Numbers that somebody typed come back as short as they were typed, whatever the unit.
TEST(UnitsProperty, WhatWasTypedIsPrintedNoLonger) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const std::string_view units[] = {"s", "ms", "us", "ns"};
  for (int round = 0; round < kRounds; ++round) {
    const std::string digits =
        std::to_string(random() % 1000) + "." + std::to_string(1 + random() % 9);
    const std::string_view unit = units[random() % std::size(units)];
    const std::string typed = digits + " " + std::string(unit);
    const std::string printed = Exact(ParseTime(typed).value());
    ASSERT_LE(printed.size(), typed.size() + 2) << typed << " became " << printed;
  }
}

// The relative error of four significant digits is at most 0.5 in 1000.
TEST(UnitsProperty, TextsForPeopleAreRight) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const double number = Everyday(random);
    const Bytes size = B(number);
    ASSERT_THAT(ParseBytes(ForPeople(size)), IsOkAndHolds(IsNearRelative(size, 0.0006)));
    const Time time = Seconds(number);
    ASSERT_THAT(ParseTime(ForPeople(time)), IsOkAndHolds(IsNearRelative(time, 0.0006)));
    const Bandwidth rate = Bps(number);
    ASSERT_THAT(ParseBandwidth(ForPeople(rate)), IsOkAndHolds(IsNearRelative(rate, 0.0006)));
  }
}

// Any bytes at all: no crash, and what is accepted survives printing.
TEST(UnitsProperty, StrangeTextsAreRefusedOrUnderstood) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  constexpr std::string_view kAlphabet = "0123456789..eE+-  xKMGTiBbits/pnuhmFLOP%\xc2\xb5\n";
  int accepted = 0;
  for (int round = 0; round < 20 * kRounds; ++round) {
    std::string text(random() % 8, ' ');
    for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
    const Result<Bytes> size = ParseBytes(text, Sign::kAny);
    if (size.ok()) {
      ++accepted;
      ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Bytes>(size->base(), ParseBytes)) << text;
    } else {
      ASSERT_EQ(size.error().code, ErrorCode::kBadInput) << text;
    }
    if (const Result<Time> time = ParseTime(text, Sign::kAny); time.ok()) {
      ASSERT_NO_FATAL_FAILURE(ExpectRoundTrip<Time>(time->base(), ParseTime)) << text;
    }
  }
  EXPECT_GT(accepted, 100) << "the alphabet no longer produces sizes";
}

}  // namespace
}  // namespace commplan
