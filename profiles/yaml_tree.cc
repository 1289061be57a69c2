#include "profiles/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "profiles/document.h"
#include "profiles/quoted_text.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

// Builds the tree from the parser's events. Once a limit is passed, or something is met that no
// tree can hold, the rest of the events is only counted.
class TreeBuilder final : public YAML::EventHandler {
 public:
  // `quoted` holds what was taken out of the text; null where nothing was.
  TreeBuilder(const std::string& file, int file_index, std::vector<Error>& faults,
              QuotedTexts* quoted)
      : file_(file), file_index_(file_index), faults_(faults), quoted_(quoted) {}

  // Empty for a file without content.
  std::optional<Node>& root() { return root_; }
  const std::optional<Error>& fatal() const { return fatal_; }
  std::size_t nodes() const { return nodes_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // yaml-cpp notices a missing value at the next token, which may stand lines later. Its key's
    // place is better.
    is_missing_ = !open_.empty() && open_.back().node.IsMap() && open_.back().has_key;
    Leaf(mark, anchor, "", "");
    is_missing_ = false;
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Leaf(mark, anchor, tag, value);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (fatal_) return;
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      // yaml-cpp has checked the name, so the anchor is one that is still open.
      Fail(mark, "found an alias inside the very value that it stands for");
      return;
    }
    const Anchored& anchored = known->second;
    if (!Count(mark, anchored.nodes)) return;
    if (static_cast<int>(open_.size()) + anchored.depth > kMaxDepth) {
      TooDeep(mark);
      return;
    }
    Node copy = anchored.node;
    // A key takes the place of the alias; what hangs below keeps the place of its text.
    copy.spot = SpotOf(mark);
    Place(std::move(copy), anchored.depth);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    int depth = 0;  // levels of maps and lists
  };

  struct OpenNode {
    Node node;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    int depth = 1;
    // In a map: the key that waits for its value.
    bool has_key = false;
    bool drop = false;  // a duplicate or impossible key: its value is left out
    std::string key;
    Spot key_spot;
    std::unordered_set<std::string> keys;
  };

  Spot SpotOf(const YAML::Mark& mark) const {
    return {file_index_, mark.line + 1, mark.column + 1};
  }
  Where WhereOf(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  void Fail(const YAML::Mark& mark, std::string message, std::string hint = {}) {
    if (!fatal_) fatal_ = BadInputError(std::move(message), WhereOf(mark), std::move(hint));
  }

  void TooDeep(const YAML::Mark& mark) {
    Fail(mark, "found more than " + std::to_string(kMaxDepth) +
                   " levels of maps and lists inside each other");
  }

  bool Count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= static_cast<std::size_t>(kMaxNodes)) return true;
    Fail(mark, "found more than " + std::to_string(kMaxNodes) + " values, aliases written out");
    return false;
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    // "?" and "!" are yaml-cpp's marks for a plain and for a quoted scalar.
    if (tag.empty() || tag == "?" || tag == "!") return;
    faults_.push_back(BadInputError("found the tag '" + tag + "', expected none", WhereOf(mark),
                                    "leave it out; the key decides what a value is"));
  }

  void Leaf(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
            const std::string& text) {
    if (fatal_ || !Count(mark, 1)) return;
    CheckTag(mark, tag);
    Node node;
    node.spot = is_missing_ ? open_.back().key_spot : SpotOf(mark);
    const std::string* const taken = quoted_ != nullptr ? quoted_->Find(text) : nullptr;
    node.text = taken != nullptr ? *taken : text;
    if (anchor != 0) anchors_[anchor] = {node, 1, 0};
    Place(std::move(node), 0);
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    if (fatal_ || !Count(mark, 1)) return;
    if (static_cast<int>(open_.size()) >= kMaxDepth) {
      TooDeep(mark);
      return;
    }
    CheckTag(mark, tag);
    OpenNode open;
    open.node.kind = kind;
    open.node.spot = SpotOf(mark);
    open.anchor = anchor;
    open.nodes_before = nodes_ - 1;
    open_.push_back(std::move(open));
  }

  void Close() {
    if (fatal_) return;
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != 0) {
      anchors_[closed.anchor] = {closed.node, nodes_ - closed.nodes_before, closed.depth};
    }
    Place(std::move(closed.node), closed.depth);
  }

  // Puts a finished node where it belongs: the root, a list's next item, a map's next key or value.
  void Place(Node node, int depth) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    parent.depth = std::max(parent.depth, depth + 1);
    if (parent.node.IsList()) {
      parent.node.entries.push_back({"", node.spot, std::move(node)});
    } else if (!parent.has_key) {
      TakeKey(parent, node);
    } else {
      parent.has_key = false;
      if (parent.drop) return;
      parent.node.entries.push_back({std::move(parent.key), parent.key_spot, std::move(node)});
    }
  }

  void TakeKey(OpenNode& parent, Node& node) {
    parent.has_key = true;
    parent.drop = true;
    const Where where{file_, node.spot.line, node.spot.column};
    if (!node.IsScalar() || node.text.empty()) {
      faults_.push_back(
          BadInputError("found " + std::string(Found(node)) + " as a key, expected a word", where));
    } else if (node.text == "<<") {
      faults_.push_back(BadInputError("found the merge key '<<', which is not read", where,
                                      "use 'extends', or write the keys out"));
    } else if (!parent.keys.insert(node.text).second) {
      const auto first = std::find_if(parent.node.entries.begin(), parent.node.entries.end(),
                                      [&](const Entry& entry) { return entry.key == node.text; });
      std::string before;
      if (first != parent.node.entries.end()) {
        before = ", first in line " + std::to_string(first->key_spot.line);
      }
      faults_.push_back(
          BadInputError("found the key '" + Shortened(node.text) + "' twice" + before, where,
                        "keep one of the two; YAML does not say which of them counts"));
    } else if (parent.keys.size() > static_cast<std::size_t>(kMaxKeys)) {
      if (!fatal_) {
        fatal_ = BadInputError("found more than " + std::to_string(kMaxKeys) + " keys in one map",
                               where);
      }
    } else {
      parent.drop = false;
      parent.key = std::move(node.text);
      parent.key_spot = node.spot;
    }
  }

  static std::string_view Found(const Node& node) {
    return node.IsMap() ? "a map" : node.IsList() ? "a list" : "nothing";
  }

  const std::string& file_;
  const int file_index_;
  std::vector<Error>& faults_;
  QuotedTexts* const quoted_;
  std::optional<Error> fatal_;
  std::optional<Node> root_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  bool is_missing_ = false;
};

