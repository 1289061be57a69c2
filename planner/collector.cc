#include "planner/collector.h"

#include <array>

namespace commplan::planner {
namespace {

constexpr std::array<std::string_view, kReasonCount> kNames = {
    "layout does not divide", "batch does not divide", "no price",       "memory",
    "request rate",           "time to first token",   "time per token", "time of a request",
    "time of a step"};

}  // namespace

std::string_view Name(Reason reason) { return kNames[static_cast<std::size_t>(reason)]; }

}  // namespace commplan::planner
