#include "calibrate/device/cuda/fake_cuda.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "calibrate/device/cuda/codec_kernels.h"
#include "calibrate/device/cuda/cublas_library.h"
#include "calibrate/device/cuda/plain_kernels.h"
#include "calibrate/device/prove.cuh"
#include "model/base/check.h"
#include "model/codec/bits.h"
#include "model/codec/codec.h"

namespace commplan::device {
namespace {

using Clock = std::chrono::steady_clock;

struct FakeEvent {
  int recorded = 0, done = 0;  // how often
  Clock::time_point at{};
};

// What a stream is to do: a piece of work, the record of an event, or the wait for one.
struct Task {
  std::function<void()> work{};
  FakeEvent* records = nullptr;
  FakeEvent* waits = nullptr;
  int count = 0;  // of the event
};

// Streams by name, each in its own order, with each other in any.
class Queues {
 public:
  void Add(const void* stream, Task task) { queues_[stream].push_back(std::move(task)); }
  bool Empty(const void* stream) const {
    const auto at = queues_.find(stream);
    return at == queues_.end() || at->second.empty();
  }

  // One task of a stream whose turn it may be. False where none can go on.
  bool Step(std::mt19937_64& random) {
    std::vector<const void*> ready;
    for (const auto& [stream, tasks] : queues_) {
      if (tasks.empty()) continue;
      const Task& task = tasks.front();
      if (task.waits == nullptr || task.waits->done >= task.count) ready.push_back(stream);
    }
    if (ready.empty()) return false;
    std::deque<Task>& tasks = queues_[ready[random() % ready.size()]];
    const Task task = std::move(tasks.front());
    tasks.pop_front();
    if (task.work) task.work();
    if (task.records != nullptr) {
      task.records->done = task.count;
      task.records->at = Clock::now();
    }
    return true;
  }

