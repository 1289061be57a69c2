#include "model/step/compression.h"

#include <algorithm>

namespace commplan {
namespace {

// Large enough that a link's rate is all that counts.
constexpr Bytes kLarge = GiB(1);

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

CompressedPrice WithoutCodec(CompressedWay way, Bytes bytes) {
  way.codec = CodecInputsOf(CodecCost{}, false);
  way.max_chunks = 1;
  return PriceAt(way, bytes);
}

}  // namespace

Result<CodecOnMachine> CodecOn(const Machine& machine, const std::string& name, double share) {
  CodecOnMachine on;
  const auto stated = std::find_if(machine.codecs.begin(), machine.codecs.end(),
                                   [&](const CodecCost& codec) { return codec.name == name; });
  on.stated = stated != machine.codecs.end();
  if (on.stated) on.cost = *stated;
  on.cost.name = name;
  on.cost.share = share;
  const auto says = [&](const char* key) {
    return on.stated && machine.provenance.contains("codecs." + name + "." + key);
  };
  const bool encode = says("encode"), decode = says("decode"), add = says("add");
  if (encode && decode && add) return on;
  if (machine.device.memory_bandwidth <= Bandwidth()) {
    return UnsupportedError(
        "profile " + machine.name + " says neither how fast codec " + name +
            " is there nor how fast the device's memory is, from which that could be derived",
        "add 'codecs: {" + name +
            ": {encode: 10ps/B, decode: 10ps/B, add: 12ps/B}}' with where the numbers come from, "
            "or a 'device'");
  }
  const CodecCost derived = CodecCostFromMemory(name, share, machine.device.memory_bandwidth);
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
  if (plain.variants().empty()) return model;
  model.call_ = CallOf(plain);
  model.link_share_ = LinkShare(plain);
  const Op op = plain.request().op;
  const GroupShape shape = Slowed(plain.shape(), model.link_share_);
  if (scheme) {
    ASSIGN_OR_RETURN(const CompressedWay way,
                     PrepareCompressed(op, *scheme, shape, codec, model.call_));
    model.ways_ = {way};
  } else {
    model.ways_ = CompressedWays(op, shape, codec, model.call_);
  }
  if (model.ways_.empty()) {
    // It is told in full by the one who looks for the cheapest.
    const auto cheapest = CheapestCompressed(op, shape, codec, model.call_, kLarge);
    if (!cheapest.ok()) return cheapest.error();
  }
  const bool host =
      scheme == CompressedScheme::kHostOneShot || scheme == CompressedScheme::kHostTwoShot;
  if (host && Textbook(plain.engine())) {
    ASSIGN_OR_RETURN(CompressedWay ring, PrepareCompressed(op, CompressedScheme::kHostRing, shape,
                                                           CodecCost{}, model.call_));
    ring.max_chunks = 1;
    model.plain_way_ = ring;
  }
  return model;
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

CompressionAnswer CompressionModel::At(Bytes bytes) const {
  CompressionAnswer answer;
  answer.plain = plain_->At(bytes);
  if (plain_way_) {
    answer.plain.cost = PlainAt(bytes);
    answer.plain.low = answer.plain.high = answer.plain.cost.Total();
  }
  if (ways_.empty()) return answer;
  const CompressedWay* chosen = nullptr;
  for (const CompressedWay& way : ways_) {
    const CompressedPrice price = PriceAt(way, bytes);
    if (chosen != nullptr && price.cost.Total() >= answer.coded.cost.Total()) {
      answer.others.push_back(price);
      continue;
    }
    if (chosen != nullptr) answer.others.push_back(answer.coded);
    answer.coded = price;
    chosen = &way;
  }
  std::stable_sort(answer.others.begin(), answer.others.end(),
                   [](const auto& a, const auto& b) { return a.cost.Total() < b.cost.Total(); });
  const Time plain = answer.plain.cost.Total();
  const Time coded = answer.coded.cost.Total();
  answer.low = answer.high = coded;
  if (answer.plain.low != answer.plain.high && plain > Time()) {
    answer.low = coded * (answer.plain.low / plain) / (1 + kVerdictBand);
    answer.high = coded * (answer.plain.high / plain) * (1 + kVerdictBand);
  }
  answer.comparison = CompareTimes(plain, coded);
  answer.without_codec = WithoutCodec(*chosen, bytes).cost.Total();
  return answer;
}

}  // namespace commplan
