// Writing a model file: the canonical text, flow maps for the kinds of layers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/units.h"
#include "model/step/machine.h"
#include "model/workload/transformer.h"
#include "profiles/model_fields.h"
#include "profiles/model_file.h"

namespace commplan::profiles {
namespace {

// Always quoted, so that no text is taken for anything else.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

class Writer final : public ModelVisitor {
 public:
  void Number(std::string_view key, std::int64_t /*least*/, std::int64_t* value) override {
    Put(key, std::to_string(*value));
  }
  void Optional(std::string_view key, std::int64_t fallback, std::int64_t* value) override {
    if (*value != fallback) Put(key, std::to_string(*value));
  }
  void Real(std::string_view key, double* value) override {
    if (*value != 0) Put(key, ExactNumber(*value));
  }
  void Flag(std::string_view key, bool fallback, bool* value) override {
    if (*value != fallback) Put(key, *value ? "true" : "false");
  }
  void Word(std::string_view key, std::span<const std::string_view> words,
            std::size_t* index) override {
    if (*index != 0) Put(key, words[*index]);
  }
  void Text(std::string_view key, Presence presence, std::string* text) override {
    if (presence == Presence::kRequired || !text->empty()) Put(key, Quoted(*text));
  }
  bool Enter(std::string_view key, Presence /*presence*/) override {
    Line(key);
    text_ += " {";
    ++depth_;
    first_ = true;
    return true;
  }
  void Leave() override {
    text_ += "}\n";
    --depth_;
    first_ = true;
  }

  // A map in block style around the maps that follow.
  void Open(std::string_view key) {
    Line(key);
    text_ += '\n';
    ++blocks_;
  }
  void Close() { --blocks_; }
  void Put(std::string_view key, std::string_view value) {
    if (depth_ == 0) {
      Line(key);
      text_ += ' ';
      text_ += value;
      text_ += '\n';
      return;
    }
    if (!first_) text_ += ", ";
    first_ = false;
    text_ += key;
    text_ += ": ";
    text_ += value;
  }

  std::string& text() { return text_; }

 private:
  void Line(std::string_view key) {
    text_.append(2 * blocks_, ' ');
    text_ += key;
    text_ += ':';
  }

  std::string text_;
  std::size_t blocks_ = 0;
  int depth_ = 0;
  bool first_ = true;
};

void PutOrder(Writer& writer, std::string_view key, const Transformer& model,
              const std::vector<int>& order) {
  if (order.empty()) return;
  std::string list = "[";
  for (const int kind : order) {
    if (list.size() > 1) list += ", ";
    list += model.kinds[static_cast<std::size_t>(kind)].name;
  }
  list += ']';
  writer.Put(key, list);
}

}  // namespace

std::string WriteModel(const ModelFile& file) {
  ModelFile copy = file;  // a visitor may change what it visits; this one does not
  Transformer& model = copy.model;
  Writer writer;
  writer.Put("schema", kModelSchema);
  writer.Put("name", model.name);
  writer.Put("title", Quoted(model.title));
  writer.Open("sources");
  for (auto& [name, source] : copy.sources) {
    writer.Enter(name, Presence::kRequired);
    writer.Text("title", Presence::kRequired, &source.title);
    writer.Text("url", Presence::kRequired, &source.url);
    writer.Leave();
  }
  writer.Close();
  if (!copy.published.source.empty()) {
    writer.Enter("published", Presence::kOptional);
    VisitPublished(writer, &copy.published);
    writer.Leave();
  }
  VisitShape(writer, &model);
  writer.Open("kinds");
  for (LayerKind& kind : model.kinds) {
    writer.Open(kind.name);
    VisitKind(writer, &kind);
    writer.Close();
  }
  writer.Close();
  PutOrder(writer, "first", model, model.first);
  if (model.kinds.size() > 1) PutOrder(writer, "cycle", model, model.cycle);
  return std::move(writer.text());
}

}  // namespace commplan::profiles
