#include "model/base/units.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(ParseBytes, ReadsEveryUnit) {
  const struct {
    std::string_view text;
    Bytes size;
  } kCases[] = {
      {"3B", B(3)},        {"3KB", KB(3)},        {"3kB", KB(3)},     {"3MB", MB(3)},
      {"3GB", GB(3)},      {"3TB", TB(3)},        {"3KiB", KiB(3)},   {"3MiB", MiB(3)},
      {"3GiB", GiB(3)},    {"3TiB", TiB(3)},      {"12bit", B(1.5)},  {"8Kbit", KB(1)},
      {"8kbit", KB(1)},    {"8Mbit", MB(1)},      {"8Gbit", GB(1)},   {"8Tbit", TB(1)},
      {"16 MiB", MiB(16)}, {"16   MiB", MiB(16)}, {"1.5GB", GB(1.5)}, {"1e3KB", MB(1)},
      {"1E+3KB", MB(1)},   {"5e-1B", B(0.5)},     {"0.5B", B(0.5)},   {"0", B(0)},
      {"0.0", B(0)},       {"0GiB", B(0)},        {"-0B", B(0)},
  };
  for (const auto& c : kCases) EXPECT_THAT(ParseBytes(c.text), IsOkAndHolds(c.size)) << c.text;
}

TEST(ParseBandwidth, ReadsBytesAndBits) {
  EXPECT_THAT(ParseBandwidth("450GB/s"), IsOkAndHolds(GBps(450)));
  EXPECT_THAT(ParseBandwidth("450GBps"), IsOkAndHolds(GBps(450)));
  EXPECT_THAT(ParseBandwidth("3.35 TB/s"), IsOkAndHolds(TBps(3.35)));
  EXPECT_THAT(ParseBandwidth("400Gbit/s"), IsOkAndHolds(GBps(50)));
  EXPECT_THAT(ParseBandwidth("400Gbps"), IsOkAndHolds(GBps(50)));
  EXPECT_THAT(ParseBandwidth("1Tbit/s"), IsOkAndHolds(GBps(125)));
  EXPECT_THAT(ParseBandwidth("8 Mbit/s"), IsOkAndHolds(MBps(1)));
  EXPECT_THAT(ParseBandwidth("1MiB/s"), IsOkAndHolds(MiBps(1)));
  EXPECT_THAT(ParseBandwidth("8bit/s"), IsOkAndHolds(Bps(1)));
}

TEST(ParseTime, ReadsEveryUnit) {
  EXPECT_THAT(ParseTime("1.5us"), IsOkAndHolds(Micros(1.5)));
  EXPECT_THAT(ParseTime("1.5\u00b5s"), IsOkAndHolds(Micros(1.5)));
  EXPECT_THAT(ParseTime("1.5\u03bcs"), IsOkAndHolds(Micros(1.5)));
  EXPECT_THAT(ParseTime("4e-6 s"), IsOkAndHolds(Seconds(4e-6)));
  EXPECT_THAT(ParseTime("30ms"), IsOkAndHolds(Millis(30)));
  EXPECT_THAT(ParseTime("800ns"), IsOkAndHolds(Nanos(800)));
  EXPECT_THAT(ParseTime("2min"), IsOkAndHolds(Seconds(120)));
  EXPECT_THAT(ParseTime("2h"), IsOkAndHolds(Seconds(7200)));
}

TEST(ParseFlops, ReadsWorkAndRateApart) {
  EXPECT_THAT(ParseFlops("2TFLOP"), IsOkAndHolds(TFlop(2)));
  EXPECT_THAT(ParseFlops("3e24 FLOP"), IsOkAndHolds(Flop(3e24)));
  EXPECT_THAT(ParseFlopRate("989TFLOP/s"), IsOkAndHolds(TFlopps(989)));
  EXPECT_THAT(ParseFlopRate("989 TFLOPS"), IsOkAndHolds(TFlopps(989)));
  EXPECT_THAT(ParseFlopRate("1.979PFLOPS"), IsOkAndHolds(PFlopps(1.979)));
  EXPECT_THAT(ParseFlops("989TFLOPS"),
              IsError(ErrorCode::kBadInput,
                      "found '989TFLOPS', a flop rate, expected a number of flops such as 2TFLOP"));
  EXPECT_THAT(ParseFlopRate("989TFLOP"), HasHint("did you mean 'TFLOP/s'?"));
}

