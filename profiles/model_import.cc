// Reading a Hugging Face config.json. JSON is YAML, so the strict tree of profile files reads it.
//
// Each family of architectures names its numbers its own way; a family here is a function that
// takes them out of the keys. Only keys that change the shape are looked at.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/count.h"
#include "model/base/result.h"
#include "model/base/units.h"
#include "model/workload/transformer.h"
#include "profiles/document.h"
#include "profiles/model_file.h"
#include "profiles/utf8.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

class Config {
 public:
  // A model with encoders keeps the numbers of its language model in a map of their own.
  explicit Config(const Node& root) : root_(root), inner_(root.Find("text_config")) {
    if (inner_ == nullptr || !inner_->IsMap()) inner_ = &root;
  }

  bool Has(std::string_view key) const {
    const Node* const node = Find(key);
    return node != nullptr && !(node->IsScalar() && (node->text.empty() || node->text == "null"));
  }

  // What an absent key means from here on.
  void Default(std::string_view key, std::int64_t value) { defaults_.emplace_back(key, value); }

  // A required number; a fault where it is absent or none.
  std::int64_t Number(std::string_view key) {
    for (const auto& [known, value] : defaults_) {
      if (known == key && !Has(key)) return value;
    }
    if (!Has(key)) {
      Fault(key, "is absent");
      return 1;
    }
    return Read(key, 1);
  }

  std::int64_t Number(std::string_view key, std::int64_t fallback) {
    for (const auto& [known, value] : defaults_) {
      if (known == key) fallback = value;
    }
    return Has(key) ? Read(key, fallback) : fallback;
  }

  bool Flag(std::string_view key, bool fallback) const {
    return Has(key) ? Find(key)->text == "true" : fallback;
  }

  std::string Text(std::string_view key) const {
    return Has(key) && Find(key)->IsScalar() ? Find(key)->text : std::string();
  }

  // The texts of a list; nothing where there is none.
  std::vector<std::string> Texts(std::string_view key) const {
    std::vector<std::string> texts;
    const Node* const node = Find(key);
    if (node == nullptr || !node->IsList()) return texts;
    for (const Entry& entry : node->entries) texts.push_back(entry.value.text);
    return texts;
  }

  void Fault(std::string_view key, std::string_view what) {
    std::string text = "'";
    text += key;
    text += "' ";
    text += what;
    faults_.push_back(BadInputError(std::move(text)));
  }

  std::vector<Error>& faults() { return faults_; }

 private:
  const Node* Find(std::string_view key) const {
    const Node* const node = inner_->Find(key);
    return node != nullptr ? node : root_.Find(key);
  }

  std::int64_t Read(std::string_view key, std::int64_t fallback) {
    const Result<std::int64_t> number = ParseInteger(Find(key)->text);
    if (number.ok() && *number >= 0 && *number <= kMaxCount) return *number;
    Fault(key, "is no whole number");
    return fallback;
  }

  const Node& root_;
  const Node* inner_;
  std::vector<std::pair<std::string_view, std::int64_t>> defaults_;
  std::vector<Error> faults_;
};

// ---- what families share ----

void Shape(Config& config, bool tied, Transformer* model) {
  model->hidden = config.Number("hidden_size");
  model->layers = config.Number("num_hidden_layers");
  model->vocabulary = config.Number("vocab_size");
  model->tied = config.Flag("tie_word_embeddings", tied);
}

Attention Grouped(Config& config, const Transformer& model) {
  Attention a;
  a.heads = config.Number("num_attention_heads");
  a.kv_heads = config.Number("num_key_value_heads", a.heads);
  a.head_dim = config.Number("head_dim", model.hidden / std::max<std::int64_t>(a.heads, 1));
  a.qkv_bias = config.Flag("attention_bias", false);
  a.output_bias = a.qkv_bias;
  return a;
}

Mlp Gated(Config& config) {
  Mlp mlp;
  mlp.width = config.Number("intermediate_size");
  return mlp;
}

void OneKind(Transformer* model, std::string name, const Attention& attention, const Mlp& mlp) {
  model->kinds = {{std::move(name), attention, mlp}};
  model->cycle = {0};
}

