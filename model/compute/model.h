// Models of kernels on one device, made ready for many questions: a closed form with its
// efficiencies, a table of what it leaves over, and bands from rows that it never saw.
//
//   ASSIGN_OR_RETURN(const GemmModel gemm, GemmModel::Create(device, fit));
//   const Time t = gemm.TimeOf({.m = 64, .n = 8192, .k = 8192});
//   const KernelTime full = gemm.Price({.m = 64, .n = 8192, .k = 8192});
//
// time = formula * exp(table), but never below what the datasheet's peaks allow: flops / P, and the
// bytes that no cache can hold for the call (weights, KV cache) / B.
//
// Outside the measured shapes the table is flat, `extrapolated` is set and the band grows by a
// tenth for each octave. The same efficiencies on another device (`widening` above 1) are
// `extrapolated` too, and their band is wider by that factor on both sides.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "model/compute/attention.h"
#include "model/compute/device.h"
#include "model/compute/gemm.h"
#include "model/compute/kernel.h"
#include "model/compute/memory_bound.h"
#include "model/compute/moe.h"
#include "model/compute/table.h"

namespace commplan {

inline constexpr std::size_t kRegimes = 6;

struct AxisRange {
  double least = 0, most = 0;  // log2
  friend bool operator==(const AxisRange&, const AxisRange&) = default;
};

// What every kind of kernel has beside its efficiencies.
struct KernelEvidence {
  ResidualTable table;
  std::array<BandFactors, kRegimes> bands{};  // By regime, see GemmRegime and the others.
  std::vector<AxisRange> measured;            // Per axis; empty: everything is extrapolated.
  double widening = 1;
  int rows = 0;
};

struct GemmFit {
  std::string engine;
  ComputeType type = ComputeType::kBf16;
  GemmEfficiency efficiency;
  KernelEvidence evidence;
};

struct AttentionFit {
  std::string engine;
  std::string kernel;
  AttentionPhase phase = AttentionPhase::kGeneration;
  ComputeType values = ComputeType::kBf16;  // Queries and results, and the arithmetic.
  ComputeType cache = ComputeType::kBf16;
  AttentionEfficiency efficiency;
  // Query heads per KV head above which the kernel collapses and has no model; 0 for none.
  double largest_group = 0;
  KernelEvidence evidence;
};

struct MoeFit {
  std::string engine;
  std::string kernel;
  ComputeType type = ComputeType::kBf16;
  MoeEfficiency efficiency;
  // What the imbalance of a skewed router grows by for each doubling of ep, in these rows.
  double skew_per_octave = 0;
  KernelEvidence evidence;
};

// Axes of the tables and of the measured ranges.
TablePoint GemmPoint(const GemmShape& shape);  // m * batch, n, k
// Sequences and KV heads together are the work items that a kernel deals to the multiprocessors.
TablePoint AttentionPoint(
    const AttentionShape& shape);            // batch * KV heads, KV heads, tokens, group
TablePoint MoePoint(const MoeShape& shape);  // tokens per expert, experts, weights

// m up to 64, below 1024, from 1024 on; plus 3 where n or k is below 512.
std::size_t GemmRegime(const GemmShape& shape);
// Launch or less than twice it, above; plus 2 for another head size than 128 or a window.
std::size_t AttentionRegime(const AttentionShape& shape, const KernelParts& parts);
std::size_t MoeRegime(const KernelParts& parts);

class GemmModel {
 public:
  // Unsupported where the device cannot compute in the type.
  static Result<GemmModel> Create(const ComputeDevice& device, const GemmFit& fit);

  // Sizes must be positive. The time alone takes a fraction of what the parts and the band take.
  Time TimeOf(const GemmShape& shape) const;
  KernelTime Price(const GemmShape& shape) const;
  KernelParts Formula(const GemmShape& shape) const;  // Without table and floor.
  Time Floor(const GemmShape& shape) const;

 private:
  GemmModel() = default;
  GemmGroundOf<double> ground_;
  GemmEfficiency efficiency_;
  KernelEvidence evidence_;
};

class AttentionModel {
 public:
  static Result<AttentionModel> Create(const ComputeDevice& device, const AttentionFit& fit);

  // Whether the kernel is usable for the shape, or collapses. Otherwise prices are far too low.
  bool Supports(const AttentionShape& shape) const;
  Time TimeOf(const AttentionShape& shape) const;
  KernelTime Price(const AttentionShape& shape) const;
  KernelParts Formula(const AttentionShape& shape) const;
  Time Floor(const AttentionShape& shape) const;

 private:
  AttentionModel() = default;
  AttentionWork Reduce(const AttentionShape& shape) const;
  AttentionPhase phase_ = AttentionPhase::kGeneration;
  double cache_bytes_ = 2, largest_group_ = 0;
  FlopRate rate_{};
  Bandwidth bandwidth_{};
  AttentionEfficiency efficiency_;
  KernelEvidence evidence_;
};

class MoeModel {
 public:
  static Result<MoeModel> Create(const ComputeDevice& device, const MoeFit& fit);

  Time TimeOf(const MoeShape& shape) const;
  KernelTime Price(const MoeShape& shape) const;
  KernelParts Formula(const MoeShape& shape) const;
  Time Floor(const MoeShape& shape) const;

 private:
  MoeModel() = default;
  double weight_bytes_ = 2;
  FlopRate rate_{};
  Bandwidth bandwidth_{};
  MoeEfficiency efficiency_;
  KernelEvidence evidence_;
};

}  // namespace commplan
