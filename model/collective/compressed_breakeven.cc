#include "model/collective/compressed_breakeven.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/base/check.h"

namespace commplan {
namespace {

// A chord and a curve closer than this are one.
constexpr double kStraight = 1e-13;

// Adds the ends of the straight pieces of a convex curve between a and b.
void AddKinks(const TimeCurve& curve, double a, double fa, double b, double fb,
              std::vector<double>* kinks) {
  const double middle = a + (b - a) / 2;
  if (!(middle > a && middle < b)) return;
  const double value = curve(middle);
  if (std::abs(value - (fa + fb) / 2) <= kStraight * (std::abs(fa) + std::abs(fb))) return;
  kinks->push_back(middle);  // it may be the end of two straight pieces itself
  if (b - a <= 1e-12 * b) return;
  AddKinks(curve, a, fa, middle, value, kinks);
  AddKinks(curve, middle, value, b, fb, kinks);
}

double Least(const std::vector<TimeCurve>& curves, double x) {
  double least = std::numeric_limits<double>::infinity();
  for (const TimeCurve& curve : curves) least = std::min(least, curve(x));
  return least;
}

// Between two neighbouring points all curves are lines: adds where any two of them meet.
void AddMeetings(const std::vector<TimeCurve>& some, const std::vector<TimeCurve>& others, double a,
                 double b, std::vector<double>* points) {
  for (const TimeCurve& p : some) {
    const double pa = p(a), pb = p(b);
    for (const TimeCurve& q : others) {
      const double ga = pa - q(a), gb = pb - q(b);
      if ((ga < 0) == (gb < 0) || ga == gb) continue;
      points->push_back(a + (b - a) * (ga / (ga - gb)));
    }
  }
}

// The stretches of [from, to], cut at `points`, on which `wins` holds in the middle.
BreakEven Judge(std::vector<double> points, double from, double to,
                const std::function<bool(double)>& wins) {
  points.push_back(from);
  points.push_back(to);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  BreakEven answer{.searched_from = from, .searched_to = to, .pays = {}};
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const double a = points[i], b = points[i + 1];
    // A crossing found twice leaves a sliver that is all rounding.
    if (b - a <= 1e-11 * b && !(a == from && b == to)) {
      if (!answer.pays.empty() && answer.pays.back().to == a) answer.pays.back().to = b;
      continue;
    }
    if (!wins(a + (b - a) / 2)) continue;
    if (!answer.pays.empty() && answer.pays.back().to == a) {
      answer.pays.back().to = b;
    } else {
      answer.pays.push_back({a, b});
    }
  }
  return answer;
}

}  // namespace

bool BreakEven::PaysAt(double x) const {
  return std::any_of(pays.begin(), pays.end(),
                     [&](const PayRange& range) { return range.from <= x && x <= range.to; });
}

std::optional<double> BreakEven::Start() const {
  if (pays.empty() || pays.front().from <= searched_from) return std::nullopt;
  return pays.front().from;
}

std::optional<double> BreakEven::Stop() const {
  if (pays.empty() || pays.back().to >= searched_to) return std::nullopt;
  return pays.back().to;
}

BreakEven WherePays(const std::vector<TimeCurve>& plain, const std::vector<TimeCurve>& coded,
                    double from, double to) {
  CHECK(from >= 0 && from < to);
  // By octaves, so that a piece is seen at its own scale.
  std::vector<double> points{from, to};
  for (double x = std::exp2(std::floor(std::log2(to))); x > from && x > to * 1e-15; x /= 2) {
    points.push_back(x);
  }
  std::sort(points.begin(), points.end());
  std::vector<double> kinks = points;
  for (const auto* curves : {&plain, &coded}) {
    for (const TimeCurve& curve : *curves) {
      for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        AddKinks(curve, points[i], curve(points[i]), points[i + 1], curve(points[i + 1]), &kinks);
      }
    }
  }
  std::sort(kinks.begin(), kinks.end());
  std::vector<double> all = kinks;
  for (std::size_t i = 0; i + 1 < kinks.size(); ++i) {
    if (kinks[i] == kinks[i + 1]) continue;
    AddMeetings(plain, coded, kinks[i], kinks[i + 1], &all);
  }
  return Judge(std::move(all), from, to,
               [&](double x) { return Least(coded, x) < Least(plain, x); });
}

