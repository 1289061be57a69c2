#include "tests/accuracy/serving_rows.h"

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "model/step/kernels.h"
#include "model/step/pricer.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan::accuracy {
namespace {

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

using Row = std::map<std::string, std::string>;

std::vector<Row> ReadRows(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = Cells(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = Cells(line);
    if (cells.size() != header.size()) continue;
    rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) rows.back()[header[i]] = cells[i];
  }
  return rows;
}

int CountOr(const std::string& text, int otherwise) {
  const int count = text.empty() ? 0 : std::atoi(text.c_str());
  return count > 0 ? count : otherwise;
}

struct System {
  const char* profile;
  const char* generation;
};

std::optional<System> SystemOf(const std::string& name) {
  static const std::map<std::string, System> kSystems = {{"h100_sxm", {"hgx-h100", "hopper"}},
                                                         {"h200_sxm", {"hgx-h200", "hopper"}},
                                                         {"b200_sxm", {"hgx-b200", "blackwell"}},
                                                         {"gb200", {"gb200-nvl72", "blackwell"}}};
  const auto found = kSystems.find(name);
  return found == kSystems.end() ? std::nullopt : std::optional(found->second);
}

std::string ModelOf(const std::string& name) {
  static const std::vector<std::pair<const char*, const char*>> kModels = {
      {"MiniMax-M2.5", "minimax-m2.5"},
      {"Qwen3-235B", "qwen-3-235b-a22b"},
      {"Qwen3-32B", "qwen-3-32b"},
      {"Qwen3.5-397B", "qwen-3.5-397b-a17b"},
      {"DeepSeek-R1", "deepseek-r1"},
      {"DeepSeek-V3", "deepseek-v3"},
      {"Llama-3.1-70B", "llama-3.1-70b"},
      {"Llama-3.1-8B", "llama-3.1-8b"},
      {"Kimi-K2.5", "kimi-k2.5"},
      {"gpt-oss-120b", "gpt-oss-120b"},
      {"GLM-5", "glm-5"}};
  for (const auto& [part, model] : kModels) {
    if (name.find(part) != std::string::npos) return model;
  }
  return "";
}

// The types that engines run a quantised checkpoint in.
Precision PrecisionOf(const Row& row, bool blackwell) {
  Precision precision;
  const std::string& gemm = row.at("gemm_quant");
  const std::string& moe = row.at("moe_quant");
  const bool plain = gemm.empty();
  if (gemm == "fp8") precision.weights = precision.activations = DataType::kFp8;
  if (gemm == "fp8_block") precision.weights = precision.activations = DataType::kFp8Block;
  if (gemm == "nvfp4") {
    precision.weights = DataType::kNvfp4;
    precision.activations = blackwell ? DataType::kNvfp4 : DataType::kBf16;
  }
  precision.expert_weights = precision.weights;
  if (moe == "fp8_block") precision.expert_weights = DataType::kFp8Block;
  if (moe == "int4_wo") precision.expert_weights = DataType::kInt4;
  const std::string& model = row.at("model");
  // These are published with scales for blocks of 128 x 128 weights, whatever the row calls it.
  for (const char* const blocked : {"MiniMax", "DeepSeek", "Qwen3-235B", "Qwen3.5", "GLM"}) {
    if (model.find(blocked) == std::string::npos) continue;
    for (DataType* const type :
         {&precision.weights, &precision.expert_weights, &precision.activations}) {
      if (*type == DataType::kFp8) *type = DataType::kFp8Block;
    }
  }
  if (model.find("gpt-oss") != std::string::npos) {
    // Only its experts are narrow; attention stays in bf16.
    precision.weights = DataType::kBf16;
    precision.expert_weights = DataType::kMxfp4;
    precision.activations = blackwell ? DataType::kNvfp4 : DataType::kBf16;
  }
  const bool latent = model.find("DeepSeek") != std::string::npos ||
                      model.find("Kimi") != std::string::npos ||
                      model.find("GLM") != std::string::npos;
  if (gemm == "nvfp4" && latent) precision.weights = DataType::kBf16;  // experts only, as published
  if (!plain && row.at("backend") == "trtllm") precision.cache = DataType::kFp8;
  if (precision.activations == DataType::kFp8 || precision.activations == DataType::kFp8Block) {
    precision.dispatch = precision.activations;
  }
  return precision;
}

Layout LayoutOf(const Row& row, bool experts) {
  Layout layout;
  layout.tp = CountOr(row.at("tp"), 1);
  layout.pp = CountOr(row.at("pp"), 1);
  layout.attention_dp = CountOr(row.at("attention_dp"), 1);
  if (!experts) return layout;
  layout.ep = CountOr(row.at("moe_ep"), 1);
  if (layout.attention_dp > 1) {
    const bool whole = layout.tp == 1 && layout.ep == layout.attention_dp;
    layout.expert_exchange = whole ? ExpertExchange::kAllToAll : ExpertExchange::kGather;
  }
  return layout;
}

struct Place {
  std::unique_ptr<Machine> machine;
  std::unique_ptr<StepPricer> pricer;
};

