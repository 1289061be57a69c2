// What the sources of published tables say of all their runs and leave out of the rows: the
// cluster, the framework, what it overlapped and in which types it summed.
#pragma once

#include <optional>
#include <string>

#include "profiles/library.h"
#include "profiles/workload_cells.h"
#include "profiles/workload_rows.h"

namespace commplan::profiles {

// Completes a row that holds what its columns say; nothing: it can be priced. Otherwise the reason
// why it cannot. A table of no known source is left as it is.
std::optional<std::string> CompleteBySource(const Cells& cells, const Library& models,
                                            WorkloadRow* row);

// Plain decoder of the shape that the columns give, as GPT and Megatron have it.
Transformer PlainDecoder(const Cells& cells);

// A shipped model or a file of one.
std::optional<Transformer> ModelNamed(const std::string& name, const Library& models);

}  // namespace commplan::profiles
