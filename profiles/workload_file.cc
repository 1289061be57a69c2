#include "profiles/workload_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "model/base/suggest.h"
#include "model/base/units.h"
#include "profiles/shipped_workloads.h"
#include "profiles/text_file.h"
#include "profiles/utf8.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

constexpr std::size_t kMaxWorkloadBytes = std::size_t{1} << 16;
constexpr double kMostTokens = 1e18;

// One map of the file. What it asks for it knows; the rest is refused at the end.
class Keys {
 public:
  Keys(const Node& node, std::string path, const std::string& file, std::vector<Error>& faults)
      : node_(node), path_(std::move(path)), file_(file), faults_(faults) {}

  std::string Text(std::string_view key, bool required) {
    const Node* const node = Find(key, required);
    if (node == nullptr) return {};
    if (!node->IsScalar() || node->text.empty()) {
      Fault(key, *node, "expected a text");
      return {};
    }
    return node->text;
  }

  double Number(std::string_view key, bool required, double least, double most) {
    const Node* const node = Find(key, required);
    if (node == nullptr) return 0;
    const Result<double> number = ParseNumber(node->text);
    if (node->IsScalar() && number.ok() && *number >= least && *number <= most) return *number;
    std::string expected = "expected a number from ";
    expected += NumberForPeople(least);
    expected += " to ";
    expected += NumberForPeople(most);
    Fault(key, *node, expected);
    return 0;
  }

  Time Duration(std::string_view key) {
    const Node* const node = Find(key, false);
    if (node == nullptr) return {};
    const Result<Time> time = ParseTime(node->text);
    if (node->IsScalar() && time.ok() && *time > Time()) return *time;
    Fault(key, *node, time.ok() ? "expected a time above zero" : time.error().message);
    return {};
  }

  // The map below `key`, handed to `read`.
  template <class Read>
  void Map(std::string_view key, bool required, const Read& read) {
    const Node* const node = Find(key, required);
    if (node == nullptr) return;
    if (!node->IsMap()) return Fault(key, *node, "expected a map");
    Keys inner(*node, path_ + std::string(key) + ".", file_, faults_);
    read(inner);
    inner.Finish();
  }

  void Fault(std::string_view key, const Node& node, const std::string& expected) {
    std::string message = path_;
    message += key;
    message += ": found ";
    message += node.IsScalar() ? "'" + Shortened(node.text) + "'" : "no scalar";
    message += ", ";
    message += expected;
    faults_.push_back(BadInputError(std::move(message), {file_, node.spot.line, node.spot.column}));
  }

  void Finish() {
    for (const Entry& entry : node_.entries) {
      if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
      std::string message = path_;
      message += Shortened(entry.key);
      message += ": found an unknown key";
      faults_.push_back(BadInputError(std::move(message),
                                      {file_, entry.key_spot.line, entry.key_spot.column},
                                      SuggestionHint(entry.key, known_, 40)));
    }
  }

 private:
  const Node* Find(std::string_view key, bool required) {
    known_.emplace_back(key);
    const Node* const node = node_.Find(key);
    if (node == nullptr && required) {
      std::string message = path_;
      message += "found no '";
      message += key;
      message += '\'';
      faults_.push_back(
          BadInputError(std::move(message), {file_, node_.spot.line, node_.spot.column}));
    }
    return node;
  }

  const Node& node_;
  std::string path_;
  const std::string& file_;
  std::vector<Error>& faults_;
  std::vector<std::string> known_;
};

void ReadServing(Keys& keys, WorkloadFile* read) {
  keys.Map("prompt", true, [&](Keys& prompt) {
    read->prompt = prompt.Number("mean", true, 1, kMostTokens);
    read->long_prompt = prompt.Number("long", false, 1, kMostTokens);
  });
  keys.Map("output", true,
           [&](Keys& output) { read->output = output.Number("mean", true, 1, kMostTokens); });
  read->requests_per_second = keys.Number("requests_per_second", false, 0, kMostTokens);
  read->quantile = keys.Number("quantile", false, 0, 0.9999);
  keys.Map("targets", false, [&](Keys& targets) {
    read->ttft = targets.Duration("ttft");
    read->tpot = targets.Duration("tpot");
    read->end_to_end = targets.Duration("end_to_end");
  });
}

void ReadTraining(Keys& keys, WorkloadFile* read) {
  read->sequence = keys.Number("sequence", true, 1, kMostTokens);
  read->global_batch = keys.Number("global_batch", true, 1, kMostTokens);
  read->tokens = keys.Number("tokens", false, 0, kMostTokens);
}

}  // namespace

Result<WorkloadFile> ReadWorkload(std::string_view text, const std::string& file) {
  std::vector<Error> faults;
  ASSIGN_OR_RETURN(const Node root, ParseYaml(text, file, 0, faults));
  if (!root.IsMap()) return BadInputError("found no map, expected a workload", {file, 1, 1});
  Keys keys(root, "", file, faults);
  WorkloadFile read;
  const std::string schema = keys.Text("schema", true);
  if (!schema.empty() && schema != kWorkloadSchema) {
    std::string message = "schema: found '";
    message += Shortened(schema);
    message += "', expected ";
    message += kWorkloadSchema;
    return BadInputError(std::move(message), {file, 1, 1});
  }
  read.name = keys.Text("name", true);
  read.title = keys.Text("title", true);
  read.note = keys.Text("note", false);
  const std::string kind = keys.Text("kind", true);
  read.training = kind == "training";
  if (kind == "serving") {
    ReadServing(keys, &read);
  } else if (kind == "training") {
    ReadTraining(keys, &read);
  } else if (!kind.empty()) {
    keys.Fault("kind", *root.Find("kind"), "expected serving or training");
  }
  // Without a kind nobody knows which keys belong.
  if (kind == "serving" || kind == "training") keys.Finish();
  if (!faults.empty()) return Combine(std::move(faults));
  return read;
}

const Library& ShippedWorkloads() {
  static const Library* const kLibrary = new Library(ShippedWorkloadFiles());
  return *kLibrary;
}

Result<WorkloadFile> LoadWorkload(std::string_view name, const Library& library) {
  const bool path = name.ends_with(".yaml") || name.find('/') != std::string_view::npos;
  if (path) {
    const std::string file(name);
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file, kMaxWorkloadBytes));
    return ReadWorkload(text, file);
  }
  if (const LibraryFile* const file = library.Find(name)) {
    return ReadWorkload(file->text, std::string(file->path));
  }
  std::vector<std::string_view> names;
  std::string hint = "known are";
  for (const LibraryFile& file : library.files()) {
    hint += names.empty() ? " " : ", ";
    hint += file.name();
    names.push_back(file.name());
  }
  std::string message = "found no workload '";
  message += Shortened(name);
  message += '\'';
  const std::string near = SuggestionHint(name, names);
  return NotFoundError(std::move(message), {}, near.empty() ? hint : near);
}

}  // namespace commplan::profiles
