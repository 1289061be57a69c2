#include "cli/exit_status.h"

namespace commplan::cli {

int ExitStatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return kExitUsage;
    case ErrorCode::kBadInput:
    case ErrorCode::kNotFound:
    case ErrorCode::kIo:
      return kExitBadInput;
    case ErrorCode::kUnsupported:
    case ErrorCode::kInfeasible:
      return kExitNegative;
    case ErrorCode::kDevice:
      return kExitDevice;
    case ErrorCode::kInternal:
      return kExitInternal;
  }
  return kExitInternal;
}

}  // namespace commplan::cli
