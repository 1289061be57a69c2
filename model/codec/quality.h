// Quality budgets: how much noise a reduction may have, and what was published about the price.
//
// A budget is the least SQNR, in dB, of the result of one reduction on Gaussian data under the
// scheme that will run (error.h). It orders codecs; it is no promise about a model. The evidence
// is in PublishedQuality: perplexity changes that others measured, each with its source.
#pragma once

#include <span>
#include <string_view>

#include "model/base/result.h"

namespace commplan::codec {

struct QualityBudget {
  std::string_view name;
  double least_sqnr_db = 0;
  std::string_view reason;
};

// "lossless", "conservative", "balanced", "aggressive": from the strictest on.
std::span<const QualityBudget> QualityBudgets();

// A budget's name, or a number of dB: "balanced", "24", "24dB". Gives dB.
Result<double> ParseQuality(std::string_view text);

struct PublishedQuality {
  std::string_view model;
  std::string_view method;
  std::string_view codec;          // the row of our table nearest to it; empty when there is none
  double perplexity_increase = 0;  // a fraction: 0.0322 is +3.22 %
  std::string_view source;
};
std::span<const PublishedQuality> PublishedQualities();

}  // namespace commplan::codec
