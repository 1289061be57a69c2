#include "cli/sample_input.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "calibrate/samples/import.h"
#include "cli/progress.h"
#include "model/base/suggest.h"
#include "profiles/text_file.h"

namespace commplan::cli {
namespace {

using samples::Sample;

// The largest public logs have a megabyte; a trace by mistake has gigabytes.
constexpr std::size_t kMostBytes = std::size_t{1} << 28;

Result<samples::ImportHints> HintsOf(const SampleOptions& options) {
  samples::ImportHints hints;
  if (!options.op.empty()) {
    hints.op = OpNamed(options.op);
    if (!hints.op) {
      return UsageError("--op: unknown operation '" + options.op + "'",
                        SuggestionHint(options.op, OpNames()));
    }
  }
  if (!options.launch.empty()) {
    const auto launch = samples::LaunchNamed(options.launch);
    if (!launch) {
      return UsageError("--launch: found '" + options.launch +
                        "', expected eager, graph or kernel");
    }
    hints.launch = *launch;
  }
  hints.ranks = options.ranks;
  hints.nodes = options.nodes;
  hints.engine = options.engine;
  hints.version = options.version;
  hints.device = options.device;
  hints.system = options.system;
  return hints;
}

bool Among(const std::vector<int>& wanted, int value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// Work has no ranks.
bool WantedWork(const SampleOptions& options, const Sample& sample) {
  const auto passes = [](const std::string& wanted, const std::string& stated) {
    return wanted.empty() || stated == wanted;
  };
  return passes(options.device, sample.device) && passes(options.system, sample.system) &&
         passes(options.dtype, sample.dtype);
}

bool Wanted(const SampleOptions& options, const Sample& sample) {
  return WantedWork(options, sample) && Among(options.only_ranks, sample.ranks) &&
         Among(options.only_nodes, std::max(1, sample.nodes));
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// A file's name, or its path where another file has that name too.
std::string LabelOf(const std::string& file, const std::vector<std::string>& files) {
  const std::string name = NameOf(file);
  const auto count = std::count_if(files.begin(), files.end(),
                                   [&](const std::string& other) { return NameOf(other) == name; });
  return count > 1 ? file : name;
}

}  // namespace

void AddSampleOptions(CLI::App& command, SampleOptions& options) {
  command
      .add_option("SAMPLES", options.files,
                  "files of samples, nccl-tests or rccl-tests logs (text or JSON), tables (CSV), "
                  "OSU output")
      ->required()
      ->option_text("(required)");
  const auto text = [&](const char* name, std::string* value, const char* what,
                        const char* description) {
    command.add_option(name, *value, description)->option_text(what);
  };
  text("--op", &options.op, "OP", "the operation, where a file does not say");
  AddCount(command, "--ranks", &options.ranks, "the ranks, where a file does not say")
      ->option_text("N");
  AddCount(command, "--nodes", &options.nodes, "the nodes, where a file does not say")
      ->option_text("M");
  text("--library", &options.engine, "NAME", "the library, where a file does not say: nccl, vllm");
  text("--library-version", &options.version, "V", "its version, where a file does not say");
  text("--launch", &options.launch, "HOW", "eager, graph or kernel, where a file does not say");
  text("--device", &options.device, "NAME", "take only this device; also fills what is not said");
  text("--system", &options.system, "NAME", "take only this system; also fills what is not said");
  const auto list = [&](const char* name, std::vector<int>* values, const char* description) {
    command.add_option(name, *values, description)
        ->delimiter(',')
        ->check(CLI::PositiveNumber)
        ->option_text("N,...");
  };
  list("--only-ranks", &options.only_ranks, "take only measurements of so many ranks");
  list("--only-nodes", &options.only_nodes, "take only measurements of so many nodes");
  text("--dtype", &options.dtype, "TYPE", "take only this data type, as the files name it");
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code absent;
  return std::filesystem::equivalent(a, b, absent);
}

void PrintNotes(const std::vector<std::string>& notes, Io& io) {
  for (const std::string& note : notes) io.err << "commplan: note: " << note << "\n";
}

Result<SampleInput> ReadSampleFiles(const SampleOptions& options, bool apart, Io& io) {
  ASSIGN_OR_RETURN(const samples::ImportHints hints, HintsOf(options));
  for (auto file = options.files.begin(); file != options.files.end(); ++file) {
    const auto same = std::find_if(options.files.begin(), file, [&](const std::string& other) {
      return other == *file || SameFile(other, *file);
    });
    if (same == file) continue;
    return UsageError("found the file '" + *file + "' twice", "give each file once");
  }
  SampleInput input;
  std::vector<Sample> all;
  int unwanted = 0;
  ProgressLines progress(io);
  for (const std::string& file : options.files) {
    progress.Next("reading " + file);
    const std::string label = LabelOf(file, options.files);
    ASSIGN_OR_RETURN(const std::string text, profiles::ReadTextFile(file, kMostBytes));
    ASSIGN_OR_RETURN(samples::Imported imported, samples::ImportAny(text, file, hints));
    for (const samples::Note& note : imported.notes) {
      io.err << "commplan: " << samples::FormatNote(note) << "\n";
    }
    for (Sample& sample : imported.samples.samples) {
      if (!Wanted(options, sample)) {
        ++unwanted;
        continue;
      }
      if (apart && sample.system.empty()) sample.system = label;
      all.push_back(std::move(sample));
    }
    for (Sample& sample : imported.samples.work) {
      if (WantedWork(options, sample)) input.work.push_back(std::move(sample));
    }
  }
  input.groups = fit::GroupSamples(all);
  if (all.empty() && unwanted > 0) {
    input.groups.notes.push_back("all " + std::to_string(unwanted) +
                                 " samples are of another device, system, data type, or number of "
                                 "ranks or nodes than was asked for");
  }
  if (options.dtype.empty()) input.groups = fit::OneDtypeEach(std::move(input.groups));
  return input;
}

}  // namespace commplan::cli
