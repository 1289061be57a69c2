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
#include <string>
#include <string_view>

#include "model/base/result.h"
#include "model/collective/price.h"
#include "model/fabric/fabric.h"
#include "model/step/machine.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"

namespace commplan {

// The group of a collective; `ranks` is that of the collective.
Group GroupOf(const Layout& layout, const Cut& cut, Phase phase, GroupKind kind, int ranks);

Op OpOf(Exchange exchange);

// Models of collectives, made when they are first needed and kept.
class Exchanges {
 public:
  // `machine` must outlive it. `engine` "": the machine's first.
  static Result<Exchanges> Create(const Machine& machine, std::string_view engine);

  // The model stays where it is as long as this lives.
  Result<const CollectiveModel*> For(Op op, const Group& group);

  const Engine& engine() const { return *engine_; }

 private:
  struct Slot {
    Op op;
    Group group;
    CollectiveModel model;
  };
  Exchanges(const Machine& machine, const Engine& engine) : machine_(&machine), engine_(&engine) {}

  const Machine* machine_;
  const Engine* engine_;
  std::deque<Slot> slots_;
};

}  // namespace commplan
