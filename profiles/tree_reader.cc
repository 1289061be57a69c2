#include "profiles/tree_reader.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/check.h"
#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/fields.h"
#include "profiles/head.h"
#include "profiles/knots.h"
#include "profiles/provenance.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

std::string FoundWhat(const Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsList()) return "a list";
  return node.text.empty() ? "nothing" : "'" + Shortened(node.text) + "'";
}

std::string Range(const NumberRule& rule) {
  std::string range = "expected " + PeopleIn(rule.dimension, rule.least) + " to " +
                      PeopleIn(rule.dimension, rule.most);
  return rule.or_zero && rule.least > 0 ? range + ", or 0 for none" : range;
}

}  // namespace

TreeReader::TreeReader(const Document& document)
    : document_(document),
      sources_(document.root.Find("sources")),
      checked_(document.provenances.size()) {
  scopes_.push_back({&document.root, 0, {}, false});
}

// ---- values ----

void TreeReader::Number(std::string_view key, const NumberRule& rule, double* value) {
  const Node* const node = Find(key, rule.need, Article(rule.dimension));
  if (node == nullptr) return;
  const std::string path = PathOf(key);
  const std::optional<double> number = ReadNumber(*node, rule, path);
  if (!number) return;
  *value = *number;
  Record(*node, path, Need::kRequired);
}

void TreeReader::Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
                         std::vector<double>* values) {
  const std::string expected = list.exactly == 0
                                   ? "a list of " + std::string(Article(rule.dimension)).substr(2)
                                   : "a list of " + std::to_string(list.exactly) + ", each " +
                                         std::string(Article(rule.dimension));
  const Node* const node = Find(key, rule.need, expected);
  if (node == nullptr) return;
  const std::string path = PathOf(key);
  if (!node->IsList()) {
    Fault(path, node->spot, "found " + FoundWhat(*node) + ", expected " + expected);
    return;
  }
  const std::size_t size = node->entries.size();
  if (list.exactly != 0 ? size != list.exactly : size > kMaxListItems) {
    const std::string limit = list.exactly != 0 ? std::to_string(list.exactly)
                                                : "at most " + std::to_string(kMaxListItems);
    Fault(path, node->spot,
          "found a list of " + std::to_string(size) + " items, expected " + limit);
    return;
  }
  std::vector<double> numbers;
  bool complete = true;
  for (std::size_t i = 0; i < size; ++i) {
    const Node& item = node->entries[i].value;
    const std::string item_path = path + "." + std::to_string(i);
    const std::optional<double> number = ReadNumber(item, rule, item_path);
    complete = complete && number.has_value();
    if (!number) continue;
    if (list.descending && !numbers.empty() && *number > numbers.back()) {
      Fault(item_path, item.spot,
            "found " + FoundWhat(item) + " after a smaller value, expected a descending list");
    }
    numbers.push_back(*number);
  }
  if (!complete) return;
  *values = std::move(numbers);
  Record(*node, path, Need::kRequired);
}

void TreeReader::Flag(std::string_view key, bool* value) {
  const Node* const node = Find(key, Need::kOptional, "true or false");
  if (node == nullptr) return;
  const std::string path = PathOf(key);
  if (!node->IsScalar() || (node->text != "true" && node->text != "false")) {
    Fault(path, node->spot, "found " + FoundWhat(*node) + ", expected true or false");
    return;
  }
  *value = node->text == "true";
  Record(*node, path, Need::kOptional);
}

void TreeReader::Text(std::string_view key, Need need, std::string* text) {
  const Node* const node = Find(key, need, "a text");
  if (node == nullptr || !CheckScalar(*node, PathOf(key), "a text")) return;
  *text = node->text;
}

void TreeReader::Word(std::string_view key, Need need, std::span<const std::string_view> words,
                      std::size_t* index) {
  std::string expected = "one of";
  for (const std::string_view word : words) {
    expected += (word == words.front() ? " " : ", ") + std::string(word);
  }
  const Node* const node = Find(key, need, expected);
  if (node == nullptr || !CheckScalar(*node, PathOf(key), expected)) return;
  const auto found = std::find(words.begin(), words.end(), node->text);
  if (found == words.end()) {
    Fault(PathOf(key), node->spot, "found " + FoundWhat(*node) + ", expected " + expected,
          NearestWord(node->text, words) ? SuggestionHint(node->text, words) : "");
    return;
  }
  *index = static_cast<std::size_t>(found - words.begin());
}

