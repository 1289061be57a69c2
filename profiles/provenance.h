// Provenance says where a number came from; here are its words and how a file's defaults reach its
// numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/step/machine.h"
#include "profiles/document.h"

namespace commplan::profiles {

// The inverse of Name(ProvenanceKind).
std::optional<ProvenanceKind> ProvenanceNamed(std::string_view word);

// Normalises the tree of one file, as profiles/document.h describes it: value maps become their
// values, `provenance` keys vanish, and each scalar and list points into document->provenances.
// Wrong words become document->faults.
void HandDownProvenance(Node* root, Document* document);

// "found no provenance ..." is said once: a number whose provenance was refused already has this
// mark.
inline constexpr std::string_view kRefused = "?";

}  // namespace commplan::profiles
