// Quantity is a number together with its dimension: so many bytes, seconds and flops to some power.
//
// The exponents stand in the type, so the algebra follows from them and no operator is written per
// pair: Bytes / Bandwidth is Time, Time * Bandwidth is Bytes, Bytes / Bytes is a plain number, and
// Bytes + Time does not compile. There is no way in or out without naming a unit:
//
//   const Time t = MiB(64) / GBps(450) + Micros(3);
//   const double shown = InMicros(t);
//
// Base units are the byte, the second and the flop (one floating-point operation). GB is 1e9 bytes
// and GiB is 2^30, everywhere; network rates say bit or byte (Gbitps, GBps). Sizes in doubles are
// exact below 2^53 bytes.
//
// Rep is what carries the number. It is double for values; formulas are templates over it, so the
// same text also runs on a symbolic or a differentiating number type. A Rep is copyable and has
// + - * / and unary -; order and equality are used only where Rep has them. A Rep of class type
// that should work with Max and Min answers Max(Rep, Rep) and Min(Rep, Rep) in its own namespace.
//
// What it does not do: it knows no counts (model/base/count.h) and no text (model/base/units.h).
#pragma once

#include <compare>
#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace commplan {

template <int kByte, int kSec, int kFlop, class Rep = double>
class Quantity {
  static_assert(kByte != 0 || kSec != 0 || kFlop != 0,
                "a number without dimension is a plain Rep, not a Quantity");

 public:
  // Zero, for every Rep whose default value is zero.
  constexpr Quantity() = default;

  // The door for generic code and for the named units below; others say MiB(64), Micros(3).
  static constexpr Quantity FromBase(Rep value) { return Quantity(std::move(value)); }
  constexpr const Rep& base() const { return value_; }

