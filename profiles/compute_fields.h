// The fields of a machine's `compute` section, and the texts in which its tables and ranges stand.
// A part of VisitMachine.
#pragma once

#include "model/step/compute_profile.h"
#include "profiles/fields.h"

namespace commplan::profiles {

void VisitCompute(FieldVisitor& visitor, ComputeProfile* compute);

}  // namespace commplan::profiles
