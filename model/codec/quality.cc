#include "model/codec/quality.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "model/base/suggest.h"

namespace commplan::codec {
namespace {

// The steps lie between what families of formats reach on Gaussian data in one coding
// (docs/codecs.md): 16 bits 56 and more, 8 bits 31 to 51, 5 bits 25, 4 bits 19 to 22 dB.
constexpr std::array<QualityBudget, 4> kBudgets = {{
    {"lossless", 49, "no noisier than a ring of 8 ranks that rounds to bf16 at each hop"},
    {"conservative", 30, "what 8-bit formats reach in one coding; no harm is published for them"},
    {"balanced", 23, "what 5-bit formats reach; +1.7 % perplexity is published at 70B"},
    {"aggressive", 17, "what 4-bit formats reach; +1 to +6 % perplexity is published"},
}};

constexpr std::string_view kPaper =
    "arXiv 2411.09510, WikiText perplexity, row-parallel outputs coded once and gathered; read "
    "through uni042/llm-paper-summary@27b75231";
constexpr std::string_view kCache =
    "ggml-org/llama.cpp#21307, KV cache (not communication), Qwen2.5-3B";

constexpr std::array<PublishedQuality, 16> kPublished = {{
    {"Mistral-123B", "chosen scheme, not named", "", 0.0048, kPaper},
    {"Llama-3.1-70B", "FP5, block 32, 5.2 bits", "e2m2-b32-e5m0", 0.0168, kPaper},
    {"Llama-3.1-8B", "FP4, block 8, 4.6 bits", "e2m1-b8-e5m0", 0.0322, kPaper},
    {"Mistral-7B", "chosen scheme, not named", "", 0.0118, kPaper},
    {"Llama-3.1-8B", "MX4 E2M1", "mxfp4", 0.0322, kPaper},
    {"Gemma-2-2B", "MX4 E2M1", "mxfp4", 0.0606, kPaper},
    {"Mistral-7B", "MX4 E2M1", "mxfp4", 0.0117, kPaper},
    {"Llama-3.1-8B", "channel-wise INT4", "int4-channel", 0.0619, kPaper},
    {"Gemma-2-2B", "channel-wise INT4", "int4-channel", 0.0883, kPaper},
    {"Mistral-7B", "channel-wise INT4", "int4-channel", 0.1505, kPaper},
    {"Llama-3.1-8B", "TopK 3x", "topk-3x", 1.155, kPaper},
    {"Gemma-2-2B", "TopK 3x", "topk-3x", 0.802, kPaper},
    {"Mistral-7B", "TopK 3x", "topk-3x", 0.214, kPaper},
    {"Qwen2.5-3B", "4.5 bits, Lloyd-Max after Hadamard", "", 0.079, kCache},
    {"Qwen2.5-3B", "3.5 bits, Lloyd-Max after Hadamard", "", 0.425, kCache},
    {"Qwen2.5-3B", "2.5 bits, Lloyd-Max after Hadamard", "", 3.49, kCache},
}};

}  // namespace

std::span<const QualityBudget> QualityBudgets() { return kBudgets; }

std::span<const PublishedQuality> PublishedQualities() { return kPublished; }

Result<double> ParseQuality(std::string_view text) {
  std::vector<std::string_view> names;
  for (const QualityBudget& budget : kBudgets) {
    if (budget.name == text) return budget.least_sqnr_db;
    names.push_back(budget.name);
  }
  std::string_view number = text;
  if (number.ends_with("dB")) number.remove_suffix(2);
  if (number.ends_with(' ')) number.remove_suffix(1);
  double db = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), db);
  if (error == std::errc() && end == number.data() + number.size() && db >= 0 && db <= 200) {
    return db;
  }
  std::string message = "found quality '";
  message.append(text).append("', expected a budget's name or decibels from 0 to 200, as in 24dB");
  return UsageError(std::move(message), SuggestionHint(text, names));
}

}  // namespace commplan::codec
