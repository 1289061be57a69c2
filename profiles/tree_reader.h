// A tree reader is the visitor that takes a machine's values out of a document's tree, checking
// each one.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/fields.h"

namespace commplan::profiles {

class TreeReader final : public FieldVisitor {
 public:
  explicit TreeReader(const Document& document);

  void Number(std::string_view key, const NumberRule& rule, double* value) override;
  void Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
               std::vector<double>* values) override;
  void Flag(std::string_view key, bool* value) override;
  void Text(std::string_view key, Need need, std::string* text) override;
  void Word(std::string_view key, Need need, std::span<const std::string_view> words,
            std::size_t* index) override;
  void Knots(std::string_view key, std::vector<CurveKnot>* knots) override;
  void Coded(std::string_view key, Need need, CodedText* code) override;
  bool Enter(std::string_view key, Need need, bool is_default) override;
  std::size_t EnterList(std::string_view key, Need need, std::size_t size) override;
  void EnterItem(std::size_t index) override;
  std::vector<std::string> EnterNames(std::string_view key, Need need,
                                      const std::vector<std::string>& names) override;
  void Leave() override;

  // Further keys of the root, read by the owner in other ways.
  void Know(std::string_view key) { scopes_.back().known.push_back(key); }
  // Adds a fault at the value of `path`, or where that is absent at the innermost map around it.
  void FaultAt(const std::string& path, const std::string& message, std::string hint = {});
  // Whether a fault was found at or below `path`.
  bool HasFaultIn(std::string_view path) const;
  // Refuses the root's unknown keys. Nothing may be visited afterwards.
  void Finish();

  std::vector<Error>& faults() { return faults_; }
  std::map<std::string, Provenance>& provenance() { return provenance_; }

 private:
  // The map or list that is being visited.
  struct Scope {
    const Node* node = nullptr;
    std::size_t path_size = 0;  // of path_ before its key was appended
    std::vector<std::string_view> known;
    bool any_key = false;  // a list, or a map of names
  };

  const Node* Find(std::string_view key, Need need, std::string_view expected);
  void Push(const Node* node, std::string_view key, bool any_key);
  std::string PathOf(std::string_view key) const;
  void Fault(const std::string& path, const Spot& spot, const std::string& message,
             std::string hint = {});
  void CheckUnknown(const Scope& scope);
  std::optional<double> ReadNumber(const Node& node, const NumberRule& rule,
                                   const std::string& path);
  bool CheckScalar(const Node& node, const std::string& path, std::string_view expected);
  void Record(const Node& node, const std::string& path, Need need);
  const std::optional<Provenance>& Checked(std::size_t index);

  const Document& document_;
  const Node* sources_;
  std::vector<Scope> scopes_;
  std::string path_;
  std::vector<Error> faults_;
  std::vector<std::string> faulty_paths_;
  std::map<std::string, Provenance> provenance_;
  // By index in the document's provenances; empty until asked for.
  std::vector<std::optional<std::optional<Provenance>>> checked_;
};

// All keys that the format knows at a level: KnownKeys("tiers.0") has "latency". Empty where it
// knows no such level.
std::vector<std::string> KnownKeys(std::string_view path);

}  // namespace commplan::profiles
