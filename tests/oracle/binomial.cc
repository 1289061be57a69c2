#include "tests/oracle/binomial.h"

namespace commplan::oracle {

Gates BinomialReduce(Schedule* schedule, const Team& team, int root, int buffer, Span span,
                     Pace pace, const Gates& entry) {
  const int p = Size(team);
  const Region all = In(buffer, span);
  Gates gates = entry;
  for (int distance = 1; distance < p; distance *= 2) {
    for (int v = distance; v < p; v += 2 * distance) {
      const int from = (root + v) % p;
      const int to = (root + v - distance) % p;
      Deps after = At(gates, from);
      if (pace == Pace::kRounds) after = Join(after, At(gates, to));
      const int sent =
          schedule->Send(RankOf(team, from), {all}, RankOf(team, to), {all}, after, Arrival::kAdd);
      At(gates, to).push_back(sent);
      if (pace == Pace::kRounds) At(gates, from).push_back(sent);
    }
  }
  return gates;
}

Gates BinomialBroadcast(Schedule* schedule, const Team& team, int root, int buffer, Span span,
                        Pace pace, const Gates& entry) {
  const int p = Size(team);
  const Region all = In(buffer, span);
  Gates gates = entry;
  for (int round = CeilLog2(p); round-- > 0;) {
    const int distance = 1 << round;
    for (int v = 0; v + distance < p; v += 2 * distance) {
      const int from = (root + v) % p;
      const int to = (root + v + distance) % p;
      Deps after = At(gates, from);
      if (pace == Pace::kRounds) after = Join(after, At(gates, to));
      const int sent = schedule->Send(RankOf(team, from), {all}, RankOf(team, to), {all}, after);
      At(gates, to).push_back(sent);
      if (pace == Pace::kRounds) At(gates, from).push_back(sent);
    }
  }
  return gates;
}

}  // namespace commplan::oracle
