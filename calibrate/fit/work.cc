#include "calibrate/fit/work.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "calibrate/fit/mean.h"
#include "calibrate/fit/rows.h"
#include "calibrate/fit/tabulate.h"
#include "model/codec/codec.h"

namespace commplan::fit {
namespace {

using samples::Sample;

constexpr double kPicosPerMicro = 1e6;
constexpr double kPicosPerSecond = 1e12;
constexpr Bytes kBytesPerLaunch = B(4);  // docs/sample_format.md

int CoresOf(const Sample& sample) { return std::max(1, sample.cores); }

std::string CoresText(int cores) {
  return std::to_string(cores) + (cores == 1 ? " core" : " cores");
}

Result<std::string> OneDevice(const std::vector<Sample>& work) {
  std::set<std::string> names;
  for (const Sample& sample : work) names.insert(sample.device);
  if (names.size() == 1) return *names.begin();
  std::string found;
  for (const std::string& name : names) {
    found += (found.empty() ? "" : ", ") + (name.empty() ? "one without a name" : name);
  }
  return BadInputError("found work of " + std::to_string(names.size()) + " devices (" + found +
                           "), expected one for a profile",
                       {}, "choose one with --device, or fit the files apart");
}

void TakeCopies(const std::vector<Sample>& copies, DeviceWork* found) {
  const auto more = [](const Sample& a, const Sample& b) {
    return std::pair(CoresOf(a), a.bytes) < std::pair(CoresOf(b), b.bytes);
  };
  const Sample& largest = *std::max_element(copies.begin(), copies.end(), more);
  const int cores = CoresOf(largest);
  constexpr double kReadsAndWrites = 2;
  const double bytes = kReadsAndWrites * static_cast<double>(largest.bytes) * cores;
  const Time time = Micros(CentralTimeUs(largest));
  found->memory_bandwidth = GBps(FiveDigits(InGBps(B(bytes) / time)));
  found->memory_note = "copies of " + SizeText(static_cast<double>(largest.bytes)) + " by " +
                       CoresText(cores) + ", each byte read and written";
}

// One pass of a codec, by as few cores as were measured.
struct Pass {
  Time start{};
  TimePerByte per_byte{};
  int sizes = 0;
};

Result<Pass> FitPass(const std::vector<const Sample*>& all) {
  int least = CoresOf(*all.front());
  for (const Sample* sample : all) least = std::min(least, CoresOf(*sample));
  std::vector<Point> points;
  for (const Sample* sample : all) {
    if (CoresOf(*sample) != least) continue;
    const auto repeats = std::max<std::size_t>(1, sample->repeats_us.size());
    points.push_back({static_cast<double>(sample->bytes), CentralTimeUs(*sample), 0,
                      static_cast<double>(repeats)});
  }
  ASSIGN_OR_RETURN(const Rows rows, PrepareRows(points));
  Pass pass;
  pass.sizes = static_cast<int>(rows.rows.size());
  if (rows.rows.size() == 1) {
    const Row& row = rows.rows.front();
    pass.per_byte =
        SecondsPerByte(FiveDigits(row.time_us / row.bytes * kPicosPerMicro) / kPicosPerSecond);
    return pass;
  }
  const MeanFit line = FitMean(Form::kLine, rows);
  pass.per_byte =
      SecondsPerByte(FiveDigits(line.mean.us_per_byte * kPicosPerMicro) / kPicosPerSecond);
  // A start that the sizes do not show is none.
  if (line.parameters.front().identified) pass.start = Micros(FiveDigits(line.mean.latency_us));
  return pass;
}

Result<WorkedCodec> FitCodec(const std::string& name,
                             const std::map<std::string, std::vector<const Sample*>>& works) {
  WorkedCodec codec;
  codec.cost.name = name;
  struct Part {
    const char* work;
    TimePerByte CodecCost::*speed;
    int WorkedCodec::*sizes;
  };
  for (const Part& part : {Part{"encode", &CodecCost::encode, &WorkedCodec::encode_sizes},
                           Part{"decode", &CodecCost::decode, &WorkedCodec::decode_sizes},
                           Part{"decode-add", &CodecCost::add, &WorkedCodec::add_sizes}}) {
    const auto found = works.find(part.work);
    if (found == works.end()) continue;
    ASSIGN_OR_RETURN(const Pass pass, FitPass(found->second));
    codec.cost.*part.speed = pass.per_byte;
    codec.*part.sizes = pass.sizes;
    codec.cost.pass = Max(codec.cost.pass, pass.start);
    codec.dtype = found->second.front()->dtype;
  }
  return codec;
}

// The slope alone is the launch, so that one count says nothing.
Status TakeLaunches(const std::vector<const Sample*>& launches, DeviceWork* found) {
  ASSIGN_OR_RETURN(const Pass pass, FitPass(launches));
  if (pass.sizes < 2) {
    found->notes.push_back(
        "launches were measured at one count only, of which wait and launch "
        "cannot be told apart: left out");
    return OkStatus();
  }
  found->launch = Micros(FiveDigits(InMicros(pass.per_byte * kBytesPerLaunch)));
  found->launch_sizes = pass.sizes;
  return OkStatus();
}

std::string SpeedNote(const WorkedCodec& codec, int sizes) {
  std::string note = std::to_string(sizes) + (sizes == 1 ? " size" : " sizes");
  if (!codec.dtype.empty()) note.append(", per byte of ").append(codec.dtype);
  return note;
}

}  // namespace

Result<DeviceWork> FitWork(const std::vector<Sample>& work) {
  DeviceWork found;
  if (work.empty()) return found;
  ASSIGN_OR_RETURN(found.device, OneDevice(work));
  std::vector<Sample> copies;
  std::vector<const Sample*> launches;
  std::map<std::string, std::map<std::string, std::vector<const Sample*>>> codecs;
  std::map<std::string, int> unread;
  for (const Sample& sample : work) {
    const bool pass =
        sample.work == "encode" || sample.work == "decode" || sample.work == "decode-add";
    if (sample.work == "copy") {
      copies.push_back(sample);
    } else if (sample.work == "launch") {
      if (sample.launch != samples::Launch::kGraph) launches.push_back(&sample);
    } else if (pass && codec::FindCodec(sample.codec).ok()) {
      codecs[sample.codec][sample.work].push_back(&sample);
    } else {
      ++unread[pass ? sample.work + " by a codec '" + sample.codec + "' that is not known"
                    : "the work '" + sample.work + "', of which a profile says nothing"];
    }
  }
  if (!copies.empty()) TakeCopies(copies, &found);
  if (!launches.empty()) RETURN_IF_ERROR(TakeLaunches(launches, &found));
  for (const auto& [name, works] : codecs) {
    ASSIGN_OR_RETURN(WorkedCodec codec, FitCodec(name, works));
    found.codecs.push_back(std::move(codec));
  }
  for (const auto& [what, count] : unread) {
    found.notes.push_back(std::to_string(count) + (count == 1 ? " sample of " : " samples of ") +
                          what + ": left out");
  }
  return found;
}

void PutWork(const DeviceWork& work, const std::string& source, const Machine* like,
             Machine* machine) {
  const auto say = [&](const std::string& path, const std::string& note) {
    machine->provenance[path] = {ProvenanceKind::kMeasured, source, note};
  };
  const bool stated = like != nullptr && like->device.memory_bandwidth > Bandwidth();
  if (work.memory_bandwidth > Bandwidth() && !stated) {
    const std::string named = like == nullptr ? work.device : like->device.name;
    machine->device.name = named.empty() ? machine->name : named;
    machine->device.memory_bandwidth = work.memory_bandwidth;
    say("device.memory_bandwidth", work.memory_note);
  }
  if (work.launch_sizes > 0) {
    machine->compute.launch = work.launch;
    say("compute.launch", std::to_string(work.launch_sizes) + " counts of kernels in a row");
  }
  for (const WorkedCodec& codec : work.codecs) {
    machine->codecs.push_back(codec.cost);
    const std::string path = "codecs." + codec.cost.name + ".";
    if (codec.encode_sizes > 0) say(path + "encode", SpeedNote(codec, codec.encode_sizes));
    if (codec.decode_sizes > 0) say(path + "decode", SpeedNote(codec, codec.decode_sizes));
    if (codec.add_sizes > 0) say(path + "add", SpeedNote(codec, codec.add_sizes));
    if (codec.cost.pass > Time()) say(path + "pass", "the longest start of its passes");
  }
}

}  // namespace commplan::fit
