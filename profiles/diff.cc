#include "profiles/diff.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/step/machine.h"
#include "profiles/emitter.h"
#include "profiles/fields.h"

namespace commplan::profiles {
namespace {

struct Item {
  std::string path;
  Setting setting;
};

class Flattener final : public Emitter {
 public:
  explicit Flattener(const Machine& machine) : Emitter(machine) {}

  std::vector<Item>& items() { return items_; }

 private:
  void Value(std::string_view /*key*/, const std::string& path, Sort /*sort*/,
             const std::string& text, const Provenance* provenance) override {
    items_.push_back({path, {text, std::nullopt}});
    if (provenance != nullptr) items_.back().setting.provenance = *provenance;
  }
  void Open(std::string_view /*key*/, Shape /*shape*/) override {}
  void Close() override {}

  std::vector<Item> items_;
};

std::vector<Item> Flatten(const Machine& machine) {
  Machine visited = machine;  // a visitor may change what it sees; this one does not
  Flattener flattener(machine);
  VisitMachine(flattener, &visited);
  return std::move(flattener.items());
}

bool Same(const std::optional<Provenance>& a, const std::optional<Provenance>& b) {
  if (!a || !b) return !a && !b;
  return a->kind == b->kind && a->source == b->source && a->note == b->note;
}

// The paths of both, each once: those of `left`, and after each what follows it only in `right`.
std::vector<std::string> Union(const std::vector<Item>& left, const std::vector<Item>& right) {
  std::vector<std::string> paths;
  for (const Item& item : left) paths.push_back(item.path);
  auto after = paths.begin();
  for (const Item& item : right) {
    const auto found = std::find(paths.begin(), paths.end(), item.path);
    after = (found != paths.end() ? found : paths.insert(after, item.path)) + 1;
  }
  return paths;
}

std::map<std::string, Setting> ByPath(std::vector<Item> items) {
  std::map<std::string, Setting> by_path;
  for (Item& item : items) by_path.emplace(std::move(item.path), std::move(item.setting));
  return by_path;
}

std::optional<Setting> Find(const std::map<std::string, Setting>& settings,
                            const std::string& path) {
  const auto found = settings.find(path);
  if (found == settings.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::vector<Difference> Diff(const Machine& left, const Machine& right) {
  std::vector<Item> left_items = Flatten(left);
  std::vector<Item> right_items = Flatten(right);
  const std::vector<std::string> paths = Union(left_items, right_items);
  const std::map<std::string, Setting> left_settings = ByPath(std::move(left_items));
  const std::map<std::string, Setting> right_settings = ByPath(std::move(right_items));
  std::vector<Difference> differences;
  for (const std::string& path : paths) {
    Difference difference{path, Find(left_settings, path), Find(right_settings, path), false};
    difference.value_differs =
        !difference.left || !difference.right || difference.left->value != difference.right->value;
    if (!difference.value_differs &&
        Same(difference.left->provenance, difference.right->provenance)) {
      continue;
    }
    differences.push_back(std::move(difference));
  }
  return differences;
}

}  // namespace commplan::profiles
