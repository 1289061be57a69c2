#include "calibrate/device/mpi.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "calibrate/device/exchange.h"
#include "calibrate/device/host.h"
#include "calibrate/device/mpi_collective.h"
#include "calibrate/device/mpi_library.h"
#include "calibrate/device/settings.h"
#include "model/base/check.h"

namespace commplan::device {
namespace {

constexpr SizeRange kSizes = {1 << 10, 64 << 20, 64};
constexpr std::size_t kNameBytes = 256;      // MPI_MAX_PROCESSOR_NAME
constexpr std::size_t kVersionBytes = 1024;  // beyond MPI_MAX_LIBRARY_VERSION_STRING

class MpiPeers : public Peers {
 public:
  MpiPeers(const MpiLibrary* mpi, int rank, int ranks) : mpi_(mpi), rank_(rank), ranks_(ranks) {}

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void Meet() override { mpi_->barrier(mpi_->world); }

  // A fault ends the whole job: that is what Open MPI does by default.
  void Exchange(int to, std::span<const std::byte> out, int from,
                std::span<std::byte> in) override {
    const int out_bytes = static_cast<int>(out.size()), in_bytes = static_cast<int>(in.size());
    constexpr int kTag = 1;
    if (out.empty() && in.empty()) return;
    if (in.empty()) {
      mpi_->send(out.data(), out_bytes, mpi_->byte, to, kTag, mpi_->world);
    } else if (out.empty()) {
      mpi_->receive(in.data(), in_bytes, mpi_->byte, from, kTag, mpi_->world, nullptr);
    } else {
      mpi_->exchange(out.data(), out_bytes, mpi_->byte, to, kTag, in.data(), in_bytes, mpi_->byte,
                     from, kTag, mpi_->world, nullptr);
    }
  }

 private:
  const MpiLibrary* mpi_;
  int rank_, ranks_;
};

// One bench as each rank has it.
struct Part {
  samples::Sample head{};
  SizeRange sizes{};
  std::optional<codec::Codec> codec{};
  int ways = 1;
  std::unique_ptr<Exchange> exchange{};
};

enum class Step : std::int64_t { kPrepare, kVerify, kRun, kEnd };

struct Order {
  Step step = Step::kEnd;
  std::int64_t part = 0;
  std::int64_t number = 0;  // bytes or calls
};

// "4.1.4" of "Open MPI v4.1.4, package: ..."
std::string VersionIn(std::string_view text) {
  const std::size_t at = text.find(" v");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + 2);
  return std::string(rest.substr(0, rest.find_first_not_of("0123456789.")));
}

}  // namespace

struct MpiSession::State {
  MpiLibrary mpi{};
  std::unique_ptr<MpiPeers> peers{};
  std::vector<Part> parts{};

  samples::Sample Head() const;
  void AddParts(const std::vector<codec::Codec>& codecs);
  // What every rank does on an order; its own part of the answer.
  Result<double> Do(const Order& order);
  // Broadcasts, does, and gathers what all ranks say.
  Result<double> Give(Order order);
  Result<double> Agree(const Result<double>& own) const;
};

namespace {

// The leader's handle of a part.
class MpiBench : public Bench {
 public:
  MpiBench(const Part* part, int index, std::function<Result<double>(Order)> give)
      : part_(part), index_(index), give_(std::move(give)) {}

  samples::Sample Head() const override { return part_->head; }
  SizeRange Sizes() const override { return part_->sizes; }
  std::int64_t CodedBytes(std::int64_t bytes) const override {
    return part_->codec ? CodedBytesOfRing(*part_->codec, part_->head.ranks, bytes) : 0;
  }
  int MostCalls() const override { return part_->exchange->MostCalls(); }
  Status Prepare(std::int64_t bytes) override { return Only({Step::kPrepare, index_, bytes}); }
  Status Verify() override { return Only({Step::kVerify, index_, 0}); }
  Result<double> Run(int calls) override {
    ASSIGN_OR_RETURN(const double us, give_({Step::kRun, index_, calls}));
    return us / part_->ways;
  }

 private:
  Status Only(const Order& order) {
    const auto done = give_(order);
    return done.ok() ? OkStatus() : Status(done.error());
  }

  const Part* part_;
  int index_;
  std::function<Result<double>(Order)> give_;
};

}  // namespace

samples::Sample MpiSession::State::Head() const {
  samples::Sample head;
  std::array<char, kVersionBytes> version{};
  int length = 0;
  mpi.version(version.data(), &length);
  head.engine = "openmpi";
  head.version = VersionIn(version.data());
  head.dtype = "float";
  head.device = ProcessorName();
  // What a user chose about the transports; mpirun sets much else that differs from run to run.
  head.environment =
      SettingsThatBegin({"OMPI_MCA_btl", "OMPI_MCA_pml", "OMPI_MCA_mtl", "OMPI_MCA_coll", "UCX_"});
  head.ranks = peers->ranks();
  std::array<char, kNameBytes> name{};
  mpi.processor_name(name.data(), &length);
  std::vector<char> names(kNameBytes * static_cast<std::size_t>(head.ranks));
  mpi.all_gather(name.data(), kNameBytes, mpi.byte, names.data(), kNameBytes, mpi.byte, mpi.world);
  std::map<std::string, std::size_t> nodes;
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(head.ranks); ++rank) {
    const auto [at, is_new] = nodes.try_emplace(names.data() + rank * kNameBytes, nodes.size());
    if (is_new) head.ranks_per_node.push_back(0);
    ++head.ranks_per_node[at->second];
  }
  head.nodes = static_cast<int>(head.ranks_per_node.size());
  return head;
}

