// What the fits of the three kinds of kernels share: parameters as members, bands, measured ranges.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "calibrate/fit/compute_solver.h"
#include "model/base/quantity.h"
#include "model/compute/model.h"

namespace commplan::fit {

// The start and the limits of a parameter, in the order of the kind's visitor.
struct Limits {
  double start, least, most;
};

template <class R>
void SetParameter(R& member, const R& value, double unit) {
  member = value * R(unit);
}
template <int kByte, int kSec, int kFlop, class R>
void SetParameter(Quantity<kByte, kSec, kFlop, R>& member, const R& value, double unit) {
  member = Quantity<kByte, kSec, kFlop, R>::FromBase(value * R(unit));
}

// Efficiency from parameters; visit is the kind's visitor, called as visit(efficiency, lambda).
template <class Efficiency, class R, class Visitor>
Efficiency EfficiencyFrom(const ParametersOf<R>& parameters, Visitor visitor) {
  Efficiency efficiency{};
  std::size_t next = 0;
  visitor(efficiency, [&](const char*, double unit, auto& member) {
    SetParameter(member, parameters[next++], unit);
  });
  return efficiency;
}

template <class Efficiency, class Visitor, std::size_t N>
std::vector<ParameterSpec> SpecsOf(const std::array<Limits, N>& limits, Visitor visitor) {
  std::vector<ParameterSpec> specs;
  Efficiency unused{};
  visitor(unused, [&](const char* name, double, auto&) {
    const Limits& one = limits[specs.size()];
    specs.push_back({name, one.start, one.least, one.most});
  });
  return specs;
}

template <class R>
R Ln(const R& x) {
  return Log2(x) * R(std::log(2.0));
}

// A problem whose form is one generic lambda over the number type.
template <class Form>
Problem ProblemOf(std::vector<ParameterSpec> specs, std::vector<double> y, Form form) {
  Problem problem;
  problem.specs = std::move(specs);
  problem.y = std::move(y);
  problem.value = [form](const ParametersOf<double>& p, std::size_t i) { return form(p, i); };
  problem.slopes = [form](const ParametersOf<ParameterSlopes>& p, std::size_t i) {
    return form(p, i);
  };
  return problem;
}

// Numbers the groups of equal shapes in the order in which they come.
class ShapeGroups {
 public:
  std::size_t GroupOf(const std::vector<double>& shape) {
    return groups_.try_emplace(shape, groups_.size()).first->second;
  }

 private:
  std::map<std::vector<double>, std::size_t> groups_;
};

// One row as the evidence sees it.
struct EvidenceRow {
  TablePoint point{};
  double left_out = 0;  // ln(measured / predicted without it)
  std::size_t regime = 0;
};

// How much farther off a row is that the `parameters` had not seen: n / (n - parameters).
double Freedom(std::size_t rows, std::size_t parameters);

// Bands and ranges; the table is the caller's. `axes` of the point count.
KernelEvidence EvidenceOf(const std::vector<EvidenceRow>& rows, std::size_t axes);

// "H100 trtllm fp8: 12 rows, fewer than 30: not fitted" without the first word.
std::string TooFewNote(const std::string& what, std::size_t rows);

// The reason of a refusal: measured against the least time that the peaks allow.
std::string RefusalText(double measured_us, Time floor);

}  // namespace commplan::fit