TEST(ParseTimePerByte, ReadsEveryUnit) {
  EXPECT_THAT(ParseTimePerByte("2ns/B"), IsOkAndHolds(NanosPerByte(2)));
  EXPECT_THAT(ParseTimePerByte("2s/B"), IsOkAndHolds(SecondsPerByte(2)));
  EXPECT_THAT(ParseTimePerByte("2000 ps/B"), IsOkAndHolds(NanosPerByte(2)));
}

TEST(ParseShare, ReadsPercentAndFraction) {
  EXPECT_THAT(ParseShare("12%"), IsOkAndHolds(0.12));
  EXPECT_THAT(ParseShare("12 %"), IsOkAndHolds(0.12));
  EXPECT_THAT(ParseShare("0.12"), IsOkAndHolds(0.12));
  EXPECT_THAT(ParseShare("150%"), IsOkAndHolds(1.5));
  EXPECT_THAT(ParseShare("12B"), IsError(ErrorCode::kBadInput, HasSubstr("expected a share")));
  EXPECT_THAT(ParseShare("-1%"), HasHint("it cannot be negative"));
  EXPECT_THAT(ParseShare("-1%", Sign::kAny), IsOkAndHolds(-0.01));
}

TEST(ParseNumber, TakesNoUnit) {
  EXPECT_THAT(ParseNumber("1.5"), IsOkAndHolds(1.5));
  EXPECT_THAT(ParseNumber("1e3"), IsOkAndHolds(1000.0));
  EXPECT_THAT(ParseNumber("-1.5", Sign::kAny), IsOkAndHolds(-1.5));
  EXPECT_THAT(ParseNumber("1.5 GB"), IsError(ErrorCode::kBadInput, HasSubstr("expected a number")));
  EXPECT_THAT(ParseNumber("1.5x"), HasHint("leave out 'x'"));
}

TEST(ParseInteger, TakesWholeNumbersOf64Bits) {
  EXPECT_THAT(ParseInteger("0"), IsOkAndHolds(0));
  EXPECT_THAT(ParseInteger("10"), IsOkAndHolds(10));
  EXPECT_THAT(ParseInteger("9223372036854775807"),
              IsOkAndHolds(std::numeric_limits<std::int64_t>::max()));
  EXPECT_THAT(ParseInteger("9007199254740993"), IsOkAndHolds(9007199254740993));  // No double.
  EXPECT_THAT(ParseInteger("-7", Sign::kAny), IsOkAndHolds(-7));
  EXPECT_THAT(ParseInteger("-7"), HasHint("it cannot be negative"));
  EXPECT_THAT(ParseInteger("9223372036854775808"),
              IsError(ErrorCode::kBadInput, HasSubstr("does not fit into 64 bits")));
  EXPECT_THAT(ParseInteger("1.0"), HasHint("write all digits, without point and exponent"));
  EXPECT_THAT(ParseInteger("1e3"), HasHint("write all digits, without point and exponent"));
  EXPECT_THAT(ParseInteger("10B"), HasHint("leave out 'B'"));
  EXPECT_THAT(ParseInteger("010"), HasHint(HasSubstr("leading zero")));
}

