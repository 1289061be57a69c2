#include "calibrate/device/cuda/stream_bench.h"

namespace commplan::device {

Status StreamBench::Prepare(std::int64_t bytes) {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
  if (stream_ == nullptr) {
    ASSIGN_OR_RETURN(stream_, MakeStream());
    ASSIGN_OR_RETURN(beside_, MakeStream());
    ASSIGN_OR_RETURN(start_, MakeEvent());
    ASSIGN_OR_RETURN(end_, MakeEvent());
    ASSIGN_OR_RETURN(forked_, MakeEventForOrder());
    ASSIGN_OR_RETURN(joined_, MakeEventForOrder());
  }
  RETURN_IF_ERROR(Fill(bytes));
  // Contents were copied by the default stream, which ours does not wait for.
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
  return OkStatus();
}

Status StreamBench::Fork() {
  if (!UsesTwo()) return OkStatus();
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(forked_.get(), stream()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(beside(), forked_.get(), 0));
  return OkStatus();
}

Status StreamBench::Join() {
  if (!UsesTwo()) return OkStatus();
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(joined_.get(), beside()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(stream(), joined_.get(), 0));
  return OkStatus();
}

Result<double> StreamBench::Run(int calls) {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(start_.get(), stream()));
  RETURN_IF_ERROR(Fork());
  for (int call = 0; call < calls; ++call) RETURN_IF_ERROR(Enqueue());
  RETURN_IF_ERROR(Join());
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventRecord(end_.get(), stream()));
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventSynchronize(end_.get()));
  float milliseconds = 0;
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&milliseconds, start_.get(), end_.get()));
  constexpr double kMicros = 1000;
  return kMicros * static_cast<double>(milliseconds);
}

Status StreamBench::CallOnce() {
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_));
  RETURN_IF_ERROR(Fork());
  RETURN_IF_ERROR(Enqueue());
  RETURN_IF_ERROR(Join());
  COMMPLAN_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream()));
  return OkStatus();
}

}  // namespace commplan::device
