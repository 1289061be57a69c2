// A difference is one value that two machines do not have in common, named by its dotted path.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/step/machine.h"

namespace commplan::profiles {

// What one machine has at a path.
struct Setting {
  std::string value;  // as in a file: "450 GB/s", "[1 us, 2 us, 3 us]", "switch"
  std::optional<Provenance> provenance;
};

struct Difference {
  std::string path;             // "tiers.0.latency", "engines.nccl.channels"
  std::optional<Setting> left;  // nothing where that machine has no such value
  std::optional<Setting> right;
  bool value_differs = false;  // false: only the provenance does
};

// All differences, in the order of the file format; what only `right` has comes after its
// predecessor there. Engines are compared by name, tiers and list items by index. Sources are
// compared only through the provenance that names them.
std::vector<Difference> Diff(const Machine& left, const Machine& right);

}  // namespace commplan::profiles
