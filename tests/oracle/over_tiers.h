// Hierarchical collectives over any number of tiers, ready to be played.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/oracle/collective.h"
#include "tests/oracle/hierarchical.h"

namespace commplan::oracle {

// `chunks` is for the all-reduce, `root` for broadcast and reduce. Nothing for other operations.
std::optional<Collective> HierarchyOver(const Sizes& sizes, const std::string& op,
                                        std::int64_t elements, int chunks = 1, int root = 0);

}  // namespace commplan::oracle
