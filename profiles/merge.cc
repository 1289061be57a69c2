#include "profiles/merge.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "model/base/result.h"
#include "profiles/document.h"
#include "profiles/head.h"
#include "profiles/utf8.h"

namespace commplan::profiles {
namespace {

constexpr std::array<std::string_view, 6> kNetworkKeys = {"name",    "title", "sources",
                                                          "engines", "tiers", "network_ports"};

std::string_view TextOf(const Node* node) {
  return node != nullptr && node->IsScalar() ? std::string_view(node->text) : std::string_view();
}

void CheckSources(const Node& over, const Node& base, Document* document) {
  const Node* const ours = over.Find("sources");
  const Node* const theirs = base.Find("sources");
  if (ours == nullptr || theirs == nullptr) return;
  for (const Entry& entry : ours->entries) {
    const Node* const other = theirs->Find(entry.key);
    if (other == nullptr) continue;
    if (TextOf(entry.value.Find("title")) == TextOf(other->Find("title")) &&
        TextOf(entry.value.Find("url")) == TextOf(other->Find("url"))) {
      continue;
    }
    const Where there = document->At(other->spot);
    document->faults.push_back(BadInputError(
        "sources: found '" + Shortened(entry.key) + "' defined in another way than in " +
            there.file + ":" + std::to_string(there.line),
        document->At(entry.key_spot), "use the same title and url, or another name"));
  }
}

Node MapAt(const Spot& spot) {
  Node node;
  node.kind = Node::Kind::kMap;
  node.spot = spot;
  return node;
}

Node* FindOrAdd(Node* map, std::string_view key) {
  if (Node* const found = map->Find(key)) return found;
  map->entries.push_back({std::string(key), map->spot, MapAt(map->spot)});
  return &map->entries.back().value;
}

void JoinEngines(Node* machine, Node* network) {
  Node* const added = network->Find("engines");
  if (added == nullptr || !added->IsMap()) return;
  Node* const engines = FindOrAdd(machine, "engines");
  if (!engines->IsMap()) return;
  for (Entry& entry : added->entries) {
    if (Node* const existing = engines->Find(entry.key)) {
      MergeInto(&entry.value, std::move(*existing));
      *existing = std::move(entry.value);
    } else if (entry.value.Find("rule") != nullptr) {
      engines->entries.push_back(std::move(entry));
    }
  }
}

// The network's first tier joins nodes by their network ports, a number that only the machine
// knows.
Status GivePorts(const Loaded& machine, const Node& ports, Node* tier, Document* document) {
  if (!tier->IsMap()) return OkStatus();  // the reader will say so
  if (const Node* const own = tier->Find("ports")) {
    return BadInputError("tiers.0.ports: found the ports of a node in a network, expected none",
                         document->At(own->spot),
                         "leave them out: they are the 'network_ports' of the machine, here of '" +
                             machine.head.name + "'");
  }
  tier->entries.push_back({"ports", ports.spot, ports});
  return OkStatus();
}

void CheckNetworkKeys(const Node& root, Document* document) {
  for (const Entry& entry : root.entries) {
    if (std::find(kNetworkKeys.begin(), kNetworkKeys.end(), entry.key) != kNetworkKeys.end()) {
      continue;
    }
    document->faults.push_back(BadInputError(
        "found the key '" + Shortened(entry.key) + "' in a network", document->At(entry.key_spot),
        "a network has 'tiers', 'engines', 'sources' and 'network_ports'"));
  }
}

}  // namespace

void MergeInto(Node* over, Node base) {
  if (!over->IsMap() || !base.IsMap()) return;
  const std::size_t own = over->entries.size();
  for (Entry& entry : base.entries) {
    const auto end = over->entries.begin() + static_cast<std::ptrdiff_t>(own);
    const auto found = std::find_if(over->entries.begin(), end,
                                    [&](const Entry& e) { return e.key == entry.key; });
    if (found != end) {
      MergeInto(&found->value, std::move(entry.value));
    } else {
      over->entries.push_back(std::move(entry));
    }
  }
}

void MergeFile(Node* over, Node base, Document* document) {
  CheckSources(*over, base, document);
  MergeInto(over, std::move(base));
}

Status Join(Loaded* machine, Loaded network, Document* document) {
  const Where machine_file{document->At(machine->root.spot).file, 0, 0};
  CheckNetworkKeys(network.root, document);
  Node* const tiers = machine->root.Find("tiers");
  Node* const added = network.root.Find("tiers");
  if (added == nullptr || !added->IsList() || added->entries.empty()) {
    return BadInputError("the network '" + network.head.name + "' has no list of 'tiers'",
                         {document->At(network.root.spot).file, 0, 0});
  }
  // A network may itself be joined by a further one, through its own network ports.
  const Node* const ports =
      machine->outer_ports ? &*machine->outer_ports : machine->root.Find("network_ports");
  if (machine->joined_without_ports) {
    return BadInputError(
        "'" + machine->head.name + "' already has a network, so it cannot join '" +
            network.head.name + "'",
        machine_file,
        "use one network; or, where one network joins the domains of another, give "
        "the inner one 'network_ports' and 'ranks'");
  }
  if (ports == nullptr) {
    return BadInputError(
        "'" + machine->head.name + "' cannot join '" + network.head.name +
            "': it has no 'network_ports'",
        machine_file,
        "add 'network_ports: {value: 8, kind: datasheet, source: ID}', the ports (network cards) "
        "of one node");
  }
  RETURN_IF_ERROR(GivePorts(*machine, *ports, &added->entries.front().value, document));
  if (tiers != nullptr && tiers->IsList()) {
    if (document->network_tier == 0) document->network_tier = tiers->entries.size();
    std::move(added->entries.begin(), added->entries.end(), std::back_inserter(tiers->entries));
  }
  JoinEngines(&machine->root, &network.root);
  if (Node* const sources = network.root.Find("sources")) {
    CheckSources(network.root, machine->root, document);
    MergeInto(FindOrAdd(&machine->root, "sources"), std::move(*sources));
  }
  machine->head.name += "+" + network.head.name;
  machine->head.title += " + " + network.head.title;
  if (Node* const name = machine->root.Find("name")) name->text = machine->head.name;
  if (Node* const title = machine->root.Find("title")) title->text = machine->head.title;
  const Node* const outer = network.root.Find("network_ports");
  machine->joined_without_ports = outer == nullptr;
  if (outer != nullptr) machine->outer_ports = *outer;
  return OkStatus();
}

}  // namespace commplan::profiles
