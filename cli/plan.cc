#include "cli/plan.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <ostream>
#include <string_view>
#include <thread>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/plan_input.h"
#include "cli/report/plan_report.h"
#include "cli/step_input.h"
#include "model/base/units.h"
#include "planner/serving.h"
#include "planner/training.h"
#include "profiles/workload_file.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

using Clock = std::chrono::steady_clock;

// A search is told of on a terminal when it takes longer than this.
constexpr double kSecondsOfSilence = 1;

// ---- the search ----

std::atomic<bool> stop_asked{false};

extern "C" void AskToStop(int /*signal*/) {
  stop_asked.store(true);
  // The second one ends the program.
  std::signal(SIGINT, SIG_DFL);
}

// Tells of a long search on a terminal, and ends it on the first interrupt with what was found.
class Watch {
 public:
  explicit Watch(std::ostream& err) : err_(err), shown_(isatty(STDERR_FILENO) == 1) {
    stop_asked.store(false);
    before_ = std::signal(SIGINT, AskToStop);
  }
  ~Watch() {
    std::signal(SIGINT, before_);
    if (said_) err_ << "\r\033[K" << std::flush;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  planner::Control ControlOf(int threads) {
    planner::Control control;
    control.threads = threads;
    control.stop = &stop_asked;
    if (shown_) {
      control.progress = [this](std::int64_t done, std::int64_t all) { Tell(done, all); };
    }
    return control;
  }
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  void Tell(std::int64_t done, std::int64_t all) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (Seconds() < next_) return;
    next_ = Seconds() + kSecondsOfSilence / 4;
    said_ = true;
    err_ << "\r" << done << " of " << all << " cuts" << std::flush;
  }

  std::ostream& err_;
  bool shown_;
  bool said_ = false;
  double next_ = kSecondsOfSilence;
  Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  void (*before_)(int) = SIG_DFL;
};

int ThreadsOf(const PlanOptions& options) {
  if (options.threads > 0) return options.threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

report::PlanFrame FrameOf(const PlanOptions& options, const StepInput& input,
                          const profiles::WorkloadFile& workload) {
  report::PlanFrame frame;
  frame.profile = input.machine.name;
  frame.model = input.model.model.name;
  frame.workload = workload.name;
  frame.devices = options.gpus;
  frame.notes = input.notes;
  return frame;
}

Machine WithTwiceTheMemory(const Machine& machine) {
  Machine more = machine;
  more.device.memory = more.device.memory * 2;
  return more;
}

// The widths of a bill's band, as factors of its parts: of the whole step where it does not say.
planner::Uncertainty UncertaintyOf(const StepBill& bill) {
  planner::Uncertainty uncertainty;
  Time compute_low, compute_high, compute, exchange_low, exchange_high, exchange;
  for (const ComputeLine& line : bill.kernels) {
    compute += line.time;
    compute_low += line.low;
    compute_high += line.high;
  }
  for (const BillLine& line : bill.collectives) {
    exchange += line.time;
    exchange_low += line.low;
    exchange_high += line.high;
  }
  if (compute > Time()) {
    uncertainty.compute_low = compute_low / compute;
    uncertainty.compute_high = compute_high / compute;
  }
  if (exchange > Time()) {
    uncertainty.communication_low = exchange_low / exchange;
    uncertainty.communication_high = exchange_high / exchange;
  }
  return uncertainty;
}

// ---- serving ----

// What would make a plan possible where there is none.
template <class Question, class Search>
void AddChanges(const Question& question, const Search& search, const auto& found,
                report::PlanFrame* frame) {
  constexpr int kMostDevices = 1 << 20;
  using planner::Reason;
  for (const Reason reason :
       {Reason::kRate, Reason::kTtft, Reason::kTpot, Reason::kEndToEnd, Reason::kStep}) {
    const auto& refused = found.refused(reason);
    if (refused.count == 0) continue;
    std::string change = "nearest by ";
    change += Name(reason);
    change += ": ";
    change += refused.text;
    change += ", so it misses by ";
    change += ShareForPeople(refused.excess);
    frame->changes.push_back(std::move(change));
  }
  if (found.evaluated() == 0) {
    for (const Reason reason : {Reason::kIndivisible, Reason::kBatch, Reason::kNoPrice}) {
      const auto& refused = found.refused(reason);
      if (refused.count > 0) frame->changes.push_back(refused.text);
    }
  }
  if (frame->cells == 0) {
    frame->changes.emplace_back("the pinned ranks do not go into " +
                                std::to_string(question.devices) + " devices");
  }
  const auto& memory = found.refused(Reason::kMemory);
  if (found.evaluated() == 0 && memory.count > 0) {
    std::string change = "nothing fits in memory: the nearest ";
    change += memory.text;
    change += ", short by ";
    change += ShareForPeople(memory.excess);
    frame->changes.push_back(std::move(change));
  }
  Question more = question;
  more.wanted.top = 1;
  more.wanted.pareto.clear();
  for (std::int64_t n = std::int64_t{2} * question.devices;
       n <= std::min<std::int64_t>(kMostDevices, std::int64_t{64} * question.devices); n *= 2) {
    more.devices = static_cast<int>(n);
    const auto other = search(more);
    if (!other.ok() || other->found.all.Best().empty()) continue;
    frame->changes.push_back("with " + std::to_string(n) + " devices there is a plan");
    return;
  }
}

Result<int> RunServing(const PlanOptions& options, const StepInput& input,
                       const profiles::WorkloadFile& workload, Io& io) {
  ASSIGN_OR_RETURN(const planner::ServingQuestion question,
                   ServingQuestionOf(options, input, workload));
  Watch watch(io.err);
  const planner::Control control = watch.ControlOf(ThreadsOf(options));
  ASSIGN_OR_RETURN(const planner::ServingAnswer answer,
                   planner::PlanServing(input.machine, question, control));
  report::ServingPlans plans;
  plans.frame = FrameOf(options, input, workload);
  if (options.timing) plans.frame.seconds = watch.Seconds();
  plans.frame.complete = answer.found.complete;
  plans.frame.cells = answer.cells;
  plans.question = &question;
  plans.found = &answer.found.all;
  const auto best = answer.found.all.Best();
  for (const auto& one : best) {
    ASSIGN_OR_RETURN(planner::ServingDetail detail,
                     planner::DetailOf(input.machine, question, one.plan));
    plans.details.push_back(std::move(detail));
  }
  if (best.empty()) {
    AddChanges(
        question,
        [&](const planner::ServingQuestion& other) {
          return planner::PlanServing(input.machine, other, control);
        },
        answer.found.all, &plans.frame);
  } else {
    plans.uncertainty = UncertaintyOf(plans.details.front().decode);
    plans.lost = planner::LostChallenges(
        best.size(), plans.uncertainty, [&](std::size_t i, double compute, double communication) {
          return planner::Rescaled(question, best[i].plan, plans.details[i], compute, communication)
              .Loss(question.wanted.objective.front());
        });
    if (!options.quick) {
      planner::ServingQuestion other = question;
      other.wanted.top = 1;
      other.wanted.pareto.clear();
      ASSIGN_OR_RETURN(const planner::ServingAnswer more,
                       planner::PlanServing(WithTwiceTheMemory(input.machine), other, control));
      const auto first = more.found.all.Best();
      if (!first.empty()) plans.more_memory = first.front().metrics;
    }
  }
  if (!options.plot.empty() && !best.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.plot, report::PlanPlot(plans)));
  }
  Print(report::PlanDocument(plans), options.common.format, io);
  return best.empty() ? kExitNegative : kExitOk;
}

