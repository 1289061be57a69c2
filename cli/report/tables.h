// Tables that several results have in the same way.
#pragma once

#include "cli/report/document.h"

namespace commplan::report {

// One row of a JSON object's own values, for CSV: its lists and maps are left out.
Table ScalarRow(const Json& json);

// A value of JSON as a cell: texts without quotes, null as nothing.
std::string CellOf(const Json& value);

}  // namespace commplan::report
