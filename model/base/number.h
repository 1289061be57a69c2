// The number types that a formula is written over: double gives its value, Text its own wording,
// Dual its exact first derivatives. A formula is a template `template <class R> ... F(...)` in
// straight-line code; branches belong to the caller, who chooses which formula. Besides + - * /
// such code calls Ceil, Floor, Log2, Exp2, Sqrt, Max, Min.
//
// At a Max or Min the derivative is that of the binding side (the first one on a tie); Ceil and
// Floor are flat, so their derivative is zero. Text is not simplified beyond factors of one and
// terms of zero, so that it can be read against the source line by line.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace commplan {

inline double Ceil(double x) { return std::ceil(x); }
inline double Floor(double x) { return std::floor(x); }
inline double Log2(double x) { return std::log2(x); }
inline double Exp2(double x) { return std::exp2(x); }
inline double Sqrt(double x) { return std::sqrt(x); }
inline double Max(double a, double b) { return a >= b ? a : b; }
inline double Min(double a, double b) { return a <= b ? a : b; }

// An expression as text, with just the parentheses that it needs.
class Text {
 public:
  Text() : Text(0.0) {}
  // A constant of the formula.
  explicit Text(double constant);
  // A leaf: the name of a symbol, or the number put in for it ("8", "3 us").
  static Text Leaf(std::string_view word);

  const std::string& str() const { return text_; }
  bool IsZero() const { return text_ == "0"; }

  friend Text operator+(const Text& a, const Text& b);
  friend Text operator-(const Text& a, const Text& b);
  friend Text operator*(const Text& a, const Text& b);
  friend Text operator/(const Text& a, const Text& b);
  friend Text operator-(const Text& a) { return Text(0.0) - a; }
  friend Text Ceil(const Text& x) { return Call("ceil", x); }
  friend Text Floor(const Text& x) { return Call("floor", x); }
  friend Text Log2(const Text& x) { return Call("log2", x); }
  friend Text Exp2(const Text& x) { return Call("exp2", x); }
  friend Text Sqrt(const Text& x) { return Call("sqrt", x); }
  friend Text Max(const Text& a, const Text& b) { return Call2("max", a, b); }
  friend Text Min(const Text& a, const Text& b) { return Call2("min", a, b); }

 private:
  enum class Binding { kSum, kProduct, kAtom };
  Text(std::string text, Binding binding) : text_(std::move(text)), binding_(binding) {}
  static Text Call(std::string_view function, const Text& x);
  static Text Call2(std::string_view function, const Text& a, const Text& b);
  std::string Within(Binding outer) const;

  std::string text_;
  Binding binding_ = Binding::kAtom;
};

// A value with its derivatives towards N inputs.
template <std::size_t N>
class Dual {
 public:
  Dual() = default;
  explicit constexpr Dual(double value) : value_(value) {}
  // The i-th input itself: its derivative towards itself is one.
  static constexpr Dual Input(double value, std::size_t i) {
    Dual d(value);
    d.slope_[i] = 1;
    return d;
  }

  constexpr double value() const { return value_; }
  constexpr double slope(std::size_t i) const { return slope_[i]; }

  friend constexpr Dual operator+(const Dual& a, const Dual& b) {
    return Combine(a.value_ + b.value_, a, 1, b, 1);
  }
  friend constexpr Dual operator-(const Dual& a, const Dual& b) {
    return Combine(a.value_ - b.value_, a, 1, b, -1);
  }
  friend constexpr Dual operator-(const Dual& a) { return Dual(0) - a; }
  friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    return Combine(a.value_ * b.value_, a, b.value_, b, a.value_);
  }
  friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    return Combine(a.value_ / b.value_, a, 1 / b.value_, b, -a.value_ / (b.value_ * b.value_));
  }
  friend Dual Ceil(const Dual& x) { return Dual(std::ceil(x.value_)); }
  friend Dual Floor(const Dual& x) { return Dual(std::floor(x.value_)); }
  friend Dual Log2(const Dual& x) {
    return Combine(std::log2(x.value_), x, 1 / (x.value_ * std::log(2.0)), x, 0);
  }
  friend Dual Exp2(const Dual& x) {
    const double power = std::exp2(x.value_);
    return Combine(power, x, power * std::log(2.0), x, 0);
  }
  // The slope at zero is infinite; zero is what a formula with nothing to send needs there.
  friend Dual Sqrt(const Dual& x) {
    const double root = std::sqrt(x.value_);
    return Combine(root, x, root > 0 ? 0.5 / root : 0, x, 0);
  }
  friend Dual Max(const Dual& a, const Dual& b) { return a.value_ >= b.value_ ? a : b; }
  friend Dual Min(const Dual& a, const Dual& b) { return a.value_ <= b.value_ ? a : b; }

 private:
  static constexpr Dual Combine(double value, const Dual& a, double by_a, const Dual& b,
                                double by_b) {
    Dual d(value);
    for (std::size_t i = 0; i < N; ++i) d.slope_[i] = a.slope_[i] * by_a + b.slope_[i] * by_b;
    return d;
  }

  double value_ = 0;
  std::array<double, N> slope_{};
};

}  // namespace commplan