TEST(ParseBytesOrCount, LetsAWholeNumberMeanBytes) {
  EXPECT_THAT(ParseBytesOrCount("1024"), IsOkAndHolds(KiB(1)));
  EXPECT_THAT(ParseBytesOrCount("1KiB"), IsOkAndHolds(KiB(1)));
  EXPECT_THAT(ParseBytesOrCount("0"), IsOkAndHolds(B(0)));
  EXPECT_THAT(ParseBytesOrCount("1.5"), IsError(ErrorCode::kBadInput, HasSubstr("without a unit")));
  EXPECT_THAT(ParseBytesOrCount("1e3"), IsError(ErrorCode::kBadInput, HasSubstr("without a unit")));
  EXPECT_THAT(ParseBytesOrCount("-1"), HasHint("it cannot be negative"));
}

TEST(Parse, RefusesWhatIsNoPlainDecimalNumber) {
  const struct {
    std::string_view text;  // Each beside the neighbour that is accepted above.
    std::string_view hint;
  } kCases[] = {
      {"", ""},
      {"B", ""},
      {"MiB", ""},
      {" 16MiB", ""},
      {"16 ", "leave out the spaces at the end"},
      {"16MiB ", ""},
      {"16\tMiB", ""},
      {"+5B", "leave out the '+'"},
      {".5B", "write a digit before the point, as in 0.5B"},
      {"5.B", "a decimal point stands once and between digits, as in 5.0"},
      {"1.2.3B", "a decimal point stands once and between digits, as in 5.0"},
      {"010B", "leave out the leading zero: some programs read 010 as 8, others as 10"},
      {"00", "leave out the leading zero: some programs read 010 as 8, others as 10"},
      {"-01B", "leave out the leading zero: some programs read 010 as 8, others as 10"},
      {"0x10B", "hexadecimal is not read; write the number in decimal"},
      {"nan", "only finite numbers are read"},
      {"NaN B", "only finite numbers are read"},
      {"inf", "only finite numbers are read"},
      {"-INF B", "only finite numbers are read"},
      {"infinity", "only finite numbers are read"},
      {"-5B", "it cannot be negative"},
      {"--5B", ""},
      {"1,5B", ""},
      {"1_000B", ""},
      {"1e400B", ""},
      {"1e-400B", ""},
      {"1e300TiB", ""},
      {"1e308TiB", ""},
      {"4e-324bit", ""},
  };
  for (const auto& c : kCases) {
    const Result<Bytes> result = ParseBytes(c.text);
    ASSERT_FALSE(result.ok()) << c.text;
    EXPECT_EQ(result.error().code, ErrorCode::kBadInput) << c.text;
    if (c.hint.empty()) continue;
    EXPECT_EQ(result.error().hint, c.hint) << c.text;
  }
}

TEST(Parse, SaysWhatItFoundAndWhatItExpected) {
  const struct {
    Error error;
    std::string_view text;
  } kCases[] = {
      {ParseBytes("").error(), "found nothing, expected a size such as 16MiB"},
      {ParseBytes("16").error(), "found '16' without a unit, expected a size such as 16MiB"},
      {ParseBytes("16MiBs").error(),
       "found '16MiBs', with the unknown unit 'MiBs', expected a size such as 16MiB\n"
       "  hint: did you mean 'MiB'?"},
      {ParseBytes("16mib").error(),
       "found '16mib', with the unknown unit 'mib', expected a size such as 16MiB\n"
       "  hint: did you mean 'MiB'?"},
      {ParseBytes("16gb").error(),
       "found '16gb', with the unknown unit 'gb', expected a size such as 16MiB\n"
       "  hint: write Gbit for bits or GB for bytes"},
      {ParseBandwidth("5Gb/s").error(),
       "found '5Gb/s', with the unknown unit 'Gb/s', expected a rate such as 450GB/s\n"
       "  hint: write Gbit/s for bits or GB/s for bytes"},
      {ParseBandwidth("5gbps").error(),
       "found '5gbps', with the unknown unit 'gbps', expected a rate such as 450GB/s\n"
       "  hint: write Gbit/s for bits or GB/s for bytes"},
      {ParseBandwidth("5MB").error(),
       "found '5MB', expected a rate such as 450GB/s\n  hint: did you mean 'MB/s'?"},
      {ParseBytes("5GB/s").error(), "found '5GB/s', a rate, expected a size such as 16MiB"},
      {ParseBytes("5us").error(), "found '5us', a time, expected a size such as 16MiB"},
      {ParseTime("5m").error(),
       "found '5m', with the unknown unit 'm', expected a time such as 3us\n"
       "  hint: known are 'h', 'min', 'ms', 'ns', 's', 'us'"},
      {ParseTime("1e999s").error(), "found '1e999s', which no double-precision number can hold"},
  };
  for (const auto& c : kCases) EXPECT_EQ(FormatError(c.error), c.text);
}

