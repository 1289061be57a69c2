// The fields of a machine's `codecs` section. A part of VisitMachine.
#pragma once

#include <vector>

#include "model/collective/compressed.h"
#include "profiles/fields.h"

namespace commplan::profiles {

void VisitCodecs(FieldVisitor& visitor, std::vector<CodecCost>* codecs);

}  // namespace commplan::profiles
