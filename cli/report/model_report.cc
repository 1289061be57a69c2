#include "cli/report/model_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cli/report/tables.h"
#include "model/base/units.h"
#include "model/memory/serving.h"
#include "model/workload/layout.h"
#include "model/workload/transformer.h"
#include "model/workload/weights.h"

namespace commplan::report {
namespace {

// Larger groups than a rack of 72 devices are no question of one tensor or expert group.
constexpr int kLargestGroup = 72;

double Real(std::int64_t n) { return static_cast<double>(n); }
// A number of weights, exact below 2^53.
std::int64_t Whole(double weights) { return std::llround(weights); }

std::string WeightsText(double weights) {
  if (weights >= 1e9) return NumberForPeople(weights / 1e9) + " B";
  if (weights >= 1e6) return NumberForPeople(weights / 1e6) + " M";
  return NumberForPeople(weights);
}

std::int64_t LayersOf(const Transformer& model, std::size_t kind) {
  return LayersOfKind(model, static_cast<int>(kind), 0, model.layers);
}

// ---- the shape ----

// "grouped 32/8", "latent 128", "grouped 16/8 window 1024".
std::string AttentionText(const Attention& a) {
  std::string text(Name(a.kind));
  text += ' ';
  text += std::to_string(a.heads);
  if (a.kind != AttentionKind::kLatent) text += "/" + std::to_string(a.kv_heads);
  if (a.window > 0) text += " window " + std::to_string(a.window);
  if (a.index_keys > 0) text += " sparse " + std::to_string(a.index_keys);
  return text;
}

std::string AllAttention(const Transformer& model) {
  std::vector<std::string> texts;
  for (const LayerKind& kind : model.kinds) {
    std::string text = AttentionText(kind.attention);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += ", ";
    all += text;
  }
  return all;
}

// Of the layers that have experts.
const Mlp* ExpertsOf(const Transformer& model) {
  for (const LayerKind& kind : model.kinds) {
    if (kind.mlp.IsExperts()) return &kind.mlp;
  }
  return nullptr;
}

// What a list says of a model, in its order.
Json Brief(const profiles::ModelFile& file) {
  const Transformer& model = file.model;
  const Mlp* const experts = ExpertsOf(model);
  return {{"name", model.name},
          {"title", model.title},
          {"parameters", Whole(TotalWeights(model))},
          {"active_parameters", Whole(ActiveWeights(model, Embedding::kLeftOut))},
          {"layers", model.layers},
          {"hidden", model.hidden},
          {"vocabulary", model.vocabulary},
          {"experts", experts != nullptr ? experts->experts : 0},
          {"active_experts", experts != nullptr ? experts->active : 0},
          {"attention", AllAttention(model)},
          {"source", file.sources.empty() ? std::string() : file.sources.begin()->second.title}};
}

// Numbers that are not there are left out.
Json Numbers(const std::vector<std::pair<const char*, std::int64_t>>& numbers) {
  Json json = Json::object();
  for (const auto& [name, number] : numbers) {
    if (number > 0) json[name] = number;
  }
  return json;
}

Json KindJson(const Transformer& model, std::size_t index) {
  const LayerKind& kind = model.kinds[index];
  const Attention& a = kind.attention;
  const Mlp& mlp = kind.mlp;
  Json attention = {{"kind", Name(a.kind)}};
  attention.update(Numbers({{"heads", a.heads},
                            {"kv_heads", a.kind == AttentionKind::kLatent ? 0 : a.kv_heads},
                            {"head_dim", a.head_dim},
                            {"value_dim", a.ValueDim()},
                            {"query_rank", a.query_rank},
                            {"latent_rank", a.latent_rank},
                            {"rope_dim", a.rope_dim},
                            {"index_keys", a.index_keys},
                            {"window", a.window}}));
  return {{"name", kind.name},
          {"layers", LayersOf(model, index)},
          {"parameters", Whole(WeightsOf(model, kind).Total())},
          {"attention", std::move(attention)},
          {"mlp", Numbers({{"width", mlp.width},
                           {"matrices", mlp.gated ? 3 : 2},
                           {"experts", mlp.experts},
                           {"active", mlp.active},
                           {"shared_width", mlp.shared_width}})}};
}

std::string MlpText(const Mlp& mlp) {
  std::string text = NumberForPeople(Real(mlp.width));
  text += mlp.gated ? ", gated" : "";
  if (!mlp.IsExperts()) return text;
  text += ", " + std::to_string(mlp.active) + " of " + std::to_string(mlp.experts) + " experts";
  if (mlp.shared_width > 0) text += " and shared " + NumberForPeople(Real(mlp.shared_width));
  return text;
}

Table KindsTable(const Transformer& model) {
  Table table{.title = "Layers",
              .columns = {{"kind", Align::kLeft},
                          {"layers"},
                          {"attention", Align::kLeft},
                          {"head"},
                          {"mlp", Align::kLeft},
                          {"parameters of one"}},
              .rows = {}};
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const LayerKind& kind = model.kinds[i];
    table.rows.push_back({kind.name, std::to_string(LayersOf(model, i)),
                          AttentionText(kind.attention), std::to_string(kind.attention.head_dim),
                          MlpText(kind.mlp), WeightsText(WeightsOf(model, kind).Total())});
  }
  return table;
}

// ---- weights ----

struct Part {
  const char* name;
  double total = 0;
  double active = 0;
};

std::vector<Part> PartsOf(const Transformer& model) {
  Part attention{"attention"}, norms{"norms"}, dense{"dense_mlp"}, experts{"experts"};
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    const LayerWeights one = WeightsOf(model, model.kinds[i]);
    const double layers = Real(LayersOf(model, i));
    attention.total += layers * one.attention;
    norms.total += layers * one.norms;
    dense.total += layers * one.dense;
    experts.total += layers * one.experts;
    experts.active += layers * one.active_experts;
  }
  for (Part* const part : {&attention, &norms, &dense}) part->active = part->total;
  const double head = HeadWeights(model);
  const double active_head = ActiveWeights(model, Embedding::kLeftOut) - attention.active -
                             norms.active - dense.active - experts.active;
  return {{"embedding", EmbeddingWeights(model), 0},
          attention,
          norms,
          dense,
          experts,
          {"head", head, active_head}};
}

