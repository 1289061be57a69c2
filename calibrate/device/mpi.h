// Measuring among processes that mpirun started: Open MPI's own collectives, and our ring, plain
// and compressed, over its messages.
//
// Rank 0 leads: its harness decides what is measured, and each step of a bench is an order that it
// broadcasts. The others follow orders until the session ends, so all do the same in the same
// order.
#pragma once

#include <memory>
#include <vector>

#include "calibrate/device/bench.h"
#include "calibrate/device/session.h"
#include "model/base/result.h"
#include "model/codec/codec.h"

namespace commplan::device {

class MpiSession : public Session {
 public:
  // An error that says what to do where Open MPI is missing, or mpirun did not start this process,
  // or started it alone.
  static Result<std::unique_ptr<MpiSession>> Start(const std::vector<codec::Codec>& codecs);

  // Ends the followers and leaves MPI.
  ~MpiSession() override;

  bool leads() const override;
  Benches MakeBenches() override;
  void Follow() override;

 private:
  struct State;
  explicit MpiSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace commplan::device
