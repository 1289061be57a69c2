#include "model/step/machine.h"

#include "model/base/check.h"

namespace commplan {

std::string_view Name(ProvenanceKind kind) {
  switch (kind) {
    case ProvenanceKind::kMeasured:
      return "measured";
    case ProvenanceKind::kFitted:
      return "fitted";
    case ProvenanceKind::kDatasheet:
      return "datasheet";
    case ProvenanceKind::kLiterature:
      return "literature";
    case ProvenanceKind::kAssumed:
      return "assumed";
  }
  CHECK(false);
}

}  // namespace commplan
