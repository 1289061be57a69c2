// A trace is a step written out: what runs from when to when on which stream. Each stream is a
// lane, on which one thing runs at a time; lanes of one rank or pipeline stage make a process. What
// runs is described once and referred to by all its events, so that a step of a million events
// stays small.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/quantity.h"

namespace commplan {

enum class LaneKind : std::uint8_t { kCompute, kCommunicator, kHost };

struct TraceLane {
  int process = 0;
  std::string name;
  LaneKind kind = LaneKind::kCompute;
};

struct TraceArgument {
  std::string name;
  std::variant<double, std::string> value;
};

// What an event is: "attention output all-reduce", with its bytes and ranks.
struct TraceItem {
  std::string name;
  std::vector<TraceArgument> arguments;
};

inline constexpr int kNoNumber = -1;

struct TraceEvent {
  int lane = 0;
  int item = 0;
  int layer = kNoNumber;
  int microbatch = kNoNumber;
  Time start{};
  Time end{};
};

struct Trace {
  std::vector<std::string> processes;
  std::vector<TraceLane> lanes;
  std::vector<TraceItem> items;
  std::vector<TraceEvent> events;  // by lane, then by start; on one lane they never overlap
  Time end{};                      // the step
  std::vector<std::string> notes;  // what the picture leaves out, or shows otherwise than it runs

  // "attention output all-reduce, layer 3", "forward 5".
  std::string NameOf(const TraceEvent& event) const;
};

// Fills a trace event by event, in any order.
class TraceBuilder {
 public:
  int Process(std::string name);  // a new one
  // The lane of this name in the process, made when it is first asked for.
  int Lane(int process, std::string_view name, LaneKind kind);
  int Item(TraceItem item);  // a new one
  // What takes no time is left out.
  void Add(const TraceEvent& event);
  void Note(std::string note);

  // Times are sums in another order than the bill's: up to rounding of long sums the last event
  // ends with `step`, and events of a lane follow each other. From there on they do so exactly.
  // Anything more is a fault of the program.
  Trace Finish(Time step) &&;

 private:
  Trace trace_;
  std::map<std::pair<int, std::string>, int> lanes_;
};

// Time that is covered by events, for each lane.
std::vector<Time> BusyOf(const Trace& trace);

}  // namespace commplan
