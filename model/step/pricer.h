// A pricer answers for steps of any model under any layout on one machine, with one provider's
// kernels and one engine's collectives. What it has prepared for one question it keeps for the
// next: models of kernels by type, of collectives by group. One pricer per thread.
//
//   ASSIGN_OR_RETURN(StepPricer pricer, StepPricer::Create(machine, "vllm", "vllm"));
//   ASSIGN_OR_RETURN(const StepTimes times, pricer.TimesOf(request));   // a few microseconds
//   ASSIGN_OR_RETURN(const StepBill bill, pricer.BillOf(request));      // with all that explains
//   it
#pragma once

#include <string_view>

#include "model/base/result.h"
#include "model/step/bill.h"
#include "model/step/exchanges.h"
#include "model/step/hiding.h"
#include "model/step/kernels.h"
#include "model/step/priced.h"

namespace commplan {

struct StepTimes {
  Time step{};
  Time compute{};
  Time communication{};
  Time exposed{};
  Time other{};
};

class StepPricer {
 public:
  // `machine` must outlive it.
  static Result<StepPricer> Create(const Machine& machine, std::string_view kernels,
                                   std::string_view engine);

  StepPricer(StepPricer&&) = default;
  StepPricer& operator=(StepPricer&&) = default;
  StepPricer(const StepPricer&) = delete;  // prices point into what was prepared
  StepPricer& operator=(const StepPricer&) = delete;
  ~StepPricer() = default;

  // `request.kernels` and `request.engine` are not looked at. Times equal those of the bill.
  Result<StepTimes> TimesOf(const StepRequest& request);
  Result<StepBill> BillOf(const StepRequest& request);

  // What the bill of the last request was made from; for a trace.
  const PricedProgram& whole() const { return whole_; }
  const PricedProgram& half() const { return half_; }
  const Machine& machine() const { return *machine_; }
  const Kernels& kernels() const { return kernels_; }

 private:
  StepPricer(const Machine& machine, Kernels kernels, Exchanges exchanges);
  Status PriceAll(const StepRequest& request, Detail detail);
  Result<Hidden> HideUnder(const StepRequest& request, WhatIf what_if);
  Time OtherOf(const StepRequest& request) const;
  void AddLines(const Hidden& hidden, StepBill* bill) const;
  void AddBand(const StepRequest& request, const Hidden& hidden, StepBill* bill) const;
  void AddNotes(const StepRequest& request, StepBill* bill) const;

  const Machine* machine_;
  Kernels kernels_;
  Exchanges exchanges_;
  StepCodecs codecs_;  // of the last request
  PricedProgram whole_, half_;
};

// Whether any layer of the model has experts.
bool HasExperts(const Transformer& model);

// What was fitted to serving this kind of model with the provider's kernels; null where the profile
// does not know.
const ServingCost* ServingCostOf(const Machine& machine, const Transformer& model,
                                 std::string_view provider);

}  // namespace commplan
