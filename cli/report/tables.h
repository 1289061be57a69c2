// Tables that several results have in the same way.
#pragma once

#include "cli/report/document.h"
#include "model/base/cost.h"

namespace commplan::report {

// One row of a JSON object's own values, for CSV: its lists and maps are left out.
Table ScalarRow(const Json& json);

// What tells an item of a list from the others: its name, or its site and operation. Empty where it
// has neither.
std::string ItemName(const Json& item);

// A value of JSON as a cell: texts without quotes, null as nothing.
std::string CellOf(const Json& value);

// The terms of a cost that are not zero, in microseconds; and for people, with their shares.
Json TermsJson(const Cost& cost);
Table TermsTable(const Cost& cost);

}  // namespace commplan::report