Table PartsTable(const std::vector<Part>& parts, const Transformer& model) {
  Table table{.title = "Parameters",
              .columns = {{"part", Align::kLeft}, {"all"}, {"share"}, {"of one token"}},
              .rows = {}};
  const double all = TotalWeights(model);
  const auto add = [&](std::string name, double total, double active) {
    std::replace(name.begin(), name.end(), '_', ' ');
    table.rows.push_back(
        {std::move(name), WeightsText(total), ShareForPeople(total / all), WeightsText(active)});
  };
  for (const Part& part : parts) {
    if (part.total > 0 || part.active > 0) add(part.name, part.total, part.active);
  }
  add("in all", all, ActiveWeights(model, Embedding::kLeftOut));
  return table;
}

Json PublishedJson(const profiles::ModelFile& file) {
  const profiles::Published& p = file.published;
  if (p.source.empty()) return nullptr;
  const auto known = [](double number) { return number > 0 ? Json(number) : Json(); };
  return {{"total", known(p.total)},   {"total_within", p.total_within},
          {"active", known(p.active)}, {"active_within", p.active_within},
          {"source", p.source},        {"note", p.note}};
}

// ---- cache ----

// Bytes on one rank of what one sequence of `tokens` keeps, all layers.
double CacheBytes(const Transformer& model, int tp, DataType type, double tokens) {
  const Layout layout{.tp = tp};
  Bytes all;
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    all += LayerCache(model.kinds[i], layout, type, tokens, 1) * Real(LayersOf(model, i));
  }
  return InBytes(all);
}

// Beyond all windows the cache grows by the same for each token.
struct CacheGrowth {
  double per_token = 0;
  double per_sequence = 0;  // windows that are full, states of linear attention
};
CacheGrowth GrowthOf(const Transformer& model, int tp, DataType type) {
  constexpr double kLong = 1 << 24;  // more tokens than any window
  const double once = CacheBytes(model, tp, type, kLong);
  const double per_token = (CacheBytes(model, tp, type, 2 * kLong) - once) / kLong;
  return {per_token, once - per_token * kLong};
}

