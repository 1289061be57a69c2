#include "profiles/type_rule_fields.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "model/collective/algorithm.h"

namespace commplan::profiles {
namespace {

// No engine runs on more ranks, and nothing is made slower by more than this.
constexpr double kMostRanks = 1e6;
constexpr double kLargestFactor = 1e6;

// All but "any": that is no type to have a rule for.
std::array<std::string_view, kElementTypeCount - 1> TypeNames() {
  std::array<std::string_view, kElementTypeCount - 1> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = Name(static_cast<ElementType>(i + 1));
  return names;
}

void VisitTypeRule(FieldVisitor& v, TypeRule* rule) {
  static const auto kTypes = TypeNames();
  std::size_t index = static_cast<std::size_t>(rule->type) - 1;
  v.Word("type", Need::kRequired, kTypes, &index);
  rule->type = static_cast<ElementType>(index + 1);
  v.Flag("refused", &rule->refused);
  v.Flag("in_switch", &rule->in_switch);
  double ranks = rule->ring_ranks_max;
  v.Number("ring_ranks_max",
           {.dimension = Dimension::kInteger, .need = Need::kOptional, .most = kMostRanks}, &ranks);
  rule->ring_ranks_max = static_cast<int>(ranks);
  v.Number("ring_factor",
           {.dimension = Dimension::kNumber,
            .need = Need::kOptional,
            .least = 1,
            .most = kLargestFactor,
            .fallback = 1},
           &rule->ring_factor);
}

}  // namespace

void VisitTypeRules(FieldVisitor& v, std::vector<TypeRule>* rules) {
  const std::size_t count = v.EnterList("types", Need::kOptional, rules->size());
  rules->resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    v.EnterItem(i);
    VisitTypeRule(v, &(*rules)[i]);
    v.Leave();
  }
  if (count > 0) v.Leave();
}

}  // namespace commplan::profiles