  constexpr Quantity& operator+=(const Quantity& other) {
    value_ = value_ + other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(const Quantity& other) {
    value_ = value_ - other.value_;
    return *this;
  }

  friend constexpr Quantity operator+(const Quantity& a, const Quantity& b) {
    return Quantity(a.value_ + b.value_);
  }
  friend constexpr Quantity operator-(const Quantity& a, const Quantity& b) {
    return Quantity(a.value_ - b.value_);
  }
  friend constexpr Quantity operator-(const Quantity& a) { return Quantity(-a.value_); }

  friend constexpr Quantity operator*(const Quantity& a, const Rep& scale) {
    return Quantity(a.value_ * scale);
  }
  friend constexpr Quantity operator*(const Rep& scale, const Quantity& a) {
    return Quantity(scale * a.value_);
  }
  friend constexpr Quantity operator/(const Quantity& a, const Rep& scale) {
    return Quantity(a.value_ / scale);
  }
  friend constexpr Quantity<-kByte, -kSec, -kFlop, Rep> operator/(const Rep& a, const Quantity& b) {
    return Quantity<-kByte, -kSec, -kFlop, Rep>::FromBase(a / b.value_);
  }

  // Constrained, because a symbolic number has no order and may have no equality.
  friend constexpr bool operator==(const Quantity& a,
                                   const Quantity& b) requires std::equality_comparable<Rep> {
    return a.value_ == b.value_;
  }
  friend constexpr auto operator<=>(const Quantity& a,
                                    const Quantity& b) requires std::three_way_comparable<Rep> {
    return a.value_ <=> b.value_;
  }

 private:
  explicit constexpr Quantity(Rep value) : value_(std::move(value)) {}

  Rep value_{};
};

namespace quantity_internal {

// A product whose exponents all cancel is a plain number.
template <int kByte, int kSec, int kFlop, class Rep>
constexpr auto Collapse(Rep value) {
  if constexpr (kByte == 0 && kSec == 0 && kFlop == 0) {
    return value;
  } else {
    return Quantity<kByte, kSec, kFlop, Rep>::FromBase(std::move(value));
  }
}

}  // namespace quantity_internal

template <int kByteA, int kSecA, int kFlopA, int kByteB, int kSecB, int kFlopB, class Rep>
constexpr auto operator*(const Quantity<kByteA, kSecA, kFlopA, Rep>& a,
                         const Quantity<kByteB, kSecB, kFlopB, Rep>& b) {
  return quantity_internal::Collapse<kByteA + kByteB, kSecA + kSecB, kFlopA + kFlopB, Rep>(
      a.base() * b.base());
}

template <int kByteA, int kSecA, int kFlopA, int kByteB, int kSecB, int kFlopB, class Rep>
constexpr auto operator/(const Quantity<kByteA, kSecA, kFlopA, Rep>& a,
                         const Quantity<kByteB, kSecB, kFlopB, Rep>& b) {
  return quantity_internal::Collapse<kByteA - kByteB, kSecA - kSecB, kFlopA - kFlopB, Rep>(
      a.base() / b.base());
}

// The larger and the smaller of two quantities of one dimension. For a tie, `a`.
template <int kByte, int kSec, int kFlop, class Rep>
constexpr Quantity<kByte, kSec, kFlop, Rep> Max(const Quantity<kByte, kSec, kFlop, Rep>& a,
                                                const Quantity<kByte, kSec, kFlop, Rep>& b) {
  if constexpr (std::is_arithmetic_v<Rep>) {
    return a < b ? b : a;
  } else {
    return Quantity<kByte, kSec, kFlop, Rep>::FromBase(Max(a.base(), b.base()));
  }
}

template <int kByte, int kSec, int kFlop, class Rep>
constexpr Quantity<kByte, kSec, kFlop, Rep> Min(const Quantity<kByte, kSec, kFlop, Rep>& a,
                                                const Quantity<kByte, kSec, kFlop, Rep>& b) {
  if constexpr (std::is_arithmetic_v<Rep>) {
    return b < a ? b : a;
  } else {
    return Quantity<kByte, kSec, kFlop, Rep>::FromBase(Min(a.base(), b.base()));
  }
}

// The dimensions with a name, for formulas over a number type R.
template <class R>
using BytesOf = Quantity<1, 0, 0, R>;
template <class R>
using TimeOf = Quantity<0, 1, 0, R>;
template <class R>
using BandwidthOf = Quantity<1, -1, 0, R>;  // Bytes per second.
template <class R>
using FlopsOf = Quantity<0, 0, 1, R>;
template <class R>
using FlopRateOf = Quantity<0, -1, 1, R>;  // Flops per second.
template <class R>
using TimePerByteOf = Quantity<-1, 1, 0, R>;

// The same, as values.
using Bytes = BytesOf<double>;
using Time = TimeOf<double>;
using Bandwidth = BandwidthOf<double>;
using Flops = FlopsOf<double>;
using FlopRate = FlopRateOf<double>;
using TimePerByte = TimePerByteOf<double>;

// Ways in. Units below the base unit divide by an exact power of ten, because multiplying by 1e-6
// would round twice: Micros(3) is the double nearest to 3e-6.
constexpr Bytes B(double n) { return Bytes::FromBase(n); }
constexpr Bytes KB(double n) { return Bytes::FromBase(n * 1e3); }
constexpr Bytes MB(double n) { return Bytes::FromBase(n * 1e6); }
constexpr Bytes GB(double n) { return Bytes::FromBase(n * 1e9); }
constexpr Bytes TB(double n) { return Bytes::FromBase(n * 1e12); }
constexpr Bytes KiB(double n) { return Bytes::FromBase(n * 1024.0); }
constexpr Bytes MiB(double n) { return Bytes::FromBase(n * 1048576.0); }
constexpr Bytes GiB(double n) { return Bytes::FromBase(n * 1073741824.0); }
constexpr Bytes TiB(double n) { return Bytes::FromBase(n * 1099511627776.0); }

constexpr Time Seconds(double n) { return Time::FromBase(n); }
constexpr Time Millis(double n) { return Time::FromBase(n / 1e3); }
constexpr Time Micros(double n) { return Time::FromBase(n / 1e6); }
constexpr Time Nanos(double n) { return Time::FromBase(n / 1e9); }

constexpr Bandwidth Bps(double n) { return Bandwidth::FromBase(n); }
constexpr Bandwidth MBps(double n) { return Bandwidth::FromBase(n * 1e6); }
constexpr Bandwidth GBps(double n) { return Bandwidth::FromBase(n * 1e9); }
constexpr Bandwidth TBps(double n) { return Bandwidth::FromBase(n * 1e12); }
constexpr Bandwidth MiBps(double n) { return Bandwidth::FromBase(n * 1048576.0); }
constexpr Bandwidth GiBps(double n) { return Bandwidth::FromBase(n * 1073741824.0); }
constexpr Bandwidth Mbitps(double n) { return Bandwidth::FromBase(n * 125e3); }
constexpr Bandwidth Gbitps(double n) { return Bandwidth::FromBase(n * 125e6); }

constexpr Flops Flop(double n) { return Flops::FromBase(n); }
constexpr Flops GFlop(double n) { return Flops::FromBase(n * 1e9); }
constexpr Flops TFlop(double n) { return Flops::FromBase(n * 1e12); }
constexpr Flops PFlop(double n) { return Flops::FromBase(n * 1e15); }

constexpr FlopRate Flopps(double n) { return FlopRate::FromBase(n); }
constexpr FlopRate GFlopps(double n) { return FlopRate::FromBase(n * 1e9); }
constexpr FlopRate TFlopps(double n) { return FlopRate::FromBase(n * 1e12); }
constexpr FlopRate PFlopps(double n) { return FlopRate::FromBase(n * 1e15); }

constexpr TimePerByte SecondsPerByte(double n) { return TimePerByte::FromBase(n); }
constexpr TimePerByte NanosPerByte(double n) { return TimePerByte::FromBase(n / 1e9); }

// Ways out, unit last in the name.
constexpr double InBytes(Bytes n) { return n.base(); }
constexpr double InMB(Bytes n) { return n.base() / 1e6; }
constexpr double InGB(Bytes n) { return n.base() / 1e9; }
constexpr double InKiB(Bytes n) { return n.base() / 1024.0; }
constexpr double InMiB(Bytes n) { return n.base() / 1048576.0; }
constexpr double InGiB(Bytes n) { return n.base() / 1073741824.0; }

constexpr double InSeconds(Time t) { return t.base(); }
constexpr double InMillis(Time t) { return t.base() * 1e3; }
constexpr double InMicros(Time t) { return t.base() * 1e6; }
constexpr double InNanos(Time t) { return t.base() * 1e9; }

constexpr double InBps(Bandwidth b) { return b.base(); }
constexpr double InMBps(Bandwidth b) { return b.base() / 1e6; }
constexpr double InGBps(Bandwidth b) { return b.base() / 1e9; }
constexpr double InGbitps(Bandwidth b) { return b.base() / 125e6; }

constexpr double InFlop(Flops n) { return n.base(); }
constexpr double InGFlop(Flops n) { return n.base() / 1e9; }
constexpr double InTFlop(Flops n) { return n.base() / 1e12; }

constexpr double InFlopps(FlopRate r) { return r.base(); }
constexpr double InTFlopps(FlopRate r) { return r.base() / 1e12; }

constexpr double InSecondsPerByte(TimePerByte x) { return x.base(); }
constexpr double InNanosPerByte(TimePerByte x) { return x.base() * 1e9; }

// What must not compile, and what the algebra must give.
static_assert(!std::is_invocable_v<std::plus<>, Bytes, Time>, "bytes + time");
static_assert(!std::is_invocable_v<std::minus<>, Bandwidth, FlopRate>, "bandwidth - flop rate");
static_assert(!std::is_invocable_v<std::plus<>, Bytes, double>, "bytes + a raw number");
static_assert(!std::is_invocable_v<std::less<>, Bytes, Time>, "a size is not less than a time");
static_assert(!std::is_invocable_v<std::equal_to<>, Bytes, Flops>, "a size equals no flop count");
static_assert(!std::is_invocable_v<std::less<>, Time, double>, "a time against a raw number");
static_assert(!std::is_constructible_v<Bytes, double>, "a raw number is not a size");
static_assert(!std::is_convertible_v<double, Time>, "a raw number is not a time");
static_assert(!std::is_convertible_v<Time, double>, "a time is not a raw number");
static_assert(!std::is_assignable_v<Bytes&, Time>, "a time is not a size");
static_assert(!std::is_invocable_v<std::multiplies<>, Bytes, BytesOf<float>>, "mixed Reps");
static_assert(std::is_same_v<decltype(B(1) / Bps(1)), Time>);
static_assert(std::is_same_v<decltype(Seconds(1) * Bps(1)), Bytes>);
static_assert(std::is_same_v<decltype(Flop(1) / Seconds(1)), FlopRate>);
static_assert(std::is_same_v<decltype(1.0 / Bps(1)), TimePerByte>);
static_assert(std::is_same_v<decltype(B(1) / B(1)), double>, "a ratio is a plain number");
static_assert(Gbitps(400) == GBps(50));
static_assert(MiB(1) == KiB(1024) && GB(1) < GiB(1));

}  // namespace commplan