BreakEven WherePaysOnGrid(const TimeCurve& plain, const TimeCurve& coded, double from, double to,
                          int points) {
  CHECK(from > 0 && from < to && points > 0);
  const auto wins = [&](double x) { return coded(x) < plain(x); };
  const int steps = static_cast<int>(std::ceil(std::log2(to / from) * points));
  std::vector<double> crossings;
  double last = from;
  for (int i = 1; i <= steps; ++i) {
    const double next = i == steps ? to : from * std::exp2(static_cast<double>(i) / points);
    if (wins(last) != wins(next)) {
      double a = last, b = next;
      while (b - a > 1e-12 * b) {
        const double middle = a + (b - a) / 2;
        if (!(middle > a && middle < b)) break;
        (wins(middle) == wins(last) ? a : b) = middle;
      }
      crossings.push_back(b);
    }
    last = next;
  }
  return Judge(std::move(crossings), from, to, wins);
}

namespace {

// Every way with every number of chunks that it may have, as a curve over what `change` changes.
using Change = std::function<void(double, Inputs<double>*, CodecInputs<double>*)>;

void AddWays(const std::vector<CompressedWay>& ways, Bytes bytes, const Change& change,
             std::vector<TimeCurve>* curves) {
  for (const CompressedWay& way : ways) {
    for (int chunks = 1; chunks <= way.max_chunks; chunks *= 2) {
      curves->push_back([&way, bytes, chunks, change](double value) {
        Inputs<double> x = way.inputs;
        CodecInputs<double> c = way.codec;
        x.bytes = bytes;
        x.chunks = chunks;
        change(value, &x, &c);
        return InSeconds(way.card->value(x, c).Total());
      });
    }
  }
}

// Plain pipelines are cut into powers of two: finer steps change their time by less than a band.
constexpr int kMostPlainChunks = 256;

std::vector<TimeCurve> PlainCurves(const Contest& contest, const Change& change) {
  std::vector<TimeCurve> curves;
  for (const Variant& variant : contest.plain) {
    const int most = variant.size_rule == SizeRule::kNone ? 1 : kMostPlainChunks;
    for (int chunks = 1; chunks <= most; chunks *= 2) {
      curves.push_back([&variant, &contest, most, chunks, change](double value) {
        Inputs<double> x = variant.inputs;
        CodecInputs<double> unused;
        x.bytes = contest.bytes;
        if (most > 1) x.chunks = chunks;
        change(value, &x, &unused);
        return InSeconds(variant.card->value(x).Total());
      });
    }
  }
  AddWays(contest.plain_ways, contest.bytes, change, &curves);
  return curves;
}

std::vector<TimeCurve> CodedCurves(const Contest& contest, const Change& change) {
  std::vector<TimeCurve> curves;
  AddWays(contest.coded, contest.bytes, change, &curves);
  return curves;
}

BreakEven Solve(const Contest& contest, const Change& change, double from, double to) {
  return WherePays(PlainCurves(contest, change), CodedCurves(contest, change), from, to);
}

// The same answer told in one over the quantity.
BreakEven Inverted(const BreakEven& answer, double from, double to) {
  BreakEven inverted{.searched_from = from, .searched_to = to, .pays = {}};
  for (auto range = answer.pays.rbegin(); range != answer.pays.rend(); ++range) {
    inverted.pays.push_back({range->to >= answer.searched_to ? from : 1 / range->to,
                             range->from <= answer.searched_from ? to : 1 / range->from});
  }
  return inverted;
}

}  // namespace

Result<Contest> MakeContest(Op op, const GroupShape& shape, const CodecCost& codec,
                            const CallCost& call, Bytes bytes,
                            std::optional<CompressedScheme> scheme) {
  Contest contest;
  contest.bytes = bytes;
  Engine textbook;
  textbook.reduction = call.reduction;
  contest.plain = TextbookVariants(textbook, op, shape);
  for (Variant& variant : contest.plain) {
    variant.inputs.launch = call.launch;
    variant.engine = nullptr;  // it ends here
  }
  if (!scheme) {
    contest.coded = CompressedWays(op, shape, codec, call);
  } else {
    ASSIGN_OR_RETURN(const CompressedWay way, PrepareCompressed(op, *scheme, shape, codec, call));
    contest.coded = {way};
    // Without a way from rank to rank the plain ring goes through the host memory as well.
    if (*scheme == CompressedScheme::kHostOneShot || *scheme == CompressedScheme::kHostTwoShot) {
      ASSIGN_OR_RETURN(CompressedWay ring,
                       PrepareCompressed(op, CompressedScheme::kHostRing, shape, codec, call));
      ring.codec = CodecInputsOf(CodecCost{}, false);
      ring.max_chunks = 1;
      contest.plain.clear();
      contest.plain_ways = {ring};
    }
  }
  return contest;
}

