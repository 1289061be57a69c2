// The head of a profile file says what the file is: its format, its name, whether it can stand
// alone, what it extends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "profiles/document.h"

namespace commplan::profiles {

inline constexpr char kSchema[] = "commplan/profile/1";

struct Extended {
  std::string name;
  Spot spot;
};

struct Head {
  std::string name;
  std::string title;
  bool part = false;
  bool network = false;
  std::vector<Extended> extends;
  std::vector<Extended> extends_compute;  // likewise, but only for who asks about kernels
};

// One file, or one file with all that it extends.
struct Loaded {
  Head head;
  Node root;
  // After a network was joined: its ports towards a further one, and whether it says so.
  std::optional<Node> outer_ports;
  bool joined_without_ports = false;
};

// Takes the head's keys out of loaded->root into loaded->head, all but name and title. Fails where
// the file is no profile of this format; lesser faults go to document->faults.
Status ReadHead(Loaded* loaded, Document* document);

// Whether `name` can stand in a dotted path (an engine, a data type, a source).
bool IsPathWord(std::string_view name);

}  // namespace commplan::profiles
