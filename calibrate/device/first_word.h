// The first word between processes that a launcher started: rank 0 hands the same few bytes to all
// others over TCP. NCCL needs this once, to find its peers; all else goes through NCCL.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace commplan::device {

// Waits on the port until `others` have come, and gives each the word.
Status GiveWord(int port, int others, std::span<const std::byte> word, double timeout_s);

// Asks rank 0, again and again while it is not there yet.
Result<std::vector<std::byte>> TakeWord(const std::string& host, int port, std::size_t bytes,
                                        double timeout_s);

}  // namespace commplan::device
