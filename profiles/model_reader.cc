// Reading a model file: a strict walk over its tree.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/count.h"
#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/step/machine.h"
#include "model/workload/transformer.h"
#include "profiles/document.h"
#include "profiles/head.h"
#include "profiles/model_fields.h"
#include "profiles/model_file.h"
#include "profiles/utf8.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

// Longer lists of kinds are no pattern but a mistake.
constexpr std::size_t kMaxKinds = 16;
constexpr std::size_t kMaxOrder = 1024;

std::string Found(const Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsList()) return "a list";
  return node.text.empty() ? "nothing" : "'" + Shortened(node.text) + "'";
}

class Reader final : public ModelVisitor {
 public:
  Reader(const Node& root, const std::string& file, std::vector<Error>& faults)
      : file_(file), faults_(faults) {
    scopes_.push_back({&root, {}, {}});
  }

  void Number(std::string_view key, std::int64_t least, std::int64_t* value) override {
    const Node* const node = Find(key, Presence::kRequired);
    if (node != nullptr) ReadInteger(key, *node, least, value);
  }

  void Optional(std::string_view key, std::int64_t /*fallback*/, std::int64_t* value) override {
    const Node* const node = Find(key, Presence::kOptional);
    if (node != nullptr) ReadInteger(key, *node, 0, value);
  }

  void Real(std::string_view key, double* value) override {
    const Node* const node = Find(key, Presence::kOptional);
    if (node == nullptr) return;
    const Result<double> number = ParseNumber(node->text);
    if (node->IsScalar() && number.ok()) {
      *value = *number;
    } else {
      Fault(key, *node, "found " + Found(*node) + ", expected a number");
    }
  }

  void Flag(std::string_view key, bool /*fallback*/, bool* value) override {
    const Node* const node = Find(key, Presence::kOptional);
    if (node == nullptr) return;
    if (node->IsScalar() && (node->text == "true" || node->text == "false")) {
      *value = node->text == "true";
    } else {
      Fault(key, *node, "found " + Found(*node) + ", expected true or false");
    }
  }

  void Word(std::string_view key, std::span<const std::string_view> words,
            std::size_t* index) override {
    const Node* const node = Find(key, Presence::kOptional);
    if (node == nullptr) return;
    const auto found = std::find(words.begin(), words.end(), node->text);
    if (node->IsScalar() && found != words.end()) {
      *index = static_cast<std::size_t>(found - words.begin());
    } else {
      Fault(key, *node, "found " + Found(*node) + ", which is no word for it",
            SuggestionHint(node->text, words));
    }
  }

  void Text(std::string_view key, Presence presence, std::string* text) override {
    const Node* const node = Find(key, presence);
    if (node == nullptr) return;
    if (node->IsScalar() && !node->text.empty()) {
      *text = node->text;
    } else {
      Fault(key, *node, "found " + Found(*node) + ", expected a text");
    }
  }

  bool Enter(std::string_view key, Presence presence) override {
    const Node* const node = Find(key, presence);
    if (node == nullptr) return false;
    if (!node->IsMap()) {
      Fault(key, *node, "found " + Found(*node) + ", expected a map");
      return false;
    }
    std::string path = scopes_.back().path;
    path += key;
    path += '.';
    scopes_.push_back({node, std::move(path), {}});
    return true;
  }

  void Leave() override {
    CheckUnknown();
    scopes_.pop_back();
  }

  // The innermost map's keys, which the file chose itself.
  std::vector<std::string> OwnKeys() {
    std::vector<std::string> keys;
    for (const Entry& entry : scopes_.back().node->entries) {
      keys.push_back(entry.key);
      if (IsPathWord(entry.key)) continue;
      Fault(entry.key, entry.value, "found a name with other characters than letters, digits, - _");
    }
    return keys;
  }

  const Node* Find(std::string_view key, Presence presence) {
    Scope& scope = scopes_.back();
    scope.known.emplace_back(key);
    const Node* const node = scope.node->Find(key);
    if (node == nullptr && presence == Presence::kRequired) {
      Fault(key, *scope.node, "found no '" + std::string(key) + "'");
    }
    return node;
  }

  void Fault(std::string_view key, const Node& node, const std::string& message,
             std::string hint = {}) {
    std::string text = scopes_.back().path;
    text += key;
    text += ": ";
    text += message;
    faults_.push_back(
        BadInputError(std::move(text), {file_, node.spot.line, node.spot.column}, std::move(hint)));
  }

