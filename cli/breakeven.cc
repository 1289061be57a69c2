#include "cli/breakeven.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/codec_input.h"
#include "cli/exit_status.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/breakeven_report.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/collective/price.h"
#include "model/fabric/spread.h"
#include "model/step/compression_breakeven.h"

namespace commplan::cli {
namespace {

constexpr Bytes kLeastSize = KiB(1);
constexpr Bytes kMostSize = GiB(16);
constexpr double kLeastFactor = 1.0 / 1024;
constexpr double kMostFactor = 1024;
constexpr int kMostRanks = 512;

struct BreakevenOptions {
  CommonOptions common;
  CodecOptions codec;
  std::string op = "all-reduce";
  std::string on;
  int ranks = 0;
  int nodes = 0;
  std::string bytes = "16MiB";
  std::string engine;
  std::string overlap;
  std::string bandwidth, latency, codec_speed, codec_call;  // a what-if
};

template <class T>
Result<T> OfOption(Result<T> result, const std::string& option) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.code = ErrorCode::kUsage;
  error.message.insert(0, option + ": ");
  return error;
}

// A switch with ports of one rate: a what-if needs no profile.
Result<Machine> WhatIfMachine(const BreakevenOptions& options) {
  if (options.bandwidth.empty() || options.codec_speed.empty()) {
    return UsageError("found neither a profile nor a whole what-if",
                      "give --on PROFILE, or --bandwidth 25GB/s --latency 5us --codec-speed "
                      "50GB/s");
  }
  if (options.nodes > 1) {
    return UsageError("--nodes needs a profile: without --on all ranks stand on one switch");
  }
  Machine machine;
  machine.name = "what-if";
  Tier link{.name = "switch", .ranks = 0};
  ASSIGN_OR_RETURN(link.bandwidth, OfOption(ParseBandwidth(options.bandwidth), "--bandwidth"));
  if (link.bandwidth <= Bandwidth()) return UsageError("--bandwidth: found 0, expected a rate");
  if (!options.latency.empty()) {
    ASSIGN_OR_RETURN(link.latency, OfOption(ParseTime(options.latency), "--latency"));
  }
  machine.fabric.tiers = {link};
  machine.engines = {Engine{}};
  machine.engines.front().name = "textbook";
  return machine;
}

// --codec-speed and --codec-call take the place of what the profile says.
Status PutCodecCost(const BreakevenOptions& options, const std::string& name, Machine* machine) {
  auto found = std::find_if(machine->codecs.begin(), machine->codecs.end(),
                            [&](const CodecCost& codec) { return codec.name == name; });
  if (found == machine->codecs.end()) {
    found = machine->codecs.insert(found, CodecCost{});
    found->name = name;
  }
  const auto say = [&](const char* key) {
    machine->provenance["codecs." + name + "." + key] = {ProvenanceKind::kAssumed, "",
                                                         "set on the command line"};
  };
  if (!options.codec_speed.empty()) {
    ASSIGN_OR_RETURN(const Bandwidth speed,
                     OfOption(ParseBandwidth(options.codec_speed), "--codec-speed"));
    if (speed <= Bandwidth()) return UsageError("--codec-speed: found 0, expected a rate");
    found->encode = found->decode = found->add = 1.0 / speed;
    for (const char* key : {"encode", "decode", "add"}) say(key);
  }
  if (!options.codec_call.empty()) {
    ASSIGN_OR_RETURN(found->call, OfOption(ParseTime(options.codec_call), "--codec-call"));
    say("call");
  }
  return OkStatus();
}

Result<Machine> MachineFor(const BreakevenOptions& options, const std::string& codec) {
  if (!options.on.empty() && (!options.bandwidth.empty() || !options.latency.empty())) {
    return UsageError("found --on together with --bandwidth or --latency, expected one of them",
                      "change a profile's link with --set tiers.0.bandwidth=25GB/s");
  }
  ASSIGN_OR_RETURN(Machine machine, options.on.empty()
                                        ? WhatIfMachine(options)
                                        : LoadMachineFor(options.on, options.common));
  RETURN_IF_ERROR(PutCodecCost(options, codec, &machine));
  return machine;
}

BreakEven Times(BreakEven answer, double factor) {
  answer.searched_from *= factor;
  answer.searched_to *= factor;
  for (PayRange& range : answer.pays) range = {range.from * factor, range.to * factor};
  return answer;
}

// The codec as it is asked about.
struct Asked {
  const Machine& machine;
  const CodecOnMachine& codec;
  std::optional<CompressedScheme> scheme;
  bool own_cost = false;  // from the command line: a measured kernel's times know nothing of it

