#include "cli/step_input.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "cli/machine_input.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/collective/formula/compressed_cards.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"

namespace commplan::cli {
namespace {

Error Wrong(const std::string& option, const std::string& found, const std::string& expected,
            std::string hint = {}) {
  std::string message = option;
  message += ": found '";
  message += found;
  message += "', expected ";
  message += expected;
  return UsageError(std::move(message), std::move(hint));
}

// A mean over steps may be a fraction.
Result<double> ParseCount(const std::string& option, const std::string& text, double least) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = error == std::errc() && end == text.data() + text.size();
  constexpr double kMost = 1e9;
  if (!all || !std::isfinite(value) || value < least || value > kMost) {
    return Wrong(option, text, "a number from " + NumberForPeople(least) + " to 1e9");
  }
  return value;
}

Result<DataType> ParseType(const std::string& option, const std::string& word) {
  if (const auto type = DataTypeNamed(word)) return *type;
  std::vector<std::string> known;
  std::string expected = "one of";
  for (const std::string_view name : DataTypeNames()) {
    expected += known.empty() ? " " : ", ";
    expected += name;
    known.emplace_back(name);
  }
  return Wrong(option, word, expected, SuggestionHint(word, known));
}

// ---- data types ----

bool IsNarrowFloat(DataType type) {
  return type == DataType::kFp8 || type == DataType::kFp8Block || type == DataType::kMxfp8 ||
         type == DataType::kNvfp4;
}

bool ComputesIn(const Device& device, DataType type) {
  return device.rates.count(type == DataType::kNvfp4 ? "fp4" : "fp8") > 0;
}

// Engines quantise activations to the type of the weights where the device can multiply in it.
DataType ActivationsFor(DataType weights, const Device& device, std::vector<std::string>* notes) {
  if (!IsNarrowFloat(weights)) return DataType::kBf16;
  if (ComputesIn(device, weights)) return weights;
  std::string note = "the device has no arithmetic for ";
  note += Name(weights);
  note += ": weights are stored so and multiplied with bf16 activations";
  notes->push_back(std::move(note));
  return DataType::kBf16;
}

Result<Precision> PrecisionOf(const StepOptions& options, const Device& device,
                              std::vector<std::string>* notes) {
  Precision precision;
  ASSIGN_OR_RETURN(precision.weights, ParseType("--weights", options.weights));
  precision.expert_weights = precision.weights;
  ASSIGN_OR_RETURN(precision.cache, ParseType("--kv", options.kv));
  if (options.activations.empty()) {
    precision.activations = ActivationsFor(precision.weights, device, notes);
  } else {
    ASSIGN_OR_RETURN(precision.activations, ParseType("--activations", options.activations));
  }
  // Tokens are sent to their experts as these multiply them; results come back in 16 bits.
  if (IsNarrowFloat(precision.activations)) precision.dispatch = precision.activations;
  return precision;
}

// ---- layout ----

template <class Enum>
Result<Enum> ParseExchange(const std::string& option, const std::string& word,
                           const std::array<Enum, 3>& all) {
  std::string expected = "one of";
  for (const Enum one : all) {
    if (Name(one) == word) return one;
    expected += one == all.front() ? " " : ", ";
    expected += Name(one);
  }
  return Wrong(option, word, expected);
}

Result<Layout> LayoutOf(const StepOptions& options) {
  Layout layout;
  layout.tp = options.tp;
  layout.pp = options.pp;
  layout.dp = options.dp;
  layout.ep = options.ep;
  layout.cp = options.cp;
  layout.attention_dp = options.attention_dp;
  layout.expert_tp = options.expert_tp;
  layout.sequence_parallel = options.sequence_parallel;
  if (options.expert_exchange.empty()) {
    // With tokens on different ranks they must travel; whole experts take single tokens.
    const bool whole = options.ep == options.tp * options.attention_dp;
    const bool own = options.tp == 1 || options.sequence_parallel;
    if (options.phase == "train" && options.ep > 1) {
      layout.expert_exchange = ExpertExchange::kAllToAll;
    } else if (options.attention_dp > 1) {
      layout.expert_exchange = whole && own ? ExpertExchange::kAllToAll : ExpertExchange::kGather;
    }
  } else {
    ASSIGN_OR_RETURN(layout.expert_exchange, ParseExchange<ExpertExchange>(
                                                 "--expert-exchange", options.expert_exchange,
                                                 {ExpertExchange::kReduce, ExpertExchange::kGather,
                                                  ExpertExchange::kAllToAll}));
  }
  if (!options.context_exchange.empty()) {
    ASSIGN_OR_RETURN(layout.context_exchange, ParseExchange<ContextExchange>(
                                                  "--context-exchange", options.context_exchange,
                                                  {ContextExchange::kRing, ContextExchange::kGather,
                                                   ContextExchange::kAllToAll}));
  }
  return layout;
}

// ---- demand ----

Result<Demand> DemandOf(const StepOptions& options) {
  ASSIGN_OR_RETURN(const double batch, ParseCount("--batch", options.batch, 1e-3));
  const bool has_new = !options.new_tokens.empty();
  if (options.context.empty() && !(options.phase == "prefill" && has_new)) {
    return UsageError("--context is missing",
                      options.phase == "decode"
                          ? "say how many tokens each sequence has, such as --context 2048"
                          : "say how long the prompts are, such as --context 2048");
  }
  double context = 0, new_tokens = 0;
  if (!options.context.empty()) {
    ASSIGN_OR_RETURN(context, ParseCount("--context", options.context, 0));
  }
  if (has_new) {
    ASSIGN_OR_RETURN(new_tokens, ParseCount("--new-tokens", options.new_tokens, 1));
  }
  if (options.phase == "decode") {
    Demand demand = Decode(batch, context);
    if (has_new) demand.decode.new_tokens = new_tokens;
    return demand;
  }
  if (options.phase == "prefill") {
    // Without --new-tokens the context is the prompt itself.
    return has_new ? Prefill(batch, new_tokens, context) : Prefill(batch, context);
  }
  if (options.phase == "train") {
    if (has_new) {
      return UsageError("found --new-tokens for a training step",
                        "its sequences are new as a whole: --context says how long they are");
    }
    if (batch != std::floor(batch)) {
      return Wrong("--batch", options.batch, "a whole number of sequences in a training step");
    }
    return TrainMicrobatch(batch, context);
  }
  return Wrong("--phase", options.phase, "prefill, decode or train");
}

Result<std::optional<double>> FractionOf(const StepOptions& options) {
  if (options.overlap_fraction.empty()) return std::optional<double>();
  const Result<double> share = ParseShare(options.overlap_fraction);
  if (share.ok() && *share >= 0 && *share <= 1) return std::optional<double>(*share);
  return Wrong("--overlap-fraction", options.overlap_fraction,
               "a share from 0 to 1, or 0% to 100%");
}

Status AddCodecs(const StepOptions& options, StepRequest* request) {
  request->codec = options.codec;
  request->expert_codec = options.expert_codec;
  if (options.codec_where_it_pays) request->codec_use = CodecUse::kWhereItPays;
  if (options.codec_scheme.empty()) return OkStatus();
  if (options.codec.empty() || options.codec == "none") {
    return UsageError("found --codec-scheme without --codec",
                      "name the codec too, as in --codec mxfp4");
  }
  request->codec_scheme = CompressedSchemeNamed(options.codec_scheme);
  if (request->codec_scheme) return OkStatus();
  return Wrong("--codec-scheme", options.codec_scheme, "a known scheme",
               SuggestionHint(options.codec_scheme, CompressedSchemeNames()));
}

}  // namespace

