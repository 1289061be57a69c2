// Set: one value of a document changed for a what-if.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/base/suggest.h"
#include "profiles/document.h"
#include "profiles/reader.h"
#include "profiles/tree_reader.h"
#include "profiles/utf8.h"
#include "profiles/yaml_tree.h"

namespace commplan::profiles {
namespace {

constexpr std::string_view kNote = "set by --set";

std::optional<std::size_t> IndexOf(std::string_view part) {
  if (part.empty() || part.size() > 5) return std::nullopt;
  std::size_t index = 0;
  for (const char c : part) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return index;
}

std::string Quoted(std::string_view text) { return "'" + Shortened(text) + "'"; }

std::string Level(std::string_view path) {
  return path.empty() ? std::string("the profile") : Quoted(path);
}

std::vector<std::string> KeysOf(const Node& node, std::string_view path) {
  std::vector<std::string> keys;
  for (const Entry& entry : node.entries) keys.push_back(entry.key);
  if (path.empty()) keys.insert(keys.end(), {"network_ports", "default_engine"});
  for (std::string& key : KnownKeys(path)) keys.push_back(std::move(key));
  return keys;
}

// The steps from the root to a value.
class Walk {
 public:
  Walk(Document* document, const Where& where) : document_(*document), where_(where) {}

  // The node of `path`; the format's keys that the file leaves out are added.
  Result<Node*> To(std::string_view path) {
    Node* node = &document_.root;
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find('.'));
      const std::string_view so_far =
          path.substr(0, path.size() - rest.size() - (rest.size() < path.size() ? 1 : 0));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      if (!node->IsMap() && part == "value" && rest.empty()) break;  // {value: ...} in the file
      ASSIGN_OR_RETURN(node, Step(node, part, so_far, rest.empty()));
    }
    return node;
  }

  // The innermost list around the node that To found, if it stands in one.
  Node* list() const { return list_; }

 private:
  Result<Node*> Step(Node* node, std::string_view part, std::string_view so_far, bool last) {
    list_ = node->IsList() ? node : nullptr;
    if (node->IsList()) {
      const std::size_t size = node->entries.size();
      const std::optional<std::size_t> index = IndexOf(part);
      if (index && *index < size) return &node->entries[*index].value;
      return NotFound("found " + Quoted(part) + " in the list " + Level(so_far) +
                          (size == 0 ? ", which is empty"
                                     : ", expected an index from 0 to " + std::to_string(size - 1)),
                      "");
    }
    if (node->IsScalar()) {
      return NotFound("found " + Quoted(part) + " below " + Level(so_far) + ", which is a value",
                      "");
    }
    if (Node* const found = node->Find(part)) return found;
    const std::vector<std::string> known = KnownKeys(so_far);
    const bool of_root = so_far.empty() && (part == "network_ports" || part == "default_engine");
    if (last && (of_root || std::find(known.begin(), known.end(), part) != known.end())) {
      node->entries.push_back({std::string(part), node->spot, Node{}});
      return &node->entries.back().value;
    }
    // A codec's entry may hold as little as one number, so that a what-if can begin one.
    if (!last && ((so_far.empty() && part == "codecs") || so_far == "codecs")) {
      node->entries.push_back({std::string(part), node->spot, Node{}});
      node->entries.back().value.kind = Node::Kind::kMap;
      return &node->entries.back().value;
    }
    return NotFound("found no " + Quoted(part) + " in " + Level(so_far),
                    SuggestionHint(part, KeysOf(*node, so_far), 60));
  }

  Error NotFound(std::string message, std::string hint) const {
    return NotFoundError(std::move(message), where_, std::move(hint));
  }

  Document& document_;
  const Where& where_;
  Node* list_ = nullptr;
};

// What the text after '=' stands for: a list where it is written as one, else the text itself.
Result<Node> ParseValue(std::string_view text, const std::string& file, int file_index) {
  if (!text.empty() && text.front() == '[') {
    std::vector<Error> faults;
    Result<Node> list = ParseYaml(text, file, file_index, faults);
    if (!list.ok() || !faults.empty() || !list->IsList()) {
      return BadInputError("found " + Quoted(text) + ", expected a list such as [1us, 2us, 3us]",
                           {file, 0, 0});
    }
    return list;
  }
  Node node;
  node.text = std::string(text);
  return node;
}

// Puts the place and the provenance of the assignment on a value and its items.
void Stamp(Node* node, const Spot& spot, int provenance) {
  node->spot = spot;
  node->provenance = provenance;
  for (Entry& entry : node->entries) Stamp(&entry.value, spot, provenance);
}

Status Assign(Document* document, std::string_view path, const Node& value, const Where& where) {
  Walk walk(document, where);
  ASSIGN_OR_RETURN(Node* const node, walk.To(path));
  if (node->IsMap()) {
    return NotFoundError(Quoted(path) + " is a map, expected a single value", where,
                         SuggestionHint("", KeysOf(*node, path), 60));
  }
  if (node->IsList() && !node->entries.empty() && node->entries.front().value.IsMap()) {
    const std::vector<std::string> keys = KnownKeys(std::string(path) + ".0");
    return NotFoundError(Quoted(path) + " is a list of maps, expected a single value", where,
                         "name an item and a key of it, as in " + std::string(path) + ".0." +
                             (keys.empty() ? "name" : keys.front()));
  }
  *node = value;
  // One provenance is all that a list has.
  if (walk.list() != nullptr) walk.list()->provenance = value.provenance;
  return OkStatus();
}

}  // namespace

Status Set(Document* document, std::string_view assignment) {
  const std::string file = "--set " + Shortened(assignment);
  const Where where{file, 0, 0};
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == assignment.size()) {
    return UsageError("found --set " + Quoted(assignment) + ", expected PATH=VALUE",
                      "write it as in --set tiers.0.latency=5us");
  }
  const std::string_view path = assignment.substr(0, equals);
  if (path == "sources" || path.substr(0, 8) == "sources.") {
    return NotFoundError("found " + Quoted(path) + ", expected a value of the machine", where,
                         "sources say where values come from and change none of them");
  }
  const int file_index = static_cast<int>(document->files.size());
  ASSIGN_OR_RETURN(Node value, ParseValue(assignment.substr(equals + 1), file, file_index));
  const Spot spot{file_index, 0, 0};
  Stamp(&value, spot, static_cast<int>(document->provenances.size()));
  RETURN_IF_ERROR(Assign(document, path, value, where));
  if (path == "network_ports" && document->network_tier != 0) {
    RETURN_IF_ERROR(Assign(document, "tiers." + std::to_string(document->network_tier) + ".ports",
                           value, where));
  }
  document->files.push_back(file);
  document->provenances.push_back({"assumed", "", std::string(kNote), spot});
  return OkStatus();
}

}  // namespace commplan::profiles
