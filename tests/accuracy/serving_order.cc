#include "tests/accuracy/serving_order.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace commplan::accuracy {
namespace {

constexpr double kApart = 1.1;

}  // namespace

std::vector<LayoutPair> LayoutPairs(const std::vector<ServedRow>& rows,
                                    const Costs<TokenCost>& costs) {
  std::map<std::string, std::vector<const ServedRow*>> settings;
  for (const ServedRow& row : rows) settings[row.setting].push_back(&row);
  const auto predicted = [&](const ServedRow& row) {
    return Tpot(row, CostOf(costs, TokenKey(row)));
  };
  std::vector<LayoutPair> pairs;
  for (const auto& [setting, alike] : settings) {
    for (std::size_t i = 0; i < alike.size(); ++i) {
      for (std::size_t j = i + 1; j < alike.size(); ++j) {
        LayoutPair pair{.a = alike[i], .b = alike[j]};
        if (pair.a->layout == pair.b->layout) continue;
        if (pair.a->tpot_us > pair.b->tpot_us) std::swap(pair.a, pair.b);
        pair.measured = pair.b->tpot_us / pair.a->tpot_us;
        if (pair.measured <= kApart) continue;
        pair.predicted = predicted(*pair.b) / predicted(*pair.a);
        pair.same_devices = pair.a->devices == pair.b->devices;
        pair.same_build = !pair.a->build.empty() && pair.a->build == pair.b->build;
        pairs.push_back(pair);
      }
    }
  }
  return pairs;
}

}  // namespace commplan::accuracy
