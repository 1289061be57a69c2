// The helpers by which tests look into a program: its collectives by name, its flops.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {

inline Program Expanded(const Transformer& model, const Layout& layout, const Demand& demand,
                        const Precision& precision = {}) {
  Program program;
  const Status status = Expand(model, layout, precision, demand, &program);
  EXPECT_THAT(status, IsOk());
  return program;
}

// Collectives of the blocks of one part and direction: "all-reduce tp" -> how many, each block
// once.
inline std::map<std::string, double> Collectives(const Program& program, Part part,
                                                 Direction direction = Direction::kForward,
                                                 int kind = -1) {
  std::map<std::string, double> counts;
  for (const Block& block : program.blocks) {
    if (block.part != part || block.direction != direction) continue;
    if (kind >= 0 && block.kind != kind) continue;
    for (const Operation& operation : program.Of(block)) {
      const auto* collective = std::get_if<Collective>(&operation.what);
      if (collective == nullptr) continue;
      std::string name(Name(collective->exchange));
      name += ' ';
      name += Name(collective->group);
      counts[name] += operation.count;
    }
  }
  return counts;
}

// The one collective at a site; the test fails where there is not exactly one.
inline Collective At(const Program& program, Site site, Direction direction = Direction::kForward,
                     Exchange exchange = Exchange::kAllReduce) {
  Collective found;
  int count = 0;
  for (const Block& block : program.blocks) {
    if (block.direction != direction) continue;
    for (const Operation& operation : program.Of(block)) {
      const auto* collective = std::get_if<Collective>(&operation.what);
      if (collective == nullptr || operation.site != site) continue;
      if (collective->exchange != exchange) continue;
      found = *collective;
      ++count;
    }
  }
  EXPECT_EQ(count, 1) << Name(site);
  return found;
}

inline double FlopCount(const Program& program) {
  double flops = 0;
  for (const Block& block : program.blocks) {
    for (const Operation& operation : program.Of(block)) {
      flops += block.repeat * operation.count * InFlop(WorkOf(operation));
    }
  }
  return flops;
}

}  // namespace commplan
