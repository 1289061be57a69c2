#include "cli/plan_input.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/codec/codec.h"
#include "model/codec/error.h"
#include "model/codec/quality.h"

namespace commplan::cli {
namespace {

using planner::Bound;
using planner::Metric;
using planner::Objective;

Error Wrong(const std::string& option, const std::string& found, const std::string& expected,
            std::string hint = {}) {
  return UsageError(option + ": found '" + found + "', expected " + expected, std::move(hint));
}

// ---- words of the command line ----

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

// "8", "2..16".
Status SetBound(const std::string& option, const std::string& text, Bound* bound) {
  if (text.empty()) return OkStatus();
  const std::size_t dots = text.find("..");
  const auto number = [](std::string_view digits, int* value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
    return error == std::errc() && end == digits.data() + digits.size() && *value >= 1;
  };
  const std::string_view all = text;
  const bool read = dots == std::string::npos ? number(all, &bound->least)
                                              : number(all.substr(0, dots), &bound->least) &&
                                                    number(all.substr(dots + 2), &bound->most);
  if (dots == std::string::npos) bound->most = bound->least;
  if (read && bound->least <= bound->most) return OkStatus();
  return Wrong(option, text, "a count such as 8, or a range such as 1..16");
}

Status SetNumber(const std::string& option, const std::string& text, double least, double* value) {
  if (text.empty()) return OkStatus();
  const Result<double> number = ParseNumber(text);
  if (!number.ok() || *number < least) {
    return Wrong(option, text, "a number from " + NumberForPeople(least));
  }
  *value = *number;
  return OkStatus();
}

Status SetTime(const std::string& option, const std::string& text, Time* value) {
  if (text.empty()) return OkStatus();
  const Result<Time> time = ParseTime(text);
  if (!time.ok() || !(*time > Time())) {
    return Wrong(option, text, "a time above zero such as 30ms",
                 time.ok() ? "" : time.error().message);
  }
  *value = *time;
  return OkStatus();
}

Result<Objective> ObjectiveOf(const std::string& text, const Objective& usual,
                              const Objective& possible) {
  if (text.empty()) return usual;
  std::string expected = "one or more of";
  std::vector<std::string_view> known;
  for (const Metric metric : possible) {
    expected += known.empty() ? " " : ", ";
    expected += Name(metric);
    known.push_back(Name(metric));
  }
  Objective objective;
  for (const std::string& word : Words(text)) {
    const std::optional<Metric> metric = planner::MetricNamed(word);
    if (!metric || std::find(possible.begin(), possible.end(), *metric) == possible.end()) {
      return Wrong("--objective", word, expected, SuggestionHint(word, known));
    }
    objective.push_back(*metric);
  }
  // Among equals the next of the usual ones decide.
  for (const Metric metric : usual) objective.push_back(metric);
  return objective;
}

Status SetServing(const PlanOptions& options, const profiles::WorkloadFile& workload,
                  planner::ServingQuestion* question) {
  planner::ServingQuestion& q = *question;
  q.shape = {workload.prompt, workload.output};
  q.long_prompt = workload.long_prompt;
  q.rate = workload.requests_per_second;
  q.quantile = workload.quantile;
  q.targets = {workload.ttft, workload.tpot, workload.end_to_end};
  if (!options.prompt.empty()) q.long_prompt = 0;
  RETURN_IF_ERROR(SetNumber("--prompt", options.prompt, 1, &q.shape.prompt));
  RETURN_IF_ERROR(SetNumber("--output", options.output, 1, &q.shape.output));
  RETURN_IF_ERROR(SetNumber("--rate", options.rate, 0, &q.rate));
  RETURN_IF_ERROR(SetNumber("--price", options.price, 0, &q.price));
  RETURN_IF_ERROR(SetTime("--ttft", options.ttft, &q.targets.ttft));
  RETURN_IF_ERROR(SetTime("--tpot", options.tpot, &q.targets.tpot));
  RETURN_IF_ERROR(SetTime("--end-to-end", options.end_to_end, &q.targets.end_to_end));
  RETURN_IF_ERROR(SetBound("--tp", options.tp, &q.tp));
  RETURN_IF_ERROR(SetBound("--pp", options.pp, &q.pp));
  RETURN_IF_ERROR(SetBound("--ep", options.ep, &q.ep));
  RETURN_IF_ERROR(SetBound("--cp", options.cp, &q.cp));
  RETURN_IF_ERROR(SetBound("--attention-dp", options.attention_dp, &q.attention_dp));
  Bound batch;
  RETURN_IF_ERROR(SetBound("--batch", options.batch, &batch));
  q.batches = planner::EvenBatches();
  std::erase_if(q.batches, [&](double n) { return !batch.Has(static_cast<int>(n)); });
  for (const int end : {batch.least, batch.most}) {
    const bool given = !options.batch.empty() && end < std::numeric_limits<int>::max();
    if (given) q.batches.push_back(end);
  }
  std::sort(q.batches.begin(), q.batches.end());
  q.batches.erase(std::unique(q.batches.begin(), q.batches.end()), q.batches.end());
  if (options.overlaps.empty()) return OkStatus();
  q.overlaps.clear();
  for (const std::string& word : Words(options.overlaps)) {
    const std::optional<Overlap> overlap = OverlapNamed(word);
    if (!overlap) {
      return Wrong("--overlap", word, "none, tiles, ladder or two-batch",
                   SuggestionHint(word, OverlapNames()));
    }
    q.overlaps.push_back(*overlap);
  }
  return OkStatus();
}

// Codecs whose noise in one reduction over `ranks` is within the budget, the plain one first.
Result<std::vector<std::string>> CodecsOf(const PlanOptions& options) {
  std::vector<std::string> names = {"none"};
  if (!options.codecs.empty()) {
    for (const std::string& word : Words(options.codecs)) {
      ASSIGN_OR_RETURN(const codec::Codec one, codec::FindCodec(word));
      if (one.name != "none") names.emplace_back(one.name);
    }
    return names;
  }
  if (options.quality.empty()) return names;
  ASSIGN_OR_RETURN(const double least, codec::ParseQuality(options.quality));
  // Noise hardly depends on the number of ranks where a sum is coded twice.
  constexpr int kRanks = 8;
  constexpr std::size_t kValues = 4096;
  constexpr std::uint64_t kSeed = 1;
  const codec::RankData data = codec::DrawRanks(codec::Shape::kGaussian, kRanks, kValues, kSeed);
  for (const codec::Codec& one : codec::AllCodecs()) {
    if (!one.listed || one.format.family == codec::Family::kNone) continue;
    const auto error = codec::MeasureError(one, {.scheme = codec::Scheme::kTwoShot}, data);
    if (error.ok() && error->sqnr_db >= least) names.emplace_back(one.name);
  }
  return names;
}

// Each engine with its own kernels and collectives, unless the user names one.
std::vector<planner::Stack> StacksOf(const PlanOptions& options, const StepInput& input) {
  std::vector<planner::Stack> stacks;
  const auto engine_of = [&](const std::string& kernels) {
    if (!options.step.engine.empty()) return options.step.engine;
    for (const Engine& engine : input.machine.engines) {
      if (engine.name == kernels) return engine.name;
    }
    return std::string();
  };
  if (!options.kernels.empty()) {
    for (const std::string& word : Words(options.kernels))
      stacks.push_back({word, engine_of(word)});
    return stacks;
  }
  const std::string& kernels = input.without_model.kernels;
  return {{kernels, engine_of(kernels)}};
}

Status SetTraining(const PlanOptions& options, planner::TrainingQuestion* question) {
  planner::TrainingQuestion& q = *question;
  RETURN_IF_ERROR(SetNumber("--price", options.price, 0, &q.price));
  RETURN_IF_ERROR(SetTime("--step", options.step_target, &q.step_target));
  RETURN_IF_ERROR(SetBound("--tp", options.tp, &q.tp));
  RETURN_IF_ERROR(SetBound("--pp", options.pp, &q.pp));
  RETURN_IF_ERROR(SetBound("--ep", options.ep, &q.ep));
  RETURN_IF_ERROR(SetBound("--cp", options.cp, &q.cp));
  RETURN_IF_ERROR(SetBound("--gtp", options.gtp, &q.gtp));
  RETURN_IF_ERROR(SetBound("--micro-batch", options.micro_batch, &q.micro_batch));
  RETURN_IF_ERROR(SetBound("--virtual-stages", options.virtual_stages, &q.virtual_stages));
  if (options.schedules.empty()) return OkStatus();
  using schedule::PipelineKind;
  q.schedules.clear();
  for (const std::string& word : Words(options.schedules)) {
    std::optional<PipelineKind> kind;
    for (const PipelineKind one :
         {PipelineKind::kGpipe, PipelineKind::kOneForwardOneBackward, PipelineKind::kInterleaved,
          PipelineKind::kZbH1, PipelineKind::kZbH2, PipelineKind::kZbV}) {
      if (Name(one) == word) kind = one;
    }
    if (!kind) {
      return Wrong("--schedule", word, "gpipe, 1f1b, interleaved, zb-h1, zb-h2 or zb-v");
    }
    q.schedules.push_back(*kind);
  }
  return OkStatus();
}

void AddSpaceOptions(CLI::App& command, PlanOptions& options) {
  const auto add = [&](const char* name, std::string& text, const char* what, const char* type) {
    command.add_option(name, text, what)->option_text(type);
  };
  add("--tp", options.tp, "tensor parallel ranks to try: 8, or 1..16 (default: all)", "RANGE");
  add("--pp", options.pp, "pipeline stages to try", "RANGE");
  add("--ep", options.ep, "expert parallel ranks to try", "RANGE");
  add("--cp", options.cp, "context parallel ranks to try (default 1)", "RANGE");
  add("--attention-dp", options.attention_dp,
      "serving: ranks that attend to sequences of their own to try", "RANGE");
  add("--batch", options.batch, "serving: sequences at once in an engine to try", "RANGE");
  add("--overlap", options.overlaps,
      "serving: ways to overlap to try: none (default), tiles, ladder, two-batch", "WAYS");
  add("--codec", options.codecs, "serving: codecs to try where they pay, such as mxfp4,int8-b32",
      "NAMES");
  add("--quality", options.quality,
      "serving: try every codec within this budget: lossless, conservative, balanced, aggressive, "
      "or so many dB",
      "BUDGET");
  add("--gtp", options.gtp, "training: ranks that share each weight to try (default 1)", "RANGE");
  add("--micro-batch", options.micro_batch, "training: sequences of one pass to try", "RANGE");
  add("--virtual-stages", options.virtual_stages, "training: chunks of a stage to try", "RANGE");
  add("--schedule", options.schedules,
      "training: schedules to try (default 1f1b,interleaved; also zb-h1, zb-h2, zb-v, gpipe)",
      "NAMES");
}

}  // namespace

void AddPlanOptions(CLI::App& command, PlanOptions& options) {
  const auto add = [&](const char* name, std::string& text, const char* what, const char* type) {
    return command.add_option(name, text, what)->option_text(type);
  };
  add("--model", options.step.model, "a name, a model file, or a Hugging Face config.json",
      "MODEL (required)")
      ->required();
  add("--on", options.step.on,
      "profile of the machine: a name (see profile list) or a file; NAME+NETWORK adds a network",
      "PROFILE (required)")
      ->required();
  AddCount(command, "--gpus", &options.gpus, "devices there are (required)")
      ->option_text("N (required)")
      ->required();
  add("--workload", options.workload,
      "a workload file, or chat, code, long-prompt, batch, reasoning, pretrain, fine-tune",
      "WORKLOAD (required)")
      ->required();
  add("--objective", options.objective,
      "what counts, first things first: ttft, tpot, end-to-end, throughput, requests, devices, "
      "memory, cost; training: step, throughput, memory, cost",
      "WHAT");
  add("--ttft", options.ttft, "target of the first token", "TIME");
  add("--tpot", options.tpot, "target of each further token", "TIME");
  add("--end-to-end", options.end_to_end, "target of a request", "TIME");
  add("--step", options.step_target, "training: target of a step", "TIME");
  add("--rate", options.rate, "requests in a second that must be carried", "R");
  add("--prompt", options.prompt, "tokens of a prompt, in place of the workload's", "TOKENS");
  add("--output", options.output, "tokens of an answer, in place of the workload's", "TOKENS");
  add("--sequence", options.sequence, "training: tokens of a sequence", "TOKENS");
  add("--global-batch", options.global_batch, "training: sequences of a step", "B");
  add("--price", options.price, "of a device and hour, for the cost of tokens", "MONEY");
  AddCount(command, "--top", &options.top, "plans to show (default 5)")->option_text("K");
  AddSpaceOptions(command, options);
  add("--weights", options.step.weights, "data type of the weights (default bf16)", "TYPE");
  add("--activations", options.step.activations,
      "data type that kernels multiply weights with (default: as engines do for the weights)",
      "TYPE");
  add("--kv", options.step.kv, "data type of keys and values (default bf16)", "TYPE");
  add("--kernels", options.kernels,
      "whose kernels: providers of the profile to compare, such as vllm,trtllm", "NAMES");
  add("--engine", options.step.engine, "who runs collectives (default: that of the kernels)",
      "ENGINE");
  AddCount(command, "--threads", &options.threads, "of the search (default: all cores)")
      ->option_text("N");
  add("--plot", options.plot, "draw the Pareto set (SVG)", "FILE");
  command.add_flag("--timing", options.timing,
                   "with the time that the search took; the output then differs from run to run");
  command.add_flag("--quick", options.quick, "without the second search, for more memory");
}

Result<planner::ServingQuestion> ServingQuestionOf(const PlanOptions& options,
                                                   const StepInput& input,
                                                   const profiles::WorkloadFile& workload) {
  planner::ServingQuestion question;
  question.model = &input.model.model;
  question.precision = input.without_model.precision;
  question.devices = options.gpus;
  RETURN_IF_ERROR(SetServing(options, workload, &question));
  question.stacks = StacksOf(options, input);
  ASSIGN_OR_RETURN(question.codecs, CodecsOf(options));
  const Objective usual = question.rate > 0 ? Objective{Metric::kDevices, Metric::kTtft}
                                            : Objective{Metric::kThroughput, Metric::kTpot};
  ASSIGN_OR_RETURN(
      question.wanted.objective,
      ObjectiveOf(options.objective, usual,
                  {Metric::kTtft, Metric::kTpot, Metric::kEndToEnd, Metric::kThroughput,
                   Metric::kRequests, Metric::kDevices, Metric::kMemory, Metric::kCost}));
  question.wanted.pareto = {Metric::kTpot, Metric::kThroughput};
  question.wanted.top = static_cast<std::size_t>(options.top);
  return question;
}

Result<planner::TrainingQuestion> TrainingQuestionOf(const PlanOptions& options,
                                                     const StepInput& input,
                                                     const profiles::WorkloadFile& workload) {
  planner::TrainingQuestion question;
  ASSIGN_OR_RETURN(const TrainRequest request, TrainRequestOf(options.step, options.train, input));
  question.job = request.job;
  question.job.sequence = workload.sequence;
  question.job.global_batch = workload.global_batch;
  RETURN_IF_ERROR(SetNumber("--sequence", options.sequence, 1, &question.job.sequence));
  RETURN_IF_ERROR(SetNumber("--global-batch", options.global_batch, 1, &question.job.global_batch));
  question.devices = options.gpus;
  RETURN_IF_ERROR(SetTraining(options, &question));
  ASSIGN_OR_RETURN(
      question.wanted.objective,
      ObjectiveOf(options.objective, {Metric::kStep, Metric::kMemory},
                  {Metric::kStep, Metric::kThroughput, Metric::kMemory, Metric::kCost}));
  question.wanted.pareto = {Metric::kStep, Metric::kMemory};
  question.wanted.top = static_cast<std::size_t>(options.top);
  return question;
}

}  // namespace commplan::cli
