#include "profiles/writer.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/step/machine.h"
#include "profiles/emitter.h"
#include "profiles/fields.h"
#include "profiles/head.h"
#include "profiles/provenance.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

constexpr std::string_view kNoProvenance = "written without a provenance";

// YAML's null has four spellings, and they are no texts.
bool IsNull(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL" || text == "~";
}

std::string Hex(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[byte >> 4U], kDigits[byte & 0xfU]};
}

// A control character (the bytes of one) as an escape of a double-quoted scalar.
std::string Escape(std::string_view character) {
  if (character == "\n") return "\\n";
  if (character == "\xe2\x80\xa8") return "\\u2028";
  if (character == "\xe2\x80\xa9") return "\\u2029";
  if (character == "\xef\xbb\xbf") return "\\ufeff";
  // C0 and DEL are their own code; of C1 the second byte is.
  return "\\x" + Hex(static_cast<unsigned char>(character.back()));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(character.size());
    if (length == 0) {
      quoted += "\xef\xbf\xbd";  // the replacement character: a file is UTF-8
    } else if (character == "\"" || character == "\\") {
      quoted += "\\" + std::string(character);
    } else if (IsControl(character)) {
      quoted += Escape(character);
    } else {
      quoted += character;
    }
  }
  return quoted + "\"";
}

// Plain where that cannot be misread, by us or by another program.
std::string Plain(std::string_view text) {
  bool plain = !text.empty() && !IsNull(text) && text.front() != '-' && text.front() != '+' &&
               text.front() != '.';
  for (const char c : text) {
    plain = plain && (IsPathWord(std::string_view(&c, 1)) || c == '.' || c == '+');
  }
  return plain ? std::string(text) : Quoted(text);
}

// The reader takes no number without a provenance, no `assumed` without a note, nothing else
// without a source.
Provenance Complete(const Provenance* given) {
  if (given == nullptr) return {ProvenanceKind::kAssumed, "", std::string(kNoProvenance)};
  Provenance provenance = *given;
  if (provenance.kind != ProvenanceKind::kAssumed && provenance.source.empty()) {
    provenance.note = std::string(Name(provenance.kind)) + ", without a source" +
                      (provenance.note.empty() ? "" : ": " + provenance.note);
    provenance.kind = ProvenanceKind::kAssumed;
  }
  if (provenance.kind == ProvenanceKind::kAssumed && provenance.note.empty()) {
    provenance.note = "no reason given";
  }
  return provenance;
}

bool Same(const Provenance& a, const Provenance& b) {
  return a.kind == b.kind && a.source == b.source && a.note == b.note;
}

std::string InBraces(const Provenance& provenance) {
  std::string text = "kind: " + std::string(Name(provenance.kind));
  if (!provenance.source.empty()) text += ", source: " + Plain(provenance.source);
  if (!provenance.note.empty()) text += ", note: " + Quoted(provenance.note);
  return text;
}

// Finds the measured engines whose numbers all have one provenance. Others may hold flags, which
// need none and would get it too.
class CommonProvenances final : public Emitter {
 public:
  explicit CommonProvenances(const Machine& machine) : Emitter(machine), machine_(machine) {}

  std::map<std::string, Provenance, std::less<>> Take() {
    std::map<std::string, Provenance, std::less<>> common;
    for (const Engine& engine : machine_.engines) {
      const auto found = first_.find(engine.name);
      const bool one = found != first_.end() && mixed_.count(engine.name) == 0;
      if (one && engine.rule == EngineRule::kMeasured) common.emplace(engine.name, found->second);
    }
    return common;
  }

 private:
  void Value(std::string_view /*key*/, const std::string& path, Sort sort,
             const std::string& /*text*/, const Provenance* provenance) override {
    constexpr std::string_view kEngines = "engines.";
    if (path.compare(0, kEngines.size(), kEngines) != 0) return;
    if (sort != Sort::kNumber && provenance == nullptr) return;
    const std::string name =
        path.substr(kEngines.size(), path.find('.', kEngines.size()) - kEngines.size());
    const Provenance complete = Complete(provenance);
    const auto [first, is_new] = first_.try_emplace(name, complete);
    if (provenance == nullptr || !Same(first->second, *provenance)) mixed_.insert(name);
  }
  void Open(std::string_view /*key*/, Shape /*shape*/) override {}
  void Close() override {}

  const Machine& machine_;
  std::map<std::string, Provenance> first_;
  std::set<std::string> mixed_;
};

