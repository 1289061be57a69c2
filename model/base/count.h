// Count is a whole number of one named kind of thing: ranks, layers, tokens.
//
// Each kind is its own type, valid from construction on, so that a function that takes the number
// of stages cannot be handed the number of ranks, and nothing downstream checks for zero again.
//
//   ASSIGN_OR_RETURN(const RankCount ranks, RankCount::Create(number_from_a_file));
//   constexpr RankCount kNode = RankCount::Of(8);   // known to be right: checked, aborts otherwise
//   const double p = ranks.AsDouble();              // exact, for a formula
//
// Counts have order and equality within their kind, and no arithmetic: what stages times replicas
// counts is known only where the product is formed, so that place says RankCount::Of(a.value() *
// ...).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>

#include "model/base/check.h"
#include "model/base/result.h"

namespace commplan {

// Above any machine, model or batch of the foreseeable future, and small enough that the product of
// a count and 2^22 fits in 64 bits and every count is exact as a double.
inline constexpr std::int64_t kMaxCount = std::int64_t{1} << 40;

namespace count_internal {
// The error for a value outside [minimum, kMaxCount], naming the kind in its plural.
Error OutOfRange(std::int64_t value, std::int64_t minimum, std::string_view plural);
}  // namespace count_internal

// Kind has two constants: kPlural, the word for messages, and kMinimum, 1 or 0.
template <class Kind>
class Count {
 public:
  // For numbers from outside.
  static Result<Count> Create(std::int64_t value) {
    if (!InRange(value)) return count_internal::OutOfRange(value, Kind::kMinimum, Kind::kPlural);
    return Count(value);
  }

  // For numbers that the program knows to be right. In a constant a wrong one does not compile.
  static constexpr Count Of(std::int64_t value) {
    CHECK(InRange(value));
    return Count(value);
  }

  constexpr std::int64_t value() const { return value_; }
  constexpr double AsDouble() const { return static_cast<double>(value_); }

  friend constexpr bool operator==(Count a, Count b) { return a.value_ == b.value_; }
  friend constexpr auto operator<=>(Count a, Count b) { return a.value_ <=> b.value_; }

 private:
  static constexpr bool InRange(std::int64_t value) {
    return value >= Kind::kMinimum && value <= kMaxCount;
  }
  explicit constexpr Count(std::int64_t value) : value_(value) {}

  std::int64_t value_;
};

namespace count_internal {
struct Rank {
  static constexpr std::string_view kPlural = "ranks";
  static constexpr std::int64_t kMinimum = 1;
};
struct Node {
  static constexpr std::string_view kPlural = "nodes";
  static constexpr std::int64_t kMinimum = 1;
};
struct Layer {
  static constexpr std::string_view kPlural = "layers";
  static constexpr std::int64_t kMinimum = 1;
};
struct Stage {
  static constexpr std::string_view kPlural = "stages";
  static constexpr std::int64_t kMinimum = 1;
};
struct Microbatch {
  static constexpr std::string_view kPlural = "microbatches";
  static constexpr std::int64_t kMinimum = 1;
};
struct Sequence {
  static constexpr std::string_view kPlural = "sequences";
  static constexpr std::int64_t kMinimum = 1;
};
struct Head {
  static constexpr std::string_view kPlural = "heads";
  static constexpr std::int64_t kMinimum = 1;
};
struct Token {
  static constexpr std::string_view kPlural = "tokens";
  static constexpr std::int64_t kMinimum = 0;  // A context may be empty.
};
struct Expert {
  static constexpr std::string_view kPlural = "experts";
  static constexpr std::int64_t kMinimum = 0;  // A dense model has none.
};
}  // namespace count_internal

using RankCount = Count<count_internal::Rank>;
using NodeCount = Count<count_internal::Node>;
using LayerCount = Count<count_internal::Layer>;
using StageCount = Count<count_internal::Stage>;
using MicrobatchCount = Count<count_internal::Microbatch>;
using SequenceCount = Count<count_internal::Sequence>;
using HeadCount = Count<count_internal::Head>;
using TokenCount = Count<count_internal::Token>;
using ExpertCount = Count<count_internal::Expert>;

static_assert(!std::is_convertible_v<std::int64_t, RankCount>, "a raw number is not a count");
static_assert(!std::is_constructible_v<RankCount, std::int64_t>, "Create and Of are the only ways");
static_assert(!std::is_default_constructible_v<RankCount>, "there is no default number of ranks");
static_assert(!std::is_convertible_v<RankCount, std::int64_t>, "a count leaves by value()");
static_assert(!std::is_constructible_v<StageCount, RankCount>, "stages are not ranks");
static_assert(!std::is_assignable_v<LayerCount&, StageCount>, "layers are not stages");
static_assert(!std::is_invocable_v<std::equal_to<>, RankCount, NodeCount>, "ranks against nodes");
static_assert(!std::is_invocable_v<std::less<>, RankCount, std::int64_t>, "ranks against a number");
static_assert(!std::is_invocable_v<std::plus<>, RankCount, RankCount>, "no arithmetic");
static_assert(RankCount::Of(8) > RankCount::Of(4) && TokenCount::Of(0).value() == 0);

}  // namespace commplan
