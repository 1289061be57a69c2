#include "calibrate/device/bench.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace commplan::device {

std::int64_t SizeRange::Round(double bytes) const {
  CHECK(step > 0 && least > 0 && most >= least);
  const auto up = [this](std::int64_t value) { return (value + step - 1) / step * step; };
  const auto nearest = static_cast<std::int64_t>(std::llround(bytes / static_cast<double>(step)));
  return std::clamp(nearest * step, up(least), std::max(up(least), most / step * step));
}

std::string TextOf(const samples::Sample& head) {
  std::string text = head.work.empty() ? std::string(Name(head.op)) : head.work;
  if (head.ranks > 0) text += ", " + std::to_string(head.ranks) + " ranks";
  if (head.nodes > 1) text += " on " + std::to_string(head.nodes) + " nodes";
  if (!head.engine.empty()) text += ", " + head.engine;
  if (!head.kernel.empty()) text += ", " + head.kernel;
  if (head.launch != samples::Launch::kNotStated) text += ", " + std::string(Name(head.launch));
  if (!head.codec.empty()) text += ", " + head.codec;
  if (head.cores > 0) {
    text += ", " + std::to_string(head.cores) + (head.cores == 1 ? " core" : " cores");
  }
  return text;
}

}  // namespace commplan::device
