#include "profiles/provenance.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/base/suggest.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

constexpr std::string_view kExample = "{kind: datasheet, source: ID}";

constexpr std::array<ProvenanceKind, 5> kKinds = {
    ProvenanceKind::kMeasured, ProvenanceKind::kFitted, ProvenanceKind::kDatasheet,
    ProvenanceKind::kLiterature, ProvenanceKind::kAssumed};

std::vector<std::string_view> KindNames() {
  std::vector<std::string_view> names;
  for (const ProvenanceKind kind : kKinds) names.push_back(Name(kind));
  return names;
}

class Pass {
 public:
  explicit Pass(Document* document) : document_(*document) {}

  // `inherited` is the index of the provenance in force, -1 for none.
  void Visit(Node* node, int inherited) {
    switch (node->kind) {
      case Node::Kind::kScalar:
        node->provenance = inherited;
        break;
      case Node::Kind::kList:
        node->provenance = inherited;
        for (Entry& item : node->entries) Visit(&item.value, inherited);
        break;
      case Node::Kind::kMap:
        if (node->Find("value") != nullptr) {
          ReplaceValueMap(node, inherited);
        } else {
          VisitMap(node, inherited);
        }
        break;
    }
  }

 private:
  void VisitMap(Node* node, int inherited) {
    for (std::size_t i = 0; i < node->entries.size(); ++i) {
      if (node->entries[i].key != "provenance") continue;
      inherited = ReadDefault(node->entries[i]);
      node->entries.erase(node->entries.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    for (Entry& entry : node->entries) Visit(&entry.value, inherited);
  }

  int ReadDefault(const Entry& entry) {
    StatedProvenance stated;
    stated.spot = entry.key_spot;
    if (!entry.value.IsMap()) {
      Fault(entry.value.spot, "provenance: expected a map such as " + std::string(kExample));
      stated.kind = kRefused;
      return Add(std::move(stated));
    }
    for (const Entry& word : entry.value.entries) ReadWord(word, &stated);
    Check(&stated, "provenance");
    return Add(std::move(stated));
  }

  // {value: 450GB/s, kind: datasheet, source: id, note: text}. Without a kind it takes the
  // provenance in force, with its own source and note in place of that one's.
  void ReplaceValueMap(Node* node, int inherited) {
    StatedProvenance stated;
    const bool has_kind = node->Find("kind") != nullptr;
    const bool has_more = node->entries.size() > 1;
    if (!has_kind && inherited >= 0) {
      stated = document_.provenances[static_cast<std::size_t>(inherited)];
    }
    stated.spot = node->spot;
    Node value;
    for (Entry& entry : node->entries) {
      if (entry.key == "value") {
        value = std::move(entry.value);
      } else {
        ReadWord(entry, &stated);
      }
    }
    const bool own = has_kind || has_more;
    if (own && (has_kind || inherited >= 0)) Check(&stated, "the map with 'value'");
    if (!has_kind && inherited < 0) {
      Fault(node->spot, "found a value without 'kind', and no 'provenance' around it",
            "write " + std::string("{value: ..., kind: datasheet, source: ID}"));
      stated.kind = kRefused;
    }
    *node = std::move(value);
    const int index = own || inherited < 0 ? Add(std::move(stated)) : inherited;
    Visit(node, index);
  }

  void ReadWord(const Entry& entry, StatedProvenance* stated) {
    std::string* const word = entry.key == "kind"     ? &stated->kind
                              : entry.key == "source" ? &stated->source
                              : entry.key == "note"   ? &stated->note
                                                      : nullptr;
    if (word == nullptr) {
      Fault(entry.key_spot, "found the unknown key '" + Shortened(entry.key) + "' in a provenance",
            SuggestionHint(entry.key,
                           std::vector<std::string_view>{"value", "kind", "source", "note"}));
    } else if (!entry.value.IsScalar()) {
      Fault(entry.value.spot, entry.key + ": expected a text");
    } else {
      *word = entry.value.text;
    }
  }

  void Check(StatedProvenance* stated, const std::string& what) {
    if (stated->kind == kRefused) return;
    const std::optional<ProvenanceKind> kind = ProvenanceNamed(stated->kind);
    if (!kind) {
      const std::string found =
          stated->kind.empty() ? "no 'kind'" : "the unknown kind '" + Shortened(stated->kind) + "'";
      Fault(stated->spot, what + ": found " + found, SuggestionHint(stated->kind, KindNames()));
    } else if (*kind == ProvenanceKind::kAssumed) {
      if (stated->note.empty()) {
        Fault(stated->spot, what + ": found kind 'assumed' without a note",
              "say in 'note' why this value was assumed");
      }
      return;
    } else if (stated->source.empty()) {
      Fault(stated->spot, what + ": found kind '" + stated->kind + "' without a source",
            "name a source of 'sources', or say 'kind: assumed' with a note");
    } else {
      return;
    }
    stated->kind = kRefused;
  }

  int Add(StatedProvenance stated) {
    document_.provenances.push_back(std::move(stated));
    return static_cast<int>(document_.provenances.size()) - 1;
  }

  void Fault(const Spot& spot, std::string message, std::string hint = {}) {
    document_.faults.push_back(
        BadInputError(std::move(message), document_.At(spot), std::move(hint)));
  }

  Document& document_;
};

}  // namespace

std::optional<ProvenanceKind> ProvenanceNamed(std::string_view word) {
  for (const ProvenanceKind kind : kKinds) {
    if (Name(kind) == word) return kind;
  }
  return std::nullopt;
}

void HandDownProvenance(Node* root, Document* document) {
  // Sources are texts, and one of them may be called "value".
  std::optional<Node> sources;
  if (Node* const found = root->Find("sources")) sources = std::move(*found);
  Pass(document).Visit(root, -1);
  if (Node* const found = root->Find("sources")) *found = std::move(*sources);
}

}  // namespace commplan::profiles