class Pricers {
 public:
  StepPricer* For(const std::string& profile, const std::string& engine) {
    Place& place = places_[{profile, engine}];
    if (place.pricer != nullptr) return place.pricer.get();
    Result<Machine> machine = profiles::LoadMachine(profile, profiles::ShippedLibrary());
    if (!machine.ok()) return nullptr;
    place.machine = std::make_unique<Machine>(*std::move(machine));
    place.machine->compute.serving.clear();  // what is fitted here
    Result<StepPricer> pricer = StepPricer::Create(*place.machine, engine, engine);
    if (!pricer.ok()) return nullptr;
    place.pricer = std::make_unique<StepPricer>(*std::move(pricer));
    return place.pricer.get();
  }

 private:
  std::map<std::pair<std::string, std::string>, Place> places_;
};

const Transformer* ModelNamed(const std::string& name) {
  static std::map<std::string, std::unique_ptr<profiles::ModelFile>> models;
  auto& model = models[name];
  if (model == nullptr) {
    Result<profiles::ModelFile> file = profiles::LoadModel(name, profiles::ShippedModels());
    if (!file.ok()) return nullptr;
    model = std::make_unique<profiles::ModelFile>(*std::move(file));
  }
  return &model->model;
}

// What is the same in rows that differ in their layout only.
std::string SettingOf(const Row& row) {
  std::string setting;
  for (const char* const key : {"model", "system", "backend", "precision", "gemm_quant",
                                "moe_quant", "isl_tokens", "osl_tokens", "concurrency"}) {
    setting += row.at(key);
    setting += ' ';
  }
  return setting;
}

std::string TextOf(const Layout& layout) {
  std::string text = "TP" + std::to_string(layout.tp);
  const auto add = [&text](const char* name, int ranks) {
    if (ranks <= 1) return;
    text += ' ';
    text += name;
    text += std::to_string(ranks);
  };
  add("PP", layout.pp);
  add("DP", layout.attention_dp);
  add("EP", layout.ep);
  return text;
}

void AddDecode(const StepPricer& pricer, ServedRow* row) {
  for (const Priced& one : pricer.whole().operations) {
    const double time = InMicros(one.times * one.Each());
    if (one.collective != nullptr) {
      row->communication_us += time;
    } else {
      const bool sweep = ClassOf(*one.operation) == KernelClass::kSweep;
      (sweep ? row->sweeps_us : row->kernels_us) += time;
    }
  }
}

// Nothing where the row is not covered, which is then counted.
std::optional<ServedRow> Price(const Row& row, Pricers& pricers, ServedRows* all) {
  const auto unpriced = [&](const std::string& why) {
    ++all->unpriced;
    ++all->why[why.substr(0, 60)];
    return std::nullopt;
  };
  const std::optional<System> system = SystemOf(row.at("system"));
  const Transformer* const model = ModelNamed(ModelOf(row.at("model")));
  if (!system || model == nullptr) return unpriced("system or model " + row.at("model"));
  StepPricer* const pricer = pricers.For(system->profile, row.at("backend"));
  if (pricer == nullptr) return unpriced("engine " + row.at("backend"));
  ServedRow served;
  const double prompt = std::atof(row.at("isl_tokens").c_str());
  served.output = std::atof(row.at("osl_tokens").c_str());
  served.requests = std::atof(row.at("concurrency").c_str());
  StepRequest request;
  request.model = model;
  request.layout = LayoutOf(row, HasExperts(*model));
  request.precision = PrecisionOf(row, std::string(system->generation) == "blackwell");
  request.demand = Decode(served.requests, prompt + served.output / 2);
  const Result<StepBill> decode = pricer->BillOf(request);
  if (!decode.ok()) return unpriced(decode.error().message);
  if (!decode->memory.fits) {
    ++all->full;
    return std::nullopt;
  }
  AddDecode(*pricer, &served);
  const Result<PromptTimes> prompts = PromptTimesOf(*pricer, request, prompt, kPromptTokens);
  if (!prompts.ok()) return unpriced(prompts.error().message);
  served.prompts = *prompts;
  served.tpot_us = std::atof(row.at("tpot_ms").c_str()) * 1e3;
  served.ttft_us = std::atof(row.at("ttft_ms").c_str()) * 1e3;
  if (served.ttft_us > served.output * served.tpot_us) {
    ++all->queued;
    return std::nullopt;
  }
  served.model = model->name;
  served.system = row.at("system");
  served.engine = row.at("backend");
  served.generation = system->generation;
  served.experts = HasExperts(*model);
  served.sweep_client = row.at("source_dump").find("gap-analysis") != std::string::npos;
  served.index = static_cast<int>(all->rows.size());
  served.setting = SettingOf(row);
  served.build = row.at("backend_version");
  served.layout = TextOf(request.layout);
  served.devices = request.layout.tp * request.layout.pp * request.layout.attention_dp;
  served.layers = static_cast<double>(model->layers);
  return served;
}

}  // namespace

ServedRows ReadServed(const std::string& folder) {
  ServedRows all;
  Pricers pricers;
  for (const Row& row : ReadRows(folder + "/inference/e2e.csv")) {
    if (row.at("mode") != "agg") continue;
    const bool told = !row.at("concurrency").empty() && std::atof(row.at("tpot_ms").c_str()) > 0;
    if (row.at("parallel_sizes_doubtful") == "1" || !told) {
      ++all.doubtful;
      continue;
    }
    if (std::optional<ServedRow> served = Price(row, pricers, &all)) {
      all.rows.push_back(*std::move(served));
    }
  }
  return all;
}

}  // namespace commplan::accuracy