 private:
  std::map<const void*, std::deque<Task>> queues_{};
};

struct FakeGraph {
  struct Node {
    const void* stream = nullptr;
    Task task{};
  };
  std::vector<Node> nodes{};
};

struct State {
  int devices = 1, current = 0, handles = 0;
  std::mt19937_64 random{1};
  Queues queues{};
  // A capture: the graph, its first stream, and the events recorded in it.
  std::unique_ptr<FakeGraph> graph{};
  const void* origin = nullptr;
  std::vector<const void*> captured{};
  std::vector<FakeEvent*> inside{};
};

State& Fake() {
  static State state;
  return state;
}

bool Has(const auto& list, const auto& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

void Enqueue(const void* stream, Task task) {
  State& fake = Fake();
  if (fake.graph != nullptr && Has(fake.captured, stream)) {
    fake.graph->nodes.push_back({stream, std::move(task)});
  } else {
    fake.queues.Add(stream, std::move(task));
  }
}

cudaError_t Work(const void* stream, std::function<void()> work) {
  Enqueue(stream, {.work = std::move(work)});
  return cudaSuccess;
}

// Runs until `done`; a stream that waits for what nobody will do is a fault of the caller.
void RunUntil(const std::function<bool()>& done) {
  State& fake = Fake();
  CHECK(fake.graph == nullptr);  // nothing may be waited for during a capture
  while (!done()) CHECK(fake.queues.Step(fake.random));
}

FakeEvent* As(cudaEvent_t event) { return reinterpret_cast<FakeEvent*>(event); }
FakeGraph* As(cudaGraph_t graph) { return reinterpret_cast<FakeGraph*>(graph); }
FakeGraph* As(cudaGraphExec_t graph) { return reinterpret_cast<FakeGraph*>(graph); }

template <class T>
T* Made(T* handle) {
  ++Fake().handles;
  return handle;
}
template <class T>
cudaError_t Freed(T* handle) {
  if (handle != nullptr) --Fake().handles;
  delete handle;
  return cudaSuccess;
}

cudaError_t Take(void** memory, std::size_t bytes) {
  constexpr std::size_t kAlign = 256;
  *memory = Made(std::aligned_alloc(kAlign, (bytes + kAlign - 1) / kAlign * kAlign));
  std::memset(*memory, 0xCD, bytes);
  return cudaSuccess;
}
cudaError_t GiveBack(void* memory) {
  if (memory != nullptr) --Fake().handles;
  std::free(memory);
  return cudaSuccess;
}

}  // namespace

namespace fake_cuda {

void Reset(int devices, std::uint64_t seed) {
  State& fake = Fake();
  fake.devices = devices;
  fake.current = 0;
  fake.random.seed(seed);
}

int Leaks() { return Fake().handles; }

}  // namespace fake_cuda
}  // namespace commplan::device

// NOLINTBEGIN(readability-identifier-naming): CUDA's names, its runtime is not linked.
using namespace commplan::device;  // NOLINT(google-build-using-namespace)

extern "C" {

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t /*status*/) { return "cudaErrorOfTheFake"; }
const char* cudaGetErrorString(cudaError_t /*status*/) { return "a fault of the fake"; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = Fake().devices;
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  std::memset(properties, 0, sizeof(*properties));
  std::strncpy(properties->name, "made up", sizeof(properties->name) - 1);
  properties->major = 9;
  return device < Fake().devices ? cudaSuccess : cudaErrorInvalidDevice;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int /*size*/, int /*device*/) {
  *text = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr /*which*/, int /*device*/) {
  *value = 1 << 20;
  return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int /*from*/, int /*to*/) {
  *can = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int /*device*/, unsigned /*flags*/) { return cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
  if (device >= Fake().devices) return cudaErrorInvalidDevice;
  Fake().current = device;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  State& fake = Fake();
  CHECK(fake.graph == nullptr);
  while (fake.queues.Step(fake.random)) {
  }
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) { return Take(memory, bytes); }
cudaError_t cudaFree(void* memory) { return GiveBack(memory); }
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned /*flags*/) {
  return Take(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) { return GiveBack(memory); }

// At once, as the default stream does, which ours do not wait for.
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind /*kind*/) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  std::memset(to, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind /*kind*/,
                            cudaStream_t stream) {
  return Work(stream, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemcpyPeerAsync(void* to, int /*there*/, const void* from, int /*here*/,
                                std::size_t bytes, cudaStream_t stream) {
  return Work(stream, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned /*flags*/) {
  *stream = reinterpret_cast<cudaStream_t>(Made(new char));
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  RunUntil([stream] { return Fake().queues.Empty(stream); });
  return Freed(reinterpret_cast<char*>(stream));
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  RunUntil([stream] { return Fake().queues.Empty(stream); });
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned /*flags*/) {
  State& fake = Fake();
  const bool inside = fake.graph != nullptr && Has(fake.inside, As(event));
  // A stream takes part in a capture from its first wait for an event of the capture on.
  if (inside && !Has(fake.captured, stream)) fake.captured.push_back(stream);
  if (fake.graph != nullptr && !inside && Has(fake.captured, stream)) {
    return cudaErrorStreamCaptureIsolation;
  }
  Enqueue(stream, {.waits = As(event), .count = As(event)->recorded});
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode /*mode*/) {
  State& fake = Fake();
  fake.graph = std::make_unique<FakeGraph>();
  fake.origin = stream;
  fake.captured = {stream};
  fake.inside.clear();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  State& fake = Fake();
  CHECK(fake.graph != nullptr && fake.origin == stream);
  // All streams must have come together: the last word of each is a record that is waited for.
  std::map<const void*, FakeEvent*> last;
  for (const auto& node : fake.graph->nodes) last[node.stream] = node.task.records;
  for (const auto& [other, event] : last) {
    if (other == stream) continue;
    bool joined = false;
    for (const auto& node : fake.graph->nodes) joined |= event && node.task.waits == event;
    if (!joined) return cudaErrorStreamCaptureUnjoined;
  }
  *graph = reinterpret_cast<cudaGraph_t>(Made(fake.graph.release()));
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long /*flags*/) {  // NOLINT(google-runtime-int)
  *exec = reinterpret_cast<cudaGraphExec_t>(Made(new FakeGraph(*As(graph))));
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return Work(stream, [exec] {
    // Events of a capture are edges of the graph: each replay has its own.
    std::map<FakeEvent*, std::unique_ptr<FakeEvent>> own;
    Queues queues;
    std::size_t left = 0;
    for (const auto& node : As(exec)->nodes) {
      Task task = node.task;
      for (FakeEvent** event : {&task.records, &task.waits}) {
        if (*event == nullptr) continue;
        auto& mine = own[*event];
        if (mine == nullptr) mine = std::make_unique<FakeEvent>();
        *event = mine.get();
      }
      queues.Add(node.stream, std::move(task));
      ++left;
    }
    for (; left > 0; --left) CHECK(queues.Step(Fake().random));
  });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return Freed(As(graph)); }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return Freed(As(graph)); }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(Made(new FakeEvent));
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned /*flags*/) {
  return cudaEventCreate(event);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  if (As(event)->done < As(event)->recorded) (void)cudaDeviceSynchronize();
  return Freed(As(event));
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  State& fake = Fake();
  const bool captured = fake.graph != nullptr && Has(fake.captured, stream);
  if (captured) fake.inside.push_back(As(event));
  const int count = captured ? 1 : ++As(event)->recorded;
  if (captured) As(event)->recorded = As(event)->done = 1;  // as far as the outside sees
  Enqueue(stream, {.records = As(event), .count = count});
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  RunUntil([event] { return As(event)->done >= As(event)->recorded; });
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return As(event)->done >= As(event)->recorded ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const std::chrono::duration<float, std::milli> spent = As(end)->at - As(start)->at;
  constexpr float kLeast = 1e-3F;
  *milliseconds = spent.count() + kLeast;
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

namespace commplan::device {

cudaError_t LaunchProof(std::uint32_t* words, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) words[i] = ProofWord(i);
  return cudaSuccess;
}

cudaError_t LaunchAdd(const float* from, std::int64_t count, float* to, cudaStream_t stream) {
  return Work(stream, [=] {
    for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
  });
}

cudaError_t LaunchMark(std::uint32_t* word, std::uint32_t value, cudaStream_t stream) {
  return Work(stream, [=] { *word = value; });
}

// The kernels of three codecs, one of each kind.
namespace {

template <const char* kName>
struct FakeCodec {
  static const codec::Codec& Codec() {
    static const codec::Codec kCodec = codec::FindCodec(kName).value();
    return kCodec;
  }
  static std::span<const float> Values(const float* values, std::int64_t count) {
    return {values, static_cast<std::size_t>(count)};
  }
  static std::size_t Bytes(std::int64_t count) {
    return codec::EncodedBytes(Codec(), static_cast<std::size_t>(count));
  }
  static cudaError_t Encode(const float* values, std::int64_t count, std::uint8_t* wire,
                            std::uint32_t* /*scratch*/, cudaStream_t stream) {
    return Work(stream, [=] {
      codec::Encode(Codec(), Values(values, count),
                    {reinterpret_cast<std::byte*>(wire), Bytes(count)});
    });
  }
  static cudaError_t Decode(const std::uint8_t* wire, std::int64_t count, float* values,
                            cudaStream_t stream) {
    return Work(stream, [=] {
      codec::Decode(Codec(), {reinterpret_cast<const std::byte*>(wire), Bytes(count)},
                    {values, static_cast<std::size_t>(count)});
    });
  }
  static cudaError_t DecodeAdd(const std::uint8_t* wire, std::int64_t count, float* values,
                               cudaStream_t stream) {
    return Work(stream, [=] {
      codec::DecodeAdd(Codec(), {reinterpret_cast<const std::byte*>(wire), Bytes(count)},
                       {values, static_cast<std::size_t>(count)});
    });
  }
  static cudaError_t Hop(const std::uint8_t* in, std::int64_t count, float* values,
                         std::uint8_t* out, std::uint32_t* scratch, cudaStream_t stream) {
    (void)DecodeAdd(in, count, values, stream);
    return Encode(values, count, out, scratch, stream);
  }
  static constexpr CodecKernels kKernels = {kName, Encode, Decode, DecodeAdd, Hop};
};

constexpr char kTq3[] = "tq3", kNvfp4[] = "nvfp4", kInt8[] = "int8-b32";
constexpr const CodecKernels* kAll[] = {&FakeCodec<kTq3>::kKernels, &FakeCodec<kNvfp4>::kKernels,
                                        &FakeCodec<kInt8>::kKernels};

// A product of bfloat16 by its definition, column-major, the first matrix transposed.
int Gemm(CublasLibrary::Handle handle, int /*op_a*/, int /*op_b*/, int m, int n, int k,
         const void* /*alpha*/, const void* a, cudaDataType /*a_type*/, int lda, const void* b,
         cudaDataType /*b_type*/, int ldb, const void* /*beta*/, void* c, cudaDataType /*c_type*/,
         int ldc, int /*compute*/, int /*algorithm*/) {
  const auto at = [](int column, int ld) {
    return static_cast<std::size_t>(column) * static_cast<std::size_t>(ld);
  };
  const auto* const left = static_cast<const std::uint16_t*>(a);
  const auto* const right = static_cast<const std::uint16_t*>(b);
  auto* const out = static_cast<std::uint16_t*>(c);
  (void)Work(*reinterpret_cast<void**>(handle), [=] {
    for (int column = 0; column < n; ++column) {
      for (int row = 0; row < m; ++row) {
        float sum = 0;
        for (int i = 0; i < k; ++i) {
          sum += codec::FromBf16(left[at(row, lda) + static_cast<std::size_t>(i)]) *
                 codec::FromBf16(right[at(column, ldb) + static_cast<std::size_t>(i)]);
        }
        out[at(column, ldc) + static_cast<std::size_t>(row)] =
            static_cast<std::uint16_t>(codec::Bf16Of(sum));
      }
    }
  });
  return CublasLibrary::kSuccess;
}

}  // namespace

const CodecKernels* FindCodecKernels(std::string_view codec) {
  for (const CodecKernels* kernels : kAll) {
    if (kernels->name == codec) return kernels;
  }
  return nullptr;
}

std::vector<std::string> CodecKernelNames() { return {kTq3, kNvfp4, kInt8}; }

Result<CublasLibrary> LoadCublas() {
  CublasLibrary cublas;
  cublas.version = "0.0.0";
  cublas.create = [](CublasLibrary::Handle* handle) {
    *handle = reinterpret_cast<CublasLibrary::Handle>(Made(new void*));
    return CublasLibrary::kSuccess;
  };
  cublas.destroy = [](CublasLibrary::Handle handle) {
    (void)Freed(reinterpret_cast<void**>(handle));
    return CublasLibrary::kSuccess;
  };
  cublas.set_stream = [](CublasLibrary::Handle handle, cudaStream_t stream) {
    *reinterpret_cast<void**>(handle) = stream;
    return CublasLibrary::kSuccess;
  };
  cublas.status_text = [](int) { return "a fault of the fake"; };
  cublas.gemm = Gemm;
  return cublas;
}

}  // namespace commplan::device
