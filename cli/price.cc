#include "cli/price.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

#include "cli/machine_input.h"
#include "cli/output.h"
#include "cli/report/price_report.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/collective/price.h"
#include "model/fabric/spread.h"

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
};

// What is wrong with a word of the command line is a usage error, whoever found it.
Error OnCommandLine(Error error, const std::string& option) {
  error.code = ErrorCode::kUsage;
  error.message = option + ": " + error.message;
  return error;
}

// A what-if that changes nothing is most likely not what was meant.
void WarnOfIdleSettings(const PriceOptions& options, const CollectiveRequest& request, Bytes bytes,
                        Time answer, Io& io) {
  for (std::size_t i = 0; i < options.common.set.size(); ++i) {
    CommonOptions others = options.common;
    others.set.erase(others.set.begin() + static_cast<std::ptrdiff_t>(i));
    const Result<Machine> machine = LoadMachineFor(options.on, others);
    if (!machine.ok()) continue;
    const Result<const Engine*> engine = EngineOf(*machine, options.engine);
    if (!engine.ok()) continue;
    const auto model =
        CollectiveModel::Create(machine->fabric, machine->engines, **engine, request);
    if (model.ok() && model->At(bytes).cost.Total() == answer) {
      io.err << "commplan: note: --set " << options.common.set[i]
             << " does not change this answer; --explain shows what it rests on\n";
    }
  }
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

// --nodes M spreads the ranks evenly over M nodes, so their distance follows from the size of a
// node.
Result<int> StrideFor(const PriceOptions& options, const Machine& machine) {
  if (options.nodes == 0) return options.stride;
  const Result<int> stride = StrideOverNodes(machine.fabric, options.ranks, options.nodes);
  if (stride.ok()) return *stride;
  return OnCommandLine(stride.error(), "--nodes on profile " + machine.name);
}

Result<int> RunPrice(const PriceOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const Op op, ParseOp(options.op));
  ASSIGN_OR_RETURN(const std::optional<Algorithm> algorithm, ParseAlgorithm(options.algorithm));
  const Result<Bytes> parsed = ParseBytesOrCount(options.bytes);
  if (!parsed.ok()) return OnCommandLine(parsed.error(), "--bytes");
  const Bytes bytes = *parsed;
  if (op == Op::kPointToPoint && options.ranks != 2) {
    return UsageError(
        "p2p is one message between two ranks, found --ranks " + std::to_string(options.ranks),
        "give --ranks 2; --stride and --nodes say how far apart they are");
  }
  ASSIGN_OR_RETURN(const Machine machine, LoadMachineFor(options.on, options.common));
  const Result<const Engine*> found = EngineOf(machine, options.engine);
  if (!found.ok()) return OnCommandLine(found.error(), "--engine");
  const Engine* engine = *found;
  ASSIGN_OR_RETURN(const int stride, StrideFor(options, machine));
  const CollectiveRequest request{
      .op = op,
      .group = {.ranks = options.ranks, .stride = stride, .concurrent = options.concurrent},
      .algorithm = algorithm};
  ASSIGN_OR_RETURN(const CollectiveModel model,
                   CollectiveModel::Create(machine.fabric, machine.engines, *engine, request));
  WarnOfIdleSettings(options, request, bytes, model.At(bytes).cost.Total(), io);
  Print(report::PriceDocument(machine, *engine, model, bytes, options.common.explain),
        options.common.format, io);
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
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunPrice(*options, io); });
}

}  // namespace commplan::cli
