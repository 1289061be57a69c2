#include "cli/price.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/codec_input.h"
#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/compressed_report.h"
#include "cli/report/price_report.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/collective/price.h"
#include "model/fabric/spread.h"
#include "model/step/compression.h"

namespace commplan::cli {
namespace {

struct PriceOptions {
  CommonOptions common;
  std::string op;
  std::string on;
  int ranks = 0;
  int nodes = 0;
  int stride = 1;
  int concurrent = 1;
  std::string bytes;
  std::string engine;
  std::string algorithm;
  CodecOptions codec;
};

// What is wrong with a word of the command line is a usage error, whoever found it.
Error OnCommandLine(Error error, const std::string& option) {
  error.code = ErrorCode::kUsage;
  error.message = option + ": " + error.message;
  return error;
}

Result<Op> ParseOp(const std::string& word) {
  if (const auto op = OpNamed(word)) return *op;
  return UsageError("unknown operation '" + word + "'", SuggestionHint(word, OpNames()));
}

Result<std::optional<Algorithm>> ParseAlgorithm(const std::string& word) {
  if (word.empty()) return std::optional<Algorithm>();
  if (const auto algorithm = AlgorithmNamed(word)) return algorithm;
  return UsageError("unknown algorithm '" + word + "'", SuggestionHint(word, AlgorithmNames()));
}

Result<ElementType> ParseElementType(const std::string& word) {
  // 16 bits are added by all engines in all their ways.
  if (word == CodecOptions{}.dtype) return ElementType::kAny;
  if (const auto type = ElementTypeNamed(word)) return *type;
  return UsageError("--dtype: found '" + word + "', expected an element type",
                    SuggestionHint(word, ElementTypeNames()));
}

// --nodes M spreads the ranks evenly over M nodes, so their distance follows from the size of a
// node.
Result<int> StrideFor(const PriceOptions& options, const Machine& machine) {
  if (options.nodes == 0) return options.stride;
  const Result<int> stride = StrideOverNodes(machine.fabric, options.ranks, options.nodes);
  if (stride.ok()) return *stride;
  return OnCommandLine(stride.error(), "--nodes on profile " + machine.name);
}

// A collective, plain or with a codec, ready to be asked for any size. The plain model lies on the
// heap, since the compressed one points at it.
struct Priced {
  const Engine* engine = nullptr;
  std::unique_ptr<CollectiveModel> plain;
  std::optional<CodecChoice> choice;  // none: without --codec
  CodecOnMachine codec;
  std::optional<CompressionModel> compressed;  // none for the codec `none`
};

Result<Priced> PriceOn(const Machine& machine, const PriceOptions& options,
                       const CollectiveRequest& request) {
  Priced priced;
  const Result<const Engine*> found = EngineOf(machine, options.engine);
  if (!found.ok()) return OnCommandLine(found.error(), "--engine");
  priced.engine = *found;
  ASSIGN_OR_RETURN(CollectiveModel plain, CollectiveModel::Create(machine.fabric, machine.engines,
                                                                  *priced.engine, request));
  priced.plain = std::make_unique<CollectiveModel>(std::move(plain));
  if (options.codec.codec.empty()) {
    if (options.codec.scheme.empty()) return priced;
    return UsageError("found --scheme without --codec, expected both",
                      "schemes are for compressed traffic; --algorithm fixes a plain one");
  }
  ASSIGN_OR_RETURN(priced.choice, ParseCodec(options.codec));
  if (priced.choice->IsNone()) return priced;
  ASSIGN_OR_RETURN(priced.codec,
                   CodecOn(machine, priced.choice->codec.name, priced.choice->Share()));
  ASSIGN_OR_RETURN(
      priced.compressed,
      CompressionModel::CreateOn(machine, *priced.plain, priced.codec, priced.choice->scheme));
  return priced;
}

Time TimeOf(const Priced& priced, Bytes bytes) {
  return priced.compressed ? priced.compressed->CodedTime(bytes)
                           : priced.plain->At(bytes).cost.Total();
}

// A what-if that changes nothing is most likely not what was meant.
void WarnOfIdleSettings(const PriceOptions& options, const CollectiveRequest& request, Bytes bytes,
                        Time answer, Io& io) {
  for (std::size_t i = 0; i < options.common.set.size(); ++i) {
    PriceOptions others = options;
    others.common.set.erase(others.common.set.begin() + static_cast<std::ptrdiff_t>(i));
    const Result<Machine> machine =
        LoadMachineFor(options.on, others.common, profiles::Sections::kNoCompute);
    if (!machine.ok()) continue;
    const Result<Priced> priced = PriceOn(*machine, others, request);
    if (priced.ok() && TimeOf(*priced, bytes) == answer) {
      io.err << "commplan: note: --set " << options.common.set[i]
             << " does not change this answer; --explain shows what it rests on\n";
    }
  }
}

report::Document DocumentOf(const Machine& machine, const Priced& priced, Bytes bytes,
                            bool explain) {
  report::Document plain = report::PriceDocument(machine, *priced.engine, *priced.plain, bytes,
                                                 explain && !priced.compressed);
  if (priced.compressed) {
    return report::CompressedPriceDocument({.machine = machine,
                                            .codec = priced.codec,
                                            .model = *priced.compressed,
                                            .source = priced.choice->source,
                                            .bytes = bytes},
                                           std::move(plain), explain);
  }
  if (priced.choice) report::AddNoCodec(&plain);
  return plain;
}

Result<int> RunPrice(const PriceOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const Op op, ParseOp(options.op));
  ASSIGN_OR_RETURN(const std::optional<Algorithm> algorithm, ParseAlgorithm(options.algorithm));
  ASSIGN_OR_RETURN(const ElementType type, ParseElementType(options.codec.dtype));
  const Result<Bytes> parsed = ParseBytesOrCount(options.bytes);
  if (!parsed.ok()) return OnCommandLine(parsed.error(), "--bytes");
  const Bytes bytes = *parsed;
  if (op == Op::kPointToPoint && options.ranks != 2) {
    return UsageError(
        "p2p is one message between two ranks, found --ranks " + std::to_string(options.ranks),
        "give --ranks 2; --stride and --nodes say how far apart they are");
  }
  ASSIGN_OR_RETURN(const Machine machine,
                   LoadMachineFor(options.on, options.common, profiles::Sections::kNoCompute));
  ASSIGN_OR_RETURN(const int stride, StrideFor(options, machine));
  const CollectiveRequest request{
      .op = op,
      .group = {.ranks = options.ranks, .stride = stride, .concurrent = options.concurrent},
      .algorithm = algorithm,
      .type = type};
  ASSIGN_OR_RETURN(const Priced priced, PriceOn(machine, options, request));
  WarnOfIdleSettings(options, request, bytes, TimeOf(priced, bytes), io);
  Print(DocumentOf(machine, priced, bytes, options.common.explain), options.common.format, io);
  return 0;
}

}  // namespace

