// A sample is what one measurement of a collective or transfer says: what ran, on what, how many
// bytes, and how long it took. Measuring kernels write samples, importers make them of logs, the
// fit reads them.
//
// What a measurement does not state stays at its default, which means "not stated"; nothing is
// guessed. docs/sample_format.md is the page for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/collective/algorithm.h"

namespace commplan::samples {

inline constexpr std::string_view kSampleSchema = "commplan/samples/1";

// How the operation was started. A kernel time leaves the launch out altogether; the three are not
// to be mixed in one fit.
enum class Launch : std::uint8_t { kNotStated, kEager, kGraph, kKernel };

// "" for kNotStated, "eager", "graph", "kernel".
std::string_view Name(Launch launch);
std::optional<Launch> LaunchNamed(std::string_view word);

// The time that a share of the single calls did not exceed: share 0.5 is the median, 0 the
// smallest, 1 the largest.
struct Quantile {
  double share = 0;
  double time_us = 0;

  friend bool operator==(const Quantile&, const Quantile&) = default;
};

// Where a sample was read. Line 0: the sample was measured here, or the file has no lines.
struct Origin {
  std::string file{};
  int line = 0;
  // Its place among the data rows of a log, counted from 0; -1 where rows of one table are repeats
  // of each other, and their place says nothing. A file of samples does not keep it, so it does not
  // count in a comparison.
  int row = -1;

  friend bool operator==(const Origin& a, const Origin& b) {
    return a.file == b.file && a.line == b.line;
  }
};

struct Sample {
  Op op = Op::kAllReduce;  // of no meaning where `work` is stated
  // What one device did by itself, where it was no collective: "copy", "encode", "decode",
  // "decode-add". An open list; who reads them takes the names that he knows. These samples stand
  // in SampleSet::work and state no ranks.
  std::string work{};
  int cores = 0;          // that did the work at once, each on its own data; 0: not stated
  std::string engine{};   // the library that ran it: "nccl", "rccl", "vllm", "mpi"
  std::string version{};  // of that library: "2.27.3"
  std::string kernel{};   // which of its kernels, as the source names it: "vLLM_custom"
  Launch launch = Launch::kNotStated;

  int ranks = 0;                      // 0: not stated
  int nodes = 0;                      // 0: not stated
  std::vector<int> ranks_per_node{};  // the placement, in order of rank; empty: not stated

  // As nccl-tests counts: the buffer of one rank for all-reduce, broadcast and reduce; the total
  // over all ranks for all-gather and reduce-scatter; the whole send buffer of one rank for
  // all-to-all; the message for p2p. Of work: the values before they are encoded, or what is
  // copied, of one core.
  std::int64_t bytes = 0;
  std::string dtype{};         // as the source names it: "float", "half", "bfloat16"
  std::string codec{};         // how the data were compressed; "": not at all
  std::int64_t coded_bytes{};  // the same buffer after compression; 0: not stated
  bool in_place = false;

  // At least one of the two is there. A repeat is one independent measurement: the mean over
  // `calls` calls in a row (0: not stated). Quantiles are over single calls, in order of share.
  std::vector<double> repeats_us{};
  int calls = 0;
  std::vector<Quantile> quantiles{};

  std::string device{};  // "NVIDIA H100 80GB HBM3"
  std::string system{};  // a label of the machine or the table: "h100_sxm"
  std::string tool{};    // what measured: "nccl-tests 2.17.6"
  std::string date{};    // "2025-11-03"
  std::vector<std::pair<std::string, std::string>> environment{};  // by name; see ScrubEnvironment
  Origin origin{};

  friend bool operator==(const Sample&, const Sample&) = default;
};

struct SampleSet {
  std::string schema{kSampleSchema};
  std::vector<Sample> samples{};
  std::vector<Sample> work{};  // by single devices; what is no collective

  friend bool operator==(const SampleSet&, const SampleSet&) = default;
};

// The one time that stands for the sample: the median of its repeats, or where it has none the
// median among its quantiles. A valid sample has one of them.
double CentralTimeUs(const Sample& sample);

// Whether two samples measured the same thing in the same way, so that their repeats may be put
// together: everything is equal but the times, the date and the origin.
bool SameKey(const Sample& a, const Sample& b);

// A text that is equal for two samples exactly when SameKey says so, to group samples by.
std::string KeyOf(const Sample& sample);

// What makes a sample invalid, one text per fault with the key it is about first ("bytes: ...");
// empty for a valid one.
std::vector<std::string> FaultsOf(const Sample& sample);

// What may be kept of a process's environment: settings of communication libraries (NCCL_, RCCL_,
// UCX_, FI_ and so on), sorted by name, without those that name a file, a host, an address or a
// secret. `left_out` counts what was dropped among those libraries' settings.
struct Environment {
  std::vector<std::pair<std::string, std::string>> kept{};
  int left_out = 0;
};
Environment ScrubEnvironment(std::vector<std::pair<std::string, std::string>> all);

// Reads the JSON of docs/sample_format.md. Strict: an unknown or doubled key, a wrong type, a
// number that is not finite and positive, or another schema is a fault. All faults are collected;
// each names its place as in "samples[3].bytes". `file` is only for messages.
Result<SampleSet> ReadSamples(std::string_view text, const std::string& file = {});

// The same set as bytes: one sample per line, those of `work` in a list of their own behind the
// others where there are any, keys in one order, what is not stated left out. Fails only where a
// sample is invalid, as a measured time of zero is. Write(Read(Write(x))) == Write(x).
Result<std::string> WriteSamples(const SampleSet& set);

}  // namespace commplan::samples
