#include "model/codec/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "model/base/check.h"
#include "model/codec/codec.h"

namespace commplan::codec {
namespace {

// Encodes, decodes, and remembers what each message lost. A message is known by its place in the
// order of sending, which is the same in every step.
class Channel {
 public:
  Channel(const Codec& codec, bool feedback) : codec_(codec), feedback_(feedback) {}

  void BeginStep() { next_ = 0; }

  // sum += what arrives of `values`. The two may be the same memory.
  void AddSent(std::span<const float> values, std::span<float> sum) {
    const std::vector<float> arrived = Sent(values);
    for (std::size_t i = 0; i < arrived.size(); ++i) sum[i] += arrived[i];
  }

  std::vector<float> Sent(std::span<const float> values) {
    std::vector<float> message(values.begin(), values.end());
    std::vector<float>* lost = nullptr;
    if (feedback_) {
      if (next_ == lost_.size()) lost_.emplace_back(values.size(), 0.0F);
      lost = &lost_[next_++];
      for (std::size_t i = 0; i < message.size(); ++i) message[i] += (*lost)[i];
    }
    wire_.resize(EncodedBytes(codec_, message.size()));
    Encode(codec_, message, wire_);
    std::vector<float> arrived(message.size());
    Decode(codec_, wire_, arrived);
    if (lost != nullptr) {
      for (std::size_t i = 0; i < message.size(); ++i) (*lost)[i] = message[i] - arrived[i];
    }
    return arrived;
  }

