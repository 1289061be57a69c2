// A session is one run of a backend: the process that leads offers benches, and the others, where
// there are several, do as it says.
#pragma once

#include "calibrate/device/bench.h"

namespace commplan::device {

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // Ends the followers.
  virtual ~Session() = default;

  virtual bool leads() const { return true; }
  // For the leader. They must not outlive the session.
  virtual Benches MakeBenches() = 0;
  // For the others: returns when the leader ends the session.
  virtual void Follow() {}
};

}  // namespace commplan::device
