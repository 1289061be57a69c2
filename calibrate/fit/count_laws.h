// What machines together say of counts of ranks that were not measured: the corrections of the laws
// over ranks (model/collective/measured.h), and how far the corrected laws still go astray.
#pragma once

#include <vector>

#include "calibrate/fit/groups.h"
#include "model/base/result.h"
#include "model/collective/measured.h"

namespace commplan::fit {

// Learnt from every family of groups that differ in nothing but the ranks of one node and number
// three at least; by operation.
//
// The band is a conformal one: each system is predicted with what all others taught, and nine
// tenths of its rows lie within the bands of the curves widened by it.
Result<std::vector<CountCorrection>> LearnCountLaws(const std::vector<Group>& groups);

}  // namespace commplan::fit
