// The importers turn what other programs print about measurements into samples.
//
// All of them take text, never a path to open; `file` is where the text came from and goes into
// origins and notes (its name may also say which operation ran). A damaged text gives what is sound
// in it, and a note for every line that was skipped. An importer fails only where nothing in the
// text is of its kind.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibrate/samples/sample.h"
#include "model/base/result.h"
#include "model/collective/algorithm.h"

namespace commplan::samples {

// What the caller knows and the text may not say. A hint fills a gap; where the text states
// something else, the text is believed and a note says so.
struct ImportHints {
  std::optional<Op> op{};
  int ranks = 0;
  int nodes = 0;
  std::string engine{};
  std::string version{};
  Launch launch = Launch::kNotStated;
  std::string device{};
  std::string system{};
  std::string date{};
};

// Why something is not in the samples, or what to know about those that are.
struct Note {
  enum class Kind {
    kSkipped,  // the line gave no sample
    kRemark,   // the samples are sound, but something about them was derived or is not stated
  };
  Kind kind = Kind::kRemark;
  std::string file{};
  int line = 0;  // 0: the whole text
  std::string text{};

  friend bool operator==(const Note&, const Note&) = default;
};

// "file:line: skipped: text", for people.
std::string FormatNote(const Note& note);

struct Imported {
  SampleSet samples{};
  std::vector<Note> notes{};  // by line
  int rows = 0;               // data rows read as such, those of size 0 among them
};

// Finds out by content which of the following it is. Also reads what WriteSamples wrote.
Result<Imported> ImportAny(std::string_view text, const std::string& file,
                           const ImportHints& hints = {});

// The text of nccl-tests and rccl-tests, of every version.
Result<Imported> ImportNcclText(std::string_view text, const std::string& file,
                                const ImportHints& hints = {});

// What nccl-tests writes with -J.
Result<Imported> ImportNcclJson(std::string_view text, const std::string& file,
                                const ImportHints& hints = {});

// A table with a header line that names op, message_bytes, num_gpus and a time; which other columns
// are known, docs/sample_format.md lists. Rows of one key become the repeats of one sample.
Result<Imported> ImportCsv(std::string_view text, const std::string& file,
                           const ImportHints& hints = {});

// The latency tests of the OSU micro-benchmarks. Their size is per peer for all-gather and
// all-to-all, so these need the number of ranks, which the text does not state: give it as a hint.
Result<Imported> ImportOsu(std::string_view text, const std::string& file,
                           const ImportHints& hints = {});

}  // namespace commplan::samples
