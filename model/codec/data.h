// Data to try codecs on: seeded draws shaped like activations, the same on every machine.
//
// Only exactly rounded steps are used (+, -, *, /, sqrt), a logarithm of our own among them, since
// those of the mathematical libraries differ in the last bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace commplan::codec {

enum class Shape {
  kGaussian,         // standard normal
  kHeavyTailed,      // Student's t with four degrees of freedom: finite variance, infinite kurtosis
  kOutlierChannels,  // standard normal, but a few channels are twenty times larger in every row
};
// "gaussian", "heavy-tailed", "outlier-channels".
std::string_view ShapeName(Shape shape);

// Rows of so many channels; four of them, chosen by the seed, are outliers. A few per thousand and
// a factor of 20 are what is reported of the hidden states of language models (arXiv 2208.07339).
inline constexpr std::size_t kChannels = 1024;
inline constexpr std::size_t kOutliers = 4;
inline constexpr double kOutlierFactor = 20;

// The places of outliers depend on the seed alone; streams of one seed are independent otherwise.
std::vector<float> Draw(Shape shape, std::size_t values, std::uint64_t seed,
                        std::uint64_t stream = 0);

// Uniform bits by splitmix64: one multiply-xor chain per draw, any seed is a good one.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Bits();
  double Uniform();  // in (0, 1)
  double Normal();

 private:
  std::uint64_t state_;
};

}  // namespace commplan::codec