void TreeReader::Knots(std::string_view key, std::vector<CurveKnot>* knots) {
  constexpr std::string_view kExpected = "knots such as '64KiB +1.25% 3.4%', with commas between";
  const Node* const node = Find(key, Need::kRequired, kExpected);
  if (node == nullptr || !CheckScalar(*node, PathOf(key), kExpected)) return;
  Result<std::vector<CurveKnot>> parsed = ParseKnots(node->text);
  if (parsed.ok()) {
    *knots = std::move(*parsed);
    return;
  }
  Error error = std::move(parsed).error();
  Fault(PathOf(key), node->spot, error.message, std::move(error.hint));
}

void TreeReader::Coded(std::string_view key, Need need, CodedText* code) {
  const Node* const node = Find(key, need, code->expected());
  if (node == nullptr || !CheckScalar(*node, PathOf(key), code->expected())) return;
  Status parsed = code->Parse(node->text);
  if (parsed.ok()) return;
  Error error = std::move(parsed).error();
  Fault(PathOf(key), node->spot, error.message, std::move(error.hint));
}

bool TreeReader::CheckScalar(const Node& node, const std::string& path, std::string_view expected) {
  if (node.IsScalar() && !node.text.empty()) return true;
  Fault(path, node.spot, "found " + FoundWhat(node) + ", expected " + std::string(expected));
  return false;
}

std::optional<double> TreeReader::ReadNumber(const Node& node, const NumberRule& rule,
                                             const std::string& path) {
  if (!node.IsScalar()) {
    Fault(path, node.spot,
          "found " + FoundWhat(node) + ", expected " + std::string(Article(rule.dimension)));
    return std::nullopt;
  }
  Result<double> number = ParseIn(rule.dimension, node.text);
  if (!number.ok()) {
    Error error = std::move(number).error();
    Fault(path, node.spot, error.message, std::move(error.hint));
    return std::nullopt;
  }
  if (rule.Allows(*number)) return *number;
  Fault(path, node.spot, "found " + FoundWhat(node) + ", " + Range(rule));
  return std::nullopt;
}

// ---- provenance ----

void TreeReader::Record(const Node& node, const std::string& path, Need need) {
  if (node.provenance < 0) {
    if (need == Need::kOptional) return;
    const std::string found = node.IsList() ? "this list" : FoundWhat(node);
    Fault(path, node.spot, "found no provenance for " + found + ", expected where it comes from",
          "write {value: ..., kind: datasheet, source: ID}, or put a 'provenance' into the map "
          "around it");
    return;
  }
  const std::optional<Provenance>& provenance = Checked(static_cast<std::size_t>(node.provenance));
  if (provenance) provenance_.emplace(path, *provenance);
}

// Nothing where the provenance is wrong; that is then said already.
const std::optional<Provenance>& TreeReader::Checked(std::size_t index) {
  CHECK(index < checked_.size());
  std::optional<std::optional<Provenance>>& checked = checked_[index];
  if (checked) return *checked;
  checked.emplace(std::nullopt);
  const StatedProvenance& stated = document_.provenances[index];
  const std::optional<ProvenanceKind> kind = ProvenanceNamed(stated.kind);
  if (!kind) return *checked;
  if (!stated.source.empty() && (sources_ == nullptr || sources_->Find(stated.source) == nullptr)) {
    std::vector<std::string_view> known;
    if (sources_ != nullptr) {
      for (const Entry& entry : sources_->entries) known.push_back(entry.key);
    }
    faults_.push_back(BadInputError(
        "found the source '" + Shortened(stated.source) + "', which is not in 'sources'",
        document_.At(stated.spot),
        known.empty() ? "add it there with title and url" : SuggestionHint(stated.source, known)));
    return *checked;
  }
  *checked = Provenance{*kind, stated.source, stated.note};
  return *checked;
}

// ---- structure ----

bool TreeReader::Enter(std::string_view key, Need need, bool /*is_default*/) {
  const Node* const node = Find(key, need, "a map");
  if (node == nullptr) return false;
  if (!node->IsMap()) {
    Fault(PathOf(key), node->spot, "found " + FoundWhat(*node) + ", expected a map");
    return false;
  }
  Push(node, key, false);
  return true;
}

std::size_t TreeReader::EnterList(std::string_view key, Need need, std::size_t /*size*/) {
  const Node* const node = Find(key, need, "a list of maps");
  if (node == nullptr) return 0;
  const std::size_t size = node->entries.size();
  const bool maps = node->IsList() && std::all_of(node->entries.begin(), node->entries.end(),
                                                  [](const Entry& e) { return e.value.IsMap(); });
  if (!maps || size > kMaxListItems || (size == 0 && need == Need::kRequired)) {
    const std::string found = !node->IsList() ? FoundWhat(*node)
                              : !maps         ? "a list that holds something else"
                                              : "a list of " + std::to_string(size);
    Fault(PathOf(key), node->spot,
          "found " + found + ", expected a list of " + (need == Need::kRequired ? "1" : "0") +
              " to " + std::to_string(kMaxListItems) + " maps");
    return 0;
  }
  if (size > 0) Push(node, key, true);
  return size;
}

