// The order of passes on each device, schedule by schedule.
#include <algorithm>

#include "model/base/check.h"
#include "model/schedule/pipeline.h"

namespace commplan::schedule {

namespace {

// Appends passes of one device, each kind in a running order of microbatches.
class Writer {
 public:
  explicit Writer(const Pipeline& pipeline) : limit_(pipeline.microbatches) {}
  void Add(Pass pass, int stage, int microbatch) {
    if (microbatch < limit_) order_.push_back({pass, stage, microbatch});
  }
  std::vector<PipelineOp> Take() { return std::move(order_); }

 private:
  int limit_;
  std::vector<PipelineOp> order_;
};

std::vector<PipelineOp> Gpipe(const Pipeline& pipeline, int device) {
  Writer writer(pipeline);
  for (int i = 0; i < pipeline.microbatches; ++i) writer.Add(Pass::kForward, device, i);
  for (int i = 0; i < pipeline.microbatches; ++i) writer.Add(Pass::kBackward, device, i);
  return writer.Take();
}

// `ahead` forwards, then one forward and one backward in turn; weight gradients, where they are
// passes of their own, `behind` backwards later.
std::vector<PipelineOp> OneByOne(const Pipeline& pipeline, int device, int ahead, int behind,
                                 bool split) {
  const int count = pipeline.microbatches;
  Writer writer(pipeline);
  const Pass backward = split ? Pass::kBackwardInput : Pass::kBackward;
  for (int i = 0; i < std::min(ahead, count); ++i) writer.Add(Pass::kForward, device, i);
  for (int i = 0; i < count; ++i) {
    writer.Add(Pass::kForward, device, i + ahead);
    writer.Add(backward, device, i);
    if (split && i >= behind) writer.Add(Pass::kBackwardWeight, device, i - behind);
  }
  if (!split) return writer.Take();
  for (int i = std::max(count - behind, 0); i < count; ++i) {
    writer.Add(Pass::kBackwardWeight, device, i);
  }
  return writer.Take();
}

// All passes of one kind of a device: group by group, in a group chunk by chunk. A last group of
// fewer than p microbatches keeps the places of those that it lacks, else the devices would wait
// for each other for ever.
std::vector<PipelineOp> ByGroups(const Pipeline& pipeline, int device, Pass pass) {
  const int size = pipeline.group > 0 ? pipeline.group : pipeline.devices;
  std::vector<PipelineOp> passes;
  for (int first = 0; first < pipeline.microbatches; first += size) {
    const int left = std::max(pipeline.microbatches - first, pipeline.devices);
    for (int i = 0; i < pipeline.chunks; ++i) {
      const int chunk = pass == Pass::kForward ? i : pipeline.chunks - 1 - i;
      for (int k = 0; k < std::min(size, left); ++k) {
        passes.push_back({pass, chunk * pipeline.devices + device, first + k});
      }
    }
  }
  return passes;
}

std::vector<PipelineOp> Interleaved(const Pipeline& pipeline, int device) {
  const std::vector<PipelineOp> forward = ByGroups(pipeline, device, Pass::kForward);
  const std::vector<PipelineOp> backward = ByGroups(pipeline, device, Pass::kBackward);
  const int size = pipeline.group > 0 ? pipeline.group : pipeline.devices;
  const int wanted = 2 * (pipeline.devices - 1 - device) + (pipeline.chunks - 1) * size;
  const std::size_t ahead = std::min(static_cast<std::size_t>(wanted), forward.size());
  Writer writer(pipeline);
  const auto add = [&writer](const PipelineOp& op) {
    writer.Add(op.pass, op.stage, op.microbatch);
  };
  for (std::size_t i = 0; i < ahead; ++i) add(forward[i]);
  for (std::size_t i = 0; i < backward.size(); ++i) {
    if (i + ahead < forward.size()) add(forward[i + ahead]);
    add(backward[i]);
  }
  return writer.Take();
}

// The published order is made for at least 2p - 1 microbatches; with fewer, the passes of those
// that do not exist are left out.
std::vector<PipelineOp> ZbV(const Pipeline& pipeline, int device) {
  const int p = pipeline.devices;
  const int count = std::max(pipeline.microbatches, 2 * p - 1);
  const int down = device;            // the stage on the first leg of the V
  const int up = 2 * p - 1 - device;  // and on the second
  Writer writer(pipeline);
  const auto forward = [&writer](int stage, int& next) {
    writer.Add(Pass::kForward, stage, next++);
  };
  const auto backward = [&writer](int stage, int& next) {
    writer.Add(Pass::kBackwardInput, stage, next++);
  };
  const auto weight = [&writer](int stage, int& next) {
    writer.Add(Pass::kBackwardWeight, stage, next++);
  };
  int f_down = 0, f_up = 0, b_down = 0, b_up = 0, w_down = 0, w_up = 0;
  while (f_down < 2 * (p - device) - 1) forward(down, f_down);
  for (int i = 0; i < device; ++i) {
    forward(up, f_up);
    forward(down, f_down);
  }
  for (int i = 0; i < p - device; ++i) {
    forward(up, f_up);
    backward(up, b_up);
    weight(up, w_up);
  }
  while (f_up < count) {
    if (f_down < count) forward(down, f_down);
    backward(down, b_down);
    weight(down, w_down);
    forward(up, f_up);
    backward(up, b_up);
    weight(up, w_up);
  }
  for (int i = 0; i < device; ++i) {
    backward(down, b_down);
    backward(up, b_up);
  }
  while (b_down < count) {
    backward(down, b_down);
    weight(down, w_down);
  }
  while (w_up < count) weight(up, w_up);
  while (w_down < count) weight(down, w_down);
  return writer.Take();
}

}  // namespace

std::vector<PipelineOp> DeviceOrder(const Pipeline& pipeline, int device) {
  CHECK(device >= 0 && device < pipeline.devices);
  const int after = pipeline.devices - 1 - device;
  switch (pipeline.kind) {
    case PipelineKind::kGpipe:
      return Gpipe(pipeline, device);
    case PipelineKind::kOneForwardOneBackward:
      return OneByOne(pipeline, device, after, 0, false);
    case PipelineKind::kInterleaved:
      return Interleaved(pipeline, device);
    case PipelineKind::kZbH1:
      return OneByOne(pipeline, device, after, device, true);
    case PipelineKind::kZbH2:
      return OneByOne(pipeline, device, 2 * after, 2 * device, true);
    case PipelineKind::kZbV:
      return ZbV(pipeline, device);
  }
  CHECK(false);
  return {};
}

}  // namespace commplan::schedule
