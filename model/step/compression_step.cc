#include "model/step/compression_step.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/base/check.h"
#include "model/codec/codec.h"

namespace commplan {
namespace {

bool IsPlain(const std::string& codec) { return codec.empty() || codec == codec::kNone; }

Algorithm AlgorithmOf(CompressedScheme scheme) {
  switch (scheme) {
    case CompressedScheme::kRing:
    case CompressedScheme::kRingPlainGather:
    case CompressedScheme::kGatherSum:
    case CompressedScheme::kHostRing:
      return Algorithm::kRing;
    case CompressedScheme::kOneShot:
    case CompressedScheme::kHostOneShot:
      return Algorithm::kOneShot;
    case CompressedScheme::kTwoShot:
    case CompressedScheme::kHostTwoShot:
      return Algorithm::kTwoShot;
    case CompressedScheme::kDirect:
      return Algorithm::kDirect;
    case CompressedScheme::kPairwise:
      return Algorithm::kPairwise;
    case CompressedScheme::kHierarchical:
    case CompressedScheme::kTwoHop:
      return Algorithm::kHierarchical;
  }
  CHECK(false);
}

}  // namespace

Result<StepCodecs> CodecsOf(const StepRequest& request, Exchanges& exchanges) {
  StepCodecs codecs;
  codecs.where_it_pays = request.codec_use == CodecUse::kWhereItPays;
  const DataType sent = request.precision.communication;
  if (!IsPlain(request.codec)) {
    ASSIGN_OR_RETURN(codecs.tensor, exchanges.Codec(request.codec, sent, request.codec_scheme));
  }
  if (!IsPlain(request.expert_codec)) {
    ASSIGN_OR_RETURN(codecs.combine, exchanges.Codec(request.expert_codec, sent, std::nullopt));
    const DataType tokens = request.precision.dispatch;
    if (BytesPerValue(tokens) >= 2) {
      ASSIGN_OR_RETURN(codecs.dispatch,
                       exchanges.Codec(request.expert_codec, tokens, std::nullopt));
    }
  }
  return codecs;
}

Bytes CodecScratch(const PricedProgram& priced) {
  Bytes most;
  for (const Priced& one : priced.operations) {
    if (one.coded == nullptr) continue;
    most = Max(most, one.coded->ScratchAt(std::get<Collective>(one.operation->what).bytes));
  }
  return most;
}

void AddCodecNotes(const StepCodecs& codecs, const StepRequest& request,
                   std::vector<std::string>* notes) {
  const StepCodec* told = nullptr;
  for (const StepCodec* codec : {codecs.tensor, codecs.dispatch, codecs.combine}) {
    if (codec == nullptr || (told != nullptr && told->on.cost.name == codec->on.cost.name)) {
      continue;
    }
    told = codec;
    const CodecCost& cost = codec->on.cost;
    const bool fixed = cost.pass > Time() || cost.call > Time();
    std::string note = "codec " + cost.name;
    if (codec->on.derived) {
      note += ": its speed is derived from the rate of the device's memory";
      if (!fixed) note += "; ";
    } else if (!fixed) {
      note += ": ";
    }
    if (!fixed) note += "no fixed cost of its kernels is stated, so small messages look too good";
    if (codec->on.derived || !fixed) notes->push_back(std::move(note));
  }
  if (!IsPlain(request.expert_codec) && codecs.dispatch == nullptr) {
    notes->emplace_back(
        "tokens go to the experts in eight bits already: only the way back is "
        "compressed");
  }
}

void PutCodec(const Priced& priced, BillLine* line) {
  const Bytes bytes = std::get<Collective>(priced.operation->what).bytes;
  line->plain_each = priced.plain;
  if (priced.coded == nullptr) {
    line->codec = codec::kNone;
    line->terms = priced.collective->At(bytes).cost;
    return;
  }
  line->codec = priced.codec->on.cost.name;
  if (const CollectiveModel* const kernel = priced.coded->kernel()) {
    line->scheme = kMeasuredKernel;
    line->engine = kernel->engine().name;
    const Price price = kernel->At(bytes);
    line->terms = price.cost;
    line->algorithm = kernel->VariantOf(price).card->algorithm;
    return;
  }
  const CompressedWay& way = *priced.coded->CodedWay(bytes);
  line->scheme = Name(way.card->scheme);
  line->algorithm = AlgorithmOf(way.card->scheme);
  line->terms = PriceAt(way, bytes).cost;
}

}  // namespace commplan
