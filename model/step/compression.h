// Plain against compressed: what one collective takes as the engine runs it, and what it takes with
// a codec, on the same ranks of the same machine.
//
// So that the two can be compared, the compressed schemes are given what the engine's own plain
// traffic is given: the fixed cost of its smallest call, and links that carry no more than the
// engine gets out of them in a large message. A codec that shrinks nothing and takes no time then
// neither wins nor loses in large messages; what it wins in small ones is the scheme's doing, and
// `without_codec` shows it.
//
// Where the machine has an engine that was measured with the codec inside, its curves say what the
// compressed collective takes, and the schemes only stand beside it. `fit` names such an engine
// after its kernel and the codec: quickreduce-int4-b32.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  bool stated = false;   // the profile has an entry for it, or one for any codec
  bool derived = false;  // a speed is derived from the memory's rate
  bool known = true;     // false: only kernels that were measured with it tell what it costs
};

// Where the profile says `key` of a codec, in its own entry or in that for any codec: the path into
// Machine::provenance; empty where it does not.
std::string CodecPath(const Machine& machine, const std::string& name, const std::string& key);

// `share`: bytes on the wire for each byte of the tensor. Unsupported where the profile says
// neither the codec's speed nor the rate of the device's memory.
Result<CodecOnMachine> CodecOn(const Machine& machine, const std::string& name, double share);

// What stands in place of a scheme's name where a kernel was measured with the codec inside.
inline constexpr std::string_view kMeasuredKernel = "measured-kernel";

struct CompressionAnswer {
  Price plain;            // of the engine; its cost is that of `plain_way` where that replaces it
  CompressedPrice coded;  // of a measured kernel: its cost alone
  bool measured = false;  // `coded` is the price of CompressionModel::kernel()
  // The band of the measured kernel; else the plain price's, widened by kVerdictBand, and none
  // where that has none.
  Time low{}, high{};
  bool extrapolated = false;
  CompressionComparison comparison;
  // The same scheme or kernel, with bytes as they are and no work for a codec; none for a kernel
  // that was not measured without one.
  std::optional<Time> without_codec;
  std::vector<CompressedPrice> others;  // the other schemes, best first
};

// The coded time with half the latency of messages and calls, and with twice the bandwidth of all
// links.
struct CompressionWhatIf {
  Time half_latency{}, double_bandwidth{};
};

class CompressionModel {
 public:
  // With a scheme, only that one. `plain` must outlive the model. A scheme through host memory is
  // compared with the ring through that memory, which it replaces, where the engine is a textbook.
  static Result<CompressionModel> Create(const CollectiveModel& plain, const CodecCost& codec,
                                         std::optional<CompressedScheme> scheme = std::nullopt);
  // The same where `machine`, which must outlive the model too, may have a kernel that was measured
  // with the codec. With a scheme no kernel is looked for.
  static Result<CompressionModel> CreateOn(const Machine& machine, const CollectiveModel& plain,
                                           const CodecOnMachine& codec,
                                           std::optional<CompressedScheme> scheme = std::nullopt);

  CompressionAnswer At(Bytes bytes) const;

  // The coded time alone. After Prepare it takes tens of nanoseconds: which scheme is the cheapest
  // from which size on is then known, to a millionth of the size, and which straight line its time
  // is. A crossing there and back between two points of the grid, four to an octave, is not seen:
  // one in thousands of the time.
  Time CodedTime(Bytes bytes) const;
  void Prepare();
  // The scheme behind that time; none for a measured kernel.
  const CompressedWay* CodedWay(Bytes bytes) const;
  CompressionWhatIf WhatIfAt(Bytes bytes) const;
  // What a rank needs beside the tensor; none is known of a measured kernel, which is taken to hold
  // as much as a two-shot.
  Bytes ScratchAt(Bytes bytes) const;

  Cost PlainAt(Bytes bytes) const;
  const CollectiveModel& plain() const { return *plain_; }
  // What replaces the engine's own ways in the comparison.
  const std::optional<CompressedWay>& plain_way() const { return plain_way_; }
  const std::vector<CompressedWay>& ways() const { return ways_; }  // none for a single rank
  const CompressedWay* WayOf(CompressedScheme scheme) const;
  // The kernel that was measured with this codec; null where there is none.
  const CollectiveModel* kernel() const { return kernel_.get(); }
  // Whether there is anything to compress.
  bool Compresses() const { return kernel_ != nullptr || !ways_.empty(); }
  const CallCost& call() const { return call_; }
  // What the engine gets out of the links, as a share of what they are said to carry.
  double link_share() const { return link_share_; }

 private:
  // From this size on, this way in so many chunks. Times are straight lines between sizes where a
  // formula has a kink; where one is nearer than can be told, there is no line.
  struct Pick {
    Bytes from{};
    std::size_t way = 0;
    int chunks = 1;
    bool straight = false;
    Time at_none{};
    TimePerByte slope{};
  };
  Time TimeOf(const Pick& pick, Bytes bytes) const;
  Status AddSchemes(const CodecCost& codec, std::optional<CompressedScheme> scheme);
  void FindKernel(const Machine& machine, const std::string& codec);
  Pick CheapestAt(Bytes bytes) const;
  Pick PickAt(Bytes bytes) const;
  void AddPicks(const Pick& first, const Pick& last);
  void AddLines(Pick pick, Bytes to, std::vector<Pick>* lines) const;

  const CollectiveModel* plain_ = nullptr;
  double share_ = 1;
  CallCost call_;
  double link_share_ = 1;
  std::optional<CompressedWay> plain_way_;
  std::vector<CompressedWay> ways_;
  std::vector<Pick> picks_;  // by rising size; empty before Prepare
  std::shared_ptr<const CollectiveModel> kernel_;
  std::shared_ptr<const CollectiveModel> bare_kernel_;  // the same one without the codec, or null
};

}  // namespace commplan
