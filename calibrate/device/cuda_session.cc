// Measuring with CUDA, in a build that has it.
#include <utility>

#include "calibrate/device/cuda/cuda_backend.h"
#include "calibrate/device/gpu.h"
#include "calibrate/device/session.h"

namespace commplan::device {
namespace {

class CudaSession : public Session {
 public:
  explicit CudaSession(Benches benches) : benches_(std::move(benches)) {}
  Benches MakeBenches() override { return std::move(benches_); }

 private:
  Benches benches_;
};

}  // namespace

Result<std::unique_ptr<Session>> StartCuda(const std::vector<codec::Codec>& codecs) {
  ASSIGN_OR_RETURN(Benches benches, CudaBenches(codecs));
  return std::unique_ptr<Session>(std::make_unique<CudaSession>(std::move(benches)));
}

}  // namespace commplan::device
