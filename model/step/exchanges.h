// Where the groups of a layout stand on a machine, and the prices of what they exchange.
//
// Ranks are numbered as engines do, from the inside out:
//   serving   tensor, attention data, context | stages | engines
//   training  tensor, context, data | stages       (the data parallel ranks inside the stages)
// Experts lie over tensor and attention data (serving) or over tensor, context and data ranks
// (training): ranks that share an expert side by side, those with other experts beyond them.
//
// All groups of one kind inside a stage exchange at the same time and share links. Other stages and
// other engines are not counted: they may or may not send just then.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/result.h"
#include "model/collective/price.h"
#include "model/fabric/fabric.h"
#include "model/step/compression.h"
#include "model/step/machine.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"

namespace commplan {

// The group of a collective; `ranks` is that of the collective.
Group GroupOf(const Layout& layout, const Cut& cut, Phase phase, GroupKind kind, int ranks);

Op OpOf(Exchange exchange);

// A codec of values of one type, on the machine.
struct StepCodec {
  CodecOnMachine on;
  DataType source = DataType::kBf16;
  std::optional<CompressedScheme> scheme;  // none: a measured kernel, else the cheapest scheme
};

// Models of collectives, made when they are first needed and kept.
class Exchanges {
 public:
  // `machine` must outlive it. `engine` "": the machine's first.
  static Result<Exchanges> Create(const Machine& machine, std::string_view engine);

  // The model stays where it is as long as this lives.
  Result<const CollectiveModel*> For(Op op, const Group& group);

  // NotFound for an unknown codec; Unsupported where it makes the values larger, takes other types
  // than `source`, or has no speed on the machine.
  Result<const StepCodec*> Codec(std::string_view name, DataType source,
                                 std::optional<CompressedScheme> scheme);
  // `plain` with this codec; null among a single rank, which sends nothing. Both must be of this.
  Result<const CompressionModel*> Coded(const CollectiveModel& plain, const StepCodec& codec);

  const Engine& engine() const { return *engine_; }

 private:
  struct Slot {
    Op op;
    Group group;
    CollectiveModel model;
  };
  struct CodedSlot {
    const CollectiveModel* plain;
    const StepCodec* codec;
    CompressionModel model;
  };
  Exchanges(const Machine& machine, const Engine& engine) : machine_(&machine), engine_(&engine) {}

  const Machine* machine_;
  const Engine* engine_;
  std::deque<Slot> slots_;
  std::deque<StepCodec> codecs_;
  std::deque<CodedSlot> coded_;
};

}  // namespace commplan
