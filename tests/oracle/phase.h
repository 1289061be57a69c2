// What the algorithms share: a phase is a part of a collective that a team of ranks plays on a span
// of a buffer. A phase takes what each member waits for before it takes part, and returns what has
// to be done before that member's result is complete, so that phases can be put one after another.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// Elements [begin, end) of a buffer.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t length() const { return end - begin; }
};

// Part i of `parts`: [length*i/parts, length*(i+1)/parts), rounded down, so parts may differ by 1.
Span Block(Span whole, int i, int parts);

Region In(int buffer, Span span);

// Ranks of the schedule; "member i" is team[i].
using Team = std::vector<int>;

Team WholeTeam(int ranks);
int Size(const Team& team);
int RankOf(const Team& team, int member);  // member is taken modulo the size of the team

// One list of operations per member.
using Gates = std::vector<Deps>;

Gates NoGates(const Team& team);
const Deps& At(const Gates& gates, int member);
Deps& At(Gates& gates, int member);
Deps Join(Deps some, const Deps& more);
Deps Join(Deps some, int one);

// When a message of an algorithm that goes by rounds may start.
enum class Pace {
  // As in the textbook: a member takes part in one round at a time, so a message waits until both
  // its sender and its receiver are through with all their earlier rounds.
  kRounds,
  // As soon as the sender has what it sends.
  kEager,
};

// The least k with 2^k >= p: how many rounds of doubling it takes to reach p.
int CeilLog2(int p);
// The greatest power of two that is not above p.
int FloorPowerOfTwo(int p);

}  // namespace commplan::oracle
