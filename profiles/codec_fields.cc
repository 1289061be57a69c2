#include "profiles/codec_fields.h"

#include <string>
#include <string_view>

#include "model/base/quantity.h"

namespace commplan::profiles {
namespace {

// Beyond these limits a value is a slip.
constexpr double kLongestTime = 1;     // s
constexpr double kSlowestByte = 1e-3;  // s/B
constexpr double kSmallestShare = 1e-3;
constexpr double kMostChunks = 1024;

template <int kByte, int kSec>
void Put(FieldVisitor& v, std::string_view key, Dimension dimension, double most,
         Quantity<kByte, kSec, 0>* quantity) {
  double base = quantity->base();
  v.Number(key, {.dimension = dimension, .need = Need::kOptional, .least = 0, .most = most}, &base);
  *quantity = Quantity<kByte, kSec, 0>::FromBase(base);
}

void PutShare(FieldVisitor& v, std::string_view key, double* share) {
  v.Number(key,
           {.dimension = Dimension::kShare,
            .need = Need::kOptional,
            .least = kSmallestShare,
            .most = 1,
            .fallback = 1},
           share);
}

void VisitCodec(FieldVisitor& v, CodecCost* codec) {
  if (!v.Enter(codec->name, Need::kRequired, false)) return;
  Put(v, "encode", Dimension::kTimePerByte, kSlowestByte, &codec->encode);
  Put(v, "decode", Dimension::kTimePerByte, kSlowestByte, &codec->decode);
  Put(v, "add", Dimension::kTimePerByte, kSlowestByte, &codec->add);
  PutShare(v, "memory_share", &codec->memory_share);
  Put(v, "pass", Dimension::kTime, kLongestTime, &codec->pass);
  Put(v, "call", Dimension::kTime, kLongestTime, &codec->call);
  PutShare(v, "one_link_efficiency", &codec->one_link_efficiency);
  PutShare(v, "many_links_efficiency", &codec->many_links_efficiency);
  double chunks = codec->max_chunks;
  v.Number("max_chunks",
           {.dimension = Dimension::kInteger,
            .need = Need::kOptional,
            .least = 1,
            .most = kMostChunks,
            .fallback = 1},
           &chunks);
  codec->max_chunks = static_cast<int>(chunks);
  v.Leave();
}

}  // namespace

void VisitCodecs(FieldVisitor& visitor, std::vector<CodecCost>* codecs) {
  std::vector<std::string> names;
  for (const CodecCost& codec : *codecs) names.push_back(codec.name);
  names = visitor.EnterNames("codecs", Need::kOptional, names);
  codecs->resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    (*codecs)[i].name = names[i];
    VisitCodec(visitor, &(*codecs)[i]);
  }
  if (!names.empty()) visitor.Leave();
}

}  // namespace commplan::profiles
