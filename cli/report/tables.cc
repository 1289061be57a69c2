#include "cli/report/tables.h"

#include "model/base/units.h"

namespace commplan::report {

std::string CellOf(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string ItemName(const Json& item) {
  if (!item.is_object()) return "";
  const auto text = [&](const char* key) {
    const auto found = item.find(key);
    return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  std::string name = text("name");
  if (!name.empty()) return name;
  name = text("site");
  const std::string op = text("op");
  if (!op.empty()) name += " " + op;
  return name;
}

Table ScalarRow(const Json& json) {
  Table table;
  table.rows.emplace_back();
  for (const auto& [key, value] : json.items()) {
    if (value.is_array() || value.is_object()) continue;
    table.columns.push_back({key});
    table.rows.front().push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return table;
}

Json TermsJson(const Cost& cost) {
  Json terms = Json::array();
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    if (cost.At(term) == Time()) continue;
    terms.push_back({{"name", TermName(term)}, {"time_us", InMicros(cost.At(term))}});
  }
  return terms;
}

Table TermsTable(const Cost& cost) {
  Table table{
      .title = "Terms", .columns = {{"term", Align::kLeft}, {"time"}, {"share"}}, .rows = {}};
  const Time total = cost.Total();
  for (std::size_t i = 0; i < kTermCount; ++i) {
    const Term term = static_cast<Term>(i);
    const Time time = cost.At(term);
    if (time == Time()) continue;
    table.rows.push_back({std::string(TermName(term)), ForPeople(time),
                          total > Time() ? ShareForPeople(time / total) : "-"});
  }
  return table;
}

}  // namespace commplan::report
