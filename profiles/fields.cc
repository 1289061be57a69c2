#include "profiles/fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/units.h"
#include "model/collective/algorithm.h"
#include "model/collective/engine.h"
#include "model/fabric/fabric.h"
#include "model/step/machine.h"
#include "profiles/codec_fields.h"
#include "profiles/compute_fields.h"
#include "profiles/training_fields.h"
#include "profiles/type_rule_fields.h"

namespace commplan::profiles {
namespace {

// ---- limits: beyond them a value is a slip (a wrong prefix, bits for bytes), not a machine ----

constexpr double kLongestTime = 1;        // s; a message that takes longer to start is a fault
constexpr double kShortestCurve = 1e-15;  // s; a millionth of what any message takes
constexpr double kLongestCurve = 1e3;     // s
constexpr double kSlowest = 1e3;          // B/s
constexpr double kFastest = 1e15;         // B/s
constexpr double kMostRanks = 1e6;        // ten times the largest cluster
constexpr double kLeastMemory = 1e6;      // B
constexpr double kMostMemory = 1e15;      // B
constexpr double kMostBytes = 1e15;       // B, of a message; whole bytes stay exact below 2^53
constexpr double kLeastRate = 1e6;        // FLOP/s
constexpr double kMostRate = 1e21;        // FLOP/s
constexpr double kSlowestByte = 1e-3;     // s/B, the inverse of kSlowest
constexpr double kMostChannels = 1024;    // NCCL's own limit is 64
constexpr double kLargestFactor = 1e3;    // of one time or rate over another
constexpr double kSmallestFactor = 1e-3;

NumberRule TimeRule(Need need = Need::kRequired) {
  return {.dimension = Dimension::kTime, .need = need, .least = 0, .most = kLongestTime};
}

NumberRule Rate(Need need = Need::kRequired, bool or_zero = false) {
  return {.dimension = Dimension::kBandwidth,
          .need = need,
          .least = kSlowest,
          .most = kFastest,
          .or_zero = or_zero};
}

NumberRule Size(Need need, double least, double most) {
  return {.dimension = Dimension::kBytes, .need = need, .least = least, .most = most};
}

NumberRule Whole(Need need, double least, double most, double fallback = 0) {
  return {.dimension = Dimension::kInteger,
          .need = need,
          .least = least,
          .most = most,
          .fallback = fallback};
}

NumberRule Share(Need need = Need::kRequired, double fallback = 0) {
  return {.dimension = Dimension::kShare,
          .need = need,
          .least = kSmallestFactor,
          .most = 1,
          .fallback = fallback};
}

NumberRule Factor(Need need, double least, double most, double fallback = 0) {
  return {.dimension = Dimension::kNumber,
          .need = need,
          .least = least,
          .most = most,
          .fallback = fallback};
}

NumberRule PerByte(Need need) {
  return {.dimension = Dimension::kTimePerByte, .need = need, .least = 0, .most = kSlowestByte};
}

NumberRule OrZero(NumberRule rule) {
  rule.or_zero = true;
  return rule;
}

// ---- typed values in and out ----

template <int kByte, int kSec, int kFlop>
void Number(FieldVisitor& v, std::string_view key, const NumberRule& rule,
            Quantity<kByte, kSec, kFlop>* quantity) {
  double base = quantity->base();
  v.Number(key, rule, &base);
  *quantity = Quantity<kByte, kSec, kFlop>::FromBase(base);
}

void Number(FieldVisitor& v, std::string_view key, const NumberRule& rule, double* number) {
  v.Number(key, rule, number);
}

void Number(FieldVisitor& v, std::string_view key, const NumberRule& rule, int* number) {
  double value = *number;
  v.Number(key, rule, &value);
  *number = static_cast<int>(value);
}

template <class Quantities>
std::vector<double> Bases(const Quantities& quantities) {
  std::vector<double> bases;
  for (const auto& quantity : quantities) bases.push_back(quantity.base());
  return bases;
}

template <class Q, std::size_t kSize>
void Numbers(FieldVisitor& v, std::string_view key, const NumberRule& rule,
             std::array<Q, kSize>* quantities) {
  std::vector<double> bases = Bases(*quantities);
  v.Numbers(key, rule, {.exactly = kSize}, &bases);
  CHECK(bases.size() == kSize);
  for (std::size_t i = 0; i < kSize; ++i) (*quantities)[i] = Q::FromBase(bases[i]);
}

template <class Q>
void Numbers(FieldVisitor& v, std::string_view key, const NumberRule& rule, const ListRule& list,
             std::vector<Q>* quantities) {
  std::vector<double> bases = Bases(*quantities);
  v.Numbers(key, rule, list, &bases);
  quantities->clear();
  for (const double base : bases) quantities->push_back(Q::FromBase(base));
}

template <class Enum, std::size_t kSize>
void Word(FieldVisitor& v, std::string_view key, const std::array<std::string_view, kSize>& words,
          Enum* value) {
  auto index = static_cast<std::size_t>(*value);
  v.Word(key, Need::kRequired, words, &index);
  CHECK(index < kSize);
  *value = static_cast<Enum>(index);
}

// ---- the words of the format, in the order of their enums ----

constexpr std::array<std::string_view, 3> kTierKinds = {"switch", "mesh", "bus"};
constexpr std::array<std::string_view, 5> kEngineRules = {"nccl", "rules", "cheapest", "fixed",
                                                          "measured"};

template <class Enum, std::size_t kSize>
std::array<std::string_view, kSize> NamesOf() {
  std::array<std::string_view, kSize> names;
  for (std::size_t i = 0; i < kSize; ++i) names[i] = Name(static_cast<Enum>(i));
  return names;
}

void VisitAlgorithm(FieldVisitor& v, std::string_view key, Algorithm* algorithm) {
  static const auto kNames = NamesOf<Algorithm, kAlgorithmCount>();
  Word(v, key, kNames, algorithm);
}

void VisitOp(FieldVisitor& v, Op* op) {
  static const auto kNames = NamesOf<Op, kOpCount>();
  Word(v, "op", kNames, op);
}

// ---- the parts of a machine ----

void VisitDevice(FieldVisitor& v, Device* device) {
  // A profile made of logs alone knows no device; what needs one then says so.
  if (!v.Enter("device", Need::kOptional, device->name.empty())) return;
  v.Text("name", Need::kRequired, &device->name);
  // Of a device that only samples tell of, the rate of its memory is all that is known; see
  // CheckDevice in to_machine.cc.
  Number(v, "memory", Size(Need::kOptional, kLeastMemory, kMostMemory), &device->memory);
  Number(v, "memory_bandwidth", Rate(), &device->memory_bandwidth);
  Number(v, "cache", Size(Need::kOptional, 1, kMostMemory), &device->cache);
  Number(v, "multiprocessors", Whole(Need::kOptional, 1, 1e5), &device->multiprocessors);
  std::vector<std::string> types;
  for (const auto& [type, rate] : device->rates) types.push_back(type);
  types = v.EnterNames("rates", Need::kOptional, types);
  for (const std::string& type : types) {
    Number(v, type, {.dimension = Dimension::kFlopRate, .least = kLeastRate, .most = kMostRate},
           &device->rates[type]);
  }
  if (!types.empty()) v.Leave();
  v.Leave();
}

void VisitTier(FieldVisitor& v, std::size_t index, Tier* tier) {
  v.EnterItem(index);
  v.Text("name", Need::kRequired, &tier->name);
  Word(v, "kind", kTierKinds, &tier->kind);
  Number(v, "ranks", Whole(Need::kOptional, 1, kMostRanks), &tier->ranks);
  Number(v, "bandwidth", Rate(), &tier->bandwidth);
  Number(v, "latency", TimeRule(), &tier->latency);
  // Inside a node a rank is its own domain and its port is the link; beyond, the ports decide what
  // ranks share.
  Number(v, "ports", Whole(index == 0 ? Need::kOptional : Need::kRequired, 1, kMostRanks, 1),
         &tier->ports);
  v.Flag("half_duplex", &tier->half_duplex);
  Number(v, "oversubscription", Factor(Need::kOptional, 1, kLargestFactor, 1),
         &tier->oversubscription);
  v.Flag("in_switch_reduction", &tier->in_switch_reduction);
  v.Leave();
}

void VisitLinkLatency(FieldVisitor& v, std::string_view key, Need need, NcclLinkLatency* latency) {
  if (!v.Enter(key, need, *latency == NcclLinkLatency())) return;
  Numbers(v, "tree", TimeRule(), &latency->tree);
  Numbers(v, "ring", TimeRule(), &latency->ring);
  Number(v, "nvls", TimeRule(Need::kOptional), &latency->nvls);
  Number(v, "nvls_tree", TimeRule(Need::kOptional), &latency->nvls_tree);
  Number(v, "pat", TimeRule(Need::kOptional), &latency->pat);
  Number(v, "collnet_direct", TimeRule(Need::kOptional), &latency->collnet_direct);
  Number(v, "collnet_chain", TimeRule(Need::kOptional), &latency->collnet_chain);
  v.Leave();
}

bool IsDefault(const std::array<std::vector<double>, 3>& correction) {
  return std::all_of(correction.begin(), correction.end(), [](const auto& x) { return x.empty(); });
}

void VisitCorrection(FieldVisitor& v, std::string_view key, Need need,
                     std::array<std::vector<double>, 3>* correction) {
  if (!v.Enter(key, need, IsDefault(*correction))) return;
  constexpr std::array<std::string_view, 3> kKeys = {"ll", "ll128", "simple"};
  constexpr std::array<Need, 3> kNeeds = {Need::kRequired, Need::kOptional, Need::kRequired};
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    v.Numbers(kKeys[i], Factor(kNeeds[i], kSmallestFactor, 10), {}, &(*correction)[i]);
  }
  v.Leave();
}

// Latencies and ceilings of NCCL's tuning model.
void VisitNcclTable(FieldVisitor& v, NcclTuning* nccl) {
  constexpr Need kMay = Need::kOptional;
  Numbers(v, "base_tree", TimeRule(), &nccl->base_tree);
  Numbers(v, "base_ring", TimeRule(), &nccl->base_ring);
  Number(v, "base_pat", TimeRule(kMay), &nccl->base_pat);
  VisitLinkLatency(v, "inner", Need::kRequired, &nccl->inner);
  VisitLinkLatency(v, "network", kMay, &nccl->network);
  Number(v, "network_post", TimeRule(kMay), &nccl->network_post);
  Number(v, "network_reported", TimeRule(kMay), &nccl->network_reported);
  Number(v, "network_wire", TimeRule(kMay), &nccl->network_wire);
  Numbers(v, "ll_max", Rate(Need::kRequired, true), &nccl->ll_max);
  Numbers(v, "channel_ring_ll128", Rate(kMay, true), &nccl->channel_ring_ll128);
  Numbers(v, "channel_tree_ll128", Rate(kMay, true), &nccl->channel_tree_ll128);
  Numbers(v, "channel_tree", Rate(Need::kRequired, true), &nccl->channel_tree);
  Numbers(v, "channel_nvls_tree", Rate(kMay, true), &nccl->channel_nvls_tree);
  Number(v, "ring_ll_share", Share(), &nccl->ring_ll_share);
  Number(v, "ring_ll128_share", OrZero(Share(kMay)), &nccl->ring_ll128_share);
  Number(v, "tree_share", Share(), &nccl->tree_share);
  Number(v, "tree_simple_share_more", OrZero(Share(kMay)), &nccl->tree_simple_share_more);
  Number(v, "tree_ll_divisor", Factor(Need::kRequired, kSmallestFactor, kLargestFactor),
         &nccl->tree_ll_divisor);
  Number(v, "tree_ll128_share_inner", OrZero(Share(kMay)), &nccl->tree_ll128_share_inner);
  Number(v, "tree_ll128_share_network", OrZero(Share(kMay)), &nccl->tree_ll128_share_network);
  Number(v, "pat_share", OrZero(Share(kMay)), &nccl->pat_share);
  Number(v, "nvls_efficiency", OrZero(Share(kMay)), &nccl->nvls_efficiency);
  Number(v, "ring_simple_network_factor", Factor(kMay, kSmallestFactor, kLargestFactor, 1),
         &nccl->ring_simple_network_factor);
  Number(v, "pat_latency_divisor", Factor(kMay, kSmallestFactor, kLargestFactor, 1),
         &nccl->pat_latency_divisor);
  Number(v, "pat_per_rank", TimeRule(kMay), &nccl->pat_per_rank);
  VisitCorrection(v, "tree_correction", Need::kRequired, &nccl->tree_correction);
  VisitCorrection(v, "ring_correction", kMay, &nccl->ring_correction);
  v.Numbers("nvls_tree_correction", Factor(kMay, kSmallestFactor, 10), {},
            &nccl->nvls_tree_correction);
  v.Flag("tree_simple_off_inside", &nccl->tree_simple_off_inside);
  v.Flag("tree_simple_steers", &nccl->tree_simple_steers);
  Number(v, "collnet_direct_share", OrZero(Share(kMay)), &nccl->collnet_direct_share);
  Number(v, "collnet_per_peer", TimeRule(kMay), &nccl->collnet_per_peer);
  Number(v, "collnet_ranks_max", Whole(kMay, 0, kMostRanks), &nccl->collnet_ranks_max);
  v.Flag("ll128_inside", &nccl->ll128_inside);
}

void VisitChunkSteps(FieldVisitor& v, std::string_view key, std::vector<NvlsChunkStep>* steps) {
  const std::size_t count = v.EnterList(key, Need::kOptional, steps->size());
  steps->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    v.EnterItem(i);
    NvlsChunkStep& step = (*steps)[i];
    Number(v, "factor", Factor(Need::kRequired, 0, 1e6), &step.factor);
    Number(v, "chunk", Size(Need::kRequired, 1, kMostBytes), &step.chunk);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

// What the topology search finds, and what pricing adds.
void VisitNcclMachine(FieldVisitor& v, NcclTuning* nccl) {
  constexpr Need kMay = Need::kOptional;
  Number(v, "channels", Whole(Need::kRequired, 1, kMostChannels), &nccl->channels);
  Number(v, "channel_bandwidth", Rate(), &nccl->channel_bandwidth);
  Number(v, "link_total", Rate(), &nccl->link_total);
  Numbers(v, "network_speeds", Rate(kMay), {.descending = true}, &nccl->network_speeds);
  Numbers(v, "nvls_speeds", Rate(kMay), {.descending = true}, &nccl->nvls_speeds);
  Number(v, "channels_per_ring", Whole(Need::kRequired, 1, kMostChannels),
         &nccl->channels_per_ring);
  Number(v, "copy_per_channel", Rate(), &nccl->copy_per_channel);
  Number(v, "latency_scale", Factor(kMay, kSmallestFactor, kLargestFactor, 1),
         &nccl->latency_scale);
  Number(v, "host_staged_share", Share(kMay, 1), &nccl->host_staged_share);
  Number(v, "extra_ll_gather", TimeRule(kMay), &nccl->extra_ll_gather);
  Number(v, "extra_ll", TimeRule(kMay), &nccl->extra_ll);
  Number(v, "extra_simple_reduce", TimeRule(kMay), &nccl->extra_simple_reduce);
  Number(v, "extra_simple", TimeRule(kMay), &nccl->extra_simple);
  Number(v, "nvls_channels", Whole(kMay, 0, kMostChannels), &nccl->nvls_channels);
  Number(v, "nvls_chunk", Size(kMay, 0, kMostBytes), &nccl->nvls_chunk);
  VisitChunkSteps(v, "nvls_chunk_steps", &nccl->nvls_chunk_steps);
  Number(v, "nvls_tree_chunk_more", Size(kMay, 0, kMostBytes), &nccl->nvls_tree_chunk_more);
  VisitChunkSteps(v, "nvls_tree_chunk_steps", &nccl->nvls_tree_chunk_steps);
  Number(v, "nvls_pipeline_stages", Whole(kMay, 0, kMostChannels), &nccl->nvls_pipeline_stages);
  Number(v, "p2p_channels_per_peer", Whole(kMay, 0, kMostChannels), &nccl->p2p_channels_per_peer);
  Number(v, "p2p_ll_per_channel", Size(kMay, 0, kMostBytes), &nccl->p2p_ll_per_channel);
}

void VisitChoiceRules(FieldVisitor& v, std::vector<ChoiceRule>* rules) {
  const std::size_t count = v.EnterList("rules", Need::kRequired, rules->size());
  rules->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    ChoiceRule& rule = (*rules)[i];
    v.EnterItem(i);
    VisitOp(v, &rule.op);
    Number(v, "ranks_min", Whole(Need::kRequired, 1, kMostRanks), &rule.ranks_min);
    Number(v, "ranks_max", Whole(Need::kRequired, 1, kMostRanks), &rule.ranks_max);
    Number(v, "bytes_min", Size(Need::kRequired, 0, kMostBytes), &rule.bytes_min);
    Number(v, "bytes_max", Size(Need::kRequired, 0, kMostBytes), &rule.bytes_max);
    VisitAlgorithm(v, "algorithm", &rule.algorithm);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

void VisitKernels(FieldVisitor& v, std::vector<KernelCost>* kernels) {
  const std::size_t count = v.EnterList("kernels", Need::kRequired, kernels->size());
  kernels->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    KernelCost& kernel = (*kernels)[i];
    v.EnterItem(i);
    VisitAlgorithm(v, "algorithm", &kernel.algorithm);
    Number(v, "launch", TimeRule(), &kernel.launch);
    Number(v, "latency", TimeRule(), &kernel.latency);
    // Above 1 where a fit found more than the tier's nominal rate.
    NumberRule share = Share();
    share.most = 2;
    Number(v, "bandwidth_share", share, &kernel.bandwidth_share);
    Number(v, "reduction", PerByte(Need::kOptional), &kernel.reduction);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

void VisitCoefficients(FieldVisitor& v, std::string_view key, const NumberRule& rule,
                       CountCoefficients* coefficients) {
  std::vector<double> values(coefficients->begin(), coefficients->end());
  v.Numbers(key, rule, {.exactly = coefficients->size()}, &values);
  CHECK(values.size() == coefficients->size());
  std::copy(values.begin(), values.end(), coefficients->begin());
}

void VisitCurve(FieldVisitor& v, std::size_t index, MeasuredCurve* curve) {
  v.EnterItem(index);
  VisitOp(v, &curve->op);
  Number(v, "ranks", Whole(Need::kRequired, 2, kMostRanks), &curve->ranks);
  Number(v, "nodes", Whole(Need::kOptional, 1, kMostRanks, 1), &curve->nodes);
  // Parts of a time in the measured range, which may be long.
  NumberRule latency = TimeRule(), ramp = TimeRule(Need::kOptional);
  latency.least = kShortestCurve;
  latency.most = ramp.most = kLongestCurve;
  const NumberRule error = {.dimension = Dimension::kShare, .need = Need::kOptional, .most = 1};
  Number(v, "latency", latency, &curve->latency);
  Number(v, "latency_plus_minus", error, &curve->latency_plus_minus);
  Number(v, "bandwidth", Rate(Need::kOptional, true), &curve->bandwidth);
  Number(v, "bandwidth_plus_minus", error, &curve->bandwidth_plus_minus);
  Number(v, "ramp", ramp, &curve->ramp);
  Number(v, "ramp_plus_minus", error, &curve->ramp_plus_minus);
  Number(v, "ramp_at", Size(Need::kRequired, 1, kMostBytes), &curve->ramp_at);
  Number(v, "measured_min", Size(Need::kRequired, 1, kMostBytes), &curve->measured_min);
  Number(v, "measured_max", Size(Need::kRequired, 1, kMostBytes), &curve->measured_max);
  v.Flag("predicted", &curve->predicted);
  v.Knots("knots", &curve->knots);
  v.Leave();
}

void VisitMeasured(FieldVisitor& v, MeasuredTable* table) {
  const std::size_t curves = v.EnterList("curves", Need::kRequired, table->curves.size());
  table->curves.resize(curves);
  for (std::size_t i = 0; i < curves; ++i) VisitCurve(v, i, &table->curves[i]);
  if (curves > 0) v.Leave();
}

void VisitCountLaws(FieldVisitor& v, std::vector<CountCorrection>* laws) {
  const std::size_t count = v.EnterList("count_laws", Need::kOptional, laws->size());
  laws->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    v.EnterItem(i);
    VisitOp(v, &(*laws)[i].op);
    const NumberRule coefficient = {.dimension = Dimension::kSigned,
                                    .need = Need::kRequired,
                                    .least = -kLargestFactor,
                                    .most = kLargestFactor};
    VisitCoefficients(v, "between", coefficient, &(*laws)[i].between);
    VisitCoefficients(v, "beyond", coefficient, &(*laws)[i].beyond);
    const NumberRule band = {
        .dimension = Dimension::kShare, .need = Need::kOptional, .most = kLargestFactor};
    Number(v, "between_band", band, &(*laws)[i].between_band);
    Number(v, "beyond_band", band, &(*laws)[i].beyond_band);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

void VisitEngine(FieldVisitor& v, Engine* engine) {
  if (!v.Enter(engine->name, Need::kRequired, false)) return;
  v.Text("version", Need::kOptional, &engine->version);
  Word(v, "rule", kEngineRules, &engine->rule);
  switch (engine->rule) {
    case EngineRule::kNccl:
      VisitNcclTable(v, &engine->nccl);
      VisitNcclMachine(v, &engine->nccl);
      VisitTypeRules(v, &engine->types);
      break;
    case EngineRule::kRules:
      VisitChoiceRules(v, &engine->rules);
      VisitKernels(v, &engine->kernels);
      VisitTypeRules(v, &engine->types);
      v.Text("fallback", Need::kRequired, &engine->fallback);
      break;
    case EngineRule::kMeasured:
      VisitMeasured(v, &engine->measured);
      v.Text("fallback", Need::kRequired, &engine->fallback);
      v.Leave();
      return;  // the band is part of the curves
    case EngineRule::kFixed:
      VisitAlgorithm(v, "fixed", &engine->fixed);
      Number(v, "reduction", PerByte(Need::kOptional), &engine->reduction);
      break;
    case EngineRule::kCheapest:
      Number(v, "reduction", PerByte(Need::kOptional), &engine->reduction);
      break;
  }
  Number(v, "band_low", Factor(Need::kRequired, kSmallestFactor, 1, 1), &engine->band_low);
  Number(v, "band_high", Factor(Need::kRequired, 1, kLargestFactor, 1), &engine->band_high);
  Number(v, "band_ranks_max", Whole(Need::kOptional, 1, kMostRanks), &engine->band_ranks_max);
  v.Flag("band_rooted", &engine->band_rooted);
  Number(v, "band_nodes_max", Whole(Need::kOptional, 1, kMostRanks), &engine->band_nodes_max);
  Number(v, "band_bytes_min", Size(Need::kOptional, 0, kMostBytes), &engine->band_bytes_min);
  Number(v, "band_bytes_max", Size(Need::kOptional, 1, kMostBytes), &engine->band_bytes_max);
  v.Leave();
}

}  // namespace

void VisitMachine(FieldVisitor& visitor, Machine* machine) {
  Number(visitor, "network_ports", Whole(Need::kOptional, 1, kMostRanks), &machine->network_ports);
  VisitDevice(visitor, &machine->device);
  std::vector<Tier>& tiers = machine->fabric.tiers;
  const std::size_t count = visitor.EnterList("tiers", Need::kRequired, tiers.size());
  tiers.resize(count);
  for (std::size_t i = 0; i < count; ++i) VisitTier(visitor, i, &tiers[i]);
  if (count > 0) visitor.Leave();

  VisitCountLaws(visitor, &machine->count_laws);

  std::vector<std::string> names;
  for (const Engine& engine : machine->engines) names.push_back(engine.name);
  names = visitor.EnterNames("engines", Need::kRequired, names);
  machine->engines.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    machine->engines[i].name = names[i];
    VisitEngine(visitor, &machine->engines[i]);
  }
  if (!names.empty()) visitor.Leave();
  VisitCodecs(visitor, &machine->codecs);
  VisitCompute(visitor, &machine->compute);
  VisitTraining(visitor, &machine->training);
}

}  // namespace commplan::profiles
