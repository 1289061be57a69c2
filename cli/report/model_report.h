// The documents of `model`: the library, and one model with its weights by part, its cache and the
// layouts that engines allow.
#pragma once

#include <vector>

#include "cli/report/document.h"
#include "profiles/model_file.h"

namespace commplan::report {

Document ModelListDocument(const std::vector<profiles::ModelFile>& models);
Document ModelDocument(const profiles::ModelFile& file);

}  // namespace commplan::report
