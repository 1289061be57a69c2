// What the importers share to read text: lines, words, numbers, names of operations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/collective/algorithm.h"

namespace commplan::samples {

// Without the line ends, also those of other systems. A last empty line is none.
std::vector<std::string_view> Lines(std::string_view text);

// The parts between blanks and tabs.
std::vector<std::string_view> Words(std::string_view line);

std::string_view Trim(std::string_view text);
std::string Lower(std::string_view text);
bool StartsWith(std::string_view text, std::string_view head);
bool Contains(std::string_view text, std::string_view part);

// The whole text as a number; nothing for "nan", "inf", an empty text or one with a rest.
std::optional<double> NumberIn(std::string_view text);
std::optional<std::int64_t> IntegerIn(std::string_view text);

// A label as it may stand in a sample: trimmed, valid UTF-8, no control characters, not endless.
std::string Label(std::string_view text);

// The operation that a benchmark or a column means: "all_reduce", "AllReduce", "alltoall",
// "all_gather_perf", "send_recv". Nothing for others, such as "gather" or "all_reduce+rmsnorm".
std::optional<Op> OpMeant(std::string_view name);

// The operation that stands in a file's name, "p4d_2n8g_allreduce.txt" say, if it is one only.
std::optional<Op> OpInFileName(std::string_view file);

// Bytes of an element of nccl-tests' data types ("float", "bfloat16", "f8e4m3"); 0 for others.
int ElementBytes(std::string_view type);

}  // namespace commplan::samples