void AddStepOptions(CLI::App& command, StepOptions& options) {
  const std::string required = " (required)";
  const auto add = [&](const char* name, std::string& text, const char* what, const char* type) {
    return command.add_option(name, text, what)->option_text(type);
  };
  add("--model", options.model,
      "a name (see model list), a model file, or a Hugging Face config.json", "MODEL (required)")
      ->required();
  add("--on", options.on,
      "profile of the machine: a name (see profile list) or a file; NAME+NETWORK adds a network",
      "PROFILE (required)")
      ->required();
  add("--phase", options.phase, "prefill, decode or train", "PHASE (required)")->required();
  AddCount(command, "--tp", &options.tp, "tensor parallel ranks (default 1)")->option_text("N");
  AddCount(command, "--pp", &options.pp, "pipeline stages (default 1)")->option_text("N");
  AddCount(command, "--dp", &options.dp, "engines side by side; the batch is of one (default 1)")
      ->option_text("N");
  AddCount(command, "--ep", &options.ep, "expert parallel ranks (default 1)")->option_text("N");
  AddCount(command, "--expert-tp", &options.expert_tp,
           "tensor parallel ranks inside an expert (default: what is left of the ranks)")
      ->option_text("N");
  AddCount(command, "--cp", &options.cp, "ranks that share a sequence (default 1)")
      ->option_text("N");
  AddCount(command, "--attention-dp", &options.attention_dp,
           "ranks that attend to sequences of their own and share the experts (default 1)")
      ->option_text("N");
  command.add_flag("--sp", options.sequence_parallel,
                   "sequence parallelism: reduce-scatter and all-gather in place of all-reduce");
  add("--expert-exchange", options.expert_exchange,
      "how tokens reach experts: reduce, gather or all-to-all (default: as the layout needs)",
      "WAY");
  add("--context-exchange", options.context_exchange,
      "how context parallel ranks exchange keys: ring (default), gather or all-to-all", "WAY");
  add("--batch", options.batch, "sequences of one engine (default 1)", "B");
  add("--context", options.context,
      "tokens of each sequence that are there already; of a prefill without --new-tokens, the "
      "prompt",
      "TOKENS");
  add("--new-tokens", options.new_tokens, "tokens that each sequence brings (decode: 1 by default)",
      "TOKENS");
  add("--weights", options.weights, "data type of the weights (default bf16)", "TYPE");
  add("--activations", options.activations,
      "data type that kernels multiply weights with (default: as engines do for the weights)",
      "TYPE");
  add("--kv", options.kv, "data type of keys and values in the cache (default bf16)", "TYPE");
  add("--kernels", options.kernels,
      "whose kernels: vllm, sglang, trtllm (default: the profile's first)", "WHOSE");
  add("--engine", options.engine,
      "who runs collectives: an engine of the profile (default: that of the kernels, or the "
      "profile's first)",
      "ENGINE");
  add("--overlap", options.overlap,
      "how communication hides behind compute: none (default), tiles, ladder, two-batch", "WAY");
  add("--overlap-fraction", options.overlap_fraction,
      "a what-if: this share of the communication hides", "SHARE");
  add("--codec", options.codec,
      "compress what tensor parallel ranks exchange, such as mxfp4 (see codecs; default: none)",
      "CODEC");
  add("--codec-scheme", options.codec_scheme,
      "how that codec is used, such as two-shot (default: the fastest way)", "SCHEME");
  add("--expert-codec", options.expert_codec,
      "compress tokens on their way to their experts and back (default: none)", "CODEC");
  command.add_flag("--codec-where-it-pays", options.codec_where_it_pays,
                   "compress only those exchanges that it makes faster");
  command.add_flag("--eager", options.eager, "no captured graphs: the host launches every kernel");
}

