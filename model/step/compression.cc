#include "model/step/compression.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace commplan {
namespace {

// Large enough that a link's rate is all that counts.
constexpr Bytes kLarge = GiB(1);

// Sizes for which CodedTime knows the cheapest way beforehand, and how exactly it knows them.
constexpr Bytes kLeastPick = B(16);
constexpr Bytes kMostPick = GiB(64);
constexpr double kPickWidth = 1e-6;
// A chord and a time closer than this are one.
constexpr double kStraight = 1e-13;

constexpr std::string_view kAnyCodecPath = "codecs.any.";

bool InSwitch(const Variant& variant) {
  return variant.card->algorithm == Algorithm::kNvls ||
         variant.card->algorithm == Algorithm::kNvlsTree;
}

bool Textbook(const Engine& engine) {
  return engine.rule == EngineRule::kCheapest || engine.rule == EngineRule::kFixed;
}

// The least time of the engine's ways, without in-switch reduction, which a codec cannot use.
std::optional<Time> EngineTime(const CollectiveModel& plain, Bytes bytes) {
  const Price price = plain.At(bytes);
  std::optional<Time> least;
  if (!InSwitch(plain.VariantOf(price))) least = price.cost.Total();
  for (const Alternative& other : plain.AlternativesAt(bytes)) {
    if (InSwitch(plain.variants()[static_cast<std::size_t>(other.variant)])) continue;
    if (!least || other.time < *least) least = other.time;
  }
  return least;
}

// The same of a textbook on the same links.
std::optional<Time> TextbookTime(const CollectiveModel& plain, Bytes bytes) {
  const Engine textbook;
  const CollectiveRequest& request = plain.request();
  std::optional<Time> least;
  for (const Variant& variant : TextbookVariants(textbook, request.op, plain.shape())) {
    if (InSwitch(variant)) continue;
    if (request.algorithm && variant.card->algorithm != *request.algorithm) continue;
    const Time time = variant.card->value(InputsFor(variant, bytes)).Total();
    if (!least || time < *least) least = time;
  }
  return least;
}

// What the engine gets out of the links: how long one more byte takes in a large message, against
// the best that a textbook would do.
double LinkShare(const CollectiveModel& plain) {
  if (Textbook(plain.engine())) return 1;
  const auto real = EngineTime(plain, kLarge), more_real = EngineTime(plain, kLarge * 2.0);
  const auto ideal = TextbookTime(plain, kLarge), more_ideal = TextbookTime(plain, kLarge * 2.0);
  if (!real || !more_real || !ideal || !more_ideal || *more_real <= *real) return 1;
  return std::min((*more_ideal - *ideal) / (*more_real - *real), 1.0);
}

// The fixed cost of what the engine runs for the smallest message.
CallCost CallOf(const CollectiveModel& plain) {
  const Variant& quick = plain.VariantOf(plain.At(B(1)));
  return {.launch = quick.inputs.launch, .reduction = quick.inputs.reduction};
}

GroupShape Slowed(GroupShape shape, double share) {
  shape.neighbour = shape.neighbour * share;
  shape.all_peers = shape.all_peers * share;
  shape.net_rank = shape.net_rank * share;
  return shape;
}

Time WithoutCodec(CompressedWay way, Bytes bytes) {
  way.codec = CodecInputsOf(CodecCost{}, false);
  return CostAt(way, bytes, 1).Total();
}

// ---- kernels that were measured with a codec ----

// The same group by another engine, where that engine's own curves reach it.
std::shared_ptr<const CollectiveModel> MeasuredBy(const Machine& machine, std::string_view engine,
                                                  const CollectiveModel& plain) {
  for (const Engine& one : machine.engines) {
    if (one.name != engine || one.rule != EngineRule::kMeasured) continue;
    CollectiveRequest request = plain.request();
    request.algorithm.reset();
    Result<CollectiveModel> model =
        CollectiveModel::Create(machine.fabric, machine.engines, one, request);
    // Scaled from another operation or shape it says nothing of the codec here.
    if (!model.ok() || model->measured() == nullptr || model->basis() == Basis::kScaled) break;
    return std::make_shared<const CollectiveModel>(*std::move(model));
  }
  return nullptr;
}

// The kernel of the engine that was asked for goes before those of others.
std::vector<std::string> KernelsOf(const Machine& machine, const std::string& engine,
                                   std::string_view ending) {
  std::vector<std::string> kernels;
  for (const Engine& one : machine.engines) {
    if (one.name.size() <= ending.size() || !one.name.ends_with(ending)) continue;
    kernels.push_back(one.name.substr(0, one.name.size() - ending.size()));
  }
  std::stable_partition(kernels.begin(), kernels.end(),
                        [&](const std::string& kernel) { return kernel == engine; });
  return kernels;
}

Error NoSpeed(const Machine& machine, const std::string& codec) {
  return UnsupportedError(
      "profile " + machine.name + " says neither how fast codec " + codec +
          " is there nor how fast the device's memory is, from which that could be derived",
      "give --set codecs." + codec +
          ".encode=10ps/B and likewise decode and add, or write a profile that extends this one "
          "and adds 'codecs' or a 'device'");
}

}  // namespace

