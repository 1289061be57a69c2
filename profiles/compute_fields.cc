#include "profiles/compute_fields.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/compute/device.h"
#include "profiles/table_text.h"

namespace commplan::profiles {
namespace {

// Beyond these limits a value is a slip.
constexpr double kLongestKernel = 1;     // s
constexpr double kSmallestShare = 1e-4;  // of a peak; one kernel for experts reaches a hundredth
constexpr double kLargestFactor = 1e3;
constexpr double kMostItemBytes = 1e9;  // of starting a work item, as bytes
constexpr double kMostRows = 1e9;
constexpr double kMostReserve = 1e12;  // B
constexpr double kMostPasses = 1e3;
constexpr double kMostPromptTokens = 1 << 20;

NumberRule Rule(Dimension dimension, double least, double most, Need need = Need::kRequired,
                double fallback = 0) {
  return {.dimension = dimension, .need = need, .least = least, .most = most, .fallback = fallback};
}
NumberRule TimeRule(Need need = Need::kRequired) {
  return Rule(Dimension::kTime, 0, kLongestKernel, need);
}
NumberRule FactorRule(Need need = Need::kRequired, double fallback = 0) {
  return Rule(Dimension::kNumber, 0, kLargestFactor, need, fallback);
}
// An efficiency: 1 is the datasheet's peak.
NumberRule PeakRule() { return Rule(Dimension::kNumber, kSmallestShare, 1); }

template <int kByte, int kSec, int kFlop>
void Put(FieldVisitor& v, std::string_view key, const NumberRule& rule,
         Quantity<kByte, kSec, kFlop>* quantity) {
  double base = quantity->base();
  v.Number(key, rule, &base);
  *quantity = Quantity<kByte, kSec, kFlop>::FromBase(base);
}
void Put(FieldVisitor& v, std::string_view key, const NumberRule& rule, double* number) {
  v.Number(key, rule, number);
}

// ---- texts ----

// Bands of regimes, as factors around 1.
class BandsText final : public CodedText {
 public:
  explicit BandsText(BandFactors* bands, std::size_t most) : bands_(bands), most_(most) {}
  std::string_view expected() const override { return "factors such as '0.9..1.2 0.8..1.4'"; }
  std::string Format() const override {
    std::vector<Range> ranges;
    for (std::size_t i = 0; i < most_; ++i) ranges.emplace_back(bands_[i].low, bands_[i].high);
    // Regimes that a kind of kernel does not have are not written.
    while (ranges.size() > 1 && ranges.back() == Range(1, 1)) ranges.pop_back();
    return FormatRanges(ranges);
  }
  Status Parse(std::string_view text) override {
    ASSIGN_OR_RETURN(const std::vector<Range> ranges, ParseRanges(text));
    if (ranges.empty() || ranges.size() > most_) {
      return BadInputError("found " + std::to_string(ranges.size()) + " bands, expected 1 to " +
                           std::to_string(most_));
    }
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (!(ranges[i].first > 0 && ranges[i].first <= 1 && ranges[i].second >= 1)) {
        return BadInputError("found the band " + FormatRanges({ranges[i]}) +
                             ", expected factors around 1");
      }
      bands_[i] = {ranges[i].first, ranges[i].second};
    }
    return OkStatus();
  }

 private:
  BandFactors* bands_;
  std::size_t most_;
};

class MeasuredText final : public CodedText {
 public:
  explicit MeasuredText(std::vector<AxisRange>* ranges) : ranges_(*ranges) {}
  std::string_view expected() const override {
    return "ranges of binary logarithms such as '0..15 5..16 5..16'";
  }
  std::string Format() const override {
    std::vector<Range> ranges;
    for (const AxisRange& range : ranges_) ranges.emplace_back(range.least, range.most);
    return FormatRanges(ranges);
  }
  Status Parse(std::string_view text) override {
    ASSIGN_OR_RETURN(const std::vector<Range> ranges, ParseRanges(text));
    if (ranges.size() > kTableAxes) {
      return BadInputError("found " + std::to_string(ranges.size()) + " ranges, expected at most " +
                           std::to_string(kTableAxes));
    }
    ranges_.clear();
    for (const auto& [least, most] : ranges) ranges_.push_back({least, most});
    return OkStatus();
  }

 private:
  std::vector<AxisRange>& ranges_;
};

class TableText final : public CodedText {
 public:
  explicit TableText(ResidualTable* table) : table_(*table) {}
  std::string_view expected() const override { return "a table such as '0 2 4 | 5 8: 12 -7 ...'"; }
  std::string Format() const override { return FormatTable(table_); }
  Status Parse(std::string_view text) override {
    ASSIGN_OR_RETURN(table_, ParseTable(text));
    return OkStatus();
  }

