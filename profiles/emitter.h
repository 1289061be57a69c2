// An emitter is the visitor that turns a machine's values back into the texts of a file, for the
// writer and the diff.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/step/machine.h"
#include "profiles/fields.h"

namespace commplan::profiles {

class Emitter : public FieldVisitor {
 public:
  explicit Emitter(const Machine& machine) : machine_(machine) {}

  void Number(std::string_view key, const NumberRule& rule, double* value) final;
  void Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
               std::vector<double>* values) final;
  void Flag(std::string_view key, bool* value) final;
  void Text(std::string_view key, Need need, std::string* text) final;
  void Word(std::string_view key, Need need, std::span<const std::string_view> words,
            std::size_t* index) final;
  void Knots(std::string_view key, std::vector<CurveKnot>* knots) final;
  void Coded(std::string_view key, Need need, CodedText* code) final;
  bool Enter(std::string_view key, Need need, bool is_default) final;
  std::size_t EnterList(std::string_view key, Need need, std::size_t size) final;
  void EnterItem(std::size_t index) final;
  std::vector<std::string> EnterNames(std::string_view key, Need need,
                                      const std::vector<std::string>& names) final;
  void Leave() final;

 protected:
  enum class Shape { kMap, kList, kItem };
  // What kind of value a text is: a number may have a provenance, a free text may need quotes.
  enum class Sort { kNumber, kFlag, kText, kWord };

  // A value that a file would say: a required one, one that differs from its default, one with a
  // provenance.
  virtual void Value(std::string_view key, const std::string& path, Sort sort,
                     const std::string& text, const Provenance* provenance) = 0;
  virtual void Open(std::string_view key, Shape shape) = 0;
  virtual void Close() = 0;

 private:
  std::string PathOf(std::string_view key) const;
  const Provenance* Find(const std::string& path) const;
  void Push(std::string_view key, Shape shape);

  const Machine& machine_;
  std::string path_;
  std::vector<std::size_t> path_sizes_;
};

}  // namespace commplan::profiles
