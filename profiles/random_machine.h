// A random machine is one that the format can hold, with every field at some value that the reader
// takes.
#pragma once

#include <random>

#include "model/step/machine.h"

namespace commplan::profiles {

Machine RandomMachine(std::mt19937_64& random);

}  // namespace commplan::profiles
