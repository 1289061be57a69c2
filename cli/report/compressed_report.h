// The document of a price with a codec: that of the plain price, with the compressed answer in its
// place, the verdict, the other schemes, and on request the formula with the numbers put in.
#pragma once

#include <string>

#include "cli/report/document.h"
#include "model/codec/codec.h"
#include "model/step/compression.h"
#include "model/step/machine.h"

namespace commplan::report {

struct CompressedPriceInput {
  const Machine& machine;
  const CodecOnMachine& codec;
  const CompressionModel& model;
  codec::Source source = codec::Source::kBf16;
  Bytes bytes{};
};

// "bf16", "fp16", "fp32".
std::string SourceName(codec::Source source);

// What an answer rests on that nobody measured; empty where all is stated, or the whole compressed
// kernel was measured.
std::string CodecCaveat(const CodecOnMachine& codec, bool measured);

// "two-shot"; "measured-kernel" where the kernel was measured with the codec inside.
std::string SchemeName(const CompressionAnswer& answer);
// The same for people: a measured kernel with its name.
std::string CodedBy(const CompressionModel& model, const CompressionAnswer& answer);
// `without_codec_us` and `codec_gain`; null where the kernel was not measured without one.
void PutWithoutCodec(const CompressionAnswer& answer, Json* json);

// `plain` is the document of the plain price of the same collective.
Document CompressedPriceDocument(const CompressedPriceInput& input, Document plain, bool explain);

// Without a codec: the plain document, with the keys that a compressed one has.
void AddNoCodec(Document* plain);

}  // namespace commplan::report
