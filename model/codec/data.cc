#include "model/codec/data.h"

#include <array>
#include <bit>
#include <cmath>

#include "model/base/check.h"

namespace commplan::codec {
namespace {

// ln(x) of a normal x > 0. With x = m * 2^e, m within sqrt(1/2) and sqrt(2), and
// s = (m - 1) / (m + 1): ln m = 2 (s + s^3/3 + s^5/5 + ...); |s| < 0.172, so that what follows
// s^21 is below 1e-17.
double Log(double x) {
  constexpr double kLn2 = 0.6931471805599453;
  constexpr double kRootHalf = 0.7071067811865476;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFULL) | 0x3FE0000000000000ULL);
  if (m < kRootHalf) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double sum = 0;
  for (int power = 21; power >= 1; power -= 2) sum = sum * square + 1.0 / power;
  return exponent * kLn2 + 2 * s * sum;
}

// Student's t with four degrees of freedom: a normal over sqrt(chi2_4 / 4), and chi2_4 is
// -2 ln(u v) of two uniforms.
double Student4(Random& random) {
  const double normal = random.Normal();
  const double chi2 = -2 * (Log(random.Uniform()) + Log(random.Uniform()));
  return normal / std::sqrt(chi2 / 4);
}

}  // namespace

std::string_view ShapeName(Shape shape) {
  switch (shape) {
    case Shape::kGaussian:
      return "gaussian";
    case Shape::kHeavyTailed:
      return "heavy-tailed";
    case Shape::kOutlierChannels:
      return "outlier-channels";
  }
  CHECK(false);
}

std::uint64_t Random::Bits() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

double Random::Uniform() {
  // The middle of one of 2^52 equal parts: neither 0 nor 1.
  return (static_cast<double>(Bits() >> 12) + 0.5) * 0x1p-52;
}

double Random::Normal() {
  // Marsaglia's polar method; the second number of the pair is not kept, so that a draw is a
  // function of the state alone.
  for (;;) {
    const double u = 2 * Uniform() - 1;
    const double v = 2 * Uniform() - 1;
    const double square = u * u + v * v;
    if (square < 1 && square > 0) return u * std::sqrt(-2 * Log(square) / square);
  }
}

std::vector<float> Draw(Shape shape, std::size_t values, std::uint64_t seed, std::uint64_t stream) {
  Random places(seed);
  std::array<std::size_t, kOutliers> outliers{};
  for (std::size_t& channel : outliers) channel = places.Bits() % kChannels;
  // Streams begin 2^64 / golden ratio squared apart, far from each other's reach.
  Random random(places.Bits() + stream * 0x61C8864680B583EBULL * 0x61C8864680B583EBULL);
  std::vector<float> drawn(values);
  for (std::size_t i = 0; i < values; ++i) {
    double value = shape == Shape::kHeavyTailed ? Student4(random) : random.Normal();
    if (shape == Shape::kOutlierChannels) {
      for (const std::size_t channel : outliers) {
        if (i % kChannels == channel) value *= kOutlierFactor;
      }
    }
    drawn[i] = static_cast<float>(value);
  }
  return drawn;
}

}  // namespace commplan::codec
