#include "profiles/workload_sources.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <utility>

#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

using Missing = std::optional<std::string>;  // the reason why a row cannot be priced

constexpr std::int64_t kMegatronVocabulary = 51200;

// Megatron of 2022: scores through memory, dropout, gradients summed and reduced in fp32 behind the
// backward pass, activations scattered over the tensor ranks on their way to the next stage.
void Megatron2022(const Cells& cells, WorkloadRow* row) {
  row->model = PlainDecoder(cells);
  TrainRequest& request = *row->train;
  request.job.framework = "megatron";
  request.job.fused_attention = false;
  request.job.dropout = true;
  request.plan.layout.scatter_boundaries = true;
  request.plan.sharding.scheme = Scheme::kReplicated;
  request.plan.sharding.reduce = DataType::kFp32;
}

Missing NoShape(const Cells& cells) {
  if (cells.Has("hidden") && cells.Has("layers")) return std::nullopt;
  return "says no hidden size and layers";
}

Missing Korthikanti(const Cells& cells, const Library& /*models*/, WorkloadRow* row) {
  Megatron2022(cells, row);
  row->source = "Korthikanti";
  row->profile = "hgx-a100-measured+ib-hdr";
  return NoShape(cells);
}

// Four adapters of 200 Gbit/s for eight devices.
Missing Vtrain(const Cells& cells, const Library& /*models*/, WorkloadRow* row) {
  Megatron2022(cells, row);
  row->source = "vTrain, several nodes";
  row->profile = "hgx-a100-measured+ib-hdr";
  row->sets = {"network_ports=4"};
  row->train->plan.recompute = Recompute::kFull;
  return NoShape(cells);
}

// Published as measurements, but the output of a simulator that knows one kernel profile for each
// hidden size, tp and micro batch.
Missing VtrainNode(const Cells& cells, const Library& models, WorkloadRow* row) {
  Missing missing = Vtrain(cells, models, row);
  row->source = "vTrain, one node (simulated)";
  row->simulated = true;
  row->group = cells.Word("hidden") + "/" + cells.Word("tp") + "/" + cells.Word("micro_batch");
  return missing;
}

// Four adapters of 100 Gbit/s; some runs with DeepSpeed's ZeRO-1, which sums in 16 bits.
Missing Bigscience(const Cells& cells, const Library& /*models*/, WorkloadRow* row) {
  Megatron2022(cells, row);
  row->source = "BigScience A100";
  row->profile = "hgx-a100-measured+roce-100g";
  row->sets = {"network_ports=4"};
  TrainRequest& request = *row->train;
  request.plan.recompute = Recompute::kFull;
  if (cells.Word("zero") == "1") {
    request.plan.sharding.scheme = Scheme::kOptimizer;
    request.plan.sharding.reduce = DataType::kBf16;
    request.job.precision.gradients = DataType::kBf16;
  }
  row->group = cells.Word("hidden") + "/" + cells.Word("layers");
  return NoShape(cells);
}

