#include "tests/accuracy/compute.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "calibrate/fit/compute_fit.h"
#include "calibrate/fit/compute_rows.h"
#include "calibrate/fit/score.h"
#include "model/base/check.h"
#include "model/compute/model.h"

namespace commplan::accuracy {
namespace {

// On another device of the family the efficiencies are off by about this, on top of the band; a
// compromise between products, which need none, and generation from H100 to H200.
constexpr double kTransferWidening = 1.06;

struct Tables {
  std::vector<fit::GemmRow> gemm;
  std::vector<fit::AttentionRow> attention;
  std::vector<fit::MoeRow> moe;
};

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<Tables> ReadTables(const std::string& folder, const std::string& system,
                                 Scope scope) {
  const auto gemm = ReadFile(folder + "/compute/gemm_" + system + ".csv");
  const auto attention = ReadFile(folder + "/compute/attention_" + system + ".csv");
  const auto moe = ReadFile(folder + "/compute/moe_" + system + ".csv");
  if (!gemm || !attention || !moe) return std::nullopt;
  auto gemm_rows = fit::ParseGemmRows(*gemm).value();
  auto attention_rows = fit::ParseAttentionRows(*attention).value();
  auto moe_rows = fit::ParseMoeRows(*moe).value();
  CHECK(gemm_rows.skipped.empty() && attention_rows.skipped.empty() && moe_rows.skipped.empty());
  Tables tables{std::move(gemm_rows.rows), std::move(attention_rows.rows),
                std::move(moe_rows.rows)};
  if (scope == Scope::kHalf) {
    std::erase_if(tables.gemm,
                  [](const fit::GemmRow& row) { return row.type != ComputeType::kBf16; });
    std::erase_if(tables.attention, [](const fit::AttentionRow& row) {
      return row.values != ComputeType::kBf16 || row.cache != ComputeType::kBf16;
    });
    tables.moe.clear();
  }
  return tables;
}

// FNV-1a over the numbers of a shape.
int FoldOf(const std::vector<double>& shape, int folds) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const double size : shape) {
    hash = (hash ^ static_cast<std::uint64_t>(size)) * 1099511628211ULL;
  }
  hash ^= hash >> 32;
  return static_cast<int>(hash % static_cast<std::uint64_t>(folds));
}

std::vector<double> Key(const GemmShape& s) { return {s.m, s.n, s.k}; }
std::vector<double> Key(const AttentionShape& s) {
  return {s.batch, s.q_heads, s.kv_heads, s.qk_size, s.new_tokens, s.past_tokens, s.window};
}
std::vector<double> Key(const MoeShape& s) {
  return {s.tokens, s.hidden, s.width, s.top_k, s.experts, s.tp, s.ep};
}

// `held` is the fold to keep for the test; -1 keeps none and trains on all.
template <class Row>
void Split(const std::vector<Row>& rows, int folds, int held, std::vector<Row>& train,
           std::vector<Row>& test) {
  for (const Row& row : rows) {
    (FoldOf(Key(row.shape), folds) == held ? test : train).push_back(row);
  }
}

void Judge(JudgedKernel judged, double measured_us, Time floor, const KernelTime& time,
           ComputeJudgement& result) {
  if (Micros(measured_us) < floor) {
    ++result.refused;
    return;
  }
  judged.measured_us = measured_us;
  judged.predicted_us = InMicros(time.Total());
  judged.low_us = InMicros(time.low);
  judged.high_us = InMicros(time.high);
  result.rows.push_back(std::move(judged));
}

// Predicts `test` on `device` with fits made on `train_device`.
struct Trial {
  const ComputeDevice& train_device;
  const ComputeDevice& device;
  double widening = 1;

