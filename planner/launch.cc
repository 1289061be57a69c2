#include "planner/launch.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace commplan::planner {
namespace {

class Command {
 public:
  explicit Command(std::string start) : text_(std::move(start)) {}

  Command& Flag(std::string_view name) {
    text_ += ' ';
    text_ += name;
    return *this;
  }
  Command& Flag(std::string_view name, std::string_view value) {
    Flag(name);
    text_ += ' ';
    text_ += value;
    return *this;
  }
  Command& Flag(std::string_view name, std::int64_t value) {
    return Flag(name, std::to_string(value));
  }
  // Only where it is not what the program does anyway.
  Command& Unless(std::int64_t usual, std::string_view name, std::int64_t value) {
    return value == usual ? *this : Flag(name, value);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::int64_t Longest(const ServingQuestion& question) {
  const double prompt = std::max(question.shape.prompt, question.long_prompt);
  return std::llround(std::ceil(prompt + question.shape.output));
}

bool IsFp8(DataType type) { return type == DataType::kFp8 || type == DataType::kFp8Block; }

Launch CannotSay(std::string program, std::string reason) {
  return {.program = std::move(program), .command = {}, .reason = std::move(reason), .note = {}};
}

// ---- serving ----

Launch Vllm(const ServingQuestion& question, const ServingPlan& plan) {
  const Layout& l = plan.layout;
  const int ranks = l.tp * l.attention_dp;
  if (l.ep > 1 && l.ep != ranks) {
    return CannotSay("vllm",
                     "its experts stand on one rank each or on all: ep 1 or tp x "
                     "attention ranks");
  }
  if (l.cp > 1) return CannotSay("vllm", "context parallel prompts have no flag");
  const std::int64_t each = std::llround(plan.batch / l.attention_dp);
  Command command("vllm serve MODEL");
  command.Flag("--tensor-parallel-size", l.tp)
      .Unless(1, "--pipeline-parallel-size", l.pp)
      .Unless(1, "--data-parallel-size", l.attention_dp);
  if (l.ep > 1) command.Flag("--enable-expert-parallel");
  if (plan.overlap == Overlap::kTwoBatch) command.Flag("--enable-dbo");
  command.Flag("--max-num-seqs", each).Flag("--max-model-len", Longest(question));
  if (IsFp8(question.precision.cache)) command.Flag("--kv-cache-dtype", "fp8");
  Launch launch{.program = "vllm", .command = std::move(command).text(), .reason = {}, .note = {}};
  if (l.sequence_parallel) {
    launch.note =
        "sequence parallelism is a pass of its compiler: "
        "--compilation-config '{\"pass_config\": {\"enable_sp\": true}}'";
  }
  return launch;
}

Launch Sglang(const ServingQuestion& question, const ServingPlan& plan) {
  const Layout& l = plan.layout;
  if (l.cp > 1) return CannotSay("sglang", "context parallel prompts have no flag");
  if (l.sequence_parallel) return CannotSay("sglang", "sequence parallelism has no flag");
  Command command("python -m sglang.launch_server --model-path MODEL");
  command.Flag("--tp-size", l.tp * l.attention_dp).Unless(1, "--pp-size", l.pp);
  if (l.attention_dp > 1) command.Flag("--dp-size", l.attention_dp).Flag("--enable-dp-attention");
  command.Unless(1, "--ep-size", l.ep);
  if (plan.overlap == Overlap::kTwoBatch) command.Flag("--enable-two-batch-overlap");
  command.Flag("--max-running-requests", std::llround(plan.batch))
      .Flag("--context-length", Longest(question));
  if (IsFp8(question.precision.cache)) command.Flag("--kv-cache-dtype", "fp8_e4m3");
  return {.program = "sglang", .command = std::move(command).text(), .reason = {}, .note = {}};
}

Launch TensorRtLlm(const ServingQuestion& question, const ServingPlan& plan) {
  const Layout& l = plan.layout;
  if (l.sequence_parallel) return CannotSay("trtllm", "sequence parallelism has no flag");
  if (plan.overlap == Overlap::kTwoBatch) return CannotSay("trtllm", "two batches have no flag");
  Command command("trtllm-serve MODEL");
  command.Flag("--tp_size", l.tp * l.attention_dp)
      .Unless(1, "--pp_size", l.pp)
      .Unless(1, "--ep_size", l.ep)
      .Unless(1, "--cp_size", l.cp)
      .Flag("--max_batch_size", std::llround(plan.batch / l.attention_dp))
      .Flag("--max_seq_len", Longest(question));
  Launch launch{
      .program = "trtllm", .command = std::move(command).text(), .reason = {}, .note = {}};
  if (l.attention_dp > 1) {
    launch.note = "and in the file of --extra_llm_api_options: enable_attention_dp: true";
  }
  return launch;
}

// ---- training ----

void AddSharding(const TrainPlan& plan, Command* command) {
  switch (plan.sharding.scheme) {
    case Scheme::kReplicated:
      return;
    case Scheme::kOptimizer:
      command->Flag("--use-distributed-optimizer");
      return;
    case Scheme::kGradients:
      command->Flag("--use-megatron-fsdp").Flag("--data-parallel-sharding-strategy", "optim_grads");
      return;
    case Scheme::kWeights:
      command->Flag("--use-megatron-fsdp")
          .Flag("--data-parallel-sharding-strategy", "optim_grads_params");
      return;
  }
}

void AddRecompute(const TrainPlan& plan, Command* command) {
  if (plan.recompute == Recompute::kSelective) {
    command->Flag("--recompute-granularity", "selective");
  }
  if (plan.recompute == Recompute::kFull) {
    command->Flag("--recompute-granularity", "full")
        .Flag("--recompute-method", "uniform")
        .Flag("--recompute-num-layers", 1);
  }
}

Launch Megatron(const TrainingQuestion& question, const TrainPlan& plan) {
  using schedule::PipelineKind;
  const Layout& l = plan.layout;
  const PipelineKind kind = plan.schedule.value_or(PipelineKind::kOneForwardOneBackward);
  if (kind != PipelineKind::kOneForwardOneBackward && kind != PipelineKind::kInterleaved) {
    return CannotSay("megatron", "it has no schedule " + std::string(Name(kind)));
  }
  if (plan.sharding.gtp > 1) {
    return CannotSay("megatron", "weights shared beside tensor parallelism have no flag");
  }
  if (question.job.model->layers % (std::int64_t{l.pp} * l.virtual_stages) != 0) {
    return CannotSay("megatron",
                     "its stages have equal numbers of layers unless it is told the "
                     "layers of each");
  }
  Command command("torchrun pretrain_gpt.py");
  command.Flag("--tensor-model-parallel-size", l.tp)
      .Flag("--pipeline-model-parallel-size", l.pp)
      .Unless(1, "--context-parallel-size", l.cp)
      .Unless(1, "--expert-model-parallel-size", l.ep);
  if (l.expert_tp > 0) command.Flag("--expert-tensor-parallel-size", l.expert_tp);
  if (l.virtual_stages > 1) {
    const std::int64_t chunks = std::int64_t{l.pp} * l.virtual_stages;
    command.Flag("--num-layers-per-virtual-pipeline-stage", question.job.model->layers / chunks);
  }
  if (l.sequence_parallel) command.Flag("--sequence-parallel");
  command.Flag("--micro-batch-size", std::llround(plan.micro_batch))
      .Flag("--global-batch-size", std::llround(question.job.global_batch))
      .Flag("--seq-length", std::llround(question.job.sequence));
  AddSharding(plan, &command);
  AddRecompute(plan, &command);
  if (plan.overlap.gradients) command.Flag("--overlap-grad-reduce");
  if (plan.overlap.parameters) command.Flag("--overlap-param-gather");
  if (plan.overlap.tensor) command.Flag("--tp-comm-overlap");
  Launch launch{
      .program = "megatron", .command = std::move(command).text(), .reason = {}, .note = {}};
  if (plan.overlap.boundaries && l.pp > 1 && l.virtual_stages == 1) {
    launch.note =
        "sends between stages are overlapped only where they are interleaved; "
        "without that the step is longer by them";
  }
  return launch;
}

}  // namespace

std::vector<Launch> LaunchesOf(const ServingQuestion& question, const ServingPlan& plan) {
  const bool coded = question.codecs[static_cast<std::size_t>(plan.codec)] != "none";
  if (coded || plan.overlap == Overlap::kTiles || plan.overlap == Overlap::kLadder) {
    const std::string reason =
        coded ? "it has no codec for its collectives" : "it does not overlap in this way by a flag";
    return {CannotSay("vllm", reason), CannotSay("sglang", reason), CannotSay("trtllm", reason),
            CannotSay("megatron", "it trains")};
  }
  return {Vllm(question, plan), Sglang(question, plan), TensorRtLlm(question, plan),
          CannotSay("megatron", "it trains")};
}

std::vector<Launch> LaunchesOf(const TrainingQuestion& question, const TrainPlan& plan) {
  return {CannotSay("vllm", "it serves"), CannotSay("sglang", "it serves"),
          CannotSay("trtllm", "it serves"), Megatron(question, plan)};
}

}  // namespace commplan::planner
