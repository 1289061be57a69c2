// The unit table lists, per dimension, every unit that model/base/units.h reads and prints.
//
// It is data and four look-ups, kept apart from the grammar so that a new unit is one new line.
// Only units.cc includes it.
#pragma once

#include <span>
#include <string_view>

#include "model/base/check.h"

namespace commplan::unit_table {

// Where a unit is used besides reading.
enum Use : unsigned { kRead = 0, kExact = 1, kPeople = 2, kBoth = 3 };

// One `name` is `times / per` base units. One of the two is 1, and both are exact, so that a
// conversion rounds once and agrees with the named constructors of quantity.h to the last bit.
struct Unit {
  std::string_view name;
  double times;
  double per;
  Use use;
};

struct Dimension {
  std::string_view what;  // With its article, as it stands in a message.
  std::string_view example;
  std::span<const Unit> units;  // The largest first. Exactly one printed unit has times = per = 1.
};

inline constexpr double kKibi = 1024.0;
inline constexpr double kMebi = kKibi * 1024.0;
inline constexpr double kGibi = kMebi * 1024.0;
inline constexpr double kTebi = kGibi * 1024.0;

inline constexpr Unit kSizeUnits[] = {
    {"TiB", kTebi, 1, kBoth},  {"TB", 1e12, 1, kExact},   {"GiB", kGibi, 1, kBoth},
    {"GB", 1e9, 1, kExact},    {"MiB", kMebi, 1, kBoth},  {"MB", 1e6, 1, kExact},
    {"KiB", kKibi, 1, kBoth},  {"KB", 1e3, 1, kExact},    {"kB", 1e3, 1, kRead},
    {"B", 1, 1, kBoth},        {"Tbit", 125e9, 1, kRead}, {"Gbit", 125e6, 1, kRead},
    {"Mbit", 125e3, 1, kRead}, {"Kbit", 125, 1, kRead},   {"kbit", 125, 1, kRead},
    {"bit", 1, 8, kRead},
};

inline constexpr Unit kRateUnits[] = {
    {"TiB/s", kTebi, 1, kExact}, {"TB/s", 1e12, 1, kBoth},    {"GiB/s", kGibi, 1, kExact},
    {"GB/s", 1e9, 1, kBoth},     {"MiB/s", kMebi, 1, kExact}, {"MB/s", 1e6, 1, kBoth},
    {"KiB/s", kKibi, 1, kExact}, {"KB/s", 1e3, 1, kBoth},     {"kB/s", 1e3, 1, kRead},
    {"B/s", 1, 1, kBoth},        {"Tbit/s", 125e9, 1, kRead}, {"Gbit/s", 125e6, 1, kRead},
    {"Mbit/s", 125e3, 1, kRead}, {"Kbit/s", 125, 1, kRead},   {"kbit/s", 125, 1, kRead},
    {"bit/s", 1, 8, kRead},      {"Tbps", 125e9, 1, kRead},   {"Gbps", 125e6, 1, kRead},
    {"Mbps", 125e3, 1, kRead},   {"Kbps", 125, 1, kRead},     {"TBps", 1e12, 1, kRead},
    {"GBps", 1e9, 1, kRead},     {"MBps", 1e6, 1, kRead},     {"KBps", 1e3, 1, kRead},
};

// The micro sign and the Greek letter look alike and both occur. Minutes are no unit for people:
// "75 s" says more than "1.25 min".
inline constexpr Unit kTimeUnits[] = {
    {"h", 3600, 1, kBoth},      {"min", 60, 1, kExact}, {"s", 1, 1, kBoth},
    {"ms", 1, 1e3, kBoth},      {"us", 1, 1e6, kBoth},  {"\u00b5s", 1, 1e6, kRead},
    {"\u03bcs", 1, 1e6, kRead}, {"ns", 1, 1e9, kBoth},
};

inline constexpr Unit kFlopUnits[] = {
    {"ZFLOP", 1e21, 1, kBoth}, {"EFLOP", 1e18, 1, kBoth}, {"PFLOP", 1e15, 1, kBoth},
    {"TFLOP", 1e12, 1, kBoth}, {"GFLOP", 1e9, 1, kBoth},  {"MFLOP", 1e6, 1, kBoth},
    {"FLOP", 1, 1, kBoth},
};

inline constexpr Unit kFlopRateUnits[] = {
    {"ZFLOP/s", 1e21, 1, kBoth}, {"EFLOP/s", 1e18, 1, kBoth}, {"PFLOP/s", 1e15, 1, kBoth},
    {"TFLOP/s", 1e12, 1, kBoth}, {"GFLOP/s", 1e9, 1, kBoth},  {"MFLOP/s", 1e6, 1, kBoth},
    {"FLOP/s", 1, 1, kBoth},     {"ZFLOPS", 1e21, 1, kRead},  {"EFLOPS", 1e18, 1, kRead},
    {"PFLOPS", 1e15, 1, kRead},  {"TFLOPS", 1e12, 1, kRead},  {"GFLOPS", 1e9, 1, kRead},
    {"MFLOPS", 1e6, 1, kRead},   {"FLOPS", 1, 1, kRead},
};

inline constexpr Unit kTimePerByteUnits[] = {
    {"s/B", 1, 1, kBoth},
    {"us/B", 1, 1e6, kBoth},
    {"ns/B", 1, 1e9, kBoth},
    {"ps/B", 1, 1e12, kBoth},
};

inline constexpr Unit kShareUnits[] = {{"%", 1, 100, kRead}};

inline constexpr Dimension kSize{"a size", "16MiB", kSizeUnits};
inline constexpr Dimension kRate{"a rate", "450GB/s", kRateUnits};
inline constexpr Dimension kTime{"a time", "3us", kTimeUnits};
inline constexpr Dimension kFlops{"a number of flops", "2TFLOP", kFlopUnits};
inline constexpr Dimension kFlopRate{"a flop rate", "989TFLOP/s", kFlopRateUnits};
inline constexpr Dimension kTimePerByte{"a time per byte", "2ns/B", kTimePerByteUnits};
inline constexpr Dimension kShare{"a share", "12%", kShareUnits};
inline constexpr Dimension kNumber{"a number", "1.5", {}};
inline constexpr Dimension kInteger{"a whole number", "8", {}};

inline constexpr const Dimension* kDimensionsWithUnits[] = {
    &kSize, &kRate, &kTime, &kFlops, &kFlopRate, &kTimePerByte, &kShare};

constexpr double ToBase(double number, const Unit& unit) { return number * unit.times / unit.per; }
constexpr double FromBase(double base, const Unit& unit) { return base / unit.times * unit.per; }

inline const Unit& BaseUnit(const Dimension& dimension) {
  for (const Unit& unit : dimension.units) {
    if (unit.times == 1 && unit.per == 1) return unit;
  }
  CheckFailed(__FILE__, __LINE__, "a dimension has a base unit", dimension.what);
}

// The unit of that name, or null.
inline const Unit* FindUnit(const Dimension& dimension, std::string_view name) {
  for (const Unit& unit : dimension.units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace commplan::unit_table
