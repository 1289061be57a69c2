// The codecs of a serving step: which of its exchanges travel compressed, and by what.
//
// `codec` is for what tensor parallel ranks sum and gather of the hidden states; logits, losses and
// the statistics of norms stay plain, since they are small or decide the answer. `expert_codec` is
// for tokens on their way to experts and back. A dispatch that is sent in eight bits already stays
// as it is.
//
// Compressed exchanges are always so, or where they pay: where the compressed time is the smaller
// one. The codec's own work is part of the exchange's time: it hides, or not, as the exchange does.
#pragma once

#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/bill.h"
#include "model/step/exchanges.h"
#include "model/step/priced.h"
#include "model/workload/operations.h"

namespace commplan {

// NotFound for an unknown codec, Unsupported for one that makes the values larger, that takes other
// values than are sent, or whose speed the machine does not tell.
Result<StepCodecs> CodecsOf(const StepRequest& request, Exchanges& exchanges);

// Of the exchange with the largest need; exchanges of one step use the same scratch.
Bytes CodecScratch(const PricedProgram& priced);

// What an answer with codecs rests on, and what stayed plain.
void AddCodecNotes(const StepCodecs& codecs, const StepRequest& request,
                   std::vector<std::string>* notes);

// One collective of a bill, as the codec leaves it: codec, scheme, terms, band.
void PutCodec(const Priced& priced, BillLine* line);

}  // namespace commplan