// Two kinds of layer, alike but for what `second` holds, in the order of `second_at`. The order is
// folded into its shortest repeating part.
void TwoKinds(Transformer* model, LayerKind one, LayerKind two,
              const std::vector<bool>& second_at) {
  model->kinds = {std::move(one), std::move(two)};
  const std::size_t layers = second_at.size();
  std::size_t period = 1;
  while (period < layers) {
    bool repeats = true;
    for (std::size_t i = period; i < layers; ++i) {
      repeats = repeats && second_at[i] == second_at[i - period];
    }
    if (repeats) break;
    ++period;
  }
  model->cycle.clear();
  for (std::size_t i = 0; i < std::min(period, layers); ++i) {
    model->cycle.push_back(second_at[i] ? 1 : 0);
  }
}

// Which layers are of the type `word` in layer_types; every `period`-th where the key is absent.
std::vector<bool> LayersOfType(Config& config, const Transformer& model, std::string_view word,
                               std::int64_t period) {
  const std::vector<std::string> types = config.Texts("layer_types");
  std::vector<bool> at(static_cast<std::size_t>(model.layers), false);
  if (!types.empty() && types.size() != at.size()) {
    config.Fault("layer_types", "has another length than there are layers");
    return at;
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    const bool last = period > 0 && (i + 1) % static_cast<std::size_t>(period) == 0;
    at[i] = types.empty() ? last : types[i] == word;
  }
  return at;
}

// ---- the families ----

void Llama(Config& config, Transformer* model) {
  Shape(config, false, model);
  Attention a = Grouped(config, *model);
  Mlp mlp = Gated(config);
  mlp.bias = config.Flag("mlp_bias", false);
  // Where the window is on for all layers; Qwen's key says whether it is.
  if (config.Flag("use_sliding_window", true)) a.window = config.Number("sliding_window", 0);
  OneKind(model, "decoder", a, mlp);
}

void Qwen2(Config& config, Transformer* model) {
  Llama(config, model);
  Attention& a = model->kinds[0].attention;
  a.qkv_bias = true;
  a.output_bias = false;
  if (!config.Flag("use_sliding_window", false)) a.window = 0;
}

void Qwen3(Config& config, Transformer* model) {
  Llama(config, model);
  Attention& a = model->kinds[0].attention;
  a.head_norm = HeadNorm::kPerHead;
  if (!config.Flag("use_sliding_window", false)) a.window = 0;
}

void Qwen3Moe(Config& config, Transformer* model) {
  Qwen3(config, model);
  Mlp& mlp = model->kinds[0].mlp;
  mlp.width = config.Number("moe_intermediate_size");
  mlp.experts = config.Number("num_experts");
  mlp.active = config.Number("num_experts_per_tok");
}

// Three layers of linear attention, then one of full attention with a gate.
void Qwen3Next(Config& config, Transformer* model) {
  Shape(config, false, model);
  LayerKind full;
  full.name = "full";
  full.attention = Grouped(config, *model);
  full.attention.head_norm = HeadNorm::kPerHead;
  full.attention.gate = config.Flag("attn_output_gate", true);
  Mlp& mlp = full.mlp;
  mlp.width = config.Number("moe_intermediate_size");
  mlp.experts = config.Number("num_experts");
  mlp.active = config.Number("num_experts_per_tok");
  mlp.shared_width = config.Number("shared_expert_intermediate_size", 0);
  mlp.shared_gate = mlp.shared_width > 0;
  LayerKind linear;
  linear.name = "linear";
  linear.mlp = mlp;
  Attention& a = linear.attention;
  a.kind = AttentionKind::kLinear;
  a.heads = config.Number("linear_num_value_heads");
  a.kv_heads = config.Number("linear_num_key_heads");
  a.head_dim = config.Number("linear_key_head_dim");
  a.value_dim = config.Number("linear_value_head_dim");
  a.convolution = config.Number("linear_conv_kernel_dim");
  TwoKinds(
      model, std::move(linear), std::move(full),
      LayersOfType(config, *model, "full_attention", config.Number("full_attention_interval", 4)));
}

void Mixtral(Config& config, Transformer* model) {
  Llama(config, model);
  Mlp& mlp = model->kinds[0].mlp;
  mlp.experts = config.Number("num_local_experts");
  mlp.active = config.Number("num_experts_per_tok");
}

void MiniMax(Config& config, Transformer* model) {
  Mixtral(config, model);
  if (config.Flag("use_qk_norm", true)) model->kinds[0].attention.head_norm = HeadNorm::kWhole;
  model->kinds[0].mlp.router_bias = config.Flag("use_routing_bias", true);
}

