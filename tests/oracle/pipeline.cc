#include "tests/oracle/pipeline.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {

namespace {

std::size_t At(int i) { return static_cast<std::size_t>(i); }

// ---- sheets ----

// "Keep at most `most` microbatches between forward and backward": forward while there is room,
// else backward. A weight gradient is owed after each input gradient; more than `debt` are never
// owed, and all are paid in the end.
Sheet KeepInFlight(int microbatches, int most, bool split, int debt) {
  Sheet sheet;
  int forwards = 0;
  int backwards = 0;
  int owed = 0;
  while (backwards < microbatches) {
    if (forwards < microbatches && forwards - backwards < most) {
      sheet.push_back({'f', 0});
      ++forwards;
      continue;
    }
    sheet.push_back({split ? 'b' : 'B', 0});
    ++backwards;
    if (split && ++owed > debt) {
      sheet.push_back({'w', 0});
      --owed;
    }
  }
  for (; owed > 0; --owed) sheet.push_back({'w', 0});
  return sheet;
}

// The sheet without microbatches that do not exist.
Sheet StrikeOut(const Sheet& full, int microbatches) {
  Sheet sheet;
  std::map<std::pair<char, int>, int> count;
  for (const Instruction& instruction : full) {
    const int microbatch = count[{instruction.what, instruction.chunk}]++;
    if (microbatch < microbatches) sheet.push_back(instruction);
  }
  return sheet;
}

// Chunks in the order in which their microbatches come by: a group at a time through each chunk,
// the last group filled up to the number of devices.
std::deque<int> Rounds(const PipelineWorld& world, bool backwards) {
  std::deque<int> chunks;
  int left = world.microbatches;
  while (left > 0) {
    int group = world.group;
    if (left < group) group = left < world.devices ? world.devices : left;
    for (int c = 0; c < world.chunks; ++c) {
      chunks.insert(chunks.end(), At(group), backwards ? world.chunks - 1 - c : c);
    }
    left -= group;
  }
  return chunks;
}

Sheet InterleavedSheet(const PipelineWorld& world, int device) {
  std::deque<int> forward = Rounds(world, false);
  std::deque<int> backward = Rounds(world, true);
  // A device may hold as many as come by between its first forward and its first backward: all of
  // the earlier chunks of one group, and a way there and back through the devices after this one.
  const int most = (world.chunks - 1) * world.group + 2 * (world.devices - device) - 1;
  Sheet sheet;
  int held = 0;
  while (!backward.empty()) {
    if (!forward.empty() && held < most) {
      sheet.push_back({'f', forward.front()});
      forward.pop_front();
      ++held;
    } else {
      sheet.push_back({'B', backward.front()});
      backward.pop_front();
      --held;
    }
  }
  return StrikeOut(sheet, world.microbatches);
}

// Small letters for the leg down (chunk 0), capitals for the leg up (chunk 1).
void Write(Sheet& sheet, const std::string& phrase, int times) {
  for (int i = 0; i < times; ++i) {
    for (const char letter : phrase) {
      const bool up = letter == 'F' || letter == 'D' || letter == 'W';
      const char low = up ? static_cast<char>(letter - 'A' + 'a') : letter;
      const char what = low == 'd' ? 'b' : low;
      sheet.push_back({what, up ? 1 : 0});
    }
  }
}

Sheet VShapedSheet(const PipelineWorld& world, int device) {
  const int p = world.devices;
  const int m = std::max(world.microbatches, 2 * p - 1);
  Sheet full;
  Write(full, "f", 2 * (p - device) - 1);
  Write(full, "Ff", device);
  Write(full, "FDW", p - device);
  const int started = 2 * p - device - 1;
  Write(full, "fdwFDW", m - started);
  Write(full, "dwFDW", started - p);
  Write(full, "dD", device);
  Write(full, "dw", p - device);
  Write(full, "W", device);
  Write(full, "w", device);
  return StrikeOut(full, world.microbatches);
}

// ---- play ----

struct Message {
  int stage = 0;
  int microbatch = 0;
  bool forward = true;
};

struct Link {
  std::deque<Message> queue;  // the front one is on the way when `busy`
  bool busy = false;
  std::int64_t until = 0;
};

struct Worker {
  std::size_t next = 0;
  bool busy = false;
  bool sending = false;
  std::int64_t until = 0;
  std::map<std::pair<char, int>, int> count;  // microbatches done, by instruction
  int held = 0;
};

class World {
 public:
  World(const PipelineWorld& world, const std::vector<Sheet>& sheets)
      : world_(world), sheets_(sheets), workers_(sheets.size()) {
    story_.devices.resize(sheets.size());
    story_.peak.resize(sheets.size());
    for (int i = 0; i < world.microbatches; ++i) there_[{'f', {0, i}}] = true;
  }

  std::optional<PipelineStory> Run() {
    std::int64_t last = 1;
    for (const PipelineStage& stage : world_.stages) {
      last += world_.microbatches *
              (stage.forward + stage.input_gradient + stage.weight_gradient + 2 * world_.transfer);
    }
    for (std::int64_t now = 0; now <= last; ++now) {
      while (Happens(now)) {
      }
      bool all = true;
      for (std::size_t d = 0; d < workers_.size(); ++d) {
        all = all && workers_[d].next == sheets_[d].size() && !workers_[d].busy;
      }
      if (all) return story_;
    }
    return std::nullopt;
  }

