// The writer turns a machine into the canonical text of its profile: one file that extends nothing,
// keys in a fixed order, each number with its own provenance.
//
// Reading the text gives the same machine, down to the last bit of each number, and writing that
// machine gives the same text. So two machines are equal exactly if their texts are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"

namespace commplan::profiles {

// A value that differs from the format's default and has no provenance is written as `assumed`,
// with a note that says so: the reader takes no number without one.
//
// Where all numbers of a measured engine share a provenance, it is written once.
std::string Write(const Machine& machine);

// A profile of only what `machine` has, on top of other profiles. Its first engine becomes the
// default one.
std::string WriteExtending(const Machine& machine, const std::vector<std::string>& extends);

// A part, which other profiles extend, of only what `machine` has.
std::string WritePart(const Machine& machine);

// Puts `bytes` into the file `path`, wholly or not at all: an existing file stays as it was until
// the new one is safely on disk. A symbolic link keeps pointing to its target, which gets the
// bytes.
Status WriteFileAtomically(const std::string& path, std::string_view bytes);

}  // namespace commplan::profiles
