// The test seed is the one number that a property test draws all of its random inputs from.
//
// It is fixed, so that a run can be trusted to repeat, and settable, so that other inputs can be
// tried: --gtest_random_seed=N or the environment variable GTEST_RANDOM_SEED.
//
//   std::mt19937_64 random(TestSeed());
//   SCOPED_TRACE(SeedNote());   // a failure says how to repeat it
#pragma once

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace commplan {

inline std::uint64_t TestSeed() {
  constexpr std::uint64_t kDefault = 20240;  // Any number; GoogleTest takes up to 99999.
  const auto asked = static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed));
  return asked != 0 ? asked : kDefault;
}

inline std::string SeedNote() {
  return "repeat with --gtest_random_seed=" + std::to_string(TestSeed());
}

}  // namespace commplan
