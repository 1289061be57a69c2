#include "calibrate/fit/pooled.h"

#include <Eigen/Dense>
#include <cmath>

#include "model/base/check.h"

namespace commplan::fit {

PooledSample SampleOf(const MeasuredWay& law, Bytes bytes, double measured_us) {
  CHECK(measured_us > 0);
  PooledSample sample;
  sample.features = law.FeaturesAt(bytes);
  sample.excess = std::log(measured_us * 1e-6) - sample.features.ln_base;
  return sample;
}

CountCoefficients FitPooled(const std::vector<PooledSample>& samples) {
  constexpr double kPull = 1;  // as if one more sample said that there is nothing to correct
  Eigen::Matrix4d normal = kPull * Eigen::Matrix4d::Identity();
  Eigen::Vector4d right = Eigen::Vector4d::Zero();
  for (const PooledSample& sample : samples) {
    const double g = sample.features.g, w = sample.features.w;
    const Eigen::Vector4d row(1, g, w, w * g);
    normal += row * row.transpose();
    right += sample.excess * row;
  }
  const Eigen::Vector4d found = normal.ldlt().solve(right);
  return {found[0], found[1], found[2], found[3]};
}

}  // namespace commplan::fit