  Result<CompressionModel> On(const CollectiveModel& plain) const {
    if (own_cost) return CompressionModel::Create(plain, codec.cost, scheme);
    return CompressionModel::CreateOn(machine, plain, codec, scheme);
  }
};

// Within one node only: further nodes come whole, and their count is another question.
std::optional<BreakEven> RanksOf(const Asked& asked, const CompressionModel& model, Bytes bytes) {
  const Machine& machine = asked.machine;
  const Placement& placement = model.plain().placement();
  if (model.plain().request().op == Op::kPointToPoint || placement.levels.size() > 1) return {};
  const auto tier = static_cast<std::size_t>(placement.levels.front().tier);
  const int size = machine.fabric.tiers[tier].ranks;
  const auto gain_for = [&](int ranks) -> std::optional<double> {
    CollectiveRequest request = model.plain().request();
    request.group.ranks = ranks;
    const auto plain =
        CollectiveModel::Create(machine.fabric, machine.engines, model.plain().engine(), request);
    if (!plain.ok() || plain->placement().levels.size() > 1) return std::nullopt;
    const auto other = asked.On(*plain);
    if (!other.ok()) return std::nullopt;
    return other->At(bytes).comparison.gain;
  };
  return WhereRanksPay(gain_for, size > 0 ? std::min(size, kMostRanks) : kMostRanks);
}

Result<CollectiveModel> PlainModel(const BreakevenOptions& options, const Machine& machine) {
  const std::optional<Op> op = OpNamed(options.op);
  if (!op) {
    return UsageError("unknown operation '" + options.op + "'",
                      SuggestionHint(options.op, OpNames()));
  }
  const Result<const Engine*> engine = OfOption(EngineOf(machine, options.engine), "--engine");
  if (!engine.ok()) return engine.error();
  int stride = 1;
  if (options.nodes > 0) {
    ASSIGN_OR_RETURN(stride, OfOption(StrideOverNodes(machine.fabric, options.ranks, options.nodes),
                                      "--nodes on profile " + machine.name));
  }
  return CollectiveModel::Create(
      machine.fabric, machine.engines, **engine,
      {.op = *op, .group = {.ranks = options.ranks, .stride = stride}, .algorithm = {}});
}

Result<int> RunBreakeven(const BreakevenOptions& options, Io& io) {
  report::BreakevenReport report;
  ASSIGN_OR_RETURN(const CodecChoice choice, ParseCodec(options.codec));
  if (choice.IsNone()) {
    return UsageError("--codec: found none, expected a codec that changes something", "see codecs");
  }
  if (options.ranks < 2) return UsageError("--ranks: found 1, expected 2 or more");
  ASSIGN_OR_RETURN(report.bytes, OfOption(ParseBytesOrCount(options.bytes), "--bytes"));
  if (!options.overlap.empty()) {
    ASSIGN_OR_RETURN(report.overlap, OfOption(ParseShare(options.overlap), "--overlap"));
    if (*report.overlap > 1) return UsageError("--overlap: expected a fraction from 0 to 1");
  }
  ASSIGN_OR_RETURN(const Machine machine, MachineFor(options, choice.codec.name));
  ASSIGN_OR_RETURN(const CodecOnMachine codec, CodecOn(machine, choice.codec.name, choice.Share()));
  ASSIGN_OR_RETURN(const CollectiveModel plain, PlainModel(options, machine));
  const Asked asked{.machine = machine,
                    .codec = codec,
                    .scheme = choice.scheme,
                    .own_cost = !options.codec_speed.empty() || !options.codec_call.empty()};
  ASSIGN_OR_RETURN(const CompressionModel model, asked.On(plain));
  const Placement& placement = plain.placement();
  const bool network = plain.shape().nodes > 1 && !plain.shape().network_only;
  const Level& level = network ? placement.levels[1] : placement.levels.front();
  const Tier& tier = machine.fabric.tiers[static_cast<std::size_t>(level.tier)];
  report.machine = &machine;
  report.codec = &codec;
  report.model = &model;
  report.source = choice.source;
  report.link = tier.name;
  report.link_rate = tier.bandwidth;
  report.size = WhereSizePays(model, kLeastSize, kMostSize);
  report.bandwidth = Times(WhereBandwidthPays(model, report.bytes, kLeastFactor, kMostFactor),
                           tier.bandwidth.base());
  report.overlap_fraction = WhereOverlapPays(model, report.bytes);
  if (codec.cost.encode > TimePerByte()) {
    report.codec_rate = Times(WhereCodecSpeedPays(model, report.bytes, kLeastFactor, kMostFactor),
                              1 / InSecondsPerByte(codec.cost.encode));
  }
  report.ranks = RanksOf(asked, model, report.bytes);
  Print(report::BreakevenDocument(report), options.common.format, io);
  return kExitOk;
}

void AddMachineOptions(CLI::App& command, BreakevenOptions& options) {
  command.add_option("--on", options.on, "profile of the machine; without it, a what-if:")
      ->option_text("PROFILE");
  command
      .add_option("--bandwidth", options.bandwidth,
                  "what-if: ranks on one switch with ports of this rate")
      ->option_text("RATE");
  command.add_option("--latency", options.latency, "what-if: of one message (default 0)")
      ->option_text("TIME");
  command
      .add_option("--codec-speed", options.codec_speed,
                  "bytes of tensor that one pass of the codec takes in a second, in place of the "
                  "profile's")
      ->option_text("RATE");
  command
      .add_option("--codec-call", options.codec_call,
                  "what the codec adds to a call, in place of the profile's")
      ->option_text("TIME");
}

}  // namespace

void AddBreakeven(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand(
      "breakeven", "from what link, size, ranks, overlap and codec speed on a codec pays");
  auto options = std::make_shared<BreakevenOptions>();
  AddCodecOptions(command, options->codec)->required()->option_text("CODEC (required)");
  AddCount(command, "--ranks", &options->ranks, "ranks of the group")
      ->required()
      ->option_text("N (required)");
  AddMachineOptions(command, *options);
  AddCount(command, "--nodes", &options->nodes, "spread the ranks evenly over so many nodes")
      ->option_text("M");
  command.add_option("--op", options->op, "the collective (default all-reduce)")->option_text("OP");
  command.add_option("--bytes", options->bytes, "message size (default 16MiB)")
      ->option_text("SIZE");
  command
      .add_option("--engine", options->engine,
                  "who runs it plain: an engine of the profile (default: its first one)")
      ->option_text("ENGINE");
  command
      .add_option("--overlap", options->overlap,
                  "share of the communication that other work hides (default 0)")
      ->option_text("F");
  AddFormatOption(command, options->common);
  AddSetOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunBreakeven(*options, io); });
}

}  // namespace commplan::cli
