#include "model/step/bill.h"

#include <array>

#include "model/base/check.h"
#include "model/step/pricer.h"

namespace commplan {
namespace {

constexpr std::array<std::string_view, 4> kOverlaps = {"none", "tiles", "ladder", "two-batch"};

}  // namespace

std::string_view Name(Overlap overlap) { return kOverlaps[static_cast<std::size_t>(overlap)]; }

std::optional<Overlap> OverlapNamed(std::string_view word) {
  for (std::size_t i = 0; i < kOverlaps.size(); ++i) {
    if (kOverlaps[i] == word) return static_cast<Overlap>(i);
  }
  return std::nullopt;
}

std::vector<std::string_view> OverlapNames() { return {kOverlaps.begin(), kOverlaps.end()}; }

Result<StepBill> BillOf(const Machine& machine, const StepRequest& request) {
  ASSIGN_OR_RETURN(StepPricer pricer, StepPricer::Create(machine, request.kernels, request.engine));
  return pricer.BillOf(request);
}

}  // namespace commplan
