// The kernels of one provider on one machine: which entry of the profile an operation runs by, and
// what it then takes.
//
// Where the provider has no entry for a type, another provider's is taken; where nobody has, the
// same provider's entry of a wider type with the peak rate of the type asked for. Both are
// `extrapolated`, have a wider band, and are said in notes(). Nothing else is guessed.
//
// The experts of a layer are one model (model/compute/moe.h): the operation at Site::kExpertUp has
// the time of all of them, and what the measured kernel includes costs nothing (IsPartOfExperts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/compute/model.h"
#include "model/step/machine.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan {

// What kernels share their errors.
enum class KernelClass : std::uint8_t { kGemm, kAttention, kExperts, kSweep };
inline constexpr std::size_t kKernelClasses = 4;

KernelClass ClassOf(const Operation& operation);  // not of a collective

// What a kernel of experts needs to know beside its operation.
struct ExpertContext {
  const Mlp* mlp = nullptr;  // null outside of layers
  int ep = 1;
  int expert_tp = 1;
  double imbalance = 1;     // tokens of the fullest rank over the mean; at least what chance makes
  bool dispatched = false;  // tokens come by all-to-all, and results are summed behind it
};

// Whether the operation's time is in that of the layer's experts.
bool IsPartOfExperts(const Operation& operation, const ExpertContext& experts);

class Kernels {
 public:
  // `machine` must outlive it. `provider` "": the first of the profile. Unsupported where the
  // profile does not speak of kernels, not found where it has none of that provider.
  static Result<Kernels> Create(const Machine& machine, std::string_view provider);

  const std::string& provider() const { return provider_; }
  const ComputeDevice& device() const { return device_; }

  // Of one execution; zero for what IsPartOfExperts. Not for collectives. Models are made when they
  // are first needed.
  Result<Time> TimeOf(const Operation& operation, const ExpertContext& experts);
  Result<KernelTime> Price(const Operation& operation, const ExpertContext& experts);

  // What was taken in place of what is missing, each once.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct GemmSlot {
    DataType weights, activations;
    GemmModel model;
  };
  struct AttentionSlot {
    AttentionPhase phase;
    DataType values, cache;
    std::vector<AttentionModel> models;  // in the order in which they are asked
  };
  struct ExpertSlot {
    DataType weights, activations;
    bool gated;
    MoeModel model;
  };

  Kernels() = default;
  template <bool kBand>
  auto PriceAny(const Operation& operation, const ExpertContext& experts);
  Result<const GemmModel*> GemmFor(DataType weights, DataType activations);
  Result<const AttentionModel*> AttentionFor(const AttentionCall& call,
                                             const AttentionShape& shape);
  Result<const MoeModel*> ExpertsFor(DataType weights, DataType activations, bool gated);
  template <class Entry, class Fits>
  Result<std::vector<const Entry*>> Find(const std::vector<Entry>& entries, std::string_view what,
                                         ComputeType type, const Fits& fits);
  template <class Entry>
  auto Prepared(const Entry& entry, ComputeType type) const;
  KernelTime SweepTime(Bytes bytes, double kernels) const;
  void Note(std::string note);

  const Machine* machine_ = nullptr;
  std::string provider_;
  ComputeDevice device_;
  MemoryEfficiency sweep_;
  std::vector<GemmSlot> gemm_;
  std::vector<AttentionSlot> attention_;
  std::vector<ExpertSlot> experts_;
  std::vector<std::string> notes_;
};

// The type that a kernel computes in. Weights in 8 or 4 bits with 16-bit activations are converted
// back inside the kernel.
ComputeType ComputeTypeOf(DataType weights, DataType activations);

}  // namespace commplan
