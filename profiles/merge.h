// Merging puts one tree over another: maps merge key by key, anything else is replaced. Joining
// puts a network around a machine.
#pragma once

#include "model/base/result.h"
#include "profiles/document.h"
#include "profiles/head.h"

namespace commplan::profiles {

// Puts `over` over `base`; the result is in `over`. Its own keys come first, in their order.
void MergeInto(Node* over, Node base);

// The same for the roots of two files. A source that both define must be the same one, else the
// numbers of `base` would point to a source that is not theirs.
void MergeFile(Node* over, Node base, Document* document);

// Appends the network's tiers, and merges its sources and its engines: into an engine of the
// machine that has that name, else as a further engine where it is a whole one (it has a `rule`),
// else not at all.
Status Join(Loaded* machine, Loaded network, Document* document);

}  // namespace commplan::profiles