void GptOss(Config& config, Transformer* model) {
  Mixtral(config, model);
  LayerKind full = model->kinds[0];
  full.name = "full";
  full.attention.sinks = true;
  full.attention.qkv_bias = full.attention.output_bias = config.Flag("attention_bias", true);
  full.mlp.bias = true;
  full.mlp.router_bias = true;
  full.attention.window = 0;
  LayerKind sliding = full;
  sliding.name = "sliding";
  sliding.attention.window = config.Number("sliding_window");
  TwoKinds(model, std::move(sliding), std::move(full),
           LayersOfType(config, *model, "full_attention", 2));
}

void Gemma(Config& config, Transformer* model, HeadNorm norm, std::int64_t period) {
  Shape(config, true, model);
  model->norms_per_layer = 4;
  LayerKind global{"global", Grouped(config, *model), Gated(config)};
  global.attention.head_norm = norm;
  LayerKind local = global;
  local.name = "local";
  local.attention.window = config.Number("sliding_window");
  period = config.Number("sliding_window_pattern", period);
  TwoKinds(model, std::move(local), std::move(global),
           LayersOfType(config, *model, "full_attention", period));
}

void Gemma2(Config& config, Transformer* model) { Gemma(config, model, HeadNorm::kNone, 2); }
// The files of models with an encoder leave out what equals these defaults of the architecture.
void Gemma3(Config& config, Transformer* model) {
  config.Default("num_attention_heads", 8);
  config.Default("num_key_value_heads", 4);
  config.Default("head_dim", 256);
  config.Default("vocab_size", 262208);
  config.Default("sliding_window", 4096);
  Gemma(config, model, HeadNorm::kPerHead, 6);
}

void DeepSeek(Config& config, Transformer* model) {
  Shape(config, false, model);
  Attention a;
  a.kind = AttentionKind::kLatent;
  a.heads = config.Number("num_attention_heads");
  a.query_rank = config.Number("q_lora_rank", 0);
  a.latent_rank = config.Number("kv_lora_rank");
  a.head_dim = config.Number("qk_nope_head_dim");
  a.rope_dim = config.Number("qk_rope_head_dim");
  a.value_dim = config.Number("v_head_dim");
  a.index_heads = config.Number("index_n_heads", 0);
  a.index_dim = config.Number("index_head_dim", 0);
  a.index_keys = config.Number("index_topk", 0);
  const Mlp dense = Gated(config);
  Mlp experts;
  experts.width = config.Number("moe_intermediate_size");
  experts.experts = config.Number("n_routed_experts");
  experts.active = config.Number("num_experts_per_tok");
  experts.shared_width = config.Number("n_shared_experts", 0) * experts.width;
  experts.router_bias = config.Text("topk_method") == "noaux_tc";
  if (config.Number("n_group", 1) > 1) experts.node_limit = config.Number("topk_group", 0);
  model->kinds = {{"dense", a, dense}, {"experts", a, experts}};
  const std::int64_t leading = config.Number("first_k_dense_replace", 0);
  model->first.assign(static_cast<std::size_t>(std::min(leading, model->layers)), 0);
  model->cycle = {1};
}

void Gpt2(Config& config, Transformer* model) {
  model->hidden = config.Number("n_embd");
  model->layers = config.Number("n_layer");
  model->vocabulary = config.Number("vocab_size");
  model->positions = config.Number("n_positions");
  model->tied = config.Flag("tie_word_embeddings", true);
  model->norm = NormKind::kLayer;
  Attention a;
  a.heads = a.kv_heads = config.Number("n_head");
  a.head_dim = model->hidden / std::max<std::int64_t>(a.heads, 1);
  a.qkv_bias = a.output_bias = true;
  Mlp mlp;
  mlp.width = config.Number("n_inner", 4 * model->hidden);
  mlp.gated = false;
  mlp.bias = true;
  OneKind(model, "decoder", a, mlp);
}

void Bloom(Config& config, Transformer* model) {
  model->hidden = config.Number(config.Has("hidden_size") ? "hidden_size" : "n_embed");
  model->layers = config.Number(config.Has("n_layer") ? "n_layer" : "num_hidden_layers");
  model->vocabulary = config.Number("vocab_size");
  model->tied = true;
  model->norm = NormKind::kLayer;
  model->embedding_norm = true;
  Attention a;
  a.heads = config.Number(config.Has("n_head") ? "n_head" : "num_attention_heads");
  a.kv_heads = a.heads;
  a.head_dim = model->hidden / std::max<std::int64_t>(a.heads, 1);
  a.qkv_bias = a.output_bias = true;
  Mlp mlp;
  mlp.width = 4 * model->hidden;
  mlp.gated = false;
  mlp.bias = true;
  OneKind(model, "decoder", a, mlp);
}

