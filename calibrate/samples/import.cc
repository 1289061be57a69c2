#include "calibrate/samples/import.h"

#include <algorithm>
#include <utility>

#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

// The first line that holds something and is no comment.
std::string_view FirstLine(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = Trim(text.substr(0, text.find('\n')));
    if (!line.empty() && line.front() != '#') return line;
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return {};
}

Result<Imported> OwnSamples(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(SampleSet set, ReadSamples(text, file));
  Imported imported;
  // The two halves of a row, out of place and in place, follow each other. What was measured in
  // place alone is a row by itself.
  const Sample* before = nullptr;
  for (Sample& sample : set.samples) {
    const bool second_half = sample.in_place && before != nullptr && !before->in_place &&
                             before->op == sample.op && before->bytes == sample.bytes;
    if (!second_half) ++imported.rows;
    sample.origin.row = imported.rows - 1;
    before = &sample;
  }
  imported.samples = std::move(set);
  return imported;
}

}  // namespace

std::string FormatNote(const Note& note) {
  std::string text = note.file;
  if (note.line > 0) text.append(":").append(std::to_string(note.line));
  if (!text.empty()) text.append(": ");
  return text.append(note.kind == Note::Kind::kSkipped ? "skipped: " : "note: ").append(note.text);
}

Result<Imported> ImportAny(std::string_view text, const std::string& file,
                           const ImportHints& hints) {
  const std::string_view first = FirstLine(text);
  if (!first.empty() && first.front() == '{') {
    const bool nccl = Contains(text, "\"config\"") && Contains(text, "\"results\"");
    return nccl && !Contains(text, "commplan/samples/") ? ImportNcclJson(text, file, hints)
                                                        : OwnSamples(text, file);
  }
  if (Contains(text, "# OSU ")) return ImportOsu(text, file, hints);
  if (Contains(first, "bytes") && Contains(first, ",") && Contains(first, "_us")) {
    return ImportCsv(text, file, hints);
  }
  auto imported = ImportNcclText(text, file, hints);
  if (imported.ok()) return imported;
  return BadInputError(
      "found nothing that holds measurements of collectives", {file},
      "known are logs and JSON of nccl-tests and rccl-tests, latency tests of the OSU "
      "micro-benchmarks, tables with a header line such as op,num_gpus,message_bytes,latency_us, "
      "and samples of commplan itself");
}

}  // namespace commplan::samples