double SecondsOfTokens(const Cells& cells) {
  const double tokens = cells.Number("tokens_per_s_per_gpu", 0) * cells.Number("gpus", 1);
  if (tokens <= 0) return 0;
  return cells.Number("batch", 0) * cells.Number("sequence", 0) / tokens;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// llm-foundry: FSDP with parameters gathered and gradients reduced in bf16, one communicator for
// both, two layers gathered ahead; fused attention, no dropout.
Missing Mosaic(const Cells& cells, const Library& models, WorkloadRow* row) {
  const std::string name = Lower(cells.Word("model"));
  const std::optional<Transformer> model = ModelNamed(name, models);
  if (!model) return "no shipped model is called '" + name + "'";
  row->source = "MosaicML FSDP";
  row->model = *model;
  row->model.positions = 0;  // it has a bias by distance instead
  const std::string gpu = cells.Word("gpu");
  row->profile = gpu == "h100_80gb" ? "hgx-h100-measured+roce-400g" : "hgx-a100-measured+roce-200g";
  if (gpu == "a100_40gb") {
    row->sets = {"device.memory=40960MiB", "device.memory_bandwidth=1555GB/s"};
  }
  TrainJob& job = row->train->job;
  TrainPlan& plan = row->train->plan;
  job.framework = "llm-foundry";
  job.precision.gradients = DataType::kBf16;
  if (cells.Word("precision") == "amp_fp8") {
    job.precision.activations = DataType::kFp8;
    job.precision.weights = DataType::kFp8;
  }
  plan.sharding.scheme = Scheme::kWeights;
  // SHARD_GRAD_OP frees them after the backward pass only.
  plan.sharding.keep_weights = cells.Word("zero") != "FULL_SHARD";
  plan.sharding.reduce = DataType::kBf16;
  plan.chain.shared_communicator = true;
  plan.chain.forward_depth = 2;
  row->seconds = SecondsOfTokens(cells);
  row->group = gpu + "/" + name;
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kNemoNames = {
    {{"LLAMA2-13B", "llama-2-13b"},
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
     {"Nemotron-340B", "nemotron-4-340b"}}};

std::string NemoMachine(const std::string& gpu) {
  if (gpu.find("GB") != std::string::npos) return "gb200-nvl72-measured+ib-ndr";
  if (gpu.find("B300") != std::string::npos) return "hgx-b300+ib-xdr";
  if (gpu.find("B200") != std::string::npos) return "hgx-b200-measured+ib-ndr";
  return "hgx-h100-measured+ib-ndr";
}

// NeMo: optimizer state in shards, bf16 gradients reduced in buckets, parameters gathered beside
// the forward pass, sequence parallelism wherever there is tensor parallelism, with its exchanges
// in tiles beside the products; sends hidden where there are virtual stages.
void NemoPlan(const Cells& cells, WorkloadRow* row) {
  TrainJob& job = row->train->job;
  TrainPlan& plan = row->train->plan;
  Layout& l = plan.layout;
  bool experts = false;
  for (const LayerKind& kind : row->model.kinds) experts = experts || kind.mlp.IsExperts();
  if (experts) {
    l.expert_tp = 1;
    l.expert_exchange = ExpertExchange::kAllToAll;
  } else {
    l.ep = 1;
  }
  l.sequence_parallel = l.tp > 1;
  const std::string precision = cells.Word("precision");
  if (precision.find("FP8") != std::string::npos || precision.find("FP4") != std::string::npos) {
    job.precision.activations = DataType::kFp8;
    job.precision.weights = DataType::kFp8;
  }
  job.framework = "megatron";
  job.precision.gradients = DataType::kBf16;
  plan.sharding.scheme = cells.Count("fsdp", 0) > 0 ? Scheme::kWeights : Scheme::kOptimizer;
  plan.sharding.reduce = DataType::kBf16;
  plan.overlap.gradients = true;
  plan.overlap.tensor = true;
  plan.overlap.parameters = true;
  plan.overlap.boundaries = l.virtual_stages > 1;
}

// Later releases say neither what is recomputed nor what is dropped; only memory is judged.
Missing Nemo(const Cells& cells, const Library& models, WorkloadRow* row) {
  row->source = "NeMo";
  const std::string printed = cells.Word("model");
  const std::string plain = printed.substr(0, printed.find(" ("));
  std::string name;
  for (const auto& [theirs, ours] : kNemoNames) {
    if (theirs == plain) name = ours;
  }
  if (name.empty()) return "no shipped model is called '" + printed + "'";
  if (cells.Word("task") == "LoRA") return "most weights of a LoRA run are frozen";
  const std::optional<Transformer> model = ModelNamed(name, models);
  if (!model) return "no shipped model is called '" + name + "'";
  if (cells.Number("sequence", 0) <= 0 || cells.Number("micro_batch", 0) <= 0) {
    return "says no sequence length or micro batch";
  }
  row->model = *model;
  const std::string gpu = cells.Word("gpu");
  row->profile = NemoMachine(gpu);
  if (gpu.find("GB300") != std::string::npos) row->sets = {"device.memory=279GiB"};
  NemoPlan(cells, row);
  row->seconds = SecondsOfTokens(cells);
  row->says_recompute = false;
  const bool whole = cells.Word("release") == "24.07" && cells.Word("task") == "pretraining";
  if (!whole) row->untimed = "says neither what is recomputed nor what its optimizer leaves out";
  row->group = name + "/" + gpu;
  const Layout& l = row->train->plan.layout;
  row->label = cells.Word("release") + " " + cells.Word("task") + " " + gpu + " " + row->label;
  row->label += " cp" + std::to_string(l.cp) + " ep" + std::to_string(l.ep);
  row->label += " " + cells.Word("precision");
  return std::nullopt;
}

struct Reading {
  std::string_view source;  // how the column begins
  Missing (*complete)(const Cells&, const Library&, WorkloadRow*);
};

constexpr std::array<Reading, 6> kReadings = {{{"Korthikanti", Korthikanti},
                                               {"vTrain multi-node", Vtrain},
                                               {"vTrain single-node", VtrainNode},
                                               {"BigScience", Bigscience},
                                               {"MosaicML", Mosaic},
                                               {"NVIDIA NeMo", Nemo}}};

}  // namespace

Transformer PlainDecoder(const Cells& cells) {
  Transformer model;
  const auto whole = [&](std::string_view column, double otherwise) {
    return static_cast<std::int64_t>(cells.Number(column, otherwise));
  };
  const std::int64_t hidden = whole("hidden", 0);
  const std::int64_t heads = std::max<std::int64_t>(1, whole("heads", 1));
  model.name = "gpt";
  model.hidden = hidden;
  model.layers = whole("layers", 1);
  model.vocabulary = whole("vocabulary", kMegatronVocabulary);
  model.positions = whole("sequence", 2048);
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

std::optional<Transformer> ModelNamed(const std::string& name, const Library& models) {
  const Result<ModelFile> file = LoadModel(name, models);
  if (!file.ok()) return std::nullopt;
  return file->model;
}

std::optional<std::string> CompleteBySource(const Cells& cells, const Library& models,
                                            WorkloadRow* row) {
  if (!row->train) return std::nullopt;
  const std::string source = cells.Word("source");
  for (const Reading& reading : kReadings) {
    if (source.starts_with(reading.source)) return reading.complete(cells, models, row);
  }
  return std::nullopt;
}

}  // namespace commplan::profiles