// Phi-1 and 2: one norm, before attention and MLP side by side.
void Phi(Config& config, Transformer* model) {
  Shape(config, false, model);
  model->norm = NormKind::kLayer;
  model->norms_per_layer = 1;
  model->head_bias = true;
  Attention a = Grouped(config, *model);
  a.qkv_bias = a.output_bias = true;
  Mlp mlp = Gated(config);
  mlp.gated = false;
  mlp.bias = true;
  OneKind(model, "decoder", a, mlp);
}

struct Family {
  std::string_view architecture;
  void (*read)(Config&, Transformer*);
};

constexpr std::array<Family, 24> kFamilies = {{
    {"BloomForCausalLM", Bloom},
    {"DeepseekV2ForCausalLM", DeepSeek},
    {"DeepseekV32ForCausalLM", DeepSeek},
    {"DeepseekV3ForCausalLM", DeepSeek},
    {"GPT2LMHeadModel", Gpt2},
    {"Gemma2ForCausalLM", Gemma2},
    {"Gemma3ForCausalLM", Gemma3},
    {"Gemma3ForConditionalGeneration", Gemma3},
    {"GlmMoeDsaForCausalLM", DeepSeek},
    {"GptOssForCausalLM", GptOss},
    {"KimiK25ForConditionalGeneration", DeepSeek},
    {"KimiK2ForCausalLM", DeepSeek},
    {"LlamaForCausalLM", Llama},
    {"MiniMaxM2ForCausalLM", MiniMax},
    {"MistralForCausalLM", Llama},
    {"Mistral3ForConditionalGeneration", Llama},
    {"MixtralForCausalLM", Mixtral},
    {"Phi3ForCausalLM", Llama},
    {"PhiForCausalLM", Phi},
    {"Qwen2ForCausalLM", Qwen2},
    {"Qwen3ForCausalLM", Qwen3},
    {"Qwen3MoeForCausalLM", Qwen3Moe},
    {"Qwen3NextForCausalLM", Qwen3Next},
    {"Qwen3_5MoeForConditionalGeneration", Qwen3Next},
}};

Error UnknownArchitecture(const std::string& found, const Node& root) {
  std::string message = found.empty() ? std::string("found no 'architectures'")
                                      : "found the architecture '" + Shortened(found) + "'";
  message += ", which this import does not know; the file has the keys";
  std::size_t shown = 0;
  for (const Entry& entry : root.entries) {
    if (shown++ == 24) break;
    message += ' ';
    message += Shortened(entry.key);
  }
  if (root.entries.size() > 24) message += " ...";
  std::string hint = "known are";
  for (const Family& family : kFamilies) {
    hint += ' ';
    hint += family.architecture;
  }
  hint +=
      "; what is built like one of them can be read --as that one (model import), anything else "
      "as a model file written by hand (commplan/model/1)";
  return UnsupportedError(std::move(message), std::move(hint));
}

}  // namespace

Result<ModelFile> ImportConfig(std::string_view text, const std::string& name, std::string_view as,
                               const std::string& path) {
  std::vector<Error> faults;
  // JSON may be indented by tabs, which YAML refuses; between tokens they are spaces.
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '\t', ' ');
  ASSIGN_OR_RETURN(const Node root, ParseYaml(spaced, path, 0, faults));
  if (!root.IsMap()) return BadInputError("found no map, expected a config.json");
  Config config(root);
  const std::vector<std::string> architectures = config.Texts("architectures");
  std::string architecture(as);
  if (as.empty() && !architectures.empty()) architecture = architectures.front();
  const auto family = std::find_if(kFamilies.begin(), kFamilies.end(),
                                   [&](const Family& f) { return f.architecture == architecture; });
  if (family == kFamilies.end()) return UnknownArchitecture(architecture, root);
  ModelFile file;
  file.model.name = name;
  file.model.title = name;
  family->read(config, &file.model);
  if (!config.faults().empty()) return Combine(std::move(config.faults()));
  file.sources.emplace(
      "config", Source{"config.json of " + name + ", " + architecture, "https://huggingface.co"});
  RETURN_IF_ERROR(Validate(file.model));
  return file;
}

}  // namespace commplan::profiles
