#include "model/base/cost.h"

#include "model/base/check.h"

namespace commplan {

std::string_view TermName(Term term) {
  switch (term) {
    case Term::kLaunch:
      return "launch";
    case Term::kLatency:
      return "latency";
    case Term::kBandwidth:
      return "bandwidth";
    case Term::kFill:
      return "fill";
    case Term::kNetworkLatency:
      return "network_latency";
    case Term::kNetworkBandwidth:
      return "network_bandwidth";
    case Term::kReduce:
      return "reduce";
    case Term::kCopy:
      return "copy";
    case Term::kEncode:
      return "encode";
    case Term::kDecode:
      return "decode";
    case Term::kContention:
      return "contention";
    case Term::kResidual:
      return "residual";
  }
  CHECK(false);
}

Term DominantTerm(const Cost& cost) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < kTermCount; ++i) {
    if (cost.At(static_cast<Term>(i)) > cost.At(static_cast<Term>(best))) best = i;
  }
  return static_cast<Term>(best);
}

}  // namespace commplan