void AddPrice(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand("price", "what one collective costs");
  const std::string required = " (required)";
  auto options = std::make_shared<PriceOptions>();
  command
      .add_option("OP", options->op,
                  "all-reduce, all-gather, reduce-scatter, all-to-all, broadcast, reduce or p2p")
      ->required()
      ->option_text("(required)");
  command
      .add_option("--on", options->on,
                  "profile of the machine: a name (see profile list) or a file; NAME+NETWORK adds "
                  "a network")
      ->required()
      ->option_text("PROFILE" + required);
  AddCount(command, "--ranks", &options->ranks, "ranks of the group")
      ->required()
      ->option_text("N" + required);
  command
      .add_option("--bytes", options->bytes, "message size as nccl-tests counts it: 16MiB, 8192")
      ->required()
      ->option_text("SIZE" + required);
  CLI::Option* nodes =
      AddCount(command, "--nodes", &options->nodes, "spread the ranks evenly over so many nodes")
          ->option_text("M");
  AddCount(command, "--stride", &options->stride,
           "distance of neighbours in the machine's numbering (default 1)")
      ->option_text("D")
      ->excludes(nodes);
  AddCount(command, "--concurrent", &options->concurrent,
           "groups of this shape that run at the same time (default 1)")
      ->option_text("G");
  command
      .add_option("--engine", options->engine,
                  "who runs it: an engine of the profile (default: its first one)")
      ->option_text("ENGINE");
  command
      .add_option("--algorithm", options->algorithm,
                  "fix the algorithm instead of the engine's own choice")
      ->option_text("ALGORITHM");
  AddCodecOptions(command, options->codec);
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunPrice(*options, io); });
}

}  // namespace commplan::cli