Result<StepInput> ReadStep(const StepOptions& options, const CommonOptions& common) {
  StepInput input;
  StepRequest& request = input.without_model;
  ASSIGN_OR_RETURN(request.demand, DemandOf(options));
  ASSIGN_OR_RETURN(request.layout, LayoutOf(options));
  const std::optional<Overlap> overlap = OverlapNamed(options.overlap);
  if (!overlap) {
    return Wrong("--overlap", options.overlap, "none, tiles, ladder or two-batch",
                 SuggestionHint(options.overlap, OverlapNames()));
  }
  request.overlap = *overlap;
  ASSIGN_OR_RETURN(request.overlap_fraction, FractionOf(options));
  ASSIGN_OR_RETURN(input.model, profiles::LoadModel(options.model, profiles::ShippedModels()));
  ASSIGN_OR_RETURN(input.machine, LoadMachineFor(options.on, common));
  ASSIGN_OR_RETURN(request.precision, PrecisionOf(options, input.machine.device, &input.notes));
  request.kernels = options.kernels;
  request.engine = options.engine;
  RETURN_IF_ERROR(AddCodecs(options, &request));
  request.graph = !options.eager;
  if (request.kernels.empty() && !input.machine.compute.gemm.empty()) {
    request.kernels = input.machine.compute.gemm.front().fit.engine;
  }
  if (request.engine.empty()) {
    // An engine runs its own kernels and its own collectives.
    for (const Engine& engine : input.machine.engines) {
      if (engine.name == request.kernels) request.engine = engine.name;
    }
  }
  return input;
}

}  // namespace commplan::cli