  void Gemm(const std::vector<fit::GemmRow>& train, const std::vector<fit::GemmRow>& test,
            ComputeJudgement& result) const {
    std::map<std::pair<std::string, ComputeType>, GemmModel> models;
    for (GemmFit& one : fit::FitGemm(train_device, train).fits) {
      one.evidence.widening = widening;
      auto model = GemmModel::Create(device, one);
      if (model.ok()) models.emplace(std::pair(one.engine, one.type), *model);
    }
    for (const fit::GemmRow& row : test) {
      const auto at = models.find({row.engine, row.type});
      if (at == models.end()) {
        ++result.unfitted;
        continue;
      }
      JudgedKernel judged{"gemm", row.engine, std::string(TraitsOf(row.type).name)};
      judged.decode = row.shape.m <= 64 && row.shape.n >= 512 && row.shape.k >= 512;
      Judge(std::move(judged), row.time_us, at->second.Floor(row.shape),
            at->second.Price(row.shape), result);
    }
  }

  void Attention(const std::vector<fit::AttentionRow>& train,
                 const std::vector<fit::AttentionRow>& test, ComputeJudgement& result) const {
    using Part = std::tuple<AttentionPhase, std::string, std::string, ComputeType, ComputeType>;
    std::map<Part, AttentionModel> models;
    for (AttentionFit& one : fit::FitAttention(train_device, train).fits) {
      one.evidence.widening = widening;
      auto model = AttentionModel::Create(device, one);
      if (model.ok()) {
        models.emplace(Part(one.phase, one.engine, one.kernel, one.values, one.cache), *model);
      }
    }
    for (const fit::AttentionRow& row : test) {
      const auto at = models.find({row.shape.phase, row.engine, row.kernel, row.values, row.cache});
      if (at == models.end() || !at->second.Supports(row.shape)) {
        ++(at == models.end() ? result.unfitted : result.unsupported);
        continue;
      }
      const bool generation = row.shape.phase == AttentionPhase::kGeneration;
      JudgedKernel judged{
          generation ? "generation" : "context", row.engine + " " + row.kernel,
          fmt::format("{}, cache {}", TraitsOf(row.values).name, TraitsOf(row.cache).name)};
      judged.plain = row.shape.qk_size == 128 && row.shape.window == 0;
      Judge(std::move(judged), row.time_us, at->second.Floor(row.shape),
            at->second.Price(row.shape), result);
    }
  }

  void Moe(const std::vector<fit::MoeRow>& train, const std::vector<fit::MoeRow>& test,
           ComputeJudgement& result) const {
    using Part = std::tuple<std::string, std::string, ComputeType>;
    std::map<Part, std::pair<MoeModel, double>> models;
    for (MoeFit& one : fit::FitMoe(train_device, train).fits) {
      one.evidence.widening = widening;
      auto model = MoeModel::Create(device, one);
      if (model.ok()) {
        models.emplace(Part(one.engine, one.kernel, one.type),
                       std::pair(*model, one.skew_per_octave));
      }
    }
    for (const fit::MoeRow& row : test) {
      const auto at = models.find({row.engine, row.kernel, row.type});
      if (at == models.end()) {
        ++result.unfitted;
        continue;
      }
      const auto& [model, skew] = at->second;
      MoeShape shape = row.shape;
      if (row.skewed) shape.imbalance = fit::SkewedImbalance(skew, shape.ep);
      Judge({"moe", row.engine + " " + row.kernel, std::string(TraitsOf(row.type).name)},
            row.time_us, row.skewed ? Time() : model.Floor(shape), model.Price(shape), result);
    }
  }
};

std::string Line(const std::string& name, const std::vector<JudgedKernel>& rows) {
  const ComputeSummary s = SummarizeKernels(rows);
  return fmt::format("| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.0f} |\n", name, s.rows,
                     100 * s.median, 100 * s.mape, 100 * s.p95, 100 * s.coverage);
}

}  // namespace

// Peaks as stated beside the tables, dense; caches and 8-bit integer rates are the vendor's.
const std::vector<ComputeSystem>& ComputeSystems() {
  const auto device = [](double gbps, double cache_mb, double half, double eight, double four,
                         double int8) {
    return ComputeDevice{GBps(gbps),     MB(cache_mb),  TFlopps(half),
                         TFlopps(eight), TFlopps(four), TFlopps(int8)};
  };
  static const std::vector<ComputeSystem> kSystems = {
      {"a100_sxm", device(2039, 40, 312, 0, 0, 624)},
      {"h100_sxm", device(3350, 50, 989, 1978, 0, 1979)},
      {"h200_sxm", device(4800, 50, 989, 1978, 0, 1979)},
      {"b200_sxm", device(7700, 126, 2250, 4500, 9000, 4500)},
      {"gb200", device(8000, 126, 2500, 5000, 10000, 5000)},
      {"l40s", device(864, 96, 362, 733, 0, 733)},
      {"rtx_pro_6000_server", device(1792, 128, 468, 936, 1872, 936)}};
  return kSystems;
}