BreakEven BreakEvenSize(const Contest& contest, Bytes from, Bytes to) {
  return Solve(
      contest, [](double bytes, Inputs<double>* x, CodecInputs<double>*) { x->bytes = B(bytes); },
      InBytes(from), InBytes(to));
}

BreakEven BreakEvenBandwidthFactor(const Contest& contest, Link link, double from, double to) {
  const auto change = [link](double time_factor, Inputs<double>* x, CodecInputs<double>*) {
    Bandwidth& rate = link == Link::kInner ? x->bandwidth : x->net_bandwidth;
    rate = rate / time_factor;
  };
  return Inverted(Solve(contest, change, 1 / to, 1 / from), from, to);
}

BreakEven BreakEvenCodecSpeed(const Contest& contest, double from, double to) {
  const auto change = [](double time_factor, Inputs<double>*, CodecInputs<double>* c) {
    c->encode = c->encode * time_factor;
    c->decode = c->decode * time_factor;
    c->add = c->add * time_factor;
  };
  return Inverted(Solve(contest, change, 1 / to, 1 / from), from, to);
}

BreakEven BreakEvenRanks(const Contest& contest, int most) {
  const auto change = [](double ranks, Inputs<double>* x, CodecInputs<double>*) {
    x->ranks = x->local = ranks;
  };
  const std::vector<TimeCurve> plain = PlainCurves(contest, change);
  const std::vector<TimeCurve> coded = CodedCurves(contest, change);
  BreakEven answer{.searched_from = 2, .searched_to = static_cast<double>(most), .pays = {}};
  for (int ranks = 2; ranks <= most; ++ranks) {
    if (!(Least(coded, ranks) < Least(plain, ranks))) continue;
    const double here = ranks;
    if (!answer.pays.empty() && answer.pays.back().to == here - 1) {
      answer.pays.back().to = here;
    } else {
      answer.pays.push_back({here, here});
    }
  }
  return answer;
}

BreakEven BreakEvenSize(const FusedKernel& kernel, const KernelCodec& codec, int ranks, Bytes from,
                        Bytes to) {
  constexpr int kPointsPerOctave = 16;
  const KernelCodec* plain = FindKernelCodec(kernel, kNoCodec);
  CHECK(plain != nullptr);
  const auto time = [&](const KernelCodec& with) {
    return [&kernel, &with, ranks](double bytes) {
      return InSeconds(PriceKernel(kernel, with, ranks, B(bytes)).Total());
    };
  };
  return WherePaysOnGrid(time(*plain), time(codec), InBytes(from), InBytes(to), kPointsPerOctave);
}

BreakEven BreakEvenOverlap(const Cost& plain, const CompressedPrice& compressed,
                           const CodecInputs<double>& codec) {
  const Cost& cost = compressed.cost;
  const CodecWork<double>& work = compressed.work;
  const Time shown = cost.At(Term::kEncode) + cost.At(Term::kDecode) + cost.At(Term::kReduce) +
                     cost.At(Term::kFill);
  const Time all =
      work.encoded * codec.encode + work.decoded * codec.decode + work.added * codec.add;
  const Time wire = cost.Total() - shown;
  // gain(h) = gain at none + h * slope.
  const Time none = plain.Total() - cost.Total();
  const Time slope = wire - Max(all - shown, Time()) - (plain.Total() - plain.At(Term::kReduce));
  BreakEven answer{.searched_from = 0, .searched_to = 1, .pays = {}};
  const bool pays_at_none = none > Time();
  const bool pays_at_all = none + slope > Time();
  if (!pays_at_none && !pays_at_all) return answer;
  const double root = pays_at_none == pays_at_all ? 0 : -(none / slope);
  answer.pays.push_back({pays_at_none ? 0 : root, pays_at_all ? 1 : root});
  return answer;
}

}  // namespace commplan
