#include "model/workload/sharding.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "model/base/check.h"
#include "model/base/quantity.h"
#include "model/workload/data_type.h"
#include "model/workload/layout.h"
#include "model/workload/operations.h"
#include "model/workload/weights.h"

namespace commplan {
namespace {

Collective Of(Exchange exchange, GroupKind group, int ranks, double bytes) {
  Collective collective;
  collective.exchange = exchange;
  collective.group = group;
  collective.ranks = ranks;
  collective.bytes = B(bytes);
  return collective;
}

}  // namespace

std::string_view Name(Scheme scheme) {
  constexpr std::array<std::string_view, 4> kNames = {"replicated", "optimizer", "gradients",
                                                      "weights"};
  return kNames[static_cast<std::size_t>(scheme)];
}

Bytes SentBy(const Collective& collective) {
  const double n = collective.ranks;
  switch (collective.exchange) {
    case Exchange::kAllReduce:
      return collective.bytes * (2 * (n - 1) / n);
    case Exchange::kPointToPoint:
      return collective.bytes;
    default:
      return collective.bytes * ((n - 1) / n);
  }
}

Bytes StepExchanges::Sent() const {
  Bytes sent;
  for (const StepExchange& exchange : *this) sent += SentBy(exchange.collective) * exchange.count;
  return sent;
}

StepExchanges DataParallelExchanges(double weights, int ranks, const Sharding& sharding,
                                    double microbatches, GroupKind group) {
  const int inner = sharding.inner > 0 ? sharding.inner : ranks;
  CHECK(ranks >= 1 && ranks % inner == 0);
  const double gathered = weights * BytesPerValue(sharding.gather);
  const double reduced = weights * BytesPerValue(sharding.reduce);
  StepExchanges list;
  const auto add = [&](When when, Exchange exchange, double bytes, double count) {
    list.Add({when, Of(exchange, group, inner, bytes), count, false});
  };
  switch (sharding.scheme) {
    case Scheme::kReplicated:
      list.Add({When::kBackward, Of(Exchange::kAllReduce, group, ranks, reduced), 1, false});
      return list;
    case Scheme::kOptimizer:
      add(When::kBackward, Exchange::kReduceScatter, reduced, 1);
      add(When::kOptimizer, Exchange::kAllGather, gathered, 1);
      break;
    case Scheme::kGradients:
      add(When::kBackward, Exchange::kReduceScatter, reduced,
          sharding.keep_gradients ? 1 : microbatches);
      add(When::kOptimizer, Exchange::kAllGather, gathered, 1);
      break;
    case Scheme::kWeights:
      add(When::kForward, Exchange::kAllGather, gathered, microbatches);
      if (!sharding.keep_weights) {
        list.Add({When::kBackward, Of(Exchange::kAllGather, group, inner, gathered), microbatches,
                  sharding.backward_in_node});
      }
      add(When::kBackward, Exchange::kReduceScatter, reduced, microbatches);
      break;
  }
  if (inner < ranks) {
    list.Add({When::kBackward, Of(Exchange::kAllReduce, group, ranks / inner, reduced / inner), 1,
              false});
  }
  return list;
}

int DenseReplicas(const Layout& layout) { return layout.dp * layout.cp; }

int ExpertReplicas(const Layout& layout, const Cut& cut, const Sharding& sharding) {
  const int alike = sharding.gtp / sharding.expert_gtp;
  return layout.tp * layout.cp * layout.dp * alike / cut.expert_ranks;
}

int RematRanks(const Matrix& matrix, const Sharding& sharding) {
  return matrix.expert ? sharding.expert_gtp : sharding.gtp;
}

RematShape Remat(const Matrix& matrix, const Sharding& sharding) {
  RematShape shape;
  const double ranks = RematRanks(matrix, sharding);
  const double align = sharding.gtp_alignment * ranks;
  shape.rows = ranks > 1 ? std::ceil(matrix.outputs / align) * align : matrix.outputs;
  shape.whole = shape.rows * matrix.inputs * matrix.copies;
  shape.shard = shape.whole / ranks;
  return shape;
}

RematExchanges RematExchangesOf(const Matrix& matrix, const Sharding& sharding) {
  const double values = Remat(matrix, sharding).whole;
  const double gathered = values * BytesPerValue(sharding.gtp_format);
  const double reduced = values * BytesPerValue(sharding.gtp_reduce);
  const auto of = [&](Exchange exchange, double bytes) {
    return Of(exchange, GroupKind::kRemat, RematRanks(matrix, sharding), bytes);
  };
  return {of(Exchange::kAllGather, gathered), of(Exchange::kAllGather, gathered),
          of(Exchange::kReduceScatter, reduced)};
}

}  // namespace commplan
