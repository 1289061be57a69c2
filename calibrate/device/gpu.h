// The backends of GPUs, whether this build has them or not: an error says what is missing.
#pragma once

#include <memory>
#include <vector>

#include "calibrate/device/session.h"
#include "model/base/result.h"
#include "model/codec/codec.h"

namespace commplan::device {

Result<std::unique_ptr<Session>> StartCuda(const std::vector<codec::Codec>& codecs);
Result<std::unique_ptr<Session>> StartNccl();

}  // namespace commplan::device