void MpiSession::State::AddParts(const std::vector<codec::Codec>& codecs) {
  const samples::Sample head = Head();
  const auto add = [this](Part part) { parts.push_back(std::move(part)); };
  for (const Op op :
       {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kAllToAll, Op::kBroadcast}) {
    Part part{.head = head, .sizes = kSizes};
    part.head.op = op;
    part.sizes.step = static_cast<std::int64_t>(sizeof(float)) * head.ranks;
    part.exchange = MakeMpiCollective(&mpi, op);
    add(std::move(part));
  }
  Part ping{.head = head, .sizes = kSizes, .ways = 2};
  ping.head.op = Op::kPointToPoint;
  if (head.ranks == 2) {
    ping.exchange = MakePingPong();
    add(std::move(ping));
  }
  const auto ring = [&](std::optional<codec::Codec> codec) {
    Part part{.head = head, .sizes = kSizes, .codec = codec};
    part.head.engine = "openmpi-ring";
    part.head.kernel = "ring";
    part.head.in_place = true;
    part.head.codec = codec ? codec->name : "";
    part.exchange = MakeRing(codec, Gather::kCoded);
    add(std::move(part));
  };
  ring(std::nullopt);
  for (const codec::Codec& codec : codecs) ring(codec);
}

Result<double> MpiSession::State::Do(const Order& order) {
  Exchange& exchange = *parts.at(static_cast<std::size_t>(order.part)).exchange;
  switch (order.step) {
    case Step::kPrepare:
      exchange.Prepare(*peers, order.number);
      return 0.0;
    case Step::kVerify: {
      exchange.Refill();
      exchange.Call(*peers);
      RETURN_IF_ERROR(exchange.Check());
      return 0.0;
    }
    case Step::kRun: {
      exchange.Refill();
      peers->Meet();
      const auto start = std::chrono::steady_clock::now();
      for (std::int64_t call = 0; call < order.number; ++call) exchange.Call(*peers);
      const std::chrono::duration<double, std::micro> spent =
          std::chrono::steady_clock::now() - start;
      return spent.count();
    }
    case Step::kEnd:
      break;
  }
  return 0.0;
}

// The slowest rank's time. Of faults the leader tells its own, else the last rank that has one.
Result<double> MpiSession::State::Agree(const Result<double>& own) const {
  const std::array<double, 2> mine = {own.ok() ? *own : 0.0, own.ok() ? -1.0 : peers->rank()};
  std::array<double, 2> all{};
  mpi.all_reduce(mine.data(), all.data(), 2, mpi.double_type, mpi.max, mpi.world);
  if (!own.ok()) return own;
  if (all[1] >= 0) {
    return DeviceError("rank " + std::to_string(static_cast<int>(all[1])) +
                           " found a wrong result, and perhaps others did",
                       "the transport or the machine is faulty; do not measure with it");
  }
  return all[0];
}

Result<double> MpiSession::State::Give(Order order) {
  mpi.broadcast(&order, sizeof(order), mpi.byte, 0, mpi.world);
  if (order.step == Step::kEnd) return 0.0;
  return Agree(Do(order));
}

Result<std::unique_ptr<MpiSession>> MpiSession::Start(const std::vector<codec::Codec>& codecs) {
  ASSIGN_OR_RETURN(MpiLibrary mpi, LoadMpi());
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr && std::getenv("PMIX_RANK") == nullptr) {
    return DeviceError("this process was not started by mpirun",
                       "mpirun -n 2 commplan calibrate --backend mpi -o samples.json");
  }
  auto state = std::make_unique<State>();
  state->mpi = std::move(mpi);
  if (state->mpi.init(nullptr, nullptr) != 0) return DeviceError("MPI_Init failed");
  int rank = 0, ranks = 0;
  state->mpi.rank(state->mpi.world, &rank);
  state->mpi.size(state->mpi.world, &ranks);
  state->peers = std::make_unique<MpiPeers>(&state->mpi, rank, ranks);
  if (ranks < 2) {
    state->mpi.finalize();
    return DeviceError("mpirun started a single process, and there is nobody to exchange with",
                       "start two or more: mpirun -n 2 commplan calibrate --backend mpi ...");
  }
  state->AddParts(codecs);
  return std::unique_ptr<MpiSession>(new MpiSession(std::move(state)));
}

MpiSession::MpiSession(std::unique_ptr<State> state) : state_(std::move(state)) {}

MpiSession::~MpiSession() {
  if (leads()) (void)state_->Give({Step::kEnd, 0, 0});
  state_->mpi.finalize();
}

bool MpiSession::leads() const { return state_->peers->rank() == 0; }

Benches MpiSession::MakeBenches() {
  CHECK(leads());
  Benches benches;
  for (std::size_t i = 0; i < state_->parts.size(); ++i) {
    benches.push_back(std::make_unique<MpiBench>(
        &state_->parts[i], static_cast<int>(i),
        [state = state_.get()](const Order& order) { return state->Give(order); }));
  }
  return benches;
}

void MpiSession::Follow() {
  CHECK(!leads());
  for (;;) {
    Order order;
    state_->mpi.broadcast(&order, sizeof(order), state_->mpi.byte, 0, state_->mpi.world);
    if (order.step == Step::kEnd) return;
    (void)state_->Agree(state_->Do(order));
  }
}

}  // namespace commplan::device
