#include "cli/report/bill_explain.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <variant>

#include "cli/report/bill_parts.h"
#include "cli/report/explain_report.h"
#include "model/base/units.h"
#include "model/compute/cards.h"
#include "model/step/kernels.h"
#include "model/step/priced.h"
#include "model/step/pricer.h"

namespace commplan::report {
namespace {

struct StepPart {
  std::string name;
  Time time{};
  std::string how;
};

// ---- kernels ----

struct KernelRow {
  std::string site;
  std::string_view card;
  std::string shape;
  double count = 0;
  KernelTime one;
};

std::string Sizes(std::initializer_list<std::pair<const char*, double>> sizes) {
  std::string text;
  for (const auto& [name, size] : sizes) {
    if (!text.empty()) text += ", ";
    text += name;
    text += ' ';
    text += NumberForPeople(size);
  }
  return text;
}

// What it is computed from, and by which card.
std::pair<std::string_view, std::string> CardAndShape(const Operation& operation) {
  if (const auto* gemm = std::get_if<Gemm>(&operation.what)) {
    return {"gemm", Sizes({{"m", gemm->m}, {"n", gemm->n}, {"k", gemm->k}})};
  }
  if (const auto* grouped = std::get_if<GroupedGemm>(&operation.what)) {
    if (ClassOf(operation) == KernelClass::kExperts) {
      return {"moe", Sizes({{"tokens", grouped->tokens},
                            {"experts", grouped->groups},
                            {"n", grouped->n},
                            {"k", grouped->k}})};
    }
    return {"gemm", Sizes({{"rows", grouped->rows},
                           {"groups", grouped->groups},
                           {"n", grouped->n},
                           {"k", grouped->k}})};
  }
  if (const auto* call = std::get_if<AttentionCall>(&operation.what)) {
    return {call->decode ? "attention/generation" : "attention/context",
            Sizes({{"sequences", call->sequences},
                   {"new", call->query},
                   {"keys", call->keys},
                   {"heads", call->heads},
                   {"KV heads", call->kv_heads}})};
  }
  return {"memory-bound", ForPeople(TrafficOf(operation))};
}

// The kernels of the step, each alone. Equal ones stand in one row.
std::vector<KernelRow> RowsOf(const Machine& machine, const std::string& provider,
                              const PricingContext& context, const Demand& demand) {
  std::vector<KernelRow> rows;
  Program program;
  Result<Kernels> kernels = Kernels::Create(machine, provider);
  const bool expanded =
      Expand(*context.model, *context.layout, *context.precision, demand, &program).ok();
  if (!kernels.ok() || !expanded) return rows;  // there is a bill, so both are
  for (const commplan::Block& block : program.blocks) {
    const ExpertContext experts = ExpertsOf(context, program.cut, block);
    for (const Operation& operation : program.Of(block)) {
      if (std::holds_alternative<Collective>(operation.what)) continue;
      const Result<KernelTime> time = kernels->Price(operation, experts);
      if (!time.ok() || !(time->Total() > Time())) continue;
      KernelRow row;
      std::tie(row.card, row.shape) = CardAndShape(operation);
      row.site = row.card == "moe" ? "moe experts" : Name(operation.site);
      row.one = *time;
      const auto known = std::find_if(rows.begin(), rows.end(), [&](const KernelRow& other) {
        return other.site == row.site && other.shape == row.shape &&
               other.one.Total() == row.one.Total();
      });
      const double count = operation.count * block.repeat;
      if (known != rows.end()) {
        known->count += count;
      } else {
        row.count = count;
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

void AddKernels(const std::string& title, const std::vector<KernelRow>& rows,
                std::vector<Block>* blocks, Json* json) {
  Table table{.title = title,
              .columns = {{"site", Align::kLeft},
                          {"formula", Align::kLeft},
                          {"of", Align::kLeft},
                          {"count"},
                          {"launch"},
                          {"compute"},
                          {"memory"},
                          {"serial"},
                          {"one"}},
              .rows = {}};
  Json& list = (*json)["kernels"] = Json::array();
  const auto shown = [](Time time) { return time > Time() ? ForPeople(time) : std::string(); };
  for (const KernelRow& row : rows) {
    const KernelParts& parts = row.one.parts;
    table.rows.push_back({row.site, std::string(row.card), row.shape, NumberForPeople(row.count),
                          shown(parts.launch), shown(parts.compute), shown(parts.memory),
                          shown(parts.serial), ForPeople(row.one.Total())});
    list.push_back({{"site", row.site},
                    {"formula", row.card},
                    {"shape", row.shape},
                    {"count", row.count},
                    {"launch_us", InMicros(parts.launch)},
                    {"compute_us", InMicros(parts.compute)},
                    {"memory_us", InMicros(parts.memory)},
                    {"serial_us", InMicros(parts.serial)},
                    {"each_us", InMicros(row.one.Total())},
                    {"extrapolated", row.one.extrapolated}});
  }
  blocks->push_back(std::move(table));
}

// The cards that the rows mention.
void AddFormulas(const std::vector<KernelRow>& rows, std::vector<Block>* blocks, Json* json) {
  Table table{
      .title = "Formulas of the kernels",
      .columns = {{"kernel", Align::kLeft}, {"part", Align::kLeft}, {"alone", Align::kLeft, true}},
      .rows = {}};
  Json& list = (*json)["formulas"] = Json::array();
  for (const KernelCard& card : KernelCards()) {
    const bool used = std::any_of(rows.begin(), rows.end(),
                                  [&](const KernelRow& row) { return row.card == card.id; });
    if (!used) continue;
    Json entry = {{"id", card.id}, {"title", card.title}, {"assumptions", card.assumptions}};
    for (const auto& [part, text] : KernelTerms(card)) {
      table.rows.push_back({std::string(card.id), part, text});
      entry[part] = text;
    }
    list.push_back(std::move(entry));
  }
  blocks->push_back(std::move(table));
  std::string sum = kKernelSum;
  sum += " The parts above add up to that. Efficiencies stand in the profile under compute.";
  blocks->push_back(Paragraph{std::move(sum)});
}

// ---- the step ----

void AddParts(const std::vector<StepPart>& parts, std::vector<Block>* blocks, Json* json) {
  Table table{.title = "How the step came about",
              .columns = {{"part", Align::kLeft}, {"time"}, {"is", Align::kLeft}},
              .rows = {}};
  Json& list = (*json)["step"] = Json::array();
  for (const StepPart& part : parts) {
    table.rows.push_back({part.name, ForPeople(part.time), part.how});
    list.push_back({{"name", part.name}, {"time_us", InMicros(part.time)}, {"is", part.how}});
  }
  blocks->push_back(std::move(table));
}

template <class Lines>
std::string CountText(const Lines& lines, const char* what) {
  double count = 0;
  for (const auto& line : lines) count += line.count;
  std::string text = NumberForPeople(count);
  text += ' ';
  text += what;
  return text;
}

// How to see where the time of one collective came from.
template <class Lines>
void AddPointers(const Machine& machine, const std::string& engine, const Lines& lines,
                 std::vector<Block>* blocks) {
  if (lines.empty()) return;
  const auto longest =
      std::max_element(lines.begin(), lines.end(),
                       [](const auto& one, const auto& other) { return one.time < other.time; });
  std::string text = "Where a collective's time came from, here that of ";
  text += SiteText(longest->site);
  text += ": commplan price ";
  text += longest->exchange == Exchange::kPointToPoint ? "p2p" : Name(longest->exchange);
  text += " --on " + machine.name + " --engine " + engine;
  text += " --ranks " + std::to_string(longest->ranks);
  text += " --bytes " + std::to_string(WholeBytes(longest->bytes)) + "B --explain";
  blocks->push_back(Paragraph{std::move(text)});
}

std::string OtherText(const Machine& machine, const StepRequest& request) {
  std::string text = "no serving cost of this engine in the profile";
  const std::string provider = ProviderName(machine, request.kernels);
  for (const ServingCost& cost : machine.compute.serving) {
    if (cost.engine != provider || cost.experts != HasExperts(*request.model)) continue;
    text = ForPeople(cost.step);
    text += " for a step and " + ForPeople(cost.layer);
    text += " for each of " + std::to_string(request.model->layers) + " layers, of " + provider;
    break;
  }
  if (!request.graph) text += "; and kernels that wait for their launch from the host";
  return text;
}

// What kernels take in the engine over what they take alone.
std::string ShareText(const std::vector<KernelRow>& rows, Time compute) {
  Time alone;
  for (const KernelRow& row : rows) alone += row.count * row.one.Total();
  if (!(alone > Time())) return "";
  return "; alone they take " + ForPeople(alone) +
         ", of which an engine's graph and the overlap "
         "make " +
         ShareForPeople(compute / alone);
}

}  // namespace

void ExplainBill(const Machine& machine, const StepRequest& request, const StepBill& bill,
                 std::vector<Block>* blocks, Json* json) {
  const PricingContext context{.model = request.model,
                               .layout = &request.layout,
                               .precision = &request.precision,
                               .phase = request.demand.phase,
                               .expert_imbalance = request.expert_imbalance};
  const std::vector<KernelRow> rows = RowsOf(machine, request.kernels, context, request.demand);
  std::string hidden = "all of it: nothing overlaps";
  if (request.overlap != Overlap::kNone) {
    hidden = "what the overlap by ";
    hidden += Name(request.overlap);
    hidden += " leaves";
  } else if (request.overlap_fraction) {
    hidden = "what is left when " + ShareForPeople(*request.overlap_fraction) + " of it hides";
  }
  std::string compute = CountText(bill.kernels, "kernels of one rank");
  if (request.layout.pp > 1) compute += ", the stages in turn";
  compute += ShareText(rows, bill.compute);
  Json& explanation = (*json)["explanation"];
  AddParts({{"compute", bill.compute, compute},
            {"communication in all", bill.communication,
             CountText(bill.collectives, "collectives, each alone")},
            {"communication exposed", bill.exposed, hidden},
            {"bubble", bill.bubble, "a step of one batch has none"},
            {"other", bill.other, OtherText(machine, request)},
            {"step", bill.step, "compute + communication exposed + bubble + other"}},
           blocks, &explanation);
  AddKernels("What the kernels take alone", rows, blocks, &explanation);
  AddFormulas(rows, blocks, &explanation);
  AddPointers(machine, EngineName(machine, request.engine), bill.collectives, blocks);
}

void ExplainTraining(const Machine& machine, const TrainRequest& request, const TrainBill& bill,
                     std::vector<Block>* blocks, Json* json) {
  const TrainPlan& plan = request.plan;
  const PricingContext context{.model = request.job.model,
                               .layout = &plan.layout,
                               .precision = &request.job.precision,
                               .phase = Phase::kTrain,
                               .expert_imbalance = request.job.expert_imbalance};
  Demand demand = TrainMicrobatch(plan.micro_batch, request.job.sequence);
  demand.recompute = plan.recompute;
  demand.fused_attention = request.job.fused_attention;
  demand.dropout = request.job.dropout;
  const std::vector<KernelRow> rows = RowsOf(machine, bill.provider, context, demand);
  const std::string passes = NumberForPeople(bill.microbatches) + " microbatches";
  const int stages = plan.layout.pp * plan.layout.virtual_stages;
  Json& explanation = (*json)["explanation"];
  AddParts({{"compute", bill.compute,
             CountText(bill.kernels,
                       "kernels of a rank of the busiest stage, forward and "
                       "backward of ") +
                 passes},
            {"communication in all", bill.communication,
             CountText(bill.exchanges, "collectives of that rank, each alone")},
            {"communication exposed", bill.exposed,
             bill.exposed < bill.communication ? "what the stages wait for, the rest hides"
                                               : "all of it: nothing overlaps"},
            {"bubble", bill.bubble,
             stages > 1 ? "the stage idle while others fill and drain the pipeline"
                        : "one stage has none"},
            {"optimizer", bill.optimizer, "every state read and written once"},
            {"step", bill.step, "compute + communication exposed + bubble + optimizer"}},
           blocks, &explanation);
  AddKernels("What the kernels of a microbatch take alone, all stages", rows, blocks, &explanation);
  AddFormulas(rows, blocks, &explanation);
  AddPointers(machine, EngineName(machine, request.job.engine), bill.exchanges, blocks);
}

}  // namespace commplan::report
