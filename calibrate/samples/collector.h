// A collector gathers what an importer finds: samples, of which those of one key become one, and
// notes.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "calibrate/samples/import.h"
#include "calibrate/samples/sample.h"

namespace commplan::samples {

class Collector {
 public:
  Collector(std::string file, const ImportHints& hints) : file_(std::move(file)), hints_(hints) {}

  const std::string& file() const { return file_; }
  const ImportHints& hints() const { return hints_; }

  // For texts without lines: line 3 is then called "results[2]", if `list` is "results".
  void CountLinesIn(std::string list) { list_ = std::move(list); }

  void Skip(int line, std::string why);
  void Remark(int line, std::string what);
  // A data row, in the order of the text; one that gives no sample counts too.
  void CountRow() { ++imported_.rows; }
  // The same, of a log in which the place of a row is known.
  void CountRow(int line) { row_of_line_.try_emplace(line, imported_.rows++); }

  // The sample with what only the hints know, and its origin.
  void FillFromHints(Sample& sample) const;

  // Adds the sample, or its repeats to those of the sample of the same key. An invalid one becomes
  // a note. `line` is where it was read. False where a note came of it.
  bool Add(Sample sample, int line);

  // Whether a sample of this key is there already.
  bool Has(const Sample& sample) const;

  // Notes by line, a remark on what the samples do not state, and all of it.
  Imported Finish();

 private:
  void RemarkOnGaps();
  void Put(Note::Kind kind, int line, std::string text);

  std::string file_;
  ImportHints hints_;
  std::string list_{};
  std::unordered_map<int, int> row_of_line_{};
  Imported imported_{};
  std::unordered_map<std::string, std::size_t> index_{};  // key of a sample -> its place
};

}  // namespace commplan::samples
