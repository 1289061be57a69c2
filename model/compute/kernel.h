// A kernel's time: a fixed launch, and a soft maximum of what arithmetic, memory and the serial
// chain of steps would take alone.
//
//   t = launch + (compute^p + memory^p + serial^p)^(1/p)
//
// p is the sharpness: 1 adds the three up, infinity takes the largest; measured kernels lie between
// 1.2 and 3. The soft maximum is homogeneous of degree one, so by Euler's theorem its value is the
// sum of x * d/dx over its three arguments. Each part shown is that product, compute^p / sum, so
// the parts add up to the total exactly and a small part means that halving it gains little.
#pragma once

#include "model/base/number.h"
#include "model/base/quantity.h"

namespace commplan {

inline double Pow(double x, double exponent) { return Exp2(exponent * Log2(x)); }
template <std::size_t N>
Dual<N> Pow(const Dual<N>& x, const Dual<N>& exponent) {
  return Exp2(exponent * Log2(x));
}
Text Pow(const Text& x, const Text& exponent);

// What each resource would take if it were alone.
template <class R>
struct TimesAlone {
  TimeOf<R> launch{};
  TimeOf<R> compute{};
  TimeOf<R> memory{};
  TimeOf<R> serial{};
};

// The same, composed: parts of one time.
template <class R>
struct KernelPartsOf {
  TimeOf<R> launch{};
  TimeOf<R> compute{};
  TimeOf<R> memory{};
  TimeOf<R> serial{};

  constexpr TimeOf<R> Total() const { return launch + compute + memory + serial; }
  friend constexpr KernelPartsOf operator*(const KernelPartsOf& parts, const R& factor) {
    return {parts.launch * factor, parts.compute * factor, parts.memory * factor,
            parts.serial * factor};
  }
};

using KernelParts = KernelPartsOf<double>;

template <class R>
KernelPartsOf<R> Compose(const TimesAlone<R>& alone, const R& sharpness) {
  const R compute = Pow(alone.compute.base(), sharpness);
  const R memory = Pow(alone.memory.base(), sharpness);
  const R serial = Pow(alone.serial.base(), sharpness);
  const R sum = compute + memory + serial;
  const TimeOf<R> each = TimeOf<R>::FromBase(Pow(sum, R(1) / sharpness) / sum);
  return {alone.launch, each * compute, each * memory, each * serial};
}

// Only the total, for a fit and for text.
template <class R>
TimeOf<R> ComposedTime(const TimesAlone<R>& alone, const R& sharpness) {
  const R sum = Pow(alone.compute.base(), sharpness) + Pow(alone.memory.base(), sharpness) +
                Pow(alone.serial.base(), sharpness);
  return alone.launch + TimeOf<R>::FromBase(Pow(sum, R(1) / sharpness));
}

// A share of measurements around a time, as factors of it: 90 % lie between low and high.
struct BandFactors {
  double low = 1;
  double high = 1;
  friend bool operator==(const BandFactors&, const BandFactors&) = default;
};

struct KernelTime {
  KernelParts parts;
  Time low{}, high{};
  bool extrapolated = false;  // Beyond the measured shapes, or from a datasheet.

  Time Total() const { return parts.Total(); }
};

}  // namespace commplan
