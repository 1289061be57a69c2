#include "tests/accuracy/datasheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "model/base/check.h"
#include "model/collective/price.h"
#include "profiles/reader.h"

namespace commplan::accuracy {
namespace {

using Keep = std::function<bool(const Judged&)>;

std::vector<Judged> Where(const std::vector<Judged>& all, const Keep& keep) {
  std::vector<Judged> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), keep);
  return some;
}

std::string Line(const std::string& name, const std::vector<Judged>& judged) {
  const Summary s = Summarize(judged);
  if (s.rows == 0) return "";
  return fmt::format("| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:+.1f} | {:.0f} |\n", name, s.rows,
                     100 * s.mape, 100 * s.median, 100 * s.p95, 100 * s.bias, 100 * s.coverage);
}

std::string Heading(const std::string& title) {
  return "\n| " + title +
         " | rows | MAPE % | median % | p95 % | bias % | in band % "
         "|\n|---|---:|---:|---:|---:|---:|---:|\n";
}

}  // namespace

const std::vector<System>& JudgedSystems() {
  static const std::vector<System> kSystems{
      {"a100_sxm", "hgx-a100"}, {"h100_sxm", "hgx-h100"},
      {"h200_sxm", "hgx-h200"}, {"b200_sxm", "hgx-b200"},
      {"l40s", "l40s-pcie"},    {"rtx_pro_6000_server", "rtx-pro-6000-pcie"}};
  return kSystems;
}

std::vector<Judged> JudgeDatasheets(const std::string& folder) {
  std::vector<Judged> judged;
  for (const System& system : JudgedSystems()) {
    const auto machine = profiles::LoadMachine(system.profile, profiles::ShippedLibrary());
    CHECK(machine.ok());
    for (const MeasuredRow& row : ReadCollectives(folder, system.name)) {
      if (row.library != "nccl" || row.dtype != "half") continue;
      const auto model =
          CollectiveModel::Create(machine->fabric, machine->engines, machine->engines.front(),
                                  {.op = row.op, .group = {.ranks = row.ranks}, .algorithm = {}});
      CHECK(model.ok());
      const Price price = model->At(B(row.bytes));
      const Time measured = Micros(row.time_us);
      judged.push_back(
          {row, InMicros(price.cost.Total()), price.low <= measured && measured <= price.high});
    }
  }
  return judged;
}

bool HasKnownFault(const Judged& judged) {
  return judged.row.system == "l40s" && judged.row.ranks > 2;
}

Summary Summarize(const std::vector<Judged>& judged) {
  Summary summary;
  summary.rows = judged.size();
  if (judged.empty()) return summary;
  std::vector<double> errors;
  for (const Judged& one : judged) {
    errors.push_back(std::abs(one.Error()));
    summary.mape += errors.back();
    summary.bias += one.Error();
    summary.coverage += one.in_band ? 1 : 0;
  }
  const auto rows = static_cast<double>(errors.size());
  summary.mape /= rows;
  summary.bias /= rows;
  summary.coverage /= rows;
  std::sort(errors.begin(), errors.end());
  summary.median = errors[errors.size() / 2];
  summary.p95 = errors[static_cast<std::size_t>(0.95 * (rows - 1))];
  return summary;
}

std::string Report(const std::vector<Judged>& judged) {
  std::string out = Heading("over all");
  out += Line("all rows", judged);
  out += Line("without L40S on 4 and 8 ranks", Where(judged, std::not_fn(HasKnownFault)));
  out += Heading("system");
  for (const System& system : JudgedSystems()) {
    out += Line(system.name,
                Where(judged, [&](const Judged& j) { return j.row.system == system.name; }));
  }
  out += Heading("operation");
  for (const Op op : {Op::kAllReduce, Op::kAllGather, Op::kReduceScatter, Op::kAllToAll}) {
    out +=
        Line(std::string(Name(op)), Where(judged, [&](const Judged& j) { return j.row.op == op; }));
  }
  out += Heading("ranks");
  for (const int ranks : {2, 4, 8}) {
    out += Line(std::to_string(ranks),
                Where(judged, [&](const Judged& j) { return j.row.ranks == ranks; }));
  }
  for (const System& system : JudgedSystems()) {
    out += Heading(system.name + ", by size");
    for (int decade = 2; decade < 9; ++decade) {
      const auto in_decade = [&](const Judged& j) {
        return j.row.system == system.name && std::floor(std::log10(j.row.bytes)) == decade;
      };
      out += Line(fmt::format("1e{} to 1e{} B", decade, decade + 1), Where(judged, in_decade));
    }
  }
  return out;
}

}  // namespace commplan::accuracy