 private:
  int DeviceOf(int stage) const {
    if (world_.v_shaped && stage >= world_.devices) return 2 * world_.devices - 1 - stage;
    return stage % world_.devices;
  }
  int StageOf(int device, int chunk) const {
    if (world_.v_shaped && chunk == 1) return 2 * world_.devices - 1 - device;
    return chunk * world_.devices + device;
  }

  // Anything that can end or begin at this tick; true when something did.
  bool Happens(std::int64_t now) {
    bool any = false;
    for (auto& [pair, link] : links_) {
      if (link.busy && link.until == now) {
        Arrive(link.queue.front());
        link.queue.pop_front();
        link.busy = false;
        any = true;
      }
      if (!link.busy && !link.queue.empty()) {
        link.busy = true;
        link.until = now + world_.transfer;
        any = true;
      }
    }
    for (int device = 0; device < world_.devices; ++device) {
      if (workers_[At(device)].busy && workers_[At(device)].until == now) {
        End(device, now);
        any = true;
      }
      if (!workers_[At(device)].busy && Begin(device, now)) any = true;
    }
    return any;
  }

  void Arrive(const Message& message) {
    there_[{message.forward ? 'f' : 'b', {message.stage, message.microbatch}}] = true;
  }

  bool Begin(int device, std::int64_t now) {
    Worker& worker = workers_[At(device)];
    if (worker.next == sheets_[At(device)].size()) return false;
    const Instruction& todo = sheets_[At(device)][worker.next];
    const int stage = StageOf(device, todo.chunk);
    const int microbatch = worker.count[{todo.what, todo.chunk}];
    const char need = todo.what == 'B' ? 'b' : todo.what;
    if (!there_[{need, {stage, microbatch}}]) return false;
    const PipelineStage& times = world_.stages[At(stage)];
    std::int64_t ticks = times.forward;
    if (todo.what == 'b') ticks = times.input_gradient;
    if (todo.what == 'w') ticks = times.weight_gradient;
    if (todo.what == 'B') ticks = times.input_gradient + times.weight_gradient;
    ++worker.count[{todo.what, todo.chunk}];
    worker.busy = true;
    worker.sending = false;
    worker.until = now + ticks;
    if (todo.what == 'f') ++worker.held;
    story_.peak[At(device)] = std::max(story_.peak[At(device)], worker.held);
    story_.devices[At(device)].push_back({todo.what, stage, microbatch, now, 0, 0});
    return true;
  }

  void End(int device, std::int64_t now) {
    Worker& worker = workers_[At(device)];
    Deed& deed = story_.devices[At(device)].back();
    const bool forward = deed.what == 'f';
    const int target = forward ? deed.stage + 1 : deed.stage - 1;
    const int stages = static_cast<int>(world_.stages.size());
    const Message message{target, deed.microbatch, forward};
    if (!worker.sending) {
      deed.end = now;
      if (deed.what == 'B' || deed.what == 'w') --worker.held;
      if (deed.what == 'b') there_[{'w', {deed.stage, deed.microbatch}}] = true;
      if (forward && target == stages) there_[{'b', {deed.stage, deed.microbatch}}] = true;
      if (deed.what != 'w' && target >= 0 && target < stages) {
        const int other = DeviceOf(target);
        if (other == device) {
          Arrive(message);
        } else if (!world_.transfer_blocks_sender) {
          links_[{device, other}].queue.push_back(message);
        } else {
          worker.sending = true;
          worker.until = now + world_.transfer;
          return;
        }
      }
    } else {
      Arrive(message);
    }
    deed.free = now;
    worker.busy = false;
    ++worker.next;
    story_.finish = std::max(story_.finish, now);
  }

  const PipelineWorld& world_;
  const std::vector<Sheet>& sheets_;
  std::vector<Worker> workers_;
  std::map<std::pair<int, int>, Link> links_;
  std::map<std::pair<char, std::pair<int, int>>, bool> there_;  // inputs: kind, stage, microbatch
  PipelineStory story_;
};

}  // namespace

Sheet SheetOf(const std::string& schedule, const PipelineWorld& world, int device) {
  const int m = world.microbatches;
  const int rest = world.devices - device;  // devices from here to the end
  if (schedule == "gpipe") return KeepInFlight(m, m, false, 0);
  if (schedule == "1f1b") return KeepInFlight(m, rest, false, 0);
  if (schedule == "interleaved") return InterleavedSheet(world, device);
  if (schedule == "zb-h1") return KeepInFlight(m, rest, true, device);
  if (schedule == "zb-h2") return KeepInFlight(m, 2 * rest - 1, true, 2 * device);
  Require(schedule == "zb-v", "no schedule of that name");
  return VShapedSheet(world, device);
}

std::optional<PipelineStory> PlayPipeline(const PipelineWorld& world,
                                          const std::vector<Sheet>& sheets) {
  Require(static_cast<int>(sheets.size()) == world.devices, "one sheet per device");
  return World(world, sheets).Run();
}

}  // namespace commplan::oracle
