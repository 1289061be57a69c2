// What an explanation names as the origins of a price is all that the price depends on: every
// number of shipped machines is changed, one at a time, and where an answer moves, its path must
// have been named.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/collective/origin.h"
#include "model/collective/price.h"
#include "model/step/machine.h"
#include "profiles/fields.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan {
namespace {

using profiles::Dimension;
using profiles::ListRule;
using profiles::Need;
using profiles::NumberRule;

// Visits all numbers of a machine and changes one of them.
class Changer final : public profiles::FieldVisitor {
 public:
  // The `target`-th number, counted from 0, times `factor` or, for whole numbers, plus or minus
  // one.
  Changer(std::size_t target, double factor) : target_(target), factor_(factor) {}

  void Number(std::string_view key, const NumberRule& rule, double* value) override {
    if (seen_++ == target_) Change(key, rule, value);
  }
  void Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
               std::vector<double>* values) override {
    for (std::size_t i = 0; i < values->size(); ++i) {
      if (seen_++ != target_) continue;
      Change(key, rule, &(*values)[i]);
      if (list.descending) std::sort(values->rbegin(), values->rend());
    }
  }
  void Flag(std::string_view /*key*/, bool* /*value*/) override {}
  void Text(std::string_view /*key*/, Need /*need*/, std::string* /*text*/) override {}
  void Word(std::string_view /*key*/, Need /*need*/, std::span<const std::string_view> /*words*/,
            std::size_t* /*index*/) override {}
  void Knots(std::string_view /*key*/, std::vector<CurveKnot>* /*knots*/) override {}
  void Coded(std::string_view /*key*/, Need /*need*/, profiles::CodedText* /*code*/) override {}
  bool Enter(std::string_view key, Need /*need*/, bool /*is_default*/) override {
    scopes_.emplace_back(key);
    return true;
  }
  std::size_t EnterList(std::string_view key, Need /*need*/, std::size_t size) override {
    if (size > 0) scopes_.emplace_back(key);
    return size;
  }
  void EnterItem(std::size_t index) override { scopes_.push_back(std::to_string(index)); }
  std::vector<std::string> EnterNames(std::string_view key, Need /*need*/,
                                      const std::vector<std::string>& names) override {
    if (!names.empty()) scopes_.emplace_back(key);
    return names;
  }
  void Leave() override { scopes_.pop_back(); }

  std::size_t seen() const { return seen_; }
  const std::string& path() const { return path_; }  // of what was changed; "" if nothing was

 private:
  void Change(std::string_view key, const NumberRule& rule, double* value) {
    double changed = *value * factor_;
    if (rule.dimension == Dimension::kInteger) changed = *value + (factor_ > 1 ? 1 : -1);
    // A term that is switched off is switched on, at a size that shows.
    if (*value == 0 && rule.dimension == Dimension::kTime) changed = 1e-5;
    if (*value == 0 && rule.dimension == Dimension::kTimePerByte) changed = 1e-11;
    if (!rule.Allows(changed) || changed == *value) return;
    *value = changed;
    for (const std::string& scope : scopes_) path_ += scope + ".";
    path_ += key;
  }

  std::size_t target_;
  double factor_;
  std::size_t seen_ = 0;
  std::vector<std::string> scopes_;
  std::string path_;
};

constexpr std::array kOps{Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kAllToAll,
                          Op::kBroadcast, Op::kReduce,    Op::kPointToPoint};
constexpr std::array kSizes{B(0), KiB(4), KiB(64), MiB(1), MiB(32), GiB(1)};

struct Question {
  std::size_t engine = 0;
  CollectiveRequest request;

  std::string Text(const Machine& machine) const {
    const Group& group = request.group;
    return machine.name + " " + machine.engines[engine].name + " " + std::string(Name(request.op)) +
           " ranks " + std::to_string(group.ranks) + " stride " + std::to_string(group.stride) +
           " groups " + std::to_string(group.concurrent);
  }
};

std::optional<CollectiveModel> Model(const Machine& machine, const Question& q) {
  Result<CollectiveModel> model = CollectiveModel::Create(machine.fabric, machine.engines,
                                                          machine.engines[q.engine], q.request);
  if (!model.ok()) return std::nullopt;
  return *std::move(model);
}

bool Names(const std::vector<std::string>& origins, const std::string& path) {
  return std::any_of(origins.begin(), origins.end(), [&](const std::string& origin) {
    return path == origin || path.starts_with(origin + ".");
  });
}

std::vector<std::string> AllOrigins(const CollectiveModel& model, const Variant& variant) {
  std::vector<std::string> all;
  for (std::size_t s = 0; s < kSymbolCount; ++s) {
    for (std::string& path : OriginPaths(model, variant, static_cast<Symbol>(s))) {
      all.push_back(std::move(path));
    }
  }
  return all;
}

