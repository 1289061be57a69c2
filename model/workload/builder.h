// The builder appends the operations of one step to a program: the forward pass piece by piece, and
// the backward pass as its mirror image. Internal to model/workload.
#pragma once

#include <cstddef>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/transformer.h"

namespace commplan::workload_internal {

class Builder {
 public:
  Builder(const Transformer& model, const Layout& layout, const Precision& precision,
          const Demand& demand, Program* program);

  // Refuses a demand that the layout cannot run.
  Status Check() const;

  void EmbeddingPart();
  void LayerPart(const LayerKind& kind);
  void HeadPart();
  void BoundaryPart();

  // Appends the backward pass of the operations [begin, end).
  void Mirror(std::size_t begin, std::size_t end);
  // Appends what is computed again of the operations [begin, end).
  void Again(std::size_t begin, std::size_t end, bool scores_only);

 private:
  bool training() const { return demand_.phase == Phase::kTrain; }
  bool DispatchesTokens() const { return layout_.expert_exchange == ExpertExchange::kAllToAll; }
  double ResidualBytes() const { return BytesPerValue(precision_.residual); }
  double Width() const { return static_cast<double>(model_.hidden); }

  // ---- one operation each ----
  void AddGemm(Site site, double m, double n, double k, DataType weights);
  void AddGrouped(Site site, const GroupedGemm& gemm);
  void AddSweep(Site site, double bytes);
  void AddCollective(Site site, Exchange exchange, GroupKind group, int ranks, double bytes,
                     double count = 1);

  // ---- shared by several parts ----
  // Before a column-parallel and behind a row-parallel matrix.
  void EnterTensor(Site site);
  void LeaveTensor(Site site);
  void NormAndResidual(bool behind);

  // ---- attention_operations.cc ----
  void AttentionPart(const Attention& a);
  void GroupedAttention(const Attention& a);
  void LatentAttention(const Attention& a);
  void LinearAttention(const Attention& a);
  void Indexer(const Attention& a);
  void LatentCall(const Attention& a, const Batch& batch, bool decode);
  void Call(Site site, const AttentionCall& shape, const Batch& batch, bool decode, double limit);
  void ContextBefore(double query_width, double kv_width);
  void ContextBehind(double heads, double value_dim);
  void UnfusedScores(double heads);

  // ---- mlp_operations.cc ----
  void MlpPart(const Mlp& mlp);
  void DenseMlp(Site up, Site activation, Site down, double tokens, double width, bool gated);
  void Experts(const Mlp& mlp);
  void ExpertGemms(const Mlp& mlp, double rows, double tokens);
  void SharedExperts(const Mlp& mlp);

  const Transformer& model_;
  const Layout& layout_;
  const Precision& precision_;
  const Demand& demand_;
  Program& program_;
  Batch prefill_;      // on one rank of attention_dp
  Batch decode_;       // likewise
  double tokens_ = 0;  // on one rank
  double own_ = 0;     // of these, the part that sequence parallelism leaves to the rank
};

}  // namespace commplan::workload_internal
