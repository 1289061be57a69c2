#include "model/step/compression_breakeven.h"

#include <algorithm>

#include "model/base/check.h"

namespace commplan {
namespace {

constexpr int kPointsPerOctave = 16;

// Whether all ways are formulas of straight pieces: a textbook's, against schemes.
bool Exact(const CompressionModel& model) {
  const EngineRule rule = model.plain().engine().rule;
  if (model.kernel() != nullptr) return false;
  return rule == EngineRule::kCheapest || rule == EngineRule::kFixed;
}

Contest ContestOf(const CompressionModel& model, Bytes bytes) {
  Contest contest;
  contest.bytes = bytes;
  if (model.plain_way()) {
    contest.plain_ways = {*model.plain_way()};
  } else {
    contest.plain = model.plain().variants();
  }
  contest.coded = model.ways();
  return contest;
}

Link LinkOf(const CompressionModel& model) {
  const GroupShape& shape = model.plain().shape();
  return shape.nodes > 1 && !shape.network_only ? Link::kNetwork : Link::kInner;
}

// The cheapest scheme's time with its inputs changed, in as many chunks as are best then.
template <class Change>
double LeastScheme(const CompressionModel& model, Bytes bytes, const Change& change) {
  double least = -1;
  for (CompressedWay way : model.ways()) {
    change(&way.inputs, &way.codec);
    const double time = InSeconds(PriceAt(way, bytes).cost.Total());
    if (least < 0 || time < least) least = time;
  }
  CHECK(least >= 0);
  return least;
}

// A measured kernel is taken to change as the cheapest scheme does.
template <class Change>
double LeastCoded(const CompressionModel& model, Bytes bytes, const Change& change) {
  if (model.kernel() == nullptr) return LeastScheme(model, bytes, change);
  const double time = InSeconds(model.CodedTime(bytes));
  if (model.ways().empty()) return time;
  const auto same = [](Inputs<double>*, CodecInputs<double>*) {};
  return time * LeastScheme(model, bytes, change) / LeastScheme(model, bytes, same);
}

// The cheapest formula of the engine with a link that is `factor` times as fast.
double LeastPlain(const CompressionModel& model, Bytes bytes, double factor) {
  const Link link = LinkOf(model);
  double least = -1;
  for (const Variant& variant : model.plain().variants()) {
    Inputs<double> x = InputsFor(variant, bytes);
    Bandwidth& rate = link == Link::kInner ? x.bandwidth : x.net_bandwidth;
    rate = rate * factor;
    const double time = InSeconds(variant.card->value(x).Total());
    if (least < 0 || time < least) least = time;
  }
  return least;
}

double PlainSeconds(const CompressionModel& model, Bytes bytes) {
  return InSeconds(model.PlainAt(bytes).Total());
}

}  // namespace

BreakEven WhereSizePays(const CompressionModel& model, Bytes from, Bytes to) {
  if (Exact(model)) return BreakEvenSize(ContestOf(model, to), from, to);
  return WherePaysOnGrid([&](double bytes) { return PlainSeconds(model, B(bytes)); },
                         [&](double bytes) { return InSeconds(model.CodedTime(B(bytes))); },
                         InBytes(from), InBytes(to), kPointsPerOctave);
}

BreakEven WhereBandwidthPays(const CompressionModel& model, Bytes bytes, double from, double to) {
  const Link link = LinkOf(model);
  if (Exact(model)) return BreakEvenBandwidthFactor(ContestOf(model, bytes), link, from, to);
  const double scale = PlainSeconds(model, bytes) / LeastPlain(model, bytes, 1);
  return WherePaysOnGrid(
      [&](double factor) { return scale * LeastPlain(model, bytes, factor); },
      [&](double factor) {
        return LeastCoded(model, bytes, [&](Inputs<double>* x, CodecInputs<double>*) {
          Bandwidth& rate = link == Link::kInner ? x->bandwidth : x->net_bandwidth;
          rate = rate * factor;
        });
      },
      from, to, kPointsPerOctave);
}

BreakEven WhereCodecSpeedPays(const CompressionModel& model, Bytes bytes, double from, double to) {
  if (Exact(model)) return BreakEvenCodecSpeed(ContestOf(model, bytes), from, to);
  const double plain = PlainSeconds(model, bytes);
  return WherePaysOnGrid([&](double) { return plain; },
                         [&](double factor) {
                           return LeastCoded(model, bytes,
                                             [&](Inputs<double>*, CodecInputs<double>* c) {
                                               c->encode = c->encode / factor;
                                               c->decode = c->decode / factor;
                                               c->add = c->add / factor;
                                             });
                         },
                         from, to, kPointsPerOctave);
}

BreakEven WhereOverlapPays(const CompressionModel& model, Bytes bytes) {
  const CompressionAnswer answer = model.At(bytes);
  // All of a measured kernel's time is hidden alike: how much of it is the codec's is not known.
  const CodecInputs<double> codec =
      answer.measured ? CodecInputs<double>() : model.WayOf(answer.coded.scheme)->codec;
  return BreakEvenOverlap(answer.plain.cost, answer.coded, codec);
}

BreakEven WhereRanksPay(const std::function<std::optional<double>(int)>& gain_for, int most) {
  BreakEven answer{.searched_from = 2, .searched_to = 2, .pays = {}};
  bool paid = false;  // at the last count that there is a model for
  for (int ranks = 2; ranks <= most; ++ranks) {
    const std::optional<double> gain = gain_for(ranks);
    if (!gain) continue;
    const double here = ranks;
    answer.searched_to = here;
    if (*gain > 1) {
      if (paid) {
        answer.pays.back().to = here;
      } else {
        answer.pays.push_back({here, here});
      }
    }
    paid = *gain > 1;
  }
  return answer;
}

}  // namespace commplan