bool SameWay(const Variant& a, const Variant& b) {
  return a.card == b.card && a.protocol == b.protocol && a.engine->name == b.engine->name;
}

bool Moved(Time now, Time before) { return std::abs(now / Max(before, Nanos(1)) - 1) > 1e-9; }

// Where a change of the number at `path` moves an answer without having been named, as text.
void Compare(const Machine& machine, const Machine& changed, const std::string& path,
             const Question& q, std::map<std::string, std::string>* unnamed, int* moved) {
  const auto before = Model(machine, q);
  const auto now = Model(changed, q);
  if (!before || !now || before->variants().empty()) return;
  for (const Bytes bytes : kSizes) {
    const Price old_price = before->At(bytes);
    const Price new_price = now->At(bytes);
    const Variant& way = before->VariantOf(old_price);
    const bool same_way = SameWay(way, now->VariantOf(new_price));
    if (same_way && !Moved(new_price.cost.Total(), old_price.cost.Total())) continue;
    ++*moved;
    const auto origins = same_way ? AllOrigins(*before, way) : ChoicePaths(*before);
    if (Names(origins, path)) continue;
    unnamed->emplace(path + (same_way ? " moves " : " changes the choice of ") +
                         std::string(way.card->id) + " " + std::string(Name(way.protocol)),
                     q.Text(machine));
  }
}

std::vector<Question> Questions(const Machine& machine, const std::string& path) {
  std::vector<Question> questions;
  const int node = machine.fabric.tiers[0].ranks == 0 ? 8 : machine.fabric.tiers[0].ranks;
  std::vector<Group> groups{
      {.ranks = 2}, {.ranks = 4}, {.ranks = node}, {.ranks = 2, .concurrent = 2}};
  if (machine.fabric.tiers.size() > 1) {
    const std::vector<Group> wide{{.ranks = 2 * node},
                                  {.ranks = 4 * node},
                                  {.ranks = 4, .stride = node, .concurrent = node},
                                  {.ranks = 2, .stride = node},
                                  {.ranks = 8, .stride = node / 2}};
    groups.insert(groups.end(), wide.begin(), wide.end());
  }
  for (std::size_t e = 0; e < machine.engines.size(); ++e) {
    const Engine& engine = machine.engines[e];
    const std::string own = "engines." + engine.name + ".";
    const std::string behind = "engines." + engine.fallback + ".";
    const bool concerns = !path.starts_with("engines.") || path.starts_with(own) ||
                          (!engine.fallback.empty() && path.starts_with(behind));
    if (!concerns) continue;
    for (const Op op : kOps) {
      for (const Group& group : groups) {
        if ((op == Op::kPointToPoint) != (group.ranks == 2)) continue;
        questions.push_back({e, {.op = op, .group = group, .algorithm = {}}});
      }
    }
    questions.push_back({e, {.op = Op::kAllReduce, .group = {.ranks = 2}, .algorithm = {}}});
  }
  return questions;
}

class OriginTest : public ::testing::TestWithParam<const char*> {};

TEST_P(OriginTest, NamesAllThatMovesAPrice) {
  const Result<Machine> loaded = profiles::LoadMachine(GetParam(), profiles::ShippedLibrary());
  ASSERT_TRUE(loaded.ok());
  const Machine& machine = *loaded;
  std::map<std::string, std::string> unnamed;  // with an example
  int moved = 0;
  std::size_t numbers = 1;
  for (std::size_t i = 0; i < numbers; ++i) {
    for (const double factor : {0.4, 1.6}) {
      Machine changed = machine;
      Changer changer(i, factor);
      VisitMachine(changer, &changed);
      numbers = changer.seen();
      if (changer.path().empty()) continue;
      for (const Question& q : Questions(machine, changer.path())) {
        Compare(machine, changed, changer.path(), q, &unnamed, &moved);
      }
    }
  }
  EXPECT_GT(moved, 100) << "of " << numbers << " numbers";
  for (const auto& [what, where] : unnamed) ADD_FAILURE() << what << ", such as in " << where;
}

INSTANTIATE_TEST_SUITE_P(Machines, OriginTest,
                         ::testing::Values("hgx-h100", "hgx-a100+ib-hdr", "hgx-b200+ib-ndr",
                                           "hgx-h200+efa-p5", "mi300x-8+roce-400g",
                                           "rtx-4090-pcie+tcp-25g", "l40s-pcie",
                                           "gb200-nvl72+ib-xdr", "textbook-nvlink", "pr-100gbe"),
                         [](const auto& machine) {
                           std::string name = machine.param;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '-' || c == '+'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace commplan