Table CacheTable(const Transformer& model) {
  constexpr std::array<double, 4> kLengths = {1024, 8192, 32768, 131072};
  Table table{.title = "Cache of one sequence, before it is cut",
              .columns = {{"type", Align::kLeft}, {"per token"}, {"fixed"}},
              .rows = {}};
  for (const double tokens : kLengths) {
    table.columns.push_back({NumberForPeople(tokens) + " tokens"});
  }
  for (const DataType type : {DataType::kBf16, DataType::kFp8}) {
    const CacheGrowth growth = GrowthOf(model, 1, type);
    table.rows.push_back({std::string(Name(type)), ForPeople(B(growth.per_token)),
                          growth.per_sequence > 0 ? ForPeople(B(growth.per_sequence)) : ""});
    for (const double tokens : kLengths) {
      table.rows.back().push_back(ForPeople(B(CacheBytes(model, 1, type, tokens))));
    }
  }
  return table;
}

// ---- layouts ----

// The sizes from 1 on that engines allow, and why they refuse the first power of two that they do.
struct Allowed {
  std::vector<int> sizes;
  std::string refused;
};
template <class ToLayout>
Allowed AllowedSizes(const Transformer& model, int most, const ToLayout& to_layout) {
  Allowed allowed;
  for (int size = 1; size <= most; ++size) {
    const Result<Cut> cut = CheckLayout(model, to_layout(size), Phase::kServe);
    const bool power = (size & (size - 1)) == 0;
    if (cut.ok()) {
      allowed.sizes.push_back(size);
    } else if (power && allowed.refused.empty()) {
      allowed.refused = std::to_string(size) + ": " + cut.error().message;
    }
  }
  return allowed;
}

struct Way {
  const char* key;
  const char* name;
  Allowed allowed;
};

std::vector<Way> WaysOf(const Transformer& model) {
  std::vector<Way> ways;
  ways.push_back({"tp", "tensor parallel (tp)",
                  AllowedSizes(model, kLargestGroup, [](int n) { return Layout{.tp = n}; })});
  ways.push_back({"pp", "pipeline stages (pp)",
                  AllowedSizes(model, static_cast<int>(std::min<std::int64_t>(model.layers, 1024)),
                               [](int n) { return Layout{.pp = n}; })});
  if (ExpertsOf(model) == nullptr) return ways;
  ways.push_back(
      {"ep_in_tp", "whole experts on tensor ranks (tp = ep)",
       AllowedSizes(model, kLargestGroup, [](int n) { return Layout{.tp = n, .ep = n}; })});
  ways.push_back({"ep", "whole experts, attention by sequences (ep = attention-dp)",
                  AllowedSizes(model, static_cast<int>(ExpertsOf(model)->experts), [](int n) {
                    return Layout{.ep = n,
                                  .attention_dp = n,
                                  .expert_exchange =
                                      n > 1 ? ExpertExchange::kAllToAll : ExpertExchange::kReduce};
                  })});
  return ways;
}

// "1, 2, 4" or "1 to 80".
std::string SizesText(const std::vector<int>& sizes) {
  if (sizes.size() > 2 && sizes.back() - sizes.front() == static_cast<int>(sizes.size()) - 1) {
    return std::to_string(sizes.front()) + " to " + std::to_string(sizes.back());
  }
  std::string text;
  for (const int size : sizes) {
    if (!text.empty()) text += ", ";
    text += std::to_string(size);
  }
  return text;
}

Table WaysTable(const std::vector<Way>& ways) {
  Table table{
      .title = "Layouts that serving engines allow",
      .columns = {{"cut", Align::kLeft}, {"ranks", Align::kLeft}, {"first refused", Align::kLeft}},
      .rows = {}};
  for (const Way& way : ways) {
    table.rows.push_back({way.name, SizesText(way.allowed.sizes), way.allowed.refused});
  }
  return table;
}

double RankParameters(const Transformer& model, int tp) {
  const Layout layout{.tp = tp};
  const Result<Cut> cut = CheckLayout(model, layout, Phase::kServe);
  return cut.ok() ? StageOnRank(model, layout, *cut, Phase::kServe, 0).Total() : 0;
}

