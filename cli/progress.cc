#include "cli/progress.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <utility>

namespace commplan::cli {
namespace {

constexpr double kQuietSeconds = 1;

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool IsTerminal(const Io& io) { return &io.err == &std::cerr && isatty(STDERR_FILENO) == 1; }

}  // namespace

ProgressLines::ProgressLines(Io& io)
    : ProgressLines(IsTerminal(io) ? &io.err : nullptr, SteadySeconds) {}

ProgressLines::ProgressLines(std::ostream* out, std::function<double()> now_s)
    : out_(out), now_s_(std::move(now_s)), last_s_(now_s_()) {}

void ProgressLines::Next(const std::string& what) {
  if (out_ == nullptr) return;
  const double now_s = now_s_();
  if (now_s - last_s_ < kQuietSeconds) return;
  last_s_ = now_s;
  *out_ << "commplan: " << what << std::endl;
}

}  // namespace commplan::cli
