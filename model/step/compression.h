// Plain against compressed: what one collective takes as the engine runs it, and what it takes with
// a codec, on the same ranks of the same machine.
//
// So that the two can be compared, the compressed schemes are given what the engine's own plain
// traffic is given: the fixed cost of its smallest call, and links that carry no more than the
// engine gets out of them in a large message. A codec that shrinks nothing and takes no time then
// neither wins nor loses in large messages; what it wins in small ones is the scheme's doing, and
// `without_codec` shows it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/collective/compressed.h"
#include "model/collective/price.h"
#include "model/step/machine.h"

namespace commplan {

// What a codec costs on a machine.
struct CodecOnMachine {
  CodecCost cost;
  bool stated = false;   // the profile has an entry for it; without one it has no fixed costs
  bool derived = false;  // a speed is derived from the memory's rate: a bound that no kernel beats
};

// `share`: bytes on the wire for each byte of the tensor. Unsupported where the profile says
// neither the codec's speed nor the rate of the device's memory.
Result<CodecOnMachine> CodecOn(const Machine& machine, const std::string& name, double share);

struct CompressionAnswer {
  Price plain;  // of the engine; its cost is that of `plain_way` where that replaces it
  CompressedPrice coded;
  Time low{}, high{};  // the plain price's band, widened by kVerdictBand; none where that has none
  CompressionComparison comparison;
  Time without_codec{};  // the same scheme, with bytes as they are and no work for a codec
  std::vector<CompressedPrice> others;  // the other schemes, best first
};

class CompressionModel {
 public:
  // With a scheme, only that one. `plain` must outlive the model. A scheme through host memory is
  // compared with the ring through that memory, which it replaces, where the engine is a textbook.
  static Result<CompressionModel> Create(const CollectiveModel& plain, const CodecCost& codec,
                                         std::optional<CompressedScheme> scheme = std::nullopt);

  CompressionAnswer At(Bytes bytes) const;

  Cost PlainAt(Bytes bytes) const;
  const CollectiveModel& plain() const { return *plain_; }
  // What replaces the engine's own ways in the comparison.
  const std::optional<CompressedWay>& plain_way() const { return plain_way_; }
  const std::vector<CompressedWay>& ways() const { return ways_; }  // none for a single rank
  const CompressedWay* WayOf(CompressedScheme scheme) const;
  const CallCost& call() const { return call_; }
  // What the engine gets out of the links, as a share of what they are said to carry.
  double link_share() const { return link_share_; }

 private:
  const CollectiveModel* plain_ = nullptr;
  CallCost call_;
  double link_share_ = 1;
  std::optional<CompressedWay> plain_way_;
  std::vector<CompressedWay> ways_;
};

}  // namespace commplan