Table RanksTable(const Transformer& model, const std::vector<int>& tensor) {
  Table table{.title = "One tensor rank, in bf16",
              .columns = {{"tp"}, {"parameters"}, {"weights"}, {"cache per token"}},
              .rows = {}};
  for (const int tp : tensor) {
    if ((tp & (tp - 1)) != 0) continue;  // what people run
    const double weights = RankParameters(model, tp);
    table.rows.push_back({std::to_string(tp), WeightsText(weights),
                          ForPeople(B(weights * BytesPerValue(DataType::kBf16))),
                          ForPeople(B(GrowthOf(model, tp, DataType::kBf16).per_token))});
  }
  return table;
}

Json RanksJson(const Transformer& model, const std::vector<int>& tensor) {
  Json ranks = Json::array();
  for (const int tp : tensor) {
    ranks.push_back(
        {{"tp", tp},
         {"parameters", Whole(RankParameters(model, tp))},
         {"cache_bytes_per_token", Whole(GrowthOf(model, tp, DataType::kBf16).per_token)}});
  }
  return ranks;
}

}  // namespace

Document ModelListDocument(const std::vector<profiles::ModelFile>& models) {
  Document document;
  document.json["schema"] = "commplan/model-list/1";
  document.json["models"] = Json::array();
  Table table{.title = "",
              .columns = {{"name", Align::kLeft},
                          {"parameters"},
                          {"of one token"},
                          {"layers"},
                          {"hidden"},
                          {"experts"},
                          {"attention", Align::kLeft},
                          {"source", Align::kLeft}},
              .rows = {}};
  for (const profiles::ModelFile& file : models) {
    Json brief = Brief(file);
    const Table row = ScalarRow(brief);
    document.rows.columns = row.columns;
    document.rows.rows.push_back(row.rows.front());
    const Mlp* const experts = ExpertsOf(file.model);
    table.rows.push_back(
        {file.model.name, WeightsText(TotalWeights(file.model)),
         WeightsText(ActiveWeights(file.model, Embedding::kLeftOut)),
         std::to_string(file.model.layers), std::to_string(file.model.hidden),
         experts == nullptr
             ? ""
             : std::to_string(experts->active) + " of " + std::to_string(experts->experts),
         brief["attention"].get<std::string>(), brief["source"].get<std::string>()});
    document.json["models"].push_back(std::move(brief));
  }
  document.body.push_back(std::move(table));
  document.body.push_back(Paragraph{
      "Of one token: the weights that a token is multiplied with; the embedding is only looked "
      "up. Attention: query heads/KV heads. A model file or a config.json can stand for a name."});
  return document;
}

Document ModelDocument(const profiles::ModelFile& file) {
  const Transformer& model = file.model;
  const std::vector<Part> parts = PartsOf(model);
  const std::vector<Way> ways = WaysOf(model);
  const std::vector<int>& tensor = ways.front().allowed.sizes;
  const CacheGrowth growth = GrowthOf(model, 1, DataType::kBf16);
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/model-show/1";
  json.update(Brief(file));
  json["tied_embeddings"] = model.tied;
  json["cache_bytes_per_token"] = Whole(growth.per_token);
  json["cache_bytes_per_sequence"] = Whole(growth.per_sequence);
  for (const Part& part : parts) json["parameters_of"][part.name] = Whole(part.total);
  json["published"] = PublishedJson(file);
  json["kinds"] = Json::array();
  for (std::size_t i = 0; i < model.kinds.size(); ++i) {
    json["kinds"].push_back(KindJson(model, i));
  }
  for (const Way& way : ways) json["layouts"][way.key] = way.allowed.sizes;
  json["tensor_ranks"] = RanksJson(model, tensor);
  document.rows = ScalarRow(json);

  std::string head = model.name + ": " + model.title + ", hidden " + std::to_string(model.hidden) +
                     ", vocabulary " + std::to_string(model.vocabulary);
  if (model.tied) head += ", the head is the embedding";
  document.body.push_back(Paragraph{std::move(head)});
  document.body.push_back(KindsTable(model));
  document.body.push_back(PartsTable(parts, model));
  document.body.push_back(CacheTable(model));
  document.body.push_back(WaysTable(ways));
  document.body.push_back(RanksTable(model, tensor));
  for (const auto& [name, source] : file.sources) {
    document.body.push_back(Paragraph{"Source: " + source.title + ", " + source.url});
  }
  if (!file.published.note.empty()) {
    document.body.push_back(Paragraph{"The published numbers: " + file.published.note});
  }
  return document;
}

}  // namespace commplan::report