std::string CodecPath(const Machine& machine, const std::string& name, const std::string& key) {
  for (const std::string& entry : {name, std::string(kAnyCodec)}) {
    std::string path = "codecs.";
    path.append(entry).append(".").append(key);
    if (machine.provenance.contains(path)) return path;
  }
  return {};
}

Result<CodecOnMachine> CodecOn(const Machine& machine, const std::string& name, double share) {
  const auto entry = [&](std::string_view wanted) -> const CodecCost* {
    for (const CodecCost& codec : machine.codecs) {
      if (codec.name == wanted) return &codec;
    }
    return nullptr;
  };
  const CodecCost* const own = entry(name);
  const CodecCost* const any = entry(kAnyCodec);
  CodecOnMachine on;
  on.stated = own != nullptr || any != nullptr;
  if (own != nullptr) on.cost = *own;
  on.cost.name = name;
  on.cost.share = share;
  // From the entry for any codec where the codec's own does not say it. Whether any of them does.
  const auto take = [&](const char* key, auto CodecCost::*field) {
    const std::string path = CodecPath(machine, name, key);
    if (any != nullptr && path.starts_with(kAnyCodecPath)) on.cost.*field = any->*field;
    return !path.empty();
  };
  take("pass", &CodecCost::pass);
  take("call", &CodecCost::call);
  take("one_link_efficiency", &CodecCost::one_link_efficiency);
  take("many_links_efficiency", &CodecCost::many_links_efficiency);
  take("max_chunks", &CodecCost::max_chunks);
  take("memory_share", &CodecCost::memory_share);
  const bool encode = take("encode", &CodecCost::encode);
  const bool decode = take("decode", &CodecCost::decode);
  const bool add = take("add", &CodecCost::add);
  if (encode && decode && add) return on;
  if (machine.device.memory_bandwidth <= Bandwidth()) {
    on.known = false;
    const bool kernels = !KernelsOf(machine, "", "-" + name).empty();
    if (kernels) return on;
    return NoSpeed(machine, name);
  }
  const CodecCost derived =
      CodecCostFromMemory(name, share, machine.device.memory_bandwidth * on.cost.memory_share);
  if (!encode) on.cost.encode = derived.encode;
  if (!decode) on.cost.decode = derived.decode;
  if (!add) on.cost.add = derived.add;
  on.derived = true;
  return on;
}

Result<CompressionModel> CompressionModel::Create(const CollectiveModel& plain,
                                                  const CodecCost& codec,
                                                  std::optional<CompressedScheme> scheme) {
  CompressionModel model;
  model.plain_ = &plain;
  model.share_ = codec.share;
  if (!plain.variants().empty()) RETURN_IF_ERROR(model.AddSchemes(codec, scheme));
  return model;
}

Result<CompressionModel> CompressionModel::CreateOn(const Machine& machine,
                                                    const CollectiveModel& plain,
                                                    const CodecOnMachine& codec,
                                                    std::optional<CompressedScheme> scheme) {
  CompressionModel model;
  model.plain_ = &plain;
  model.share_ = codec.cost.share;
  if (plain.variants().empty()) return model;
  if (!scheme) model.FindKernel(machine, codec.cost.name);
  if (!codec.known) {
    if (model.kernel_ == nullptr) return NoSpeed(machine, codec.cost.name);
    return model;
  }
  const Status schemes = model.AddSchemes(codec.cost, scheme);
  if (!schemes.ok() && model.kernel_ == nullptr) return schemes.error();
  return model;
}

