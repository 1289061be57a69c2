// Measured kernel times as rows: matrix products, attention, experts, read from CSV text whose
// first line names the columns. Lines that cannot be read are listed with the reason, never dropped
// in silence.
//
// Columns that must exist (others are ignored, in any order):
//   gemm:      library, dtype, m, n, k, latency_us
//   attention: library, kernel, phase, batch, q_heads, kv_heads, head_dim, isl, past_kv, window,
//              attn_dtype, kv_dtype, latency_us
//   moe:       library, kernel, dtype, distribution, tokens, hidden, inter, topk, experts, tp, ep,
//              latency_us
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/compute/model.h"

namespace commplan::fit {

struct GemmRow {
  std::string engine;
  ComputeType type = ComputeType::kBf16;
  GemmShape shape;
  double time_us = 0;
};

struct AttentionRow {
  std::string engine, kernel;
  ComputeType values = ComputeType::kBf16;
  ComputeType cache = ComputeType::kBf16;
  AttentionShape shape;
  double time_us = 0;
};

struct MoeRow {
  std::string engine, kernel;
  ComputeType type = ComputeType::kBf16;
  MoeShape shape;
  bool skewed = false;  // A router that prefers some experts; otherwise dealt evenly.
  double time_us = 0;
};

struct SkippedLine {
  int line = 0;  // From 1, the names of the columns being line 1.
  std::string reason;
};

template <class Row>
struct ParsedRows {
  std::vector<Row> rows;
  std::vector<SkippedLine> skipped;
};

// An error where the text has no such columns at all.
Result<ParsedRows<GemmRow>> ParseGemmRows(std::string_view text);
Result<ParsedRows<AttentionRow>> ParseAttentionRows(std::string_view text);

// The column `kernel` names some kernels "nongated". A model whose shape (hidden, inter, topk,
// experts) occurs under such a name has two matrices per expert in all rows.
Result<ParsedRows<MoeRow>> ParseMoeRows(std::string_view text);

}  // namespace commplan::fit
