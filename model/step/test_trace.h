// What every trace keeps, whatever it shows.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "model/base/quantity.h"
#include "model/step/trace.h"

namespace commplan {

inline void ExpectSound(const Trace& trace, Time step) {
  EXPECT_EQ(trace.end, step);
  Time latest;
  const TraceEvent* before = nullptr;
  for (const TraceEvent& event : trace.events) {
    ASSERT_LT(static_cast<std::size_t>(event.lane), trace.lanes.size());
    ASSERT_LT(static_cast<std::size_t>(event.item), trace.items.size());
    EXPECT_GE(event.start, Time());
    EXPECT_GE(event.end, event.start);
    if (before != nullptr && before->lane == event.lane) {
      EXPECT_GE(event.start, before->end) << trace.NameOf(*before) << ", " << trace.NameOf(event);
    }
    if (latest < event.end) latest = event.end;
    before = &event;
  }
  EXPECT_EQ(latest, step);
}

// Busy time of all lanes of this name, or with this ending.
inline Time BusyOfLanes(const Trace& trace, std::string_view ending) {
  Time sum;
  const std::vector<Time> busy = BusyOf(trace);
  for (std::size_t i = 0; i < busy.size(); ++i) {
    if (std::string_view(trace.lanes[i].name).ends_with(ending)) sum += busy[i];
  }
  return sum;
}

inline std::size_t EventsNamed(const Trace& trace, std::string_view beginning) {
  std::size_t count = 0;
  for (const TraceEvent& event : trace.events) {
    if (trace.NameOf(event).starts_with(beginning)) ++count;
  }
  return count;
}

}  // namespace commplan
