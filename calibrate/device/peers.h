// The peers of one rank: how it reaches the others. Threads of one process and processes of MPI
// answer to it alike, so that one ring runs over both.
#pragma once

#include <cstddef>
#include <span>

namespace commplan::device {

class Peers {
 public:
  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  virtual ~Peers() = default;

  virtual int rank() const = 0;
  virtual int ranks() const = 0;
  // Sends and receives at the same time; either may be empty. Returns when `in` is whole and `out`
  // may be changed. The other sides must expect just these sizes.
  virtual void Exchange(int to, std::span<const std::byte> out, int from,
                        std::span<std::byte> in) = 0;
  // Nobody goes on before everybody came.
  virtual void Meet() = 0;
};

}  // namespace commplan::device
