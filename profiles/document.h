// A document is one machine's profile as text: the files that it is made of, merged into one tree
// in which each value remembers its place and its provenance.
//
// Nothing in it is a number yet. Values become quantities, and are checked, when the document
// becomes a Machine (profiles/reader.h). In between, Set may change any of them.
//
// The tree is normalised: `{value: 450GB/s, kind: ...}` is the scalar 450GB/s with that provenance,
// and the default of an enclosing `provenance:` has been handed down to each value that it covers.
// That is done file by file, before merging, so that the default of one file never vouches for the
// numbers of another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"

namespace commplan::profiles {

// A place in one of the document's files. Lines and columns count from 1; line 0 stands for the
// whole.
struct Spot {
  int file = 0;  // index in Document::files
  int line = 0;
  int column = 0;
};

struct Entry;

struct Node {
  enum class Kind { kScalar, kList, kMap };

  Kind kind = Kind::kScalar;
  Spot spot;
  std::string text;            // of a scalar, as written; empty for YAML's null
  std::vector<Entry> entries;  // of a list (without keys) or a map, in file order
  int provenance = -1;         // index in Document::provenances; -1 for none

  bool IsMap() const { return kind == Kind::kMap; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsScalar() const { return kind == Kind::kScalar; }

  // The value of a map's key, or null.
  const Node* Find(std::string_view key) const;
  Node* Find(std::string_view key);
};

struct Entry {
  std::string key;  // empty in a list
  Spot key_spot;
  Node value;
};

// A provenance as written; whether its words mean something is checked when the document becomes a
// Machine.
struct StatedProvenance {
  std::string kind;
  std::string source;
  std::string note;
  Spot spot;
};

struct Document {
  std::string name;                // "hgx-h100+ib-ndr"
  std::vector<std::string> files;  // what Spot::file counts; also "--set ..." for values set there
  std::vector<StatedProvenance> provenances;
  Node root;
  // The tier whose ports the machine's network_ports are; 0 without a network.
  std::size_t network_tier = 0;
  // Faults that did not stop the reading. ToMachine reports them together with its own.
  std::vector<Error> faults;

  Where At(const Spot& spot) const;
};

}  // namespace commplan::profiles