TEST(Parse, QuotesLongAndStrangeTextsShortly) {
  const Error error = ParseBytes(std::string(100000, 'x')).error();
  EXPECT_EQ(error.message,
            "found '" + std::string(60, 'x') + "...', expected a size such as 16MiB");
  EXPECT_THAT(ParseBytes("\n\x01"), IsError(ErrorCode::kBadInput, HasSubstr("found '\?\?'")));
  // The 60th byte is inside the last of 30 two-byte characters, which is left out whole.
  std::string accents = "x";
  for (int i = 0; i < 40; ++i) accents += "\u00e9";
  EXPECT_THAT(ParseBytes(accents),
              IsError(ErrorCode::kBadInput, HasSubstr("'" + accents.substr(0, 59) + "...'")));
}

TEST(Parse, AgreesWithTheNamedConstructors) {
  for (const double number : {0.1, 0.3, 1.1, 3.35, 302.979, 1e-3, 123456.789}) {
    const std::string digits = ExactNumber(number);
    EXPECT_THAT(ParseTime(digits + "us"), IsOkAndHolds(Micros(number)));
    EXPECT_THAT(ParseTime(digits + "ns"), IsOkAndHolds(Nanos(number)));
    EXPECT_THAT(ParseBytes(digits + "GiB"), IsOkAndHolds(GiB(number)));
    EXPECT_THAT(ParseBandwidth(digits + "Gbit/s"), IsOkAndHolds(Gbitps(number)));
    EXPECT_THAT(ParseFlopRate(digits + "TFLOPS"), IsOkAndHolds(TFlopps(number)));
  }
}

TEST(Exact, ChoosesTheUnitOneWouldWrite) {
  EXPECT_EQ(Exact(MiB(64)), "64 MiB");
  EXPECT_EQ(Exact(GB(80)), "80 GB");
  EXPECT_EQ(Exact(B(1024)), "1 KiB");
  EXPECT_EQ(Exact(B(1000)), "1 KB");
  EXPECT_EQ(Exact(B(1500)), "1.5 KB");
  EXPECT_EQ(Exact(B(100)), "100 B");
  EXPECT_EQ(Exact(B(0.5)), "0.5 B");
  EXPECT_EQ(Exact(Gbitps(400)), "50 GB/s");
  EXPECT_EQ(Exact(GiBps(2)), "2 GiB/s");
  EXPECT_EQ(Exact(Micros(3)), "3 us");
  EXPECT_EQ(Exact(Micros(302.979)), "302.979 us");
  EXPECT_EQ(Exact(Micros(0.1)), "0.1 us");  // Which is not the double of 100 ns.
  EXPECT_EQ(Exact(Millis(12)), "12 ms");
  EXPECT_EQ(Exact(Seconds(36)), "36 s");
  EXPECT_EQ(Exact(Seconds(90)), "90 s");
  EXPECT_EQ(Exact(Seconds(7200)), "2 h");
  EXPECT_EQ(Exact(Seconds(1e-12)), "0.001 ns");
  EXPECT_EQ(Exact(TFlop(2)), "2 TFLOP");
  EXPECT_EQ(Exact(TFlopps(989)), "989 TFLOP/s");
  EXPECT_EQ(Exact(NanosPerByte(2)), "2 ns/B");
  EXPECT_EQ(Exact(-Micros(3)), "-3 us");
  EXPECT_EQ(ExactNumber(0.1), "0.1");
}