void TreeReader::EnterItem(std::size_t index) {
  const Node* const list = scopes_.back().node;
  CHECK(list->IsList() && index < list->entries.size());
  Push(&list->entries[index].value, std::to_string(index), false);
}

std::vector<std::string> TreeReader::EnterNames(std::string_view key, Need need,
                                                const std::vector<std::string>& /*names*/) {
  const Node* const node = Find(key, need, "a map of names");
  if (node == nullptr) return {};
  if (!node->IsMap() || node->entries.empty()) {
    const std::string found = node->IsMap() ? "an empty map" : FoundWhat(*node);
    Fault(PathOf(key), node->spot, "found " + found + ", expected a map of names");
    return {};
  }
  std::vector<std::string> names;
  for (const Entry& entry : node->entries) {
    names.push_back(entry.key);
    if (IsPathWord(entry.key)) continue;
    Fault(PathOf(key), entry.key_spot,
          "found the name '" + Shortened(entry.key) + "', expected letters, digits, - and _");
  }
  if (!names.empty()) Push(node, key, true);
  return names;
}

void TreeReader::Leave() {
  CheckUnknown(scopes_.back());
  path_.resize(scopes_.back().path_size);
  scopes_.pop_back();
  CHECK(!scopes_.empty());
}

void TreeReader::Finish() {
  CHECK(scopes_.size() == 1);
  CheckUnknown(scopes_.back());
}

const Node* TreeReader::Find(std::string_view key, Need need, std::string_view expected) {
  Scope& scope = scopes_.back();
  // A name that the file chose needs no place among the known keys, and its text may not live as
  // long.
  if (!scope.any_key) scope.known.push_back(key);
  const Node* const node = scope.node->Find(key);
  if (node == nullptr && need == Need::kRequired) {
    const std::string map = path_.empty() ? "" : path_ + ": ";
    faulty_paths_.push_back(PathOf(key));
    faults_.push_back(BadInputError(
        map + "found no '" + std::string(key) + "', expected " + std::string(expected),
        document_.At(scope.node->spot)));
  }
  return node;
}

void TreeReader::Push(const Node* node, std::string_view key, bool any_key) {
  scopes_.push_back({node, path_.size(), {}, any_key});
  if (!path_.empty()) path_ += '.';
  path_ += key;
}

void TreeReader::CheckUnknown(const Scope& scope) {
  if (scope.any_key) return;
  for (const Entry& entry : scope.node->entries) {
    if (std::find(scope.known.begin(), scope.known.end(), entry.key) != scope.known.end()) continue;
    const std::vector<std::string> ever = KnownKeys(path_);
    if (std::find(ever.begin(), ever.end(), entry.key) != ever.end()) {
      const Node* const rule = scope.node->Find("rule");
      Fault(PathOf(entry.key), entry.key_spot,
            "found '" + entry.key + "', which an engine with 'rule: " +
                (rule != nullptr ? Shortened(rule->text) : "") + "' does not use",
            "leave it out, or change the rule");
    } else {
      Fault(PathOf(entry.key), entry.key_spot,
            "found the unknown key '" + Shortened(entry.key) + "'",
            SuggestionHint(entry.key, scope.known, 60));
    }
  }
}

std::string TreeReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

// ---- faults ----

void TreeReader::Fault(const std::string& path, const Spot& spot, const std::string& message,
                       std::string hint) {
  faulty_paths_.push_back(path);
  faults_.push_back(BadInputError(path + ": " + message, document_.At(spot), std::move(hint)));
}

void TreeReader::FaultAt(const std::string& path, const std::string& message, std::string hint) {
  const Node* node = &document_.root;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const Node* next = node->Find(part);
    if (node->IsList()) {
      std::size_t index = 0;
      for (const char c : part) index = index * 10 + static_cast<std::size_t>(c - '0');
      next = index < node->entries.size() ? &node->entries[index].value : nullptr;
    }
    if (next == nullptr) break;
    node = next;
  }
  Fault(path, node->spot, message, std::move(hint));
}

bool TreeReader::HasFaultIn(std::string_view path) const {
  return std::any_of(faulty_paths_.begin(), faulty_paths_.end(), [path](std::string_view faulty) {
    return faulty.substr(0, path.size()) == path &&
           (faulty.size() == path.size() || faulty[path.size()] == '.');
  });
}

}  // namespace commplan::profiles
