#include "profiles/emitter.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/check.h"
#include "model/step/machine.h"
#include "profiles/fields.h"
#include "profiles/knots.h"

namespace commplan::profiles {

void Emitter::Number(std::string_view key, const NumberRule& rule, double* value) {
  const std::string path = PathOf(key);
  const Provenance* const provenance = Find(path);
  const bool said = rule.need == Need::kRequired || *value != rule.fallback;
  // "No bound" is said by saying nothing: the number for it cannot be written.
  if (!said && (provenance == nullptr || !rule.Allows(*value))) return;
  Value(key, path, Sort::kNumber, ExactIn(rule.dimension, *value), provenance);
}

void Emitter::Numbers(std::string_view key, const NumberRule& rule, const ListRule& /*list*/,
                      std::vector<double>* values) {
  const std::string path = PathOf(key);
  const Provenance* const provenance = Find(path);
  const bool said = rule.need == Need::kRequired ||
                    std::any_of(values->begin(), values->end(),
                                [&](double value) { return value != rule.fallback; });
  if (!said && provenance == nullptr) return;
  std::string text = "[";
  for (const double value : *values) {
    text += (text.size() > 1 ? ", " : "") + ExactIn(rule.dimension, value);
  }
  Value(key, path, Sort::kNumber, text + "]", provenance);
}

void Emitter::Flag(std::string_view key, bool* value) {
  const std::string path = PathOf(key);
  const Provenance* const provenance = Find(path);
  if (!*value && provenance == nullptr) return;
  Value(key, path, Sort::kFlag, *value ? "true" : "false", provenance);
}

void Emitter::Text(std::string_view key, Need need, std::string* text) {
  if (text->empty() && need == Need::kOptional) return;
  Value(key, PathOf(key), Sort::kText, *text, nullptr);
}

void Emitter::Word(std::string_view key, Need /*need*/, std::span<const std::string_view> words,
                   std::size_t* index) {
  Value(key, PathOf(key), Sort::kWord, std::string(words[*index]), nullptr);
}

void Emitter::Knots(std::string_view key, std::vector<CurveKnot>* knots) {
  Value(key, PathOf(key), Sort::kText, FormatKnots(*knots), nullptr);
}

void Emitter::Coded(std::string_view key, Need /*need*/, CodedText* code) {
  const std::string text = code->Format();
  if (!text.empty()) Value(key, PathOf(key), Sort::kText, text, nullptr);
}

bool Emitter::Enter(std::string_view key, Need need, bool is_default) {
  if (need == Need::kOptional && is_default) {
    // Zeros that somebody vouches for are values all the same.
    const std::string below = PathOf(key) + ".";
    const auto first = machine_.provenance.lower_bound(below);
    if (first == machine_.provenance.end() || first->first.substr(0, below.size()) != below) {
      return false;
    }
  }
  Push(key, Shape::kMap);
  return true;
}

std::size_t Emitter::EnterList(std::string_view key, Need /*need*/, std::size_t size) {
  if (size > 0) Push(key, Shape::kList);
  return size;
}

void Emitter::EnterItem(std::size_t index) { Push(std::to_string(index), Shape::kItem); }

std::vector<std::string> Emitter::EnterNames(std::string_view key, Need /*need*/,
                                             const std::vector<std::string>& names) {
  if (!names.empty()) Push(key, Shape::kMap);
  return names;
}

void Emitter::Leave() {
  CHECK(!path_sizes_.empty());
  path_.resize(path_sizes_.back());
  path_sizes_.pop_back();
  Close();
}

std::string Emitter::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const Provenance* Emitter::Find(const std::string& path) const {
  const auto found = machine_.provenance.find(path);
  return found == machine_.provenance.end() ? nullptr : &found->second;
}

void Emitter::Push(std::string_view key, Shape shape) {
  path_sizes_.push_back(path_.size());
  path_ = PathOf(key);
  Open(key, shape);
}

}  // namespace commplan::profiles
