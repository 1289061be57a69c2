#include "cli/report/tables.h"

namespace commplan::report {

std::string CellOf(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
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

}  // namespace commplan::report