 private:
  const Codec& codec_;
  bool feedback_;
  std::size_t next_ = 0;
  std::vector<std::vector<float>> lost_;
  std::vector<std::byte> wire_;
};

// Part `index` of `parts` nearly equal ones; the last ones may be shorter or empty.
struct Part {
  std::size_t begin = 0;
  std::size_t size = 0;
};
Part PartOf(std::size_t values, int index, int parts) {
  const auto count = static_cast<std::size_t>(parts);
  const std::size_t each = (values + count - 1) / count;
  const std::size_t begin = std::min(values, static_cast<std::size_t>(index) * each);
  return {begin, std::min(each, values - begin)};
}

std::vector<float> Copy(std::span<const float> values) { return {values.begin(), values.end()}; }

// What everyone has of a finished sum.
void Finish(bool coded, Channel& channel, std::vector<float> sum, const Part& part,
            std::vector<float>& out) {
  if (coded) sum = channel.Sent(sum);
  std::copy(sum.begin(), sum.end(), out.begin() + static_cast<std::ptrdiff_t>(part.begin));
}

std::vector<float> Gather(const RankData& data, bool keep_own, Channel& channel) {
  std::vector<float> sum(data.PerRank(), 0.0F);
  if (keep_own) sum = Copy(data.Of(0));
  for (int rank = keep_own ? 1 : 0; rank < data.ranks; ++rank) channel.AddSent(data.Of(rank), sum);
  return sum;
}

// Everyone sends the owner of a part its share; the owner sends the sum to everyone.
std::vector<float> TwoShot(const RankData& data, bool coded_gather, Channel& channel) {
  std::vector<float> out(data.PerRank());
  for (int owner = 0; owner < data.ranks; ++owner) {
    const Part part = PartOf(out.size(), owner, data.ranks);
    std::vector<float> sum = Copy(data.Of(owner).subspan(part.begin, part.size));
    for (int rank = 0; rank < data.ranks; ++rank) {
      if (rank != owner) channel.AddSent(data.Of(rank).subspan(part.begin, part.size), sum);
    }
    Finish(coded_gather, channel, std::move(sum), part, out);
  }
  return out;
}

// The part of rank c starts at rank c + 1 and is added to on its way round to c.
std::vector<float> Ring(const RankData& data, bool coded_gather, Channel& channel) {
  std::vector<float> out(data.PerRank());
  for (int owner = 0; owner < data.ranks; ++owner) {
    const Part part = PartOf(out.size(), owner, data.ranks);
    std::vector<float> sum = Copy(data.Of((owner + 1) % data.ranks).subspan(part.begin, part.size));
    for (int hop = 2; hop <= data.ranks; ++hop) {
      std::vector<float> next =
          Copy(data.Of((owner + hop) % data.ranks).subspan(part.begin, part.size));
      channel.AddSent(sum, next);
      sum = std::move(next);
    }
    Finish(coded_gather, channel, std::move(sum), part, out);
  }
  return out;
}

std::vector<float> Doubling(const RankData& data, Channel& channel) {
  std::vector<std::vector<float>> sums;
  for (int rank = 0; rank < data.ranks; ++rank) sums.push_back(Copy(data.Of(rank)));
  for (int distance = 1; distance < data.ranks; distance *= 2) {
    const std::vector<std::vector<float>> before = sums;
    for (int rank = 0; rank < data.ranks; ++rank) {
      const auto peer = static_cast<std::size_t>(rank ^ distance);
      channel.AddSent(before[peer], sums[static_cast<std::size_t>(rank)]);
    }
  }
  return sums.front();
}

std::vector<float> Tree(const RankData& data, bool coded_gather, Channel& channel) {
  std::vector<std::vector<float>> sums;
  for (int rank = 0; rank < data.ranks; ++rank) sums.push_back(Copy(data.Of(rank)));
  for (std::size_t rank = sums.size() - 1; rank > 0; --rank) {
    channel.AddSent(sums[rank], sums[(rank - 1) / 2]);
  }
  if (coded_gather) return channel.Sent(sums.front());
  return sums.front();
}

// Within each group the member m collects part m; then the m-th members of all groups split it
// among themselves and collect it the same way; the finished parts go to everyone.
std::vector<float> Hierarchical(const RankData& data, const Reduction& reduction,
                                Channel& channel) {
  const int inner = reduction.inner;
  RankData outer{.ranks = data.ranks / inner, .values = {}};
  std::vector<float> out(data.PerRank());
  for (int member = 0; member < inner; ++member) {
    const Part part = PartOf(out.size(), member, inner);
    outer.values.clear();
    for (int first = 0; first < data.ranks; first += inner) {
      std::vector<float> sum = Copy(data.Of(first + member).subspan(part.begin, part.size));
      for (int other = 0; other < inner; ++other) {
        if (other == member) continue;
        const auto share = data.Of(first + other).subspan(part.begin, part.size);
        if (reduction.inner_coded) {
          channel.AddSent(share, sum);
        } else {
          for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share[i];
        }
      }
      outer.values.insert(outer.values.end(), sum.begin(), sum.end());
    }
    Finish(false, channel, TwoShot(outer, reduction.coded_gather, channel), part, out);
  }
  return out;
}

std::vector<float> Reduce(const RankData& data, const Reduction& reduction, Channel& channel) {
  switch (reduction.scheme) {
    case Scheme::kGather:
      return Gather(data, reduction.keep_own, channel);
    case Scheme::kTwoShot:
      return TwoShot(data, reduction.coded_gather, channel);
    case Scheme::kRing:
      return Ring(data, reduction.coded_gather, channel);
    case Scheme::kRecursiveDoubling:
      return Doubling(data, channel);
    case Scheme::kTree:
      return Tree(data, reduction.coded_gather, channel);
    case Scheme::kHierarchical:
      return Hierarchical(data, reduction, channel);
  }
  CHECK(false);
}

Status CheckReduction(const Reduction& reduction, std::span<const RankData> steps) {
  if (steps.empty() || steps.front().values.empty()) {
    return BadInputError("found no data, expected at least one value per rank", {},
                         "give a tensor that is not empty");
  }
  const int ranks = steps.front().ranks;
  for (const RankData& step : steps) {
    CHECK(step.ranks > 0 && step.values.size() % static_cast<std::size_t>(step.ranks) == 0);
    CHECK(step.ranks == ranks && step.values.size() == steps.front().values.size());
    for (std::size_t i = 0; i < step.values.size(); ++i) {
      if (std::isfinite(step.values[i])) continue;
      std::string message = std::isnan(step.values[i]) ? "found NaN" : "found infinity";
      message.append(" at value ").append(std::to_string(i % step.PerRank()));
      message.append(" of rank ").append(std::to_string(i / step.PerRank()));
      message.append(", expected finite values");
      return BadInputError(std::move(message), {},
                           "an error can be measured only against a finite sum");
    }
  }
  if (reduction.scheme == Scheme::kRecursiveDoubling &&
      !std::has_single_bit(static_cast<unsigned>(ranks))) {
    return UnsupportedError("recursive doubling of " + std::to_string(ranks) + " ranks",
                            "it needs a power of two of ranks; use ring or two-shot");
  }
  if (reduction.scheme == Scheme::kHierarchical &&
      (reduction.inner < 1 || ranks % reduction.inner != 0)) {
    return UnsupportedError("a hierarchy of " + std::to_string(ranks) + " ranks in groups of " +
                                std::to_string(reduction.inner),
                            "the group must divide the ranks");
  }
  return OkStatus();
}

ErrorFigures Compare(const std::vector<double>& exact, const std::vector<double>& found) {
  double signal = 0;
  double noise = 0;
  double product = 0;
  double error_sum = 0;
  double worst = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = found[i] - exact[i];
    signal += exact[i] * exact[i];
    noise += error * error;
    product += found[i] * exact[i];
    error_sum += error;
    worst = std::max(worst, std::fabs(error));
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto count = static_cast<double>(exact.size());
  const double rms = std::sqrt(signal / count);
  ErrorFigures figures;
  if (noise == 0) {
    figures.sqnr_db = kInfinity;
    return figures;
  }
  if (signal == 0) return {.sqnr_db = -kInfinity, .max_error = kInfinity, .mean_error = kInfinity};
  figures.sqnr_db = 10 * std::log10(signal / noise);
  figures.max_error = worst / rms;
  figures.mean_error = error_sum / count / rms;
  figures.gain = product / signal;
  return figures;
}

}  // namespace

std::string_view SchemeName(Scheme scheme) {
  switch (scheme) {
    case Scheme::kGather:
      return "gather";
    case Scheme::kTwoShot:
      return "two-shot";
    case Scheme::kRing:
      return "ring";
    case Scheme::kRecursiveDoubling:
      return "recursive-doubling";
    case Scheme::kTree:
      return "tree";
    case Scheme::kHierarchical:
      return "hierarchical";
  }
  CHECK(false);
}

bool RanksAgree(const Reduction& reduction) {
  if (reduction.scheme == Scheme::kGather) return !reduction.keep_own;
  return reduction.scheme != Scheme::kRecursiveDoubling;
}

std::span<const float> RankData::Of(int rank) const {
  return std::span<const float>(values).subspan(static_cast<std::size_t>(rank) * PerRank(),
                                                PerRank());
}

RankData DrawRanks(Shape shape, int ranks, std::size_t per_rank, std::uint64_t seed) {
  CHECK(ranks > 0);
  RankData data{.ranks = ranks, .values = {}};
  // The places of outliers come from the seed, the values from the seed and the rank.
  for (int rank = 0; rank < ranks; ++rank) {
    const std::vector<float> drawn = Draw(shape, per_rank, seed, static_cast<std::uint64_t>(rank));
    data.values.insert(data.values.end(), drawn.begin(), drawn.end());
  }
  return data;
}

Result<RankData> CutForRanks(std::span<const float> tensor, int ranks) {
  CHECK(ranks > 0);
  const std::size_t each = tensor.size() / static_cast<std::size_t>(ranks);
  if (each == 0) {
    return BadInputError("found a tensor of " + std::to_string(tensor.size()) +
                             " values, expected at least one for each of " + std::to_string(ranks) +
                             " ranks",
                         {}, "give a larger tensor or fewer ranks");
  }
  const auto used = tensor.first(each * static_cast<std::size_t>(ranks));
  return RankData{.ranks = ranks, .values = Copy(used)};
}

Result<ErrorFigures> MeasureError(const Codec& codec, const Reduction& reduction,
                                  std::span<const RankData> steps) {
  RETURN_IF_ERROR(CheckReduction(reduction, steps));
  Channel channel(codec, reduction.error_feedback);
  std::vector<double> exact(steps.front().PerRank(), 0.0);
  std::vector<double> found(exact.size(), 0.0);
  for (const RankData& step : steps) {
    channel.BeginStep();
    const std::vector<float> result = Reduce(step, reduction, channel);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      found[i] += static_cast<double>(result[i]);
      for (int rank = 0; rank < step.ranks; ++rank) {
        exact[i] += static_cast<double>(step.Of(rank)[i]);
      }
    }
  }
  return Compare(exact, found);
}

Result<ErrorFigures> MeasureError(const Codec& codec, const Reduction& reduction,
                                  const RankData& data) {
  return MeasureError(codec, reduction, std::span<const RankData>(&data, 1));
}

}  // namespace commplan::codec