// Reads from the text in place; std::istringstream would copy it.
class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    // The get area is only read, but its type has no const.
    char* const begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// What yaml-cpp would misread, or read in ways that differ from other programs.
Status CheckCharacters(std::string_view text, const std::string& file) {
  int line = 1;
  std::size_t line_start = 0;
  bool indentation = true;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c >= ' ' && c <= '~') {  // nearly all of them
      indentation = indentation && c == ' ';
      ++i;
      continue;
    }
    const Where where{file, line, static_cast<int>(i - line_start) + 1};
    const std::size_t length = Utf8Length(text.substr(i));
    if (length == 0) {
      return BadInputError("found bytes that are no UTF-8 text", where,
                           "a profile is a YAML file in UTF-8");
    }
    if (c == '\t' && indentation) {
      return BadInputError("found a tab in the indentation", where, "use spaces");
    }
    if (IsControl(text.substr(i, length)) && c != '\t' && c != '\n' && c != '\r') {
      return BadInputError("found a control character", where, "a profile is a text file");
    }
    indentation = false;
    i += length;
    if (c == '\n') {
      ++line;
      line_start = i;
      indentation = true;
    }
  }
  return OkStatus();
}

// yaml-cpp's words, with the one case that they do not tell.
Error SyntaxError(const YAML::Exception& exception, const std::string& file) {
  Where where{file, 0, 0};
  if (!exception.mark.is_null()) {
    where.line = exception.mark.line + 1;
    where.column = exception.mark.column + 1;
  }
  std::string message = exception.msg;
  if (message.find("map value") != std::string::npos) {
    return BadInputError("wrong YAML: " + message, std::move(where),
                         "check the indentation, and quote a text that contains ': '");
  }
  return BadInputError("wrong YAML: " + message, std::move(where));
}

Result<Node> Parse(std::string_view text, const std::string& file, int file_index,
                   std::vector<Error>& faults, QuotedTexts* quoted) {
  TreeBuilder builder(file, file_index, faults, quoted);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.fatal()) return *builder.fatal();
    if (!builder.root()) {
      return BadInputError("found an empty file, expected a profile", {file, 1, 1});
    }
    TreeBuilder second(file, file_index, faults, nullptr);
    if (parser.HandleNextDocument(second)) {
      const Spot spot = second.root() ? second.root()->spot : Spot{file_index, 0, 0};
      return BadInputError("found a second document after '---', expected one",
                           {file, spot.line, spot.column}, "write one file for each");
    }
  } catch (const YAML::Exception& exception) {
    if (builder.fatal()) return *builder.fatal();
    return SyntaxError(exception, file);
  }
  return std::move(*builder.root());
}

}  // namespace

Result<Node> ParseYaml(std::string_view text, const std::string& file, int file_index,
                       std::vector<Error>& faults) {
  RETURN_IF_ERROR(CheckCharacters(text, file));
  if (QuotedTexts quoted(text); quoted.any()) {
    std::vector<Error> found;
    Result<Node> root = Parse(quoted.shortened(), file, file_index, found, &quoted);
    // Anything unusual is told in the words of the text itself.
    if (root.ok() && found.empty() && quoted.AllPutBack()) return root;
  }
  return Parse(text, file, file_index, faults, nullptr);
}

}  // namespace commplan::profiles
