// Measuring with NCCL. In one process the ranks are its devices, and each count of them is a world
// of its own. Among processes of a launcher each has one rank; rank 0 leads, and its orders and the
// answers travel through NCCL itself.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "calibrate/device/cuda/nccl_world.h"
#include "calibrate/device/devices.h"
#include "calibrate/device/first_word.h"
#include "calibrate/device/gpu.h"
#include "calibrate/device/launcher.h"
#include "calibrate/device/nccl_library.h"
#include "calibrate/device/session.h"
#include "calibrate/device/settings.h"
#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr SizeRange kSizes = {1 << 10, 512 << 20, 64};
constexpr double kPatienceS = 120;  // until all processes have started
constexpr std::array<Op, 7> kOps = {Op::kAllReduce,   Op::kAllGather, Op::kReduceScatter,
                                    Op::kAllToAll,    Op::kBroadcast, Op::kReduce,
                                    Op::kPointToPoint};

samples::Sample HeadOf(const NcclLibrary& nccl, const std::string& device, Op op, int ranks) {
  samples::Sample head;
  head.op = op;
  head.engine = "nccl";
  head.version = NcclVersionText(nccl.version);
  head.launch = samples::Launch::kEager;
  head.dtype = "float";
  head.device = device;
  head.ranks = ranks;
  head.nodes = 1;
  head.environment = SettingsThatBegin({"NCCL_"});
  return head;
}

SizeRange SizesFor(int ranks) {
  SizeRange sizes = kSizes;
  sizes.step = static_cast<std::int64_t>(sizeof(float)) * ranks;
  return sizes;
}

// ---- one process ----

// The communicator of a count of devices, made when the first bench needs it.
struct LazyWorld {
  const NcclLibrary* nccl = nullptr;
  std::vector<int> devices{};
  std::unique_ptr<NcclWorld> world{};
};

class LocalBench : public Bench {
 public:
  LocalBench(samples::Sample head, LazyWorld* world) : head_(std::move(head)), world_(world) {}

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return SizesFor(head_.ranks); }
  int MostCalls() const override { return 4096; }
  Status Prepare(std::int64_t bytes) override {
    if (world_->world == nullptr) {
      ASSIGN_OR_RETURN(world_->world, NcclWorld::OfDevices(world_->nccl, world_->devices));
    }
    return world_->world->Prepare(head_.op, bytes);
  }
  Status Verify() override { return world_->world->Verify(); }
  Result<double> Run(int calls) override { return world_->world->Run(calls); }

 private:
  samples::Sample head_;
  LazyWorld* world_;
};

class LocalSession : public Session {
 public:
  LocalSession(NcclLibrary nccl, const std::vector<DeviceInfo>& devices)
      : nccl_(std::move(nccl)), device_(devices.front().name) {
    for (const DeviceInfo& device : devices) places_.push_back(device.index);
  }

  Benches MakeBenches() override {
    Benches benches;
    // 2, 4, 8, ... and all.
    const std::size_t all = places_.size();
    for (std::size_t ranks = 2; ranks <= all;
         ranks = ranks < all ? std::min(2 * ranks, all) : all + 1) {
      auto world = std::make_unique<LazyWorld>();
      world->nccl = &nccl_;
      world->devices.assign(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(ranks));
      for (const Op op : kOps) {
        if (op == Op::kPointToPoint && ranks > 2) continue;
        benches.push_back(std::make_unique<LocalBench>(
            HeadOf(nccl_, device_, op, static_cast<int>(ranks)), world.get()));
      }
      worlds_.push_back(std::move(world));
    }
    return benches;
  }

 private:
  NcclLibrary nccl_;
  std::string device_;
  std::vector<int> places_{};
  std::vector<std::unique_ptr<LazyWorld>> worlds_{};
};

// ---- many processes ----

enum class Step : std::int64_t { kPrepare, kVerify, kRun, kEnd };

struct Order {
  Step step = Step::kEnd;
  std::int64_t op = 0;
  std::int64_t number = 0;  // bytes or calls
};

class ManySession : public Session {
 public:
  ManySession(NcclLibrary nccl, std::string device, int rank)
      : nccl_(std::move(nccl)), device_(std::move(device)), rank_(rank) {}
  ~ManySession() override {
    if (leads() && world_ != nullptr) (void)Give({Step::kEnd, 0, 0});
  }

  Status Start(const Launched& launched, int device) {
    ncclUniqueId id = {};
    const auto word = std::as_writable_bytes(std::span(id.internal));
    if (leads()) {
      if (nccl_.unique_id(&id) != ncclSuccess) return DeviceError("ncclGetUniqueId failed");
      RETURN_IF_ERROR(GiveWord(launched.port, launched.ranks - 1, word, kPatienceS));
    } else {
      ASSIGN_OR_RETURN(const std::vector<std::byte> taken,
                       TakeWord(launched.host, launched.port, word.size(), kPatienceS));
      std::copy(taken.begin(), taken.end(), word.begin());
    }
    ASSIGN_OR_RETURN(world_, NcclWorld::OfProcess(&nccl_, device, rank_, launched.ranks, id));
    return FindNodes();
  }

  bool leads() const override { return rank_ == 0; }
  Benches MakeBenches() override;

