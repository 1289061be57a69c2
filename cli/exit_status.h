// The exit statuses that scripts rely on, and which one an error leads to.
#pragma once

#include "model/base/result.h"

namespace commplan::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitNegative = 1;  // infeasible, target missed, drift found
inline constexpr int kExitUsage = 2;
inline constexpr int kExitBadInput = 3;
inline constexpr int kExitDevice = 4;  // device or environment
inline constexpr int kExitInternal = 70;

int ExitStatusOf(ErrorCode code);

}  // namespace commplan::cli
