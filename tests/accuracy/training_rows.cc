// What was run in each measured row.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "profiles/model_file.h"
#include "tests/accuracy/training.h"

namespace commplan::accuracy {
namespace {

using Cells = std::map<std::string, std::string>;

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.push_back(std::move(cell));
      cell.clear();
    } else if (c != '\r') {
      cell += c;
    }
  }
  cells.push_back(std::move(cell));
  return cells;
}

std::vector<Cells> ReadTable(const std::string& path) {
  std::vector<Cells> rows;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = Split(line);
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = Split(line);
    if (cells.size() != header.size()) continue;
    Cells row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

double Number(const Cells& row, const std::string& name, double otherwise) {
  const auto found = row.find(name);
  return found == row.end() || found->second.empty() ? otherwise : std::stod(found->second);
}
int Count(const Cells& row, const std::string& name, int otherwise = 1) {
  return static_cast<int>(Number(row, name, otherwise));
}
std::string Word(const Cells& row, const std::string& name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string() : found->second;
}

constexpr std::int64_t kMegatronVocabulary = 51200;

Transformer Gpt(const Cells& row) {
  Transformer model;
  const auto hidden = static_cast<std::int64_t>(Number(row, "hidden", 0));
  const auto heads = static_cast<std::int64_t>(Number(row, "heads", 1));
  model.name = "gpt";
  model.hidden = hidden;
  model.layers = static_cast<std::int64_t>(Number(row, "layers", 1));
  model.vocabulary = static_cast<std::int64_t>(Number(row, "vocab", kMegatronVocabulary));
  model.positions = static_cast<std::int64_t>(Number(row, "seq_len_tokens", 2048));
  model.tied = true;
  model.norm = NormKind::kLayer;
  LayerKind kind;
  kind.name = "decoder";
  kind.attention.heads = heads;
  kind.attention.kv_heads = heads;
  kind.attention.head_dim = hidden / heads;
  kind.attention.qkv_bias = true;
  kind.attention.output_bias = true;
  kind.mlp.width = 4 * hidden;
  kind.mlp.gated = false;
  kind.mlp.bias = true;
  model.kinds = {kind};
  model.cycle = {0};
  return model;
}

void SetRecompute(const std::string& word, TrainPlan* plan) {
  if (word.find("full") != std::string::npos) plan->recompute = Recompute::kFull;
  if (word.find("sel") != std::string::npos) plan->recompute = Recompute::kSelective;
}

// What all rows say alike.
TrainRow Common(const Cells& row, TrainSource source) {
  TrainRow run;
  run.source = source;
  TrainJob& job = run.request.job;
  TrainPlan& plan = run.request.plan;
  job.kernels = kTrainingKernels;
  job.sequence = Number(row, "seq_len_tokens", 2048);
  job.global_batch = Number(row, "global_batch_samples", 0);
  plan.micro_batch = Number(row, "micro_batch_samples", 0);
  Layout& l = plan.layout;
  l.tp = Count(row, "tp");
  l.pp = Count(row, "pp");
  l.cp = Count(row, "cp");
  l.virtual_stages = Count(row, "vp");
  const int gpus = Count(row, "num_gpus");
  l.dp = Count(row, "dp", gpus / (l.tp * l.pp * l.cp));
  SetRecompute(Word(row, "recompute"), &plan);
  run.seconds = Number(row, "iter_time_s", 0);
  run.label = Word(row, "model") + " h" + Word(row, "hidden") + " on " + Word(row, "num_gpus") +
              ": tp" + std::to_string(l.tp) + " pp" + std::to_string(l.pp) + " dp" +
              std::to_string(l.dp) + " v" + std::to_string(l.virtual_stages) + " mb" +
              Word(row, "micro_batch_samples") + " of " + Word(row, "global_batch_samples") + " " +
              Word(row, "recompute");
  run.group = Word(row, "hidden") + "/" + Word(row, "model") + "/" + std::to_string(l.tp) + "/" +
              std::to_string(l.pp) + "/" + std::to_string(l.dp);
  return run;
}

// Megatron of 2022: scores through memory, dropout, gradients summed and reduced in fp32 behind the
// backward pass, activations scattered over the tensor ranks on their way to the next stage.
void Megatron2022(TrainRow* run) {
  TrainJob& job = run->request.job;
  TrainPlan& plan = run->request.plan;
  job.fused_attention = false;
  job.dropout = true;
  plan.layout.scatter_boundaries = true;
  plan.sharding.scheme = Scheme::kReplicated;
  plan.sharding.reduce = DataType::kFp32;
}

TrainRow Korthikanti(const Cells& row) {
  TrainRow run = Common(row, TrainSource::kKorthikanti);
  Megatron2022(&run);
  run.model = Gpt(row);
  run.machine = "hgx-a100-measured+ib-hdr";
  run.request.plan.layout.sequence_parallel = Word(row, "seq_parallel") == "1";
  return run;
}

// Four adapters of 200 Gbit/s for eight devices.
TrainRow Vtrain(const Cells& row, TrainSource source) {
  TrainRow run = Common(row, source);
  Megatron2022(&run);
  run.model = Gpt(row);
  run.machine = "hgx-a100-measured+ib-hdr";
  run.sets = {"network_ports=4"};
  run.request.plan.recompute = Recompute::kFull;
  if (source == TrainSource::kVtrainNode) {
    run.group =
        Word(row, "hidden") + "/" + Word(row, "tp") + "/" + Word(row, "micro_batch_samples");
  }
  return run;
}

// Whether the flops that the shape implies (Narayanan et al., with recomputation) are those that
// the same line of the chronicle prints. Eight lines stand under a heading of another model.
bool ShapeIsRight(const Cells& row, const std::map<std::string, double>& printed) {
  const auto found = printed.find(Word(row, "iter_time_s"));
  if (found == printed.end()) return true;
  const double h = Number(row, "hidden", 1), l = Number(row, "layers", 1);
  const double s = Number(row, "seq_len_tokens", 1), v = Number(row, "vocab", 1);
  const double flops = 96 * Number(row, "global_batch_samples", 0) * s * l * h * h *
                       (1 + s / (6 * h) + v / (16 * l * h));
  const double rate = flops / Number(row, "iter_time_s", 1) / Number(row, "num_gpus", 1) / 1e12;
  return std::abs(rate / found->second - 1) < 0.04;
}

// Four adapters of 100 Gbit/s; some runs with ZeRO-1.
TrainRow Bigscience(const Cells& row) {
  TrainRow run = Common(row, TrainSource::kBigscience);
  Megatron2022(&run);
  run.model = Gpt(row);
  run.machine = "hgx-a100-measured+roce-100g";
  run.sets = {"network_ports=4"};
  run.request.plan.recompute = Recompute::kFull;
  if (Word(row, "zero") == "1") {
    // DeepSpeed's ZeRO-1 sums gradients in 16 bits.
    run.request.plan.sharding.scheme = Scheme::kOptimizer;
    run.request.plan.sharding.reduce = DataType::kBf16;
    run.request.job.precision.gradients = DataType::kBf16;
  }
  run.group = Word(row, "hidden") + "/" + Word(row, "layers");
  return run;
}

std::optional<Transformer> Shipped(const std::string& name) {
  const Result<profiles::ModelFile> file = profiles::LoadModel(name, profiles::ShippedModels());
  if (!file.ok()) return std::nullopt;
  return file->model;
}

double SecondsOf(const Cells& row) {
  const double tokens = Number(row, "tokens_per_s_per_gpu", 0) * Number(row, "num_gpus", 1);
  if (tokens <= 0) return 0;
  return Number(row, "global_batch_samples", 0) * Number(row, "seq_len_tokens", 0) / tokens;
}

// llm-foundry: FSDP with parameters gathered and gradients reduced in bf16, one communicator for
// both, two layers gathered ahead; fused attention, no dropout.
std::optional<TrainRow> Mosaic(const Cells& row) {
  TrainRow run = Common(row, TrainSource::kMosaic);
  std::string name = Word(row, "model");
  for (char& c : name) c = static_cast<char>(c == 'M' || c == 'P' || c == 'T' ? c + 32 : c);
  const std::optional<Transformer> model = Shipped(name);
  if (!model) return std::nullopt;
  run.model = *model;
  run.model.positions = 0;  // it has a bias by distance instead
  const std::string gpu = Word(row, "gpu");
  run.machine = gpu == "h100_80gb" ? "hgx-h100-measured+roce-400g" : "hgx-a100-measured+roce-200g";
  if (gpu == "a100_40gb") run.sets = {"device.memory=40960MiB", "device.memory_bandwidth=1555GB/s"};
  TrainJob& job = run.request.job;
  TrainPlan& plan = run.request.plan;
  job.precision.gradients = DataType::kBf16;
  if (Word(row, "precision") == "amp_fp8") {
    job.precision.activations = DataType::kFp8;
    job.precision.weights = DataType::kFp8;
  }
  const bool full = Word(row, "zero") == "FULL_SHARD";
  plan.sharding.scheme = Scheme::kWeights;
  plan.sharding.keep_weights = !full;  // SHARD_GRAD_OP frees them after the backward pass only
  plan.sharding.reduce = DataType::kBf16;
  plan.chain.shared_communicator = true;
  plan.chain.forward_depth = 2;
  run.seconds = SecondsOf(row);
  run.group = gpu + "/" + name;
  return run;
}

const std::map<std::string, std::string>& NemoNames() {
  static const std::map<std::string, std::string> kNames = {{"LLAMA2-13B", "llama-2-13b"},
                                                            {"LLAMA2-70B", "llama-2-70b"},
                                                            {"LLAMA2-7B", "llama-2-7b"},
                                                            {"LLAMA3-70B", "llama-3-70b"},
                                                            {"LLAMA3-8B", "llama-3-8b"},
                                                            {"LLAMA3.1_405B", "llama-3.1-405b"},
                                                            {"LLAMA3_8B", "llama-3-8b"},
                                                            {"LLAMA3_70B", "llama-3-70b"},
                                                            {"Qwen3_235B_a22B", "qwen-3-235b-a22b"},
                                                            {"Qwen3_30B_a3B", "qwen-3-30b-a3b"},
                                                            {"DeepSeekV3", "deepseek-v3"},
                                                            {"GPT OSS 120B", "gpt-oss-120b"},
                                                            {"GPT3-175B", "gpt3-175b"},
                                                            {"GPT3-20B", "gpt3-20b"},
                                                            {"GPT3-5B", "gpt3-5b"},
                                                            {"Nemotron-340B", "nemotron-4-340b"}};
  return kNames;
}

std::string NemoMachine(const std::string& gpu) {
  if (gpu.find("GB") != std::string::npos) return "gb200-nvl72-measured+ib-ndr";
  if (gpu.find("B300") != std::string::npos) return "hgx-b300+ib-xdr";
  if (gpu.find("B200") != std::string::npos) return "hgx-b200-measured+ib-ndr";
  return "hgx-h100-measured+ib-ndr";
}

// NeMo: optimizer state in shards, bf16 gradients reduced in buckets, parameters gathered beside
// the forward pass, sequence parallelism wherever there is tensor parallelism, with its exchanges
// in tiles beside the products; sends hidden where there are virtual stages. The frozen weights of
// LoRA are not this model's.
std::optional<TrainRow> Nemo(const Cells& row) {
  TrainRow run = Common(row, TrainSource::kNemo);
  const std::string printed = Word(row, "model");
  const auto name = NemoNames().find(printed.substr(0, printed.find(" (")));
  if (name == NemoNames().end() || Word(row, "task") == "LoRA") return std::nullopt;
  const std::optional<Transformer> model = Shipped(name->second);
  if (!model || run.request.job.sequence <= 0 || run.request.plan.micro_batch <= 0) {
    return std::nullopt;
  }
  run.model = *model;
  const std::string gpu = Word(row, "gpu");
  run.machine = NemoMachine(gpu);
  if (gpu.find("GB300") != std::string::npos) run.sets = {"device.memory=279GiB"};
  TrainJob& job = run.request.job;
  TrainPlan& plan = run.request.plan;
  Layout& l = plan.layout;
  l.ep = Count(row, "ep");
  bool experts = false;
  for (const LayerKind& kind : run.model.kinds) experts = experts || kind.mlp.IsExperts();
  if (experts) {
    l.expert_tp = 1;
    l.expert_exchange = ExpertExchange::kAllToAll;
  } else {
    l.ep = 1;
  }
  l.sequence_parallel = l.tp > 1;
  const std::string precision = Word(row, "precision");
  if (precision.find("FP8") != std::string::npos || precision.find("FP4") != std::string::npos) {
    job.precision.activations = DataType::kFp8;
    job.precision.weights = DataType::kFp8;
  }
  job.precision.gradients = DataType::kBf16;
  const bool fsdp = Count(row, "fsdp", 0) > 0;
  plan.sharding.scheme = fsdp ? Scheme::kWeights : Scheme::kOptimizer;
  plan.sharding.reduce = DataType::kBf16;
  plan.overlap.gradients = true;
  plan.overlap.tensor = true;
  plan.overlap.parameters = true;
  plan.overlap.boundaries = l.virtual_stages > 1;
  run.seconds = SecondsOf(row);
  run.says_recompute = false;
  // Later releases say neither what is recomputed nor what is dropped; only memory is judged.
  run.whole = Word(row, "release") == "24.07" && Word(row, "task") == "pretraining";
  run.group = name->second + "/" + gpu;
  run.label = Word(row, "release") + " " + Word(row, "task") + " " + gpu + " " + run.label + " cp" +
              std::to_string(l.cp) + " ep" + std::to_string(l.ep) + " " + precision;
  return run;
}

std::optional<TrainRow> RowOf(const Cells& row) {
  const std::string source = Word(row, "source");
  if (Word(row, "scope") != "full iteration") return std::nullopt;
  if (source.starts_with("Korthikanti")) return Korthikanti(row);
  if (source == "vTrain multi-node") return Vtrain(row, TrainSource::kVtrain);
  if (source == "vTrain single-node") return Vtrain(row, TrainSource::kVtrainNode);
  if (source.starts_with("MosaicML")) return Mosaic(row);
  if (source.starts_with("NVIDIA NeMo")) return Nemo(row);
  return std::nullopt;
}

}  // namespace

