// The fields of an engine's rules for types of elements: what it adds, and by which ways.
#pragma once

#include <vector>

#include "model/collective/engine.h"
#include "profiles/fields.h"

namespace commplan::profiles {

void VisitTypeRules(FieldVisitor& v, std::vector<TypeRule>* rules);

}  // namespace commplan::profiles
