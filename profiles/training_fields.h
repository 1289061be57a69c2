// The fields of a machine's `training` section: what each training framework does to kernels and
// how far whole runs lie from the model. A part of VisitMachine.
#pragma once

#include <vector>

#include "model/step/training_profile.h"
#include "profiles/fields.h"

namespace commplan::profiles {

void VisitTraining(FieldVisitor& visitor, std::vector<TrainingProfile>* training);

}  // namespace commplan::profiles
