#include "calibrate/fit/compressed.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "model/base/check.h"

namespace commplan::fit {
namespace {

constexpr double kRobustScale = 0.1;
// A prior of one standard deviation is worth a row that is off by this much.
constexpr double kPriorWorth = 0.05;
constexpr double kPooled = 0.3;  // how far codecs of one kernel lie apart, in logarithms
constexpr double kWide = 3, kLoose = 1.5, kNear = 0.7, kRateSpread = 0.5;
constexpr int kSteps = 200;
constexpr double kNinety = 1.645;  // standard deviations on either side of nine tenths
constexpr double kOneGuess = 0.9;  // of the range of a guess, for the same nine tenths

// Twice as many ranks as were measured: predictions of plain collectives on twice the nodes lie
// seven hundredths off on average, which is this standard deviation.
constexpr double kPerDoubling = 0.09;

double Volume(Op op, int ranks) { return BusBandwidthFactor(op, ranks); }

struct Prior {
  double start = 0;  // ln
  double spread = 1;
};

// The parameters in their order: four of the kernel, start and memory of each codec, the plain
// start, the plain rates, the compressed rates (or their share of the plain ones).
class Shape {
 public:
  Shape(const std::vector<CompressedSample>& samples, const CompressedOptions& options)
      : options_(options) {
    double least = std::numeric_limits<double>::infinity(), slope = least;
    for (const CompressedSample& s : samples) {
      const bool is_plain = s.codec == kNoCodec;
      if (!is_plain) shares_[s.codec] = s.share;
      (is_plain ? plain_ : coded_).push_back(s.ranks);
      base_ = std::min(base_, s.ranks);
      least = std::min(least, s.time_us);
      slope = std::min(slope, s.time_us / (Volume(options.op, s.ranks) * s.share * s.bytes));
    }
    for (auto* counts : {&plain_, &coded_}) {
      std::sort(counts->begin(), counts->end());
      counts->erase(std::unique(counts->begin(), counts->end()), counts->end());
    }
    priors_ = {{std::log(2.0), kNear},                      // q - 1
               {std::log(0.6), kNear},                      // shown
               {std::log(0.3 * std::sqrt(least)), kLoose},  // ramp
               {std::log(0.03 * least), kLoose}};           // start per rank
    for (std::size_t c = 0; c < shares_.size(); ++c) priors_.push_back({std::log(least), kLoose});
    for (std::size_t c = 0; c < shares_.size(); ++c) {
      priors_.push_back({std::log(0.15 * slope), 1});
    }
    if (!plain_.empty()) priors_.push_back({std::log(least), kWide});
    for (std::size_t i = 0; i < plain_.size(); ++i) priors_.push_back({-std::log(slope), kWide});
    for (const int ranks : coded_) {
      if (!IsPlain(ranks)) {
        priors_.push_back({-std::log(slope), kWide});
      } else if (ranks > 2) {
        priors_.push_back({0, kRateSpread});
      }
    }
  }

  const std::vector<Prior>& priors() const { return priors_; }
  int codecs() const { return static_cast<int>(shares_.size()); }
  int first_codec() const { return 4; }

  // In microseconds and bytes, times and rates in base units.
  FusedKernel KernelOf(const Eigen::VectorXd& p) const {
    Eigen::Index next = 0;
    const auto take = [&] { return std::exp(p[next++]); };
    FusedKernel kernel;
    kernel.op = options_.op;
    kernel.base_ranks = base_;
    kernel.sharpness = 1 + take();
    kernel.shown = take();
    kernel.ramp = take() * 1e-3;  // roots of microseconds
    kernel.start_per_rank = Micros(take());
    for (const auto& [name, share] : shares_) {
      kernel.codecs.push_back({name, share, Micros(take()), TimePerByte()});
    }
    for (std::size_t c = 0; c < shares_.size(); ++c) {
      kernel.codecs[c].memory = SecondsPerByte(take() * 1e-6);
    }
    if (!plain_.empty()) {
      kernel.codecs.push_back({std::string(kNoCodec), 1, Micros(take()), TimePerByte()});
    }
    for (const int ranks : plain_) kernel.plain.push_back({ranks, Bps(take() * 1e6)});
    for (const int ranks : coded_) {
      Bandwidth rate;
      if (!IsPlain(ranks)) {
        rate = Bps(take() * 1e6);
      } else {
        rate = RateOf(kernel, false, ranks).rate * (ranks > 2 ? take() : 1.0);
      }
      kernel.coded.push_back({ranks, rate});
    }
    kernel.link_per_peer = LinkPerPeer(kernel);
    return kernel;
  }