  void CheckUnknown() {
    const Scope& scope = scopes_.back();
    for (const Entry& entry : scope.node->entries) {
      if (std::find(scope.known.begin(), scope.known.end(), entry.key) != scope.known.end()) {
        continue;
      }
      std::string text = scope.path;
      text += Shortened(entry.key);
      text += ": found an unknown key";
      faults_.push_back(BadInputError(std::move(text),
                                      {file_, entry.key_spot.line, entry.key_spot.column},
                                      SuggestionHint(entry.key, scope.known, 40)));
    }
  }

 private:
  struct Scope {
    const Node* node = nullptr;
    std::string path;
    std::vector<std::string> known;
  };

  void ReadInteger(std::string_view key, const Node& node, std::int64_t least,
                   std::int64_t* value) {
    const Result<std::int64_t> number = ParseInteger(node.text);
    if (node.IsScalar() && number.ok() && *number >= least && *number <= kMaxCount) {
      *value = *number;
    } else {
      Fault(key, node,
            "found " + Found(node) + ", expected a whole number from " + std::to_string(least));
    }
  }

  const std::string& file_;
  std::vector<Error>& faults_;
  std::vector<Scope> scopes_;
};

void ReadSources(Reader& reader, std::map<std::string, Source>* sources) {
  if (!reader.Enter("sources", Presence::kRequired)) return;
  for (const std::string& name : reader.OwnKeys()) {
    if (!reader.Enter(name, Presence::kRequired)) continue;
    Source source;
    reader.Text("title", Presence::kRequired, &source.title);
    reader.Text("url", Presence::kRequired, &source.url);
    reader.Leave();
    sources->emplace(name, std::move(source));
  }
  reader.Leave();
}

void ReadKinds(Reader& reader, Transformer* model) {
  if (!reader.Enter("kinds", Presence::kRequired)) return;
  for (const std::string& name : reader.OwnKeys()) {
    if (!reader.Enter(name, Presence::kRequired)) continue;
    LayerKind kind;
    kind.name = name;
    VisitKind(reader, &kind);
    reader.Leave();
    if (model->kinds.size() < kMaxKinds) model->kinds.push_back(std::move(kind));
  }
  reader.Leave();
}

void ReadOrder(Reader& reader, std::string_view key, const Transformer& model,
               std::vector<int>* order) {
  const Node* const node = reader.Find(key, Presence::kOptional);
  if (node == nullptr) return;
  if (!node->IsList() || node->entries.size() > kMaxOrder) {
    reader.Fault(key, *node, "found " + Found(*node) + ", expected a list of kinds");
    return;
  }
  std::vector<std::string_view> names;
  for (const LayerKind& kind : model.kinds) names.push_back(kind.name);
  for (const Entry& entry : node->entries) {
    const auto found = std::find(names.begin(), names.end(), entry.value.text);
    if (found == names.end()) {
      reader.Fault(key, entry.value, "found " + Found(entry.value) + ", which is none of the kinds",
                   SuggestionHint(entry.value.text, names));
      return;
    }
    order->push_back(static_cast<int>(found - names.begin()));
  }
}

}  // namespace

Result<ModelFile> ReadModel(std::string_view text, const std::string& file) {
  std::vector<Error> faults;
  ASSIGN_OR_RETURN(const Node root, ParseYaml(text, file, 0, faults));
  if (!root.IsMap()) return BadInputError("found no map, expected a model", {file, 1, 1});
  Reader reader(root, file, faults);
  ModelFile read;
  std::string schema;
  reader.Text("schema", Presence::kRequired, &schema);
  if (!schema.empty() && schema != kModelSchema) {
    std::string message = "schema: found '";
    message += Shortened(schema);
    message += "', expected ";
    message += kModelSchema;
    return BadInputError(std::move(message), {file, 1, 1});
  }
  reader.Text("name", Presence::kRequired, &read.model.name);
  reader.Text("title", Presence::kRequired, &read.model.title);
  ReadSources(reader, &read.sources);
  if (reader.Enter("published", Presence::kOptional)) {
    VisitPublished(reader, &read.published);
    const std::string& source = read.published.source;
    if (!source.empty() && read.sources.count(source) == 0) {
      reader.Fault("source", root, "found '" + Shortened(source) + "', which is not in 'sources'");
    }
    reader.Leave();
  }
  VisitShape(reader, &read.model);
  ReadKinds(reader, &read.model);
  ReadOrder(reader, "first", read.model, &read.model.first);
  ReadOrder(reader, "cycle", read.model, &read.model.cycle);
  reader.CheckUnknown();
  if (!faults.empty()) return Combine(std::move(faults));
  if (read.model.cycle.empty() && read.model.kinds.size() == 1) read.model.cycle = {0};
  if (Status status = Validate(read.model); !status.ok()) {
    return Located(std::move(status).error(), {file, 0, 0});
  }
  return read;
}

}  // namespace commplan::profiles
