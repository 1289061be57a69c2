#include "calibrate/samples/collector.h"

#include <algorithm>
#include <utility>

#include "calibrate/samples/text.h"

namespace commplan::samples {

void Collector::Put(Note::Kind kind, int line, std::string text) {
  if (!list_.empty() && line > 0) {
    text = list_ + "[" + std::to_string(line - 1) + "]: " + text;
    line = 0;
  }
  imported_.notes.push_back({kind, file_, line, std::move(text)});
}

void Collector::Skip(int line, std::string why) { Put(Note::Kind::kSkipped, line, std::move(why)); }

void Collector::Remark(int line, std::string what) {
  Put(Note::Kind::kRemark, line, std::move(what));
}

void Collector::FillFromHints(Sample& sample) const {
  const auto fill = [](std::string& stated, const std::string& hint) {
    if (stated.empty()) stated = hint;
  };
  fill(sample.engine, hints_.engine);
  fill(sample.version, hints_.version);
  fill(sample.device, hints_.device);
  fill(sample.system, hints_.system);
  fill(sample.date, hints_.date);
  if (sample.ranks == 0) sample.ranks = hints_.ranks;
  if (sample.nodes == 0) sample.nodes = hints_.nodes;
  if (sample.launch == Launch::kNotStated) sample.launch = hints_.launch;
}

bool Collector::Has(const Sample& sample) const { return index_.count(KeyOf(sample)) != 0; }

bool Collector::Add(Sample sample, int line) {
  const auto row = row_of_line_.find(line);
  sample.origin = {Label(file_), list_.empty() ? line : 0,
                   row == row_of_line_.end() ? -1 : row->second};
  const std::vector<std::string> faults = FaultsOf(sample);
  if (!faults.empty()) {
    Skip(line, faults.front());
    return false;
  }
  const auto [at, is_new] = index_.try_emplace(KeyOf(sample), imported_.samples.samples.size());
  if (is_new) {
    imported_.samples.samples.push_back(std::move(sample));
    return true;
  }
  Sample& known = imported_.samples.samples[at->second];
  if (sample.repeats_us.empty() || known.repeats_us.empty()) {
    Skip(line, "quantiles of the same key were read before, at line " +
                   std::to_string(known.origin.line));
    return false;
  }
  known.repeats_us.insert(known.repeats_us.end(), sample.repeats_us.begin(),
                          sample.repeats_us.end());
  known.quantiles.clear();  // they were of the first repeat only
  return true;
}

void Collector::RemarkOnGaps() {
  const auto& samples = imported_.samples.samples;
  const auto remark = [&](auto is_missing, const std::string& what) {
    const auto count = std::count_if(samples.begin(), samples.end(), is_missing);
    if (count == 0) return;
    Remark(0, what + " is not stated for " + std::to_string(count) + " of " +
                  std::to_string(samples.size()) + " samples");
  };
  remark([](const Sample& sample) { return sample.ranks == 0; }, "the number of ranks");
  remark([](const Sample& sample) { return sample.nodes == 0; }, "the number of nodes");
  remark([](const Sample& sample) { return sample.engine.empty(); }, "the library");
}

Imported Collector::Finish() {
  RemarkOnGaps();
  std::stable_sort(imported_.notes.begin(), imported_.notes.end(),
                   [](const Note& a, const Note& b) { return a.line < b.line; });
  return std::move(imported_);
}

}  // namespace commplan::samples
