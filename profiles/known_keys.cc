// KnownKeys: the format's own keys at a level, found by visiting the description of its fields.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/step/machine.h"
#include "profiles/fields.h"
#include "profiles/tree_reader.h"

namespace commplan::profiles {
namespace {

bool IsIndex(std::string_view part) {
  return !part.empty() && part.size() < 6 &&
         std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return parts;
}

// Follows one path through the description: only what leads to it is entered, each list is taken to
// have one item and each map of names the name that the path asks for.
class KeyCollector final : public FieldVisitor {
 public:
  KeyCollector(const std::vector<std::string>& path, std::size_t engine_rule)
      : path_(path), engine_rule_(engine_rule) {}

  const std::vector<std::string>& keys() const { return keys_; }

  void Number(std::string_view key, const NumberRule& /*rule*/, double* /*value*/) override {
    Add(key);
  }
  void Numbers(std::string_view key, const NumberRule& /*rule*/, const ListRule& /*list*/,
               std::vector<double>* /*values*/) override {
    Add(key);
  }
  void Flag(std::string_view key, bool* /*value*/) override { Add(key); }
  void Text(std::string_view key, Need /*need*/, std::string* /*text*/) override { Add(key); }
  void Word(std::string_view key, Need /*need*/, std::span<const std::string_view> /*words*/,
            std::size_t* index) override {
    Add(key);
    if (key == "rule") *index = engine_rule_;
  }
  void Knots(std::string_view key, std::vector<CurveKnot>* /*knots*/) override { Add(key); }
  void Coded(std::string_view key, Need /*need*/, CodedText* /*code*/) override { Add(key); }
  bool Enter(std::string_view key, Need /*need*/, bool /*is_default*/) override {
    Add(key);
    if (!Leads(key)) return false;
    ++depth_;
    return true;
  }
  std::size_t EnterList(std::string_view key, Need /*need*/, std::size_t /*size*/) override {
    Add(key);
    if (!Leads(key) || depth_ + 1 >= path_.size() || !IsIndex(path_[depth_ + 1])) return 0;
    ++depth_;
    return 1;
  }
  void EnterItem(std::size_t /*index*/) override { ++depth_; }
  std::vector<std::string> EnterNames(std::string_view key, Need /*need*/,
                                      const std::vector<std::string>& /*names*/) override {
    Add(key);
    if (!Leads(key) || depth_ + 1 >= path_.size()) return {};
    ++depth_;
    return {path_[depth_]};
  }
  void Leave() override { --depth_; }

 private:
  bool Leads(std::string_view key) const { return depth_ < path_.size() && path_[depth_] == key; }
  void Add(std::string_view key) {
    if (depth_ == path_.size()) keys_.emplace_back(key);
  }

  const std::vector<std::string>& path_;
  const std::size_t engine_rule_;
  std::size_t depth_ = 0;
  std::vector<std::string> keys_;
};

}  // namespace

std::vector<std::string> KnownKeys(std::string_view path) {
  constexpr std::size_t kEngineRules = 5;
  const std::vector<std::string> parts = Split(path);
  std::vector<std::string> keys;
  for (std::size_t rule = 0; rule < kEngineRules; ++rule) {
    KeyCollector collector(parts, rule);
    Machine machine;
    VisitMachine(collector, &machine);
    for (const std::string& key : collector.keys()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

}  // namespace commplan::profiles