 private:
  bool IsPlain(int ranks) const { return std::binary_search(plain_.begin(), plain_.end(), ranks); }

  bool LinkPerPeer(const FusedKernel& kernel) const {
    if (options_.link_per_peer) return *options_.link_per_peer;
    const std::vector<KernelRate>& rates = kernel.plain.size() > 1 ? kernel.plain : kernel.coded;
    if (rates.size() < 2) return false;
    const double peers = (rates.back().ranks - 1.0) / (rates.front().ranks - 1.0);
    return rates.back().rate > std::sqrt(peers) * rates.front().rate;
  }

  CompressedOptions options_;
  std::map<std::string, double> shares_;
  std::vector<int> plain_, coded_;
  int base_ = std::numeric_limits<int>::max();
  std::vector<Prior> priors_;
};

class Problem {
 public:
  Problem(const std::vector<CompressedSample>& samples, const Shape& shape)
      : samples_(samples), shape_(shape) {}

  // Rows first, then what the priors say; the former are met robustly.
  Eigen::VectorXd Differences(const Eigen::VectorXd& p) const {
    const FusedKernel kernel = shape_.KernelOf(p);
    const Eigen::Index k = p.size(), rows = static_cast<Eigen::Index>(samples_.size());
    Eigen::VectorXd d(rows + k + 2 * shape_.codecs());
    for (Eigen::Index i = 0; i < rows; ++i) {
      const CompressedSample& s = samples_[static_cast<std::size_t>(i)];
      const KernelCodec* codec = FindKernelCodec(kernel, s.codec);
      d[i] =
          std::log(InMicros(PriceKernel(kernel, *codec, s.ranks, B(s.bytes)).Total()) / s.time_us);
    }
    for (Eigen::Index j = 0; j < k; ++j) {
      const Prior& prior = shape_.priors()[static_cast<std::size_t>(j)];
      d[rows + j] = kPriorWorth * (p[j] - prior.start) / prior.spread;
    }
    const Eigen::Index n = shape_.codecs();
    for (Eigen::Index part = 0; part < 2 && n > 0; ++part) {
      const auto values = p.segment(shape_.first_codec() + part * n, n);
      d.segment(rows + k + part * n, n) = kPriorWorth * (values.array() - values.mean()) / kPooled;
    }
    return d;
  }

  double Weight(Eigen::Index i) const {
    return i < static_cast<Eigen::Index>(samples_.size())
               ? samples_[static_cast<std::size_t>(i)].weight
               : 1;
  }

  double Loss(const Eigen::VectorXd& d) const {
    double loss = 0;
    for (Eigen::Index i = 0; i < d.size(); ++i) {
      const double u = d[i] / kRobustScale;
      loss += Weight(i) * 2 * (std::sqrt(1 + u * u) - 1);
    }
    return loss;
  }