std::string_view Name(TrainSource source) {
  switch (source) {
    case TrainSource::kKorthikanti:
      return "Korthikanti";
    case TrainSource::kVtrain:
      return "vTrain, several nodes";
    case TrainSource::kVtrainNode:
      return "vTrain, one node (simulated)";
    case TrainSource::kBigscience:
      return "BigScience A100";
    case TrainSource::kMosaic:
      return "MosaicML FSDP";
    case TrainSource::kNemo:
      return "NeMo";
  }
  return "";
}

std::vector<TrainRow> ReadTraining(const std::string& folder) {
  std::vector<TrainRow> rows;
  std::map<std::string, double> printed;  // TFLOP/s of a time in the chronicle
  for (const Cells& cells : ReadTable(folder + "/training/training.csv")) {
    const bool chronicle = Word(cells, "source").starts_with("BigScience chronicles");
    const double rate = Number(cells, "tflops_per_gpu", 0);
    if (chronicle && rate > 0) printed[Word(cells, "iter_time_s")] = rate;
    std::optional<TrainRow> row = RowOf(cells);
    if (row) rows.push_back(*std::move(row));
  }
  for (const Cells& cells : ReadTable(folder + "/training/bigscience_a100_shapes.csv")) {
    if (ShapeIsRight(cells, printed)) rows.push_back(Bigscience(cells));
  }
  std::erase_if(rows, [](const TrainRow& row) { return row.request.job.global_batch <= 0; });
  return rows;
}

}  // namespace commplan::accuracy