  void Follow() override {
    CHECK(!leads());
    for (;;) {
      Order order;
      // Without NCCL there is no way left to hear what to do.
      if (!world_->Broadcast(std::as_writable_bytes(std::span(&order, 1))).ok()) return;
      if (order.step == Step::kEnd) return;
      if (!Agree(Do(order)).ok() && broken_) return;
    }
  }

  // Tells all what to do, does it, and gathers what all found.
  Result<double> Give(Order order) {
    RETURN_IF_ERROR(world_->Broadcast(std::as_writable_bytes(std::span(&order, 1))));
    if (order.step == Step::kEnd) return 0.0;
    return Agree(Do(order));
  }

 private:
  Status FindNodes() {
    constexpr std::size_t kNameBytes = 256;
    std::array<char, kNameBytes> name{};
    (void)gethostname(name.data(), name.size() - 1);
    ASSIGN_OR_RETURN(const std::vector<std::byte> all,
                     world_->Gather(std::as_bytes(std::span(name))));
    std::map<std::string, std::size_t> nodes;
    for (std::size_t at = 0; at < all.size(); at += kNameBytes) {
      const auto [node, is_new] =
          nodes.try_emplace(reinterpret_cast<const char*>(all.data()) + at, nodes.size());
      if (is_new) ranks_per_node_.push_back(0);
      ++ranks_per_node_[node->second];
    }
    return OkStatus();
  }

  Result<double> Do(const Order& order) {
    switch (order.step) {
      case Step::kPrepare:
        RETURN_IF_ERROR(world_->Prepare(static_cast<Op>(order.op), order.number));
        return 0.0;
      case Step::kVerify:
        RETURN_IF_ERROR(world_->Verify());
        return 0.0;
      case Step::kRun:
        return world_->Run(static_cast<int>(order.number));
      case Step::kEnd:
        break;
    }
    return 0.0;
  }

  // The slowest rank's time. Of faults each tells its own, and the others that there was one.
  Result<double> Agree(const Result<double>& own) {
    std::array<double, 2> all = {own.ok() ? *own : 0.0, own.ok() ? -1.0 : 1.0 * rank_};
    const Status met = world_->Largest(all);
    broken_ = !met.ok();
    if (!own.ok()) return own;
    RETURN_IF_ERROR(met);
    if (all[1] < 0) return all[0];
    return DeviceError("rank " + std::to_string(static_cast<int>(all[1])) +
                       " met a fault or found a wrong result; its own output says more");
  }

  NcclLibrary nccl_;
  std::string device_;
  int rank_;
  std::unique_ptr<NcclWorld> world_{};
  std::vector<int> ranks_per_node_{};
  bool broken_ = false;
};

// The leader's handle of an operation.
class ManyBench : public Bench {
 public:
  ManyBench(samples::Sample head, ManySession* session)
      : head_(std::move(head)), session_(session) {}

  samples::Sample Head() const override { return head_; }
  SizeRange Sizes() const override { return SizesFor(head_.ranks); }
  int MostCalls() const override { return 4096; }
  Status Prepare(std::int64_t bytes) override { return Only(Step::kPrepare, bytes); }
  Status Verify() override { return Only(Step::kVerify, 0); }
  Result<double> Run(int calls) override {
    return session_->Give({Step::kRun, static_cast<std::int64_t>(head_.op), calls});
  }

 private:
  Status Only(Step step, std::int64_t number) {
    const auto done = session_->Give({step, static_cast<std::int64_t>(head_.op), number});
    return done.ok() ? OkStatus() : Status(done.error());
  }

  samples::Sample head_;
  ManySession* session_;
};

Benches ManySession::MakeBenches() {
  CHECK(leads());
  Benches benches;
  for (const Op op : kOps) {
    if (op == Op::kPointToPoint && world_->ranks() > 2) continue;
    samples::Sample head = HeadOf(nccl_, device_, op, world_->ranks());
    head.ranks_per_node = ranks_per_node_;
    head.nodes = static_cast<int>(ranks_per_node_.size());
    benches.push_back(std::make_unique<ManyBench>(std::move(head), this));
  }
  return benches;
}

}  // namespace

Result<std::unique_ptr<Session>> StartNccl() {
  ASSIGN_OR_RETURN(NcclLibrary nccl, LoadNccl());
  ASSIGN_OR_RETURN(const std::vector<DeviceInfo> devices, ListDevices());
  ASSIGN_OR_RETURN(const auto launched, FindLauncher([](const char* name) {
                     return static_cast<const char*>(std::getenv(name));
                   }));
  if (!launched) {
    if (devices.size() < 2) {
      return DeviceError(
          "NCCL has one rank for each device, and " + std::to_string(devices.size()) + " is here",
          "use a machine with more, or several by mpirun, srun or torchrun; "
          "--backend cuda measures a ring of ranks that share a device");
    }
    return std::unique_ptr<Session>(std::make_unique<LocalSession>(std::move(nccl), devices));
  }
  // A launcher may show each process its own device only.
  const auto place = static_cast<std::size_t>(launched->local_rank);
  if (devices.empty() || (devices.size() > 1 && place >= devices.size())) {
    return DeviceError("local rank " + std::to_string(place) +
                           " has no device: " + std::to_string(devices.size()) + " are visible",
                       "start as many processes on a node as it has devices");
  }
  const DeviceInfo& device = devices[devices.size() == 1 ? 0 : place];
  auto session = std::make_unique<ManySession>(std::move(nccl), device.name, launched->rank);
  RETURN_IF_ERROR(session->Start(*launched, device.index));
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace commplan::device
