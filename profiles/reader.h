// The reader makes machines of profile files: Load merges the files that a name stands for, Set
// changes single values for a what-if, ToMachine checks everything and gives the values their
// types.
//
//   ASSIGN_OR_RETURN(Document document, Load("hgx-h100+ib-ndr", ShippedLibrary()));
//   RETURN_IF_ERROR(Set(&document, "tiers.0.latency=5us"));
//   ASSIGN_OR_RETURN(const Machine machine, ToMachine(document));
//
// The format is described in docs/profile_format.md. All faults of the files are reported at once,
// each with its place; no exception leaves these functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/library.h"

namespace commplan::profiles {

// More than this is no profile but a mistake (a log, a trace, a binary).
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

// Reads and merges the files that `name` stands for. `name` is that of a machine, or of a machine
// and the networks that it joins: "hgx-h100+ib-ndr". Each part is a name of the library, or a path:
// it contains a '/', ends in .yaml, or names a file where the library has nothing of that name.
//
// Fails where there is nothing to go on with: an unknown name, an unreadable file, wrong YAML, a
// cycle of `extends`, a machine without network_ports that shall join a network. Lesser faults wait
// in Document::faults.
//
// Tables of kernels are most of a profile's bytes, and who asks about collectives alone does not
// need them: kNoCompute leaves out the files of `extends_compute`.
enum class Sections { kAll, kNoCompute };
Result<Document> Load(std::string_view name, const Library& library,
                      Sections sections = Sections::kAll);

// The same for one text in place of the file `file`, which need not exist: what it extends comes
// from the library or stands beside it.
Result<Document> LoadText(std::string_view text, std::string file, const Library& library);

// Sets one value: "tiers.0.latency=5us", dotted keys and list indexes as in the file. Its
// provenance becomes `assumed`, "set by --set". A key that the format knows and the file leaves out
// is added. The value is checked by ToMachine, whose error then names this assignment in place of a
// file. In a joined document `network_ports` means the ports of the first network tier.
//
// kUsage for what is no assignment, kNotFound for a path that leads nowhere.
Status Set(Document* document, std::string_view assignment);

// Checks all values and gives them their types. Fails with every fault of the files.
Result<Machine> ToMachine(const Document& document);

// Load and ToMachine in one.
Result<Machine> LoadMachine(std::string_view name, const Library& library);

}  // namespace commplan::profiles
