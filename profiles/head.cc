#include "profiles/head.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "profiles/document.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsWordCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return IsWordCharacter(c) || c == '.' || c == '+';
  });
}

// 2026-11-21
bool IsDate(std::string_view date) {
  if (date.size() != 10) return false;
  for (std::size_t i = 0; i < date.size(); ++i) {
    if (i == 4 || i == 7 ? date[i] != '-' : !IsDigit(date[i])) return false;
  }
  const std::string_view month = date.substr(5, 2);
  const std::string_view day = date.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

class HeadReader {
 public:
  HeadReader(Loaded* loaded, Document* document)
      : root_(loaded->root), head_(loaded->head), document_(*document) {}

  Status Read() {
    RETURN_IF_ERROR(ReadSchema());
    ReadText("name", &head_.name);
    ReadText("title", &head_.title);
    if (!head_.name.empty() && !IsName(head_.name)) {
      Fault(root_.Find("name")->spot,
            "name: found '" + Shortened(head_.name) + "', expected letters, digits and - _ . +");
    }
    head_.part = TakeFlag("part");
    head_.network = TakeFlag("network");
    TakeDate();
    TakeExtends("extends", &head_.extends);
    TakeExtends("extends_compute", &head_.extends_compute);
    return OkStatus();
  }

 private:
  Status ReadSchema() {
    if (!root_.IsMap()) {
      return BadInputError("found no keys, expected a profile that begins with 'schema: " +
                               std::string(kSchema) + "'",
                           document_.At(root_.spot));
    }
    const std::optional<Entry> entry = Take("schema");
    if (!entry) {
      return BadInputError("found no 'schema', expected 'schema: " + std::string(kSchema) + "'",
                           document_.At(root_.spot), "write it as the first line");
    }
    if (entry->value.IsScalar() && entry->value.text == kSchema) return OkStatus();
    return BadInputError("schema: found '" + Shortened(entry->value.text) + "', expected '" +
                             std::string(kSchema) + "'",
                         document_.At(entry->value.spot),
                         "this program reads no other version and no other kind of file here");
  }

  void ReadText(std::string_view key, std::string* text) {
    const Node* const node = root_.Find(key);
    if (node == nullptr) {
      Fault(root_.spot, "found no '" + std::string(key) + "'");
    } else if (!node->IsScalar() || node->text.empty()) {
      Fault(node->spot, std::string(key) + ": expected a text");
    } else {
      *text = node->text;
    }
  }

  bool TakeFlag(std::string_view key) {
    const std::optional<Entry> entry = Take(key);
    if (!entry) return false;
    const bool is_true = entry->value.IsScalar() && entry->value.text == "true";
    if (!is_true && !(entry->value.IsScalar() && entry->value.text == "false")) {
      Fault(entry->value.spot, std::string(key) + ": found '" + Shortened(entry->value.text) +
                                   "', expected true or false");
    }
    return is_true;
  }

  void TakeDate() {
    const std::optional<Entry> entry = Take("date");
    if (!entry || (entry->value.IsScalar() && IsDate(entry->value.text))) return;
    Fault(entry->value.spot,
          "date: found '" + Shortened(entry->value.text) + "', expected a date such as 2026-11-21");
  }

  void TakeExtends(const std::string& key, std::vector<Extended>* extends) {
    const std::optional<Entry> entry = Take(key);
    if (!entry) return;
    if (!entry->value.IsList()) {
      Fault(entry->value.spot, key + ": expected a list of names such as [nccl-common]");
      return;
    }
    for (const Entry& item : entry->value.entries) {
      if (item.value.IsScalar() && !item.value.text.empty()) {
        extends->push_back({item.value.text, item.value.spot});
      } else {
        Fault(item.value.spot, key + ": expected the name of a profile");
      }
    }
  }

  std::optional<Entry> Take(std::string_view key) {
    for (std::size_t i = 0; i < root_.entries.size(); ++i) {
      if (root_.entries[i].key != key) continue;
      Entry entry = std::move(root_.entries[i]);
      root_.entries.erase(root_.entries.begin() + static_cast<std::ptrdiff_t>(i));
      return entry;
    }
    return std::nullopt;
  }

  void Fault(const Spot& spot, std::string message, std::string hint = {}) {
    document_.faults.push_back(
        BadInputError(std::move(message), document_.At(spot), std::move(hint)));
  }

  Node& root_;
  Head& head_;
  Document& document_;
};

}  // namespace

Status ReadHead(Loaded* loaded, Document* document) { return HeadReader(loaded, document).Read(); }

bool IsPathWord(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsWordCharacter);
}

}  // namespace commplan::profiles
