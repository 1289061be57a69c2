#include "model/step/trace.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>

#include "model/base/check.h"

namespace commplan {
namespace {

// Sums of a million times differ by this share when they are made in another order.
constexpr double kRounding = 1e-9;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

std::string Trace::NameOf(const TraceEvent& event) const {
  std::string name = items[At(event.item)].name;
  if (event.layer != kNoNumber) {
    name += ", layer ";
    name += std::to_string(event.layer);
  } else if (event.microbatch != kNoNumber) {
    name += ' ';
    name += std::to_string(event.microbatch);
  }
  return name;
}

int TraceBuilder::Process(std::string name) {
  trace_.processes.push_back(std::move(name));
  return static_cast<int>(trace_.processes.size()) - 1;
}

int TraceBuilder::Lane(int process, std::string_view name, LaneKind kind) {
  const int next = static_cast<int>(trace_.lanes.size());
  const auto [found, made] = lanes_.try_emplace({process, std::string(name)}, next);
  if (made) trace_.lanes.push_back({process, std::string(name), kind});
  return found->second;
}

int TraceBuilder::Item(TraceItem item) {
  trace_.items.push_back(std::move(item));
  return static_cast<int>(trace_.items.size()) - 1;
}

void TraceBuilder::Add(const TraceEvent& event) {
  CHECK(event.end >= event.start);
  if (event.end > event.start) trace_.events.push_back(event);
}

void TraceBuilder::Note(std::string note) { trace_.notes.push_back(std::move(note)); }

Trace TraceBuilder::Finish(Time step) && {
  std::vector<TraceEvent>& events = trace_.events;
  Time latest;
  for (const TraceEvent& event : events) latest = Max(latest, event.end);
  const Time slack = step * kRounding;
  CHECK_LE(std::abs(latest.base() - step.base()), slack.base());
  std::stable_sort(events.begin(), events.end(), [](const TraceEvent& a, const TraceEvent& b) {
    return std::tie(a.lane, a.start, a.end) < std::tie(b.lane, b.start, b.end);
  });
  const TraceEvent* before = nullptr;
  for (TraceEvent& event : events) {
    if (event.end == latest) event.end = step;
    event.end = Min(event.end, step);
    event.start = Min(event.start, event.end);
    if (before != nullptr && before->lane == event.lane && event.start < before->end) {
      CHECK_LE((before->end - event.start).base(), slack.base());
      event.start = before->end;
      event.end = Max(event.end, event.start);
    }
    before = &event;
  }
  trace_.end = step;
  return std::move(trace_);
}

std::vector<Time> BusyOf(const Trace& trace) {
  std::vector<Time> busy(trace.lanes.size());
  for (const TraceEvent& event : trace.events) busy[At(event.lane)] += event.end - event.start;
  return busy;
}

}  // namespace commplan