  Eigen::VectorXd Solve() const {
    const auto k = static_cast<Eigen::Index>(shape_.priors().size());
    Eigen::VectorXd p(k);
    for (Eigen::Index j = 0; j < k; ++j) p[j] = shape_.priors()[static_cast<std::size_t>(j)].start;
    Eigen::VectorXd d = Differences(p);
    double loss = Loss(d), damping = 1e-2;
    for (int step = 0; step < kSteps; ++step) {
      const Eigen::MatrixXd slopes = Slopes(p, d.size());
      Eigen::VectorXd weights(d.size());
      for (Eigen::Index i = 0; i < d.size(); ++i) {
        const double u = d[i] / kRobustScale;
        weights[i] = Weight(i) / std::sqrt(1 + u * u);
      }
      const Eigen::MatrixXd curvature = slopes.transpose() * weights.asDiagonal() * slopes;
      const Eigen::VectorXd downhill = -(slopes.transpose() * weights.asDiagonal() * d);
      bool improved = false;
      for (int attempt = 0; attempt < 12 && !improved; ++attempt, damping *= 4) {
        Eigen::MatrixXd damped = curvature;
        damped.diagonal() += damping * curvature.diagonal();
        const Eigen::VectorXd move = damped.ldlt().solve(downhill).cwiseMax(-2.0).cwiseMin(2.0);
        const Eigen::VectorXd next_d = Differences(p + move);
        const double next = Loss(next_d);
        if (!(next < loss)) continue;
        const bool settled = loss - next < 1e-10 * (1 + loss);
        p += move;
        d = next_d;
        loss = next;
        damping = std::max(1e-7, damping / 20);
        if (settled) return p;
        improved = true;
      }
      if (!improved) break;
    }
    return p;
  }

  double Scatter(const Eigen::VectorXd& p) const {
    const Eigen::VectorXd d = Differences(p);
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const double u = d[static_cast<Eigen::Index>(i)] / kRobustScale;
      sum += samples_[i].weight * 2 * (std::sqrt(1 + u * u) - 1);
      weights += samples_[i].weight;
    }
    return kRobustScale * std::sqrt(sum / weights);
  }

 private:
  Eigen::MatrixXd Slopes(const Eigen::VectorXd& p, Eigen::Index rows) const {
    constexpr double kStep = 1e-5;
    Eigen::MatrixXd slopes(rows, p.size());
    for (Eigen::Index j = 0; j < p.size(); ++j) {
      Eigen::VectorXd up = p, down = p;
      up[j] += kStep;
      down[j] -= kStep;
      slopes.col(j) = (Differences(up) - Differences(down)) / (2 * kStep);
    }
    return slopes;
  }

  const std::vector<CompressedSample>& samples_;
  const Shape& shape_;
};

Status Validate(const std::vector<CompressedSample>& samples) {
  if (samples.empty()) {
    return BadInputError("no measurement of a compressed collective, expected at least one", {},
                         "give times of one kernel, plain and with codecs, at several sizes");
  }
  std::map<std::string, double> shares;
  for (const CompressedSample& s : samples) {
    const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
    std::string what;
    if (s.ranks < 2) what = "fewer than two ranks";
    if (!positive(s.bytes)) what = "no size";
    if (!positive(s.time_us)) what = "no time";
    if (!positive(s.weight)) what = "no weight";
    if (!positive(s.share) || s.share > 4) what = "no share of wire bytes between 0 and 4";
    if (s.codec == kNoCodec && s.share != 1) what = "no codec but a share that is not 1";
    const auto [known, is_new] = shares.try_emplace(s.codec, s.share);
    if (!is_new && known->second != s.share) what = "another share than before";
    if (what.empty()) continue;
    std::string message("a measurement of codec ");
    message += s.codec;
    message += " has ";
    message += what;
    return BadInputError(std::move(message), {},
                         "every measurement names its ranks, share, bytes and time");
  }
  return OkStatus();
}

double FormTime(const FusedKernel& kernel, const KernelCodec& codec, int ranks, double bytes) {
  return InMicros(PriceKernel(kernel, codec, ranks, B(bytes)).Total());
}

Result<std::vector<CompressedFit::Group>> GroupsOf(const FusedKernel& kernel,
                                                   const std::vector<CompressedSample>& samples) {
  std::map<std::pair<std::string, int>, std::vector<Point>> points;
  for (const CompressedSample& s : samples) {
    Point point;
    point.bytes = s.bytes;
    point.time_us = s.time_us;
    point.weight = s.weight;
    points[{s.codec, s.ranks}].push_back(point);
  }
  std::vector<CompressedFit::Group> groups;
  for (const auto& [key, list] : points) {
    CompressedFit::Group group{.codec = key.first, .ranks = key.second, .rows = {}, .residual = {}};
    ASSIGN_OR_RETURN(group.rows, PrepareRows(list));
    const KernelCodec* codec = FindKernelCodec(kernel, group.codec);
    std::vector<double> differences;
    for (const Row& row : group.rows.rows) {
      differences.push_back(
          std::log(row.time_us / FormTime(kernel, *codec, group.ranks, row.bytes)));
    }
    group.residual = FitResiduals(group.rows.rows, {differences}).front();
    double sum = 0;
    for (const double error : group.residual.leave_one_out) sum += error * error;
    group.spread = std::sqrt(sum / static_cast<double>(differences.size()));
    groups.push_back(std::move(group));
  }
  return groups;
}

double Residue(const CompressedFit::Group& group, double bytes) {
  const double x = std::log2(bytes / group.rows.reference_bytes);
  double sum = 0;
  for (std::size_t i = 0; i < group.rows.rows.size(); ++i) {
    sum += ResidualKernel(x - group.rows.rows[i].x) * group.residual.alpha[i];
  }
  return sum;
}

// How often the number of ranks doubles from the nearest one at which plain or compressed traffic,
// whichever it is, was measured; or either, where that one never was.
double DoublingsTo(const std::vector<CompressedFit::Group>& groups, bool plain, int ranks) {
  double least = std::numeric_limits<double>::infinity(), any = least;
  for (const CompressedFit::Group& group : groups) {
    const double doublings = std::abs(std::log2(static_cast<double>(ranks) / group.ranks));
    any = std::min(any, doublings);
    if ((group.codec == kNoCodec) == plain) least = std::min(least, doublings);
  }
  return std::isfinite(least) ? least : any;
}

}  // namespace