TEST(Exact, ZeroHasNoSign) {
  EXPECT_EQ(Exact(B(0)), "0 B");
  EXPECT_EQ(Exact(-Seconds(0)), "0 s");
  EXPECT_EQ(ExactNumber(-0.0), "0");
  EXPECT_FALSE(std::signbit(ParseTime("-0s").value().base()));
}

TEST(ExactDeathTest, RefusesWhatNoFileCanHold) {
  EXPECT_DEATH((void)Exact(Seconds(kInfinity)), "isfinite");
  EXPECT_DEATH((void)ExactNumber(kNaN), "isfinite");
}

TEST(ForPeople, RoundsToFourDigitsInTheUnitThatFits) {
  EXPECT_EQ(ForPeople(MiB(16)), "16 MiB");
  EXPECT_EQ(ForPeople(B(1000)), "1000 B");
  EXPECT_EQ(ForPeople(GB(80)), "74.51 GiB");
  EXPECT_EQ(ForPeople(TiB(12345)), "12345 TiB");
  EXPECT_EQ(ForPeople(Micros(302.979)), "303 us");
  EXPECT_EQ(ForPeople(Micros(302.93)), "302.9 us");
  EXPECT_EQ(ForPeople(Seconds(75)), "75 s");
  EXPECT_EQ(ForPeople(Seconds(7200)), "2 h");
  EXPECT_EQ(ForPeople(Nanos(0.25)), "0.25 ns");
  EXPECT_EQ(ForPeople(Gbitps(400)), "50 GB/s");
  EXPECT_EQ(ForPeople(MiBps(1)), "1.049 MB/s");
  EXPECT_EQ(ForPeople(Flop(6.5e13)), "65 TFLOP");
  EXPECT_EQ(ForPeople(TFlopps(1979)), "1.979 PFLOP/s");
  EXPECT_EQ(ForPeople(NanosPerByte(0.25)), "250 ps/B");
  EXPECT_EQ(ForPeople(-Micros(3)), "-3 us");
  EXPECT_EQ(ShareForPeople(0.12345), "12.35 %");
  EXPECT_EQ(ShareForPeople(0), "0 %");
  EXPECT_EQ(NumberForPeople(2.0 / 3), "0.6667");
  EXPECT_EQ(NumberForPeople(12345.6), "12346");
  EXPECT_EQ(NumberForPeople(-0.0), "0");
}

TEST(ForPeople, RoundingUpMovesToTheNextUnit) {
  EXPECT_EQ(ForPeople(Micros(999.94)), "999.9 us");
  EXPECT_EQ(ForPeople(Micros(999.96)), "1 ms");
  EXPECT_EQ(ForPeople(KiB(1023.4)), "1023 KiB");
  EXPECT_EQ(ForPeople(KiB(1023.9)), "1 MiB");
  EXPECT_EQ(ForPeople(-KiB(1023.9)), "-1 MiB");
}

TEST(ForPeople, ShowsTheEndsOfTheRange) {
  EXPECT_EQ(ForPeople(Seconds(0)), "0 s");
  EXPECT_EQ(ForPeople(-B(0)), "0 B");
  EXPECT_EQ(ForPeople(Seconds(kInfinity)), "inf");
  EXPECT_EQ(ForPeople(Seconds(-kInfinity)), "-inf");
  EXPECT_EQ(ForPeople(Seconds(kNaN)), "nan");
  EXPECT_EQ(ForPeople(B(std::numeric_limits<double>::max())), "1.635e+296 TiB");
  EXPECT_EQ(ForPeople(Seconds(std::numeric_limits<double>::denorm_min())), "4.941e-315 ns");
}

}  // namespace
}  // namespace commplan
