// The ring all-reduce through host memory as a list of operations: what each rank does with which
// memory, and what must be done before. A device runs them on streams, two for each rank: one
// sends, the other receives and computes. A test runs them in any order that the list allows.
//
// Each rank owns its values, cut into chunks, two buffers for messages, and two slots in host
// memory from which the next rank reads. The steps are those of calibrate/device/exchange.h.
#pragma once

#include <vector>

namespace commplan::device {

enum class RingAct {
  kSendValues,     // a chunk to a slot
  kSend,           // a buffer to a slot
  kReceiveValues,  // the slot of the rank before, to a chunk
  kReceive,        // the same to a buffer
  kAdd,            // chunk += buffer
  kEncode,         // chunk to buffer
  kDecode,         // buffer to chunk
  kDecodeAdd,      // chunk += decoded buffer
  kHop,            // chunk + decoded buffer `from`, encoded to buffer `to`
};

struct RingOp {
  RingAct act = RingAct::kAdd;
  int rank = 0;
  int chunk = 0;             // what the values or the message are about
  int from = 0, to = 0;      // buffers or slots
  bool on_send = false;      // runs on the stream that sends
  std::vector<int> after{};  // operations of other streams, by their place in the list
  bool awaited = false;      // it stands in the `after` of another
};

// In an order in which one after the other gives the result. `coded` is the reduce phase,
// `coded_gather` the other one.
std::vector<RingOp> RingSchedule(int ranks, bool coded, bool coded_gather);

}  // namespace commplan::device
