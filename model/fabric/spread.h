// Spreading is how ranks that are counted by nodes stand on a fabric: so many on each node, as far
// apart as fills the nodes evenly.
#pragma once

#include "model/base/result.h"
#include "model/fabric/fabric.h"

namespace commplan {

// The stride at which `ranks` ranks stand on `nodes` domains of the innermost tier. Unsupported
// where they do not fit them evenly.
Result<int> StrideOverNodes(const Fabric& fabric, int ranks, int nodes);

}  // namespace commplan
