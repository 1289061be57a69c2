#include "profiles/training_fields.h"

#include <cstddef>
#include <string>
#include <vector>

namespace commplan::profiles {
namespace {

// Beyond these limits a value is a slip.
constexpr double kSmallestFactor = 0.1;
constexpr double kLargestFactor = 100;

NumberRule Factor(double least, double most, Need need) {
  return {
      .dimension = Dimension::kNumber, .need = need, .least = least, .most = most, .fallback = 1};
}

}  // namespace

void VisitTraining(FieldVisitor& visitor, std::vector<TrainingProfile>* training) {
  std::vector<std::string> names;
  for (const TrainingProfile& one : *training) names.push_back(one.framework);
  names = visitor.EnterNames("training", Need::kOptional, names);
  training->resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    TrainingProfile& one = (*training)[i];
    one.framework = names[i];
    if (!visitor.Enter(one.framework, Need::kRequired, false)) continue;
    visitor.Text("kernels", Need::kOptional, &one.kernels);
    visitor.Number("attention_factor", Factor(kSmallestFactor, kLargestFactor, Need::kOptional),
                   &one.attention_factor);
    visitor.Number("run_low", Factor(kSmallestFactor, 1, Need::kRequired), &one.run.low);
    visitor.Number("run_high", Factor(1, kLargestFactor, Need::kRequired), &one.run.high);
    visitor.Leave();
  }
  if (!names.empty()) visitor.Leave();
}

}  // namespace commplan::profiles
