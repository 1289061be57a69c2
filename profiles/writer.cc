#include "profiles/writer.h"

#include <cstddef>
#include <string>
#include <string_view>
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

class YamlEmitter final : public Emitter {
 public:
  YamlEmitter(const Machine& machine, std::string* out) : Emitter(machine), out_(*out) {}

 private:
  void Value(std::string_view key, const std::string& /*path*/, Sort sort, const std::string& text,
             const Provenance* provenance) override {
    Line(key);
    out_ += ' ';
    if (sort == Sort::kNumber || provenance != nullptr) {
      const Provenance complete = Complete(provenance);
      out_ += "{value: " + text + ", kind: " + std::string(Name(complete.kind));
      if (!complete.source.empty()) out_ += ", source: " + Plain(complete.source);
      if (!complete.note.empty()) out_ += ", note: " + Quoted(complete.note);
      out_ += '}';
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

  std::string& out_;
  std::vector<Scope> scopes_;
};

}  // namespace

std::string Write(const Machine& machine) {
  std::string text = "schema: " + std::string(kSchema) + "\n";
  text += "name: " + Plain(machine.name) + "\n";
  text += "title: " + Quoted(machine.title) + "\n";
  if (!machine.sources.empty()) text += "sources:\n";
  for (const auto& [id, source] : machine.sources) {
    text += "  " + Plain(id) + ": {title: " + Quoted(source.title);
    if (!source.url.empty()) text += ", url: " + Quoted(source.url);
    text += "}\n";
  }
  Machine visited = machine;  // a visitor may change what it sees; this one does not
  YamlEmitter emitter(machine, &text);
  VisitMachine(emitter, &visited);
  return text;
}

}  // namespace commplan::profiles