const ComputeSystem& ComputeSystemNamed(const std::string& name) {
  for (const ComputeSystem& system : ComputeSystems()) {
    if (system.name == name) return system;
  }
  CheckFailed(__FILE__, __LINE__, "a system of the tables", name);
}

std::optional<ComputeJudgement> JudgeHeldOut(const std::string& folder, const ComputeSystem& system,
                                             int folds, Scope scope) {
  const auto tables = ReadTables(folder, system.name, scope);
  if (!tables) return std::nullopt;
  const Trial trial{system.device, system.device};
  ComputeJudgement result;
  for (int held = 0; held < folds; ++held) {
    Tables train, test;
    Split(tables->gemm, folds, held, train.gemm, test.gemm);
    Split(tables->attention, folds, held, train.attention, test.attention);
    Split(tables->moe, folds, held, train.moe, test.moe);
    trial.Gemm(train.gemm, test.gemm, result);
    trial.Attention(train.attention, test.attention, result);
    trial.Moe(train.moe, test.moe, result);
  }
  return result;
}

std::optional<ComputeJudgement> JudgeTransfer(const std::string& folder, const ComputeSystem& from,
                                              const ComputeSystem& to, Scope scope) {
  const auto train = ReadTables(folder, from.name, scope);
  const auto test = ReadTables(folder, to.name, scope);
  if (!train || !test) return std::nullopt;
  const Trial trial{from.device, to.device, kTransferWidening};
  ComputeJudgement result;
  trial.Gemm(train->gemm, test->gemm, result);
  trial.Attention(train->attention, test->attention, result);
  trial.Moe(train->moe, test->moe, result);
  return result;
}

ComputeSummary SummarizeKernels(const std::vector<JudgedKernel>& rows) {
  ComputeSummary summary;
  summary.rows = rows.size();
  if (rows.empty()) return summary;
  std::vector<double> errors;
  double sum = 0, covered = 0;
  for (const JudgedKernel& row : rows) {
    errors.push_back(std::abs(row.predicted_us / row.measured_us - 1));
    sum += errors.back();
    if (row.low_us <= row.measured_us && row.measured_us <= row.high_us) covered += 1;
  }
  const double n = static_cast<double>(rows.size());
  summary.median = fit::QuantileOf(errors, 0.5);
  summary.mape = sum / n;
  summary.p95 = fit::QuantileOf(errors, 0.95);
  summary.coverage = covered / n;
  return summary;
}

std::string ComputeReport(const std::string& title, const ComputeJudgement& judgement) {
  std::string report = fmt::format(
      "## {}\n{} rows refused as faster than the datasheet allows, {} of parts too small to fit, "
      "{} where "
      "the kernel collapses.\n\n"
      "| kernels | rows | median % | MAPE % | p95 % | in band % |\n|---|---|---|---|---|---|\n",
      title, judgement.refused, judgement.unfitted, judgement.unsupported);
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<JudgedKernel>> parts;
  std::map<std::string, std::vector<JudgedKernel>> kinds;
  for (const JudgedKernel& row : judgement.rows) {
    parts[{row.kind, row.type, row.engine}].push_back(row);
    const std::string total = fmt::format("all {} {}", row.kind, row.type);
    kinds[total].push_back(row);
    if (row.kind == "gemm" && row.decode) kinds[total + ", decode-shaped"].push_back(row);
    if (row.kind == "generation" && row.plain) kinds[total + ", heads of 128"].push_back(row);
  }
  for (const auto& [key, rows] : parts) {
    const auto& [kind, type, engine] = key;
    report += Line(fmt::format("{} {} {}", kind, type, engine), rows);
  }
  for (const auto& [name, rows] : kinds) report += Line(name, rows);
  return report + "\n";
}

}  // namespace commplan::accuracy