void CompressionModel::FindKernel(const Machine& machine, const std::string& codec) {
  const std::string ending = "-" + codec;
  for (const std::string& kernel : KernelsOf(machine, plain_->engine().name, ending)) {
    kernel_ = MeasuredBy(machine, kernel + ending, *plain_);
    if (kernel_ == nullptr) continue;
    bare_kernel_ = MeasuredBy(machine, kernel, *plain_);
    return;
  }
}

Status CompressionModel::AddSchemes(const CodecCost& codec,
                                    std::optional<CompressedScheme> scheme) {
  call_ = CallOf(*plain_);
  link_share_ = LinkShare(*plain_);
  const Op op = plain_->request().op;
  const GroupShape shape = Slowed(plain_->shape(), link_share_);
  if (scheme) {
    ASSIGN_OR_RETURN(const CompressedWay way, PrepareCompressed(op, *scheme, shape, codec, call_));
    ways_ = {way};
  } else {
    ways_ = CompressedWays(op, shape, codec, call_);
  }
  if (ways_.empty()) {
    // It is told in full by the one who looks for the cheapest.
    const auto cheapest = CheapestCompressed(op, shape, codec, call_, kLarge);
    if (!cheapest.ok()) return cheapest.error();
  }
  const bool host =
      scheme == CompressedScheme::kHostOneShot || scheme == CompressedScheme::kHostTwoShot;
  if (host && Textbook(plain_->engine())) {
    ASSIGN_OR_RETURN(CompressedWay ring,
                     PrepareCompressed(op, CompressedScheme::kHostRing, shape, CodecCost{}, call_));
    ring.max_chunks = 1;
    plain_way_ = ring;
  }
  return OkStatus();
}

const CompressedWay* CompressionModel::WayOf(CompressedScheme scheme) const {
  for (const CompressedWay& way : ways_) {
    if (way.card->scheme == scheme) return &way;
  }
  return nullptr;
}

Cost CompressionModel::PlainAt(Bytes bytes) const {
  return plain_way_ ? PriceAt(*plain_way_, bytes).cost : plain_->At(bytes).cost;
}

// ---- the coded time alone ----

CompressionModel::Pick CompressionModel::CheapestAt(Bytes bytes) const {
  Pick best{.from = bytes};
  std::optional<Time> least;
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    for (int chunks = 1; chunks <= ways_[way].max_chunks; chunks *= 2) {
      const Time time = CostAt(ways_[way], bytes, chunks).Total();
      if (least && time >= *least) continue;
      least = time;
      best.way = way;
      best.chunks = chunks;
    }
  }
  return best;
}

// What changes between two sizes is narrowed down by halving.
void CompressionModel::AddPicks(const Pick& first, const Pick& last) {
  if (first.way == last.way && first.chunks == last.chunks) return;
  if (last.from <= first.from * (1 + kPickWidth)) {
    picks_.push_back(last);
    return;
  }
  const Pick middle = CheapestAt((first.from + last.from) / 2.0);
  AddPicks(first, middle);
  AddPicks(middle, last);
}

// A convex curve is straight on a stretch if and only if its middle lies on the chord.
void CompressionModel::AddLines(Pick pick, Bytes to, std::vector<Pick>* lines) const {
  const Time first = TimeOf(pick, pick.from), last = TimeOf(pick, to);
  const Bytes middle = (pick.from + to) / 2.0;
  const Time off = TimeOf(pick, middle) - (first + last) / 2.0;
  if (std::abs(off / last) <= kStraight) {
    pick.slope = (last - first) / (to - pick.from);
    pick.at_none = first - pick.slope * pick.from;
    pick.straight = true;
  } else if (to > pick.from * (1 + kPickWidth)) {
    AddLines(pick, middle, lines);
    pick.from = middle;
    AddLines(pick, to, lines);
    return;
  }
  lines->push_back(pick);
}

void CompressionModel::Prepare() {
  picks_.clear();
  if (kernel_ != nullptr || ways_.empty()) return;
  const double step = std::exp2(0.25);
  Pick last = CheapestAt(kLeastPick);
  picks_.push_back(last);
  for (Bytes bytes = kLeastPick; bytes < kMostPick;) {
    bytes = bytes * step;
    const Pick next = CheapestAt(bytes);
    AddPicks(last, next);
    last = next;
  }
  std::vector<Pick> lines;
  for (std::size_t i = 0; i < picks_.size(); ++i) {
    AddLines(picks_[i], i + 1 < picks_.size() ? picks_[i + 1].from : last.from, &lines);
  }
  lines.push_back({.from = last.from, .way = last.way, .chunks = last.chunks});
  picks_ = std::move(lines);
}