// ---- training ----

Result<int> RunTraining(const PlanOptions& options, const StepInput& input,
                        const profiles::WorkloadFile& workload, Io& io) {
  ASSIGN_OR_RETURN(const planner::TrainingQuestion question,
                   TrainingQuestionOf(options, input, workload));
  Watch watch(io.err);
  const planner::Control control = watch.ControlOf(ThreadsOf(options));
  ASSIGN_OR_RETURN(const planner::TrainingAnswer answer,
                   planner::PlanTraining(input.machine, question, control));
  report::TrainingPlans plans;
  plans.frame = FrameOf(options, input, workload);
  if (options.timing) plans.frame.seconds = watch.Seconds();
  plans.frame.complete = answer.found.complete;
  plans.frame.cells = answer.cells;
  plans.question = &question;
  plans.found = &answer.found.all;
  plans.run_tokens = workload.tokens;
  const auto best = answer.found.all.Best();
  ASSIGN_OR_RETURN(TrainPricer pricer, TrainPricer::Create(input.machine, question.job));
  for (const auto& one : best) {
    ASSIGN_OR_RETURN(TrainBill bill, pricer.BillOf(one.plan));
    plans.bills.push_back(std::move(bill));
  }
  if (best.empty()) {
    AddChanges(
        question,
        [&](const planner::TrainingQuestion& other) {
          return planner::PlanTraining(input.machine, other, control);
        },
        answer.found.all, &plans.frame);
  } else {
    const TrainBill& first = plans.bills.front();
    plans.uncertainty.compute_low = plans.uncertainty.communication_low = first.low / first.step;
    plans.uncertainty.compute_high = plans.uncertainty.communication_high = first.high / first.step;
    plans.lost = planner::LostChallenges(
        best.size(), plans.uncertainty, [&](std::size_t i, double compute, double communication) {
          const TrainBill& bill = plans.bills[i];
          return InSeconds((bill.step - bill.exposed) * compute + bill.exposed * communication);
        });
    if (!options.quick) {
      planner::TrainingQuestion other = question;
      other.wanted.top = 1;
      other.wanted.pareto.clear();
      ASSIGN_OR_RETURN(const planner::TrainingAnswer more,
                       planner::PlanTraining(WithTwiceTheMemory(input.machine), other, control));
      const auto one = more.found.all.Best();
      if (!one.empty()) plans.more_memory = one.front().metrics;
    }
  }
  if (!options.plot.empty() && !best.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.plot, report::PlanPlot(plans)));
  }
  Print(report::PlanDocument(plans), options.common.format, io);
  return best.empty() ? kExitNegative : kExitOk;
}

Result<int> RunPlan(const PlanOptions& given, Io& io) {
  PlanOptions options = given;
  ASSIGN_OR_RETURN(const profiles::WorkloadFile workload,
                   profiles::LoadWorkload(options.workload, profiles::ShippedWorkloads()));
  // What a step is asked about is read as elsewhere; the search sets its layout and demand.
  options.step.phase = workload.training ? "train" : "decode";
  options.step.context = "1";
  ASSIGN_OR_RETURN(const StepInput input, ReadStep(options.step, options.common));
  return workload.training ? RunTraining(options, input, workload, io)
                           : RunServing(options, input, workload, io);
}

}  // namespace

void AddPlan(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("plan", "the best layouts for a workload, and why not the others");
  auto options = std::make_shared<PlanOptions>();
  AddPlanOptions(command, *options);
  AddCommonOptions(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunPlan(*options, io); });
}

}  // namespace commplan::cli
