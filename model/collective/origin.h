// Where the inputs of a variant come from: for each symbol the dotted paths of the profile values
// it was made of, so that an explanation can show their provenance.
#pragma once

#include <string>
#include <vector>

#include "model/collective/price.h"

namespace commplan {

// Such as {"engines.nccl.channels", "engines.nccl.channel_bandwidth"}; empty for what the request
// itself says (ranks, bytes) and for inputs that this way does not have.
std::vector<std::string> OriginPaths(const CollectiveModel& model, const Variant& variant,
                                     Symbol symbol);

// What decides which variant runs: the paths of all values that the engine compares or looks up.
std::vector<std::string> ChoicePaths(const CollectiveModel& model);

}  // namespace commplan