CompressionModel::Pick CompressionModel::PickAt(Bytes bytes) const {
  if (picks_.empty() || bytes < kLeastPick) return CheapestAt(bytes);
  const auto after =
      std::upper_bound(picks_.begin() + 1, picks_.end(), bytes,
                       [](Bytes size, const Pick& pick) { return size < pick.from; });
  return *(after - 1);
}

Time CompressionModel::TimeOf(const Pick& pick, Bytes bytes) const {
  if (pick.straight) return pick.at_none + pick.slope * bytes;
  return CostAt(ways_[pick.way], bytes, pick.chunks).Total();
}

Time CompressionModel::CodedTime(Bytes bytes) const {
  if (kernel_ != nullptr) return kernel_->At(bytes).cost.Total();
  return ways_.empty() ? Time() : TimeOf(PickAt(bytes), bytes);
}

const CompressedWay* CompressionModel::CodedWay(Bytes bytes) const {
  return kernel_ != nullptr || ways_.empty() ? nullptr : &ways_[PickAt(bytes).way];
}

CompressionWhatIf CompressionModel::WhatIfAt(Bytes bytes) const {
  if (kernel_ != nullptr) {
    const Time time = kernel_->At(bytes).cost.Total();
    const Sensitivity sensitivity = kernel_->SensitivityAt(bytes);
    return {time - sensitivity.saved_by_half_latency, time - sensitivity.saved_by_double_bandwidth};
  }
  if (ways_.empty()) return {};
  const Pick pick = PickAt(bytes);
  CompressedWay quick = ways_[pick.way], wide = quick;
  for (Time* time : {&quick.inputs.latency, &quick.inputs.net_latency, &quick.inputs.launch,
                     &quick.codec.pass, &quick.codec.call}) {
    *time = *time / 2.0;
  }
  for (Bandwidth* rate : {&wide.inputs.bandwidth, &wide.inputs.net_bandwidth}) *rate = *rate * 2.0;
  return {CostAt(quick, bytes, pick.chunks).Total(), CostAt(wide, bytes, pick.chunks).Total()};
}

Bytes CompressionModel::ScratchAt(Bytes bytes) const {
  if (kernel_ != nullptr) return 2.0 * share_ * bytes;
  return ways_.empty() ? Bytes() : ScratchOf(*CodedWay(bytes), bytes);
}

// ---- the whole answer ----

CompressionAnswer CompressionModel::At(Bytes bytes) const {
  CompressionAnswer answer;
  answer.plain = plain_->At(bytes);
  if (plain_way_) {
    answer.plain.cost = PlainAt(bytes);
    answer.plain.low = answer.plain.high = answer.plain.cost.Total();
  }
  answer.extrapolated = answer.plain.extrapolated;
  if (!Compresses()) return answer;
  for (const CompressedWay& way : ways_) answer.others.push_back(PriceAt(way, bytes));
  std::stable_sort(answer.others.begin(), answer.others.end(),
                   [](const auto& a, const auto& b) { return a.cost.Total() < b.cost.Total(); });
  const Time plain = answer.plain.cost.Total();
  if (kernel_ != nullptr) {
    const Price price = kernel_->At(bytes);
    answer.measured = true;
    answer.coded.cost = price.cost;
    answer.low = price.low;
    answer.high = price.high;
    answer.extrapolated = price.extrapolated;
    if (bare_kernel_ != nullptr) answer.without_codec = bare_kernel_->At(bytes).cost.Total();
  } else {
    answer.coded = answer.others.front();
    answer.others.erase(answer.others.begin());
    const Time coded = answer.coded.cost.Total();
    answer.low = answer.high = coded;
    if (answer.plain.low != answer.plain.high && plain > Time()) {
      answer.low = coded * (answer.plain.low / plain) / (1 + kVerdictBand);
      answer.high = coded * (answer.plain.high / plain) * (1 + kVerdictBand);
    }
    answer.without_codec = WithoutCodec(*WayOf(answer.coded.scheme), bytes);
  }
  answer.comparison = CompareTimes(plain, answer.coded.cost.Total());
  return answer;
}

}  // namespace commplan
