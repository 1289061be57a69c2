#include "calibrate/fit/groups.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace commplan::fit {
namespace {

using samples::Sample;

std::string KeyOf(const Group& group, bool with_dtype) {
  std::string key;
  for (const std::string& part :
       {group.system, group.device, group.engine, group.version, group.kernel, group.codec,
        std::string(samples::Name(group.launch)), std::string(Name(group.op)),
        std::to_string(group.ranks), std::to_string(group.nodes), with_dtype ? group.dtype : ""}) {
    key.append(part).push_back('\n');
  }
  return key;
}

Group HeadOf(const Sample& sample) {
  Group group;
  group.op = sample.op;
  group.engine = sample.engine;
  group.version = sample.version;
  group.kernel = sample.kernel;
  group.launch = sample.launch;
  group.dtype = sample.dtype;
  group.codec = sample.codec;
  if (!sample.codec.empty()) {
    group.share = static_cast<double>(sample.coded_bytes) / static_cast<double>(sample.bytes);
  }
  group.device = sample.device;
  group.system = sample.system;
  group.ranks = sample.ranks;
  group.nodes = std::max(1, sample.nodes);
  return group;
}

// Why a sample cannot be fitted; empty where it can.
std::string Unfit(const Sample& sample) {
  if (sample.ranks == 0) return "without a number of ranks (give --ranks)";
  if (sample.ranks == 1) return "of a single rank";
  if (sample.ranks % std::max(1, sample.nodes) != 0) return "of nodes that do not divide the ranks";
  return {};
}

// How little a type is like what models send.
int Strangeness(std::string_view dtype) {
  constexpr std::array<std::string_view, 8> kByRank = {"half", "float16", "fp16",    "bfloat16",
                                                       "bf16", "float",   "float32", "fp32"};
  const auto found = std::find(kByRank.begin(), kByRank.end(), dtype);
  return static_cast<int>(found - kByRank.begin());
}

// In place is a repeat of the row out of place; alone it is the measurement.
void AddRow(const Sample& sample, Group& group) {
  const double time = CentralTimeUs(sample);
  if (sample.in_place && !group.rows.empty()) {
    GroupRow& last = group.rows.back();
    const bool same_row = sample.origin.row < 0 || last.origin.row == sample.origin.row;
    if (last.origin == sample.origin && same_row && last.point.repeat_us == 0 &&
        last.point.bytes == static_cast<double>(sample.bytes)) {
      last.point.repeat_us = time;
      return;
    }
  }
  const double weight = static_cast<double>(std::max<std::size_t>(1, sample.repeats_us.size()));
  group.rows.push_back({{static_cast<double>(sample.bytes), time, 0, weight}, sample.origin});
  // Where a file does not say, the place among the sizes of the group.
  samples::Origin& origin = group.rows.back().origin;
  if (origin.row < 0) origin.row = static_cast<int>(group.rows.size()) - 1;
}

std::string CountText(int count, const std::string& what) {
  return std::to_string(count) + (count == 1 ? " sample " : " samples ") + what;
}

}  // namespace

std::vector<std::string> Group::Files() const {
  std::vector<std::string> files;
  for (const GroupRow& row : rows) {
    if (std::find(files.begin(), files.end(), row.origin.file) == files.end()) {
      files.push_back(row.origin.file);
    }
  }
  return files;
}

std::string Group::Text() const {
  std::string text(Name(op));
  text += ", " + std::to_string(ranks) + " ranks";
  if (nodes > 1) text += " on " + std::to_string(nodes) + " nodes";
  if (!engine.empty()) text += ", " + engine;
  if (!version.empty()) text += " " + version;
  if (launch != samples::Launch::kNotStated) text.append(", ").append(samples::Name(launch));
  if (!dtype.empty()) text += ", " + dtype;
  if (!codec.empty()) text += ", compressed with " + codec;
  return text;
}

Groups GroupSamples(const std::vector<Sample>& samples) {
  Groups found;
  std::map<std::string, std::size_t> index;
  std::map<std::string, int> unfit;
  int without_nodes = 0;
  for (const Sample& sample : samples) {
    if (const std::string reason = Unfit(sample); !reason.empty()) {
      ++unfit[reason];
      continue;
    }
    if (sample.nodes == 0) ++without_nodes;
    Group head = HeadOf(sample);
    const auto [at, is_new] = index.try_emplace(KeyOf(head, true), found.groups.size());
    if (is_new) found.groups.push_back(std::move(head));
    AddRow(sample, found.groups[at->second]);
  }
  for (const Group& group : found.groups) {
    const std::vector<std::string> files = group.Files();
    if (files.size() < 2) continue;
    std::string text = group.Text() + ": taken together from " + std::to_string(files.size()) +
                       " files, as of one machine:";
    for (const std::string& file : files) text.append(" ").append(file);
    found.notes.push_back(std::move(text));
  }
  for (const auto& [reason, count] : unfit) {
    found.notes.push_back(CountText(count, reason) + ": left out");
  }
  if (without_nodes > 0) {
    found.notes.push_back(
        CountText(without_nodes, "do not state the nodes: taken as one node (give --nodes)"));
  }
  return found;
}

Groups OneDtypeEach(Groups groups) {
  Groups kept;
  kept.notes = std::move(groups.notes);
  std::map<std::string, std::size_t> index;
  std::map<std::pair<std::string, std::string>, int> dropped;  // dtype, for which -> groups
  for (Group& group : groups.groups) {
    const auto [at, is_new] = index.try_emplace(KeyOf(group, false), kept.groups.size());
    if (is_new) {
      kept.groups.push_back(std::move(group));
      continue;
    }
    Group& chosen = kept.groups[at->second];
    if (std::tuple(Strangeness(group.dtype), group.dtype) <
        std::tuple(Strangeness(chosen.dtype), chosen.dtype)) {
      std::swap(chosen, group);
    }
    ++dropped[{group.dtype, chosen.dtype}];
  }
  for (const auto& [types, count] : dropped) {
    kept.notes.push_back(std::to_string(count) + " groups of " + types.first +
                         " left out: a curve stands for one data type, here " + types.second +
                         " (choose with --dtype)");
  }
  return kept;
}

std::vector<Point> TrainingPoints(const Group& group, bool odd_held_out) {
  std::vector<Point> points;
  for (const GroupRow& row : group.rows) {
    if (!odd_held_out || row.origin.row % 2 == 0) points.push_back(row.point);
  }
  return points;
}

std::vector<GroupRow> HeldOutRows(const Group& group) {
  std::vector<GroupRow> rows;
  for (const GroupRow& row : group.rows) {
    if (row.origin.row % 2 == 1) rows.push_back(row);
  }
  return rows;
}

}  // namespace commplan::fit