class YamlEmitter final : public Emitter {
 public:
  YamlEmitter(const Machine& machine, std::map<std::string, Provenance, std::less<>> common,
              std::string* out)
      : Emitter(machine), common_(std::move(common)), out_(*out) {}

 private:
  void Value(std::string_view key, const std::string& /*path*/, Sort sort, const std::string& text,
             const Provenance* provenance) override {
    Line(key);
    out_ += ' ';
    if ((sort == Sort::kNumber || provenance != nullptr) && CommonHere() == nullptr) {
      out_ += "{value: " + text + ", " + InBraces(Complete(provenance)) + "}";
    } else {
      out_ += sort == Sort::kText ? Quoted(text) : text;
    }
    out_ += '\n';
  }

  void Open(std::string_view key, Shape shape) override {
    // The keys of a list's items stand two levels in, the dash between.
    const std::size_t indent = scopes_.empty() ? 0 : scopes_.back().indent + 2;
    scopes_.push_back({std::string(key), indent, shape, false});
  }

  void Close() override { scopes_.pop_back(); }

  // What is said once for the engine that is being written.
  const Provenance* CommonHere() const {
    if (scopes_.size() < 2 || scopes_[0].key != "engines") return nullptr;
    const auto found = common_.find(scopes_[1].key);
    return found == common_.end() ? nullptr : &found->second;
  }

  // Starts the line of a key, after the lines of all maps around it that have none yet: so an empty
  // map is left out.
  void Line(std::string_view key) {
    bool dash = false;
    for (Scope& scope : scopes_) {
      if (scope.written) continue;
      scope.written = true;
      if (scope.shape == Shape::kItem) {
        dash = true;
      } else {
        Start(scope.indent, dash);
        out_ += Plain(scope.key) + ":\n";
      }
      if (&scope == &scopes_[std::min<std::size_t>(1, scopes_.size() - 1)] &&
          CommonHere() != nullptr && scopes_.size() > 1) {
        Start(scope.indent + 2, dash);
        out_ += "provenance: {" + InBraces(*CommonHere()) + "}\n";
      }
    }
    Start(scopes_.empty() ? 0 : scopes_.back().indent + 2, dash);
    out_ += Plain(key) + ":";
  }

  void Start(std::size_t indent, bool& dash) {
    out_ += dash ? std::string(indent - 2, ' ') + "- " : std::string(indent, ' ');
    dash = false;
  }

  struct Scope {
    std::string key;
    std::size_t indent = 0;
    Shape shape = Shape::kMap;
    bool written = false;
  };

  std::map<std::string, Provenance, std::less<>> common_;
  std::string& out_;
  std::vector<Scope> scopes_;
};

// Schema to sources, with `more` lines after the title.
std::string HeadText(const Machine& machine, const std::string& more) {
  std::string text = "schema: " + std::string(kSchema) + "\n";
  text += "name: " + Plain(machine.name) + "\n";
  text += "title: " + Quoted(machine.title) + "\n" + more;
  if (!machine.sources.empty()) text += "sources:\n";
  for (const auto& [id, source] : machine.sources) {
    text += "  " + Plain(id) + ": {title: " + Quoted(source.title);
    if (!source.url.empty()) text += ", url: " + Quoted(source.url);
    text += "}\n";
  }
  return text;
}

void AppendValues(const Machine& machine, std::string* text) {
  Machine visited = machine;  // a visitor may change what it sees; these do not
  CommonProvenances common(machine);
  VisitMachine(common, &visited);
  YamlEmitter emitter(machine, common.Take(), text);
  VisitMachine(emitter, &visited);
}

}  // namespace

std::string Write(const Machine& machine) {
  std::string text = HeadText(machine, "");
  AppendValues(machine, &text);
  return text;
}

std::string WritePart(const Machine& machine) {
  std::string text = HeadText(machine, "part: true\n");
  AppendValues(machine, &text);
  return text;
}

std::string WriteExtending(const Machine& machine, const std::vector<std::string>& extends) {
  std::string more = "extends: [";
  for (const std::string& name : extends) {
    if (&name != &extends.front()) more += ", ";
    more += Plain(name);
  }
  more += "]\n";
  if (!machine.engines.empty()) {
    more += "default_engine: " + Plain(machine.engines.front().name) + "\n";
  }
  std::string text = HeadText(machine, more);
  AppendValues(machine, &text);
  return text;
}

}  // namespace commplan::profiles