 private:
  ResidualTable& table_;
};

// ---- kernels ----

constexpr std::array<std::string_view, 7> kTypes = {"bf16",    "fp8",     "fp8_block", "nvfp4",
                                                    "int8_wo", "int4_wo", "int8_sq"};
constexpr std::array<std::string_view, 2> kPhases = {"context", "generation"};

template <class Enum, std::size_t kSize>
void Word(FieldVisitor& v, std::string_view key, const std::array<std::string_view, kSize>& words,
          Enum* value) {
  auto index = static_cast<std::size_t>(*value);
  v.Word(key, Need::kRequired, words, &index);
  CHECK(index < kSize);
  *value = static_cast<Enum>(index);
}

// The keys of model/compute's visitors, whose names end in the unit that a profile writes out.
struct EfficiencyVisitor {
  FieldVisitor& v;

  void operator()(std::string_view key, double /*unit*/, Time& time) const {
    key.remove_suffix(key.ends_with("_us") ? 3 : 0);
    Put(v, key, TimeRule(), &time);
  }
  void operator()(std::string_view key, double /*unit*/, Bytes& bytes) const {
    double value = bytes.base();
    v.Number(key, Rule(Dimension::kNumber, 0, kMostItemBytes), &value);
    bytes = B(value);
  }
  void operator()(std::string_view key, double /*unit*/, double& number) const {
    const bool share = key.ends_with("_efficiency");
    const bool passes = key == "routing_passes";
    v.Number(key,
             share    ? PeakRule()
             : passes ? Rule(Dimension::kNumber, 0, kMostPasses)
                      : FactorRule(),
             &number);
  }
};

void VisitEvidence(FieldVisitor& v, std::size_t regimes, KernelEvidence* evidence,
                   std::string* table) {
  BandsText bands(evidence->bands.data(), regimes);
  v.Coded("band", Need::kRequired, &bands);
  MeasuredText measured(&evidence->measured);
  v.Coded("measured", Need::kOptional, &measured);
  Put(v, "widening", Rule(Dimension::kNumber, 1, kLargestFactor, Need::kOptional, 1),
      &evidence->widening);
  double rows = evidence->rows;
  v.Number("rows", Rule(Dimension::kInteger, 0, kMostRows, Need::kOptional), &rows);
  evidence->rows = static_cast<int>(rows);
  v.Text("table", Need::kOptional, table);
}

// Calls visit(entry) for each item of a list.
template <class Entry, class Visit>
void VisitList(FieldVisitor& v, std::string_view key, std::vector<Entry>* entries, Visit visit) {
  const std::size_t count = v.EnterList(key, Need::kOptional, entries->size());
  entries->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    v.EnterItem(i);
    visit((*entries)[i]);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

void VisitGemmEntry(FieldVisitor& v, Tabled<GemmFit>& entry) {
  v.Text("engine", Need::kRequired, &entry.fit.engine);
  Word(v, "type", kTypes, &entry.fit.type);
  VisitGemm(entry.fit.efficiency, EfficiencyVisitor{v});
  VisitEvidence(v, kRegimes, &entry.fit.evidence, &entry.table);
}

void VisitAttentionEntry(FieldVisitor& v, Tabled<AttentionFit>& entry) {
  AttentionFit& fit = entry.fit;
  v.Text("engine", Need::kRequired, &fit.engine);
  v.Text("kernel", Need::kOptional, &fit.kernel);
  Word(v, "phase", kPhases, &fit.phase);
  Word(v, "values", kTypes, &fit.values);
  Word(v, "cache", kTypes, &fit.cache);
  VisitAttention(fit.efficiency, fit.phase, EfficiencyVisitor{v});
  v.Number("largest_group", Rule(Dimension::kNumber, 1, kLargestFactor, Need::kOptional),
           &fit.largest_group);
  VisitEvidence(v, 4, &fit.evidence, &entry.table);
}

void VisitMoeEntry(FieldVisitor& v, MoeEntry& entry) {
  MoeFit& fit = entry.fit;
  v.Text("engine", Need::kRequired, &fit.engine);
  v.Text("kernel", Need::kOptional, &fit.kernel);
  Word(v, "type", kTypes, &fit.type);
  bool plain = !entry.gated;
  v.Flag("plain", &plain);
  entry.gated = !plain;
  VisitMoe(fit.efficiency, EfficiencyVisitor{v});
  v.Number("skew_per_octave", FactorRule(Need::kOptional), &fit.skew_per_octave);
  VisitEvidence(v, 2, &fit.evidence, &entry.table);
}

void VisitTables(FieldVisitor& v, std::map<std::string, ResidualTable>* tables) {
  std::vector<std::string> names;
  for (const auto& [name, table] : *tables) names.push_back(name);
  names = v.EnterNames("tables", Need::kOptional, names);
  for (const std::string& name : names) {
    TableText text(&(*tables)[name]);
    v.Coded(name, Need::kRequired, &text);
  }
  if (!names.empty()) v.Leave();
}

// ---- the rest ----

bool IsDefault(const MemoryMargins& margins) {
  const MemoryMargins none;
  return margins.reserve == none.reserve && margins.usable_share == none.usable_share &&
         margins.fragmentation == none.fragmentation;
}

bool IsDefault(const OverlapCost& cost) {
  return cost.communication_sm == 0 && cost.communication_memory == 0 && cost.beside_compute == 1;
}

bool IsDefault(const FirstTokenCost& cost) {
  return cost.front == Time() && cost.steps == 1 && cost.prefill == 1 && cost.burst == 0 &&
         cost.band_low == 1 && cost.band_high == 1;
}

void VisitSweep(FieldVisitor& v, ComputeProfile* compute) {
  if (!v.Enter("sweep", Need::kOptional, !compute->sweep)) return;
  MemoryEfficiency sweep = compute->sweep.value_or(MemoryEfficiency{});
  VisitMemory(sweep, EfficiencyVisitor{v});
  BandsText band(&compute->sweep_band, 1);
  v.Coded("band", Need::kRequired, &band);
  compute->sweep = sweep;
  v.Leave();
}

void VisitMargins(FieldVisitor& v, ComputeProfile* compute) {
  if (!v.Enter("memory", Need::kOptional, IsDefault(compute->margins))) return;
  MemoryMargins& margins = compute->margins;
  Put(v, "reserve", Rule(Dimension::kBytes, 0, kMostReserve, Need::kOptional), &margins.reserve);
  Put(v, "usable_share", Rule(Dimension::kShare, kSmallestShare, 1, Need::kOptional, 1),
      &margins.usable_share);
  Put(v, "fragmentation", Rule(Dimension::kShare, 0, 1, Need::kOptional), &margins.fragmentation);
  v.Leave();
}

void VisitOverlap(FieldVisitor& v, OverlapCost* cost) {
  if (!v.Enter("overlap", Need::kOptional, IsDefault(*cost))) return;
  const NumberRule share = Rule(Dimension::kShare, 0, 1, Need::kOptional);
  Put(v, "communication_sm", share, &cost->communication_sm);
  Put(v, "communication_memory", share, &cost->communication_memory);
  Put(v, "beside_compute", Rule(Dimension::kShare, kSmallestShare, 1, Need::kOptional, 1),
      &cost->beside_compute);
  v.Leave();
}

void VisitBand(FieldVisitor& v, double* low, double* high) {
  Put(v, "band_low", Rule(Dimension::kNumber, kSmallestShare, 1, Need::kOptional, 1), low);
  Put(v, "band_high", Rule(Dimension::kNumber, 1, kLargestFactor, Need::kOptional, 1), high);
}

void VisitFirstToken(FieldVisitor& v, FirstTokenCost* cost) {
  if (!v.Enter("first_token", Need::kOptional, IsDefault(*cost))) return;
  Put(v, "front", TimeRule(Need::kOptional), &cost->front);
  Put(v, "steps", FactorRule(Need::kOptional, 1), &cost->steps);
  Put(v, "prefill", Rule(Dimension::kNumber, 0.1, 10, Need::kOptional, 1), &cost->prefill);
  Put(v, "burst", Rule(Dimension::kNumber, 0, 1, Need::kOptional), &cost->burst);
  VisitBand(v, &cost->band_low, &cost->band_high);
  v.Leave();
}

void VisitServing(FieldVisitor& v, ServingCost& cost) {
  v.Text("engine", Need::kRequired, &cost.engine);
  v.Flag("experts", &cost.experts);
  const NumberRule share = Rule(Dimension::kNumber, 0.1, 10, Need::kOptional, 1);
  Put(v, "kernels", share, &cost.kernels);
  Put(v, "sweeps", share, &cost.sweeps);
  Put(v, "step", TimeRule(), &cost.step);
  Put(v, "layer", TimeRule(), &cost.layer);
  Put(v, "interference", FactorRule(Need::kOptional), &cost.interference);
  Put(v, "prompt_tokens", Rule(Dimension::kInteger, 0, kMostPromptTokens, Need::kOptional),
      &cost.prompt_tokens);
  VisitBand(v, &cost.band_low, &cost.band_high);
  VisitFirstToken(v, &cost.first);
}

}  // namespace

void VisitCompute(FieldVisitor& v, ComputeProfile* compute) {
  if (!v.Enter("compute", Need::kOptional, compute->empty())) return;
  Put(v, "widening", Rule(Dimension::kNumber, 1, kLargestFactor, Need::kOptional, 1),
      &compute->widening);
  Put(v, "launch", TimeRule(Need::kOptional), &compute->launch);
  Put(v, "cache_block", Rule(Dimension::kInteger, 1, 1 << 16, Need::kOptional, 1),
      &compute->cache_block);
  VisitSweep(v, compute);
  VisitMargins(v, compute);
  VisitOverlap(v, &compute->overlap);
  VisitList(v, "gemm", &compute->gemm, [&](auto& entry) { VisitGemmEntry(v, entry); });
  VisitList(v, "attention", &compute->attention,
            [&](auto& entry) { VisitAttentionEntry(v, entry); });
  VisitList(v, "experts", &compute->experts, [&](auto& entry) { VisitMoeEntry(v, entry); });
  VisitTables(v, &compute->tables);
  VisitList(v, "serving", &compute->serving, [&](auto& entry) { VisitServing(v, entry); });
  v.Leave();
}

}  // namespace commplan::profiles
