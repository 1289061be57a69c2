// Units are the texts by which quantities enter and leave the program: "16MiB", "400Gbit/s", "3us".
//
// Reading is strict. A text is a decimal number, any spaces, and a unit of the right dimension:
//   sizes       B KB (kB) MB GB TB, KiB MiB GiB TiB, bit Kbit (kbit) Mbit Gbit Tbit
//   rates       each of these followed by /s; also GBps = GB/s and Gbps = Gbit/s, and so on
//   times       ns us (µs) ms s min h
//   flops       FLOP MFLOP GFLOP TFLOP PFLOP EFLOP ZFLOP
//   flop rates  each of these followed by /s; also TFLOPS = TFLOP/s, and so on
//   time per byte  s/B us/B ns/B ps/B
//   shares      12% or the plain fraction 0.12
// Upper and lower case differ. Refused, each with a message that says what to write instead:
// a missing unit (except for a plain 0), an unknown unit, "Gb/s" (bits or bytes?), a unit of
// another dimension, NaN and infinity, hexadecimal, ".5" and "5.", a sign "+", a leading zero
// ("010" is 8 to some YAML readers and 10 to others), anything after the unit, and what no double
// can hold.
//
// Printing comes in two kinds. Exact texts are for files: reading one back gives the identical
// double. Texts for people are rounded to four significant digits. Both are independent of the
// locale, and zero has no sign in either direction.
//
// An error has no place; a reader of files adds it with Located (model/base/result.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/base/quantity.h"
#include "model/base/result.h"

namespace commplan {

// Whether a number below zero may be meant. A size or a latency may not; a difference may.
enum class Sign { kNonNegative, kAny };

Result<Bytes> ParseBytes(std::string_view text, Sign sign = Sign::kNonNegative);
Result<Bandwidth> ParseBandwidth(std::string_view text, Sign sign = Sign::kNonNegative);
Result<Time> ParseTime(std::string_view text, Sign sign = Sign::kNonNegative);
Result<Flops> ParseFlops(std::string_view text, Sign sign = Sign::kNonNegative);
Result<FlopRate> ParseFlopRate(std::string_view text, Sign sign = Sign::kNonNegative);
Result<TimePerByte> ParseTimePerByte(std::string_view text, Sign sign = Sign::kNonNegative);

// For the command line: a whole number without unit is that many bytes.
Result<Bytes> ParseBytesOrCount(std::string_view text);

// A part of a whole as a fraction: "12%", "12 %" and "0.12" are all 0.12. May exceed 1 (growth).
Result<double> ParseShare(std::string_view text, Sign sign = Sign::kNonNegative);

// Numbers without dimension, by the same grammar.
Result<double> ParseNumber(std::string_view text, Sign sign = Sign::kNonNegative);
Result<std::int64_t> ParseInteger(std::string_view text, Sign sign = Sign::kNonNegative);

// Parse...(Exact(x), Sign::kAny) == x for every finite x. Of the units in which the number reads
// back identically, the one with the fewest significant digits, and of those the largest in which
// it is at least 1: "64 MiB", "1.5 us", "450 GB/s". Aborts for NaN and infinity: they are no
// content of a file.
std::string Exact(Bytes size);
std::string Exact(Bandwidth rate);
std::string Exact(Time time);
std::string Exact(Flops work);
std::string Exact(FlopRate rate);
std::string Exact(TimePerByte slope);
std::string ExactNumber(double number);

// Four significant digits in the unit that fits, or the whole number where that has more: "16 MiB",
// "303 us", "900 GB/s". Sizes are binary, rates decimal and in bytes. NaN and infinity, which only
// a wrong result can hold, print as "nan" and "inf".
std::string ForPeople(Bytes size);
std::string ForPeople(Bandwidth rate);
std::string ForPeople(Time time);
std::string ForPeople(Flops work);
std::string ForPeople(FlopRate rate);
std::string ForPeople(TimePerByte slope);
std::string ShareForPeople(double fraction);  // 0.1234 is "12.34 %".
std::string NumberForPeople(double number);

}  // namespace commplan
