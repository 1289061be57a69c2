#include "tests/oracle/phase.h"

#include <numeric>

#include "tests/oracle/require.h"

namespace commplan::oracle {

Span Block(Span whole, int i, int parts) {
  Require(parts >= 1 && i >= 0 && i < parts, "a block is one of its parts");
  return {whole.begin + whole.length() * i / parts, whole.begin + whole.length() * (i + 1) / parts};
}

Region In(int buffer, Span span) { return {buffer, span.begin, span.length()}; }

Team WholeTeam(int ranks) {
  Team team(static_cast<std::size_t>(ranks));
  std::iota(team.begin(), team.end(), 0);
  return team;
}

int Size(const Team& team) { return static_cast<int>(team.size()); }

int RankOf(const Team& team, int member) {
  const int p = Size(team);
  return team[static_cast<std::size_t>((member % p + p) % p)];
}

Gates NoGates(const Team& team) { return Gates(team.size()); }

const Deps& At(const Gates& gates, int member) { return gates[static_cast<std::size_t>(member)]; }

Deps& At(Gates& gates, int member) { return gates[static_cast<std::size_t>(member)]; }

Deps Join(Deps some, const Deps& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

Deps Join(Deps some, int one) {
  some.push_back(one);
  return some;
}

int CeilLog2(int p) {
  int rounds = 0;
  while ((1 << rounds) < p) ++rounds;
  return rounds;
}

int FloorPowerOfTwo(int p) {
  int power = 1;
  while (power * 2 <= p) power *= 2;
  return power;
}

}  // namespace commplan::oracle