CompressedPrediction CompressedFit::Predict(std::string_view codec, int ranks, double bytes,
                                            double share) const {
  const KernelCodec* known = FindKernelCodec(kernel, codec);
  const KernelCodec used = known != nullptr ? *known : AverageCodec(kernel, share);
  CompressedPrediction prediction;
  prediction.time_us = FormTime(kernel, used, ranks, bytes);
  for (const Group& group : groups) {
    if (group.codec != codec || group.ranks != ranks) continue;
    prediction.time_us *= std::exp(Residue(group, bytes));
    const double spread = kNinety * std::max(group.spread, kUsualNoise);
    prediction.low_us = prediction.time_us * std::exp(-spread);
    prediction.high_us = prediction.time_us * std::exp(spread);
    const auto& rows = group.rows.rows;
    prediction.extrapolated = bytes < rows.front().bytes || bytes > rows.back().bytes;
    return prediction;
  }
  prediction.extrapolated = true;
  const double here = std::log(prediction.time_us);
  const auto moved = [&](const KernelCodec& other, Bandwidth rate) {
    return std::log(InMicros(PriceKernel(kernel, other, ranks, B(bytes), rate).Total())) - here;
  };
  const RateGuess guess = RateOf(kernel, used.name != kNoCodec, ranks);
  double square =
      std::pow(kNinety * std::max(scatter, kUsualNoise), 2) +
      std::pow(kNinety * kPerDoubling * DoublingsTo(groups, used.name == kNoCodec, ranks), 2);
  if (known == nullptr) {
    KernelCodec dearer = used;
    dearer.start = dearer.start * std::exp(kPooled);
    dearer.memory = dearer.memory * std::exp(kPooled);
    square += std::pow(kNinety * moved(dearer, guess.rate), 2);
  }
  const double form = std::sqrt(square);
  prediction.low_us =
      prediction.time_us * std::exp(-std::hypot(form, kOneGuess * moved(used, guess.high)));
  prediction.high_us =
      prediction.time_us * std::exp(std::hypot(form, kOneGuess * moved(used, guess.low)));
  return prediction;
}

Result<CompressedFit> FitCompressed(const std::vector<CompressedSample>& samples,
                                    const CompressedOptions& options) {
  RETURN_IF_ERROR(Validate(samples));
  const Shape shape(samples, options);
  const Problem problem(samples, shape);
  const Eigen::VectorXd p = problem.Solve();
  CompressedFit fit;
  fit.kernel = shape.KernelOf(p);
  fit.scatter = problem.Scatter(p);
  ASSIGN_OR_RETURN(fit.groups, GroupsOf(fit.kernel, samples));
  return fit;
}

}  // namespace commplan::fit
