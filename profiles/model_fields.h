// The fields of a model file are described once, here: reading and writing are two visitors of that
// one description.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/workload/transformer.h"
#include "profiles/model_file.h"

namespace commplan::profiles {

enum class Presence { kRequired, kOptional };

class ModelVisitor {
 public:
  ModelVisitor() = default;
  ModelVisitor(const ModelVisitor&) = delete;
  ModelVisitor& operator=(const ModelVisitor&) = delete;
  virtual ~ModelVisitor() = default;

  // A whole number from `least` up; an optional one is left out when it has its default.
  virtual void Number(std::string_view key, std::int64_t least, std::int64_t* value) = 0;
  virtual void Optional(std::string_view key, std::int64_t fallback, std::int64_t* value) = 0;
  virtual void Real(std::string_view key, double* value) = 0;
  virtual void Flag(std::string_view key, bool fallback, bool* value) = 0;
  virtual void Word(std::string_view key, std::span<const std::string_view> words,
                    std::size_t* index) = 0;
  virtual void Text(std::string_view key, Presence presence, std::string* text) = 0;
  // Where the answer is false there is nothing to visit, and no Leave follows.
  virtual bool Enter(std::string_view key, Presence presence) = 0;
  virtual void Leave() = 0;
};

// Everything but sources, kinds and their order.
void VisitShape(ModelVisitor& visitor, Transformer* model);
void VisitPublished(ModelVisitor& visitor, Published* published);
void VisitKind(ModelVisitor& visitor, LayerKind* kind);

}  // namespace commplan::profiles
