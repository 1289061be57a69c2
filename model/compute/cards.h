// The formulas of kernels as text, so that they can be explained: each part's time alone, written
// by the same templates that compute it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace commplan {

struct KernelCard {
  std::string_view id;  // "gemm", "attention/generation", ...
  std::string_view title;
  std::string_view assumptions;
  std::string_view source;
  // Of each resource alone; empty where the kernel does not use it. The composition is
  // launch + (compute^p + memory^p + serial^p)^(1/p) for all, times a factor where `factor` says
  // so.
  std::string launch, compute, memory, serial;
  std::string_view factor;
};

const std::vector<KernelCard>& KernelCards();

// The card, or nullptr where there is none.
const KernelCard* FindKernelCard(std::string_view id);

}  // namespace commplan
