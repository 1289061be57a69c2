#include "cli/calibrate.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "calibrate/device/fake.h"
#include "calibrate/device/gpu.h"
#include "calibrate/device/host.h"
#include "calibrate/device/mpi.h"
#include "calibrate/device/session.h"
#include "calibrate/fit/suggest.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/calibrate_report.h"
#include "cli/version.h"
#include "model/base/suggest.h"
#include "model/base/units.h"
#include "model/codec/codec.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

using report::CalibrateReport;

// In the order in which they run: processes of MPI wait for each other, so they are let go first.
const std::vector<std::string>& BackendNames() {
  static const std::vector<std::string> kNames = {"mpi", "nccl", "host", "cuda", "fake"};
  return kNames;
}

struct CalibrateOptions {
  CommonOptions common;
  std::vector<std::string> backends;
  std::vector<std::string> codecs = {"tq3", "mxfp4", "mxfp8", "int8-b32"};
  std::string output, system;
  std::string budget = "60s", precision = "1%", repeat = "300us";
  bool dry_run = false;
};

// A backend that can run.
struct Opened {
  // What the benches stand on.
  std::unique_ptr<device::Session> session{};
  std::unique_ptr<device::FakeDevice> fake{};
  device::Benches benches{};
  std::function<double()> now_s;
  bool follows = false;  // another process leads
};

double SteadyNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[16] = {};
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d", &parts)};
}

Result<Opened> Open(const std::string& name, const std::vector<codec::Codec>& codecs) {
  Opened opened;
  opened.now_s = SteadyNow;
  if (name == "host") {
    opened.benches = device::HostBenches(codecs);
  } else if (name == "fake") {
    opened.fake = std::make_unique<device::FakeDevice>(device::FakeParameters{});
    opened.now_s = [device = opened.fake.get()] { return device->NowS(); };
    opened.benches = opened.fake->MakeBenches();
  } else {
    if (name == "mpi") {
      ASSIGN_OR_RETURN(opened.session, device::MpiSession::Start(codecs));
    } else if (name == "cuda") {
      ASSIGN_OR_RETURN(opened.session, device::StartCuda(codecs));
    } else {
      ASSIGN_OR_RETURN(opened.session, device::StartNccl());
    }
    opened.follows = !opened.session->leads();
    if (!opened.follows) opened.benches = opened.session->MakeBenches();
  }
  return opened;
}

// One line that is written over, on a terminal only.
std::function<void(const device::Progress&)> ProgressOn(Io& io, double budget_s) {
  if (&io.err != &std::cerr || isatty(STDERR_FILENO) != 1) return {};
  return [&io, budget_s](const device::Progress& progress) {
    constexpr std::size_t kWidth = 60;
    std::string what = progress.what.substr(0, kWidth);
    what.resize(kWidth, ' ');
    io.err << "\r" << what << " " << std::lround(progress.spent_s) << " of "
           << std::lround(budget_s) << " s " << (progress.what.empty() ? "\r" : "") << std::flush;
  };
}

struct Checked {
  std::vector<std::string> backends;
  std::vector<codec::Codec> codecs;
  double budget_s = 0;
  double precision = 0;
  double repeat_us = 0;
};

Result<Checked> Check(const CalibrateOptions& options) {
  Checked checked;
  for (const std::string& name : BackendNames()) {
    const auto& asked = options.backends;
    if (std::find(asked.begin(), asked.end(), name) != asked.end())
      checked.backends.push_back(name);
  }
  for (const std::string& name : options.backends) {
    const auto& known = BackendNames();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return UsageError("--backend: unknown backend '" + name + "'", SuggestionHint(name, known));
  }
  const auto asks = [&checked](const char* name) {
    const auto& names = checked.backends;
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (asks("mpi") && asks("nccl")) {
    return UsageError("--backend: mpi and nccl both lead the processes of a launcher",
                      "measure with one, then with the other; fit takes both files");
  }
  for (const std::string& name : options.codecs) {
    if (name == "none") continue;
    ASSIGN_OR_RETURN(codec::Codec codec, codec::FindCodec(name));
    checked.codecs.push_back(std::move(codec));
  }
  ASSIGN_OR_RETURN(const Time budget, ParseTime(options.budget));
  ASSIGN_OR_RETURN(checked.precision, ParseShare(options.precision));
  ASSIGN_OR_RETURN(const Time repeat, ParseTime(options.repeat));
  checked.budget_s = InSeconds(budget);
  checked.repeat_us = InMicros(repeat);
  if (!(checked.budget_s > 0)) {
    return UsageError("--budget: found " + options.budget + ", expected a time such as 60s");
  }
  if (!(checked.precision > 0)) {
    return UsageError("--precision: found " + options.precision + ", expected a share such as 1%");
  }
  if (options.output.empty() && !options.dry_run) {
    return UsageError("calibrate writes a file of samples",
                      "say which one with -o, or --dry-run to see what would be measured");
  }
  return checked;
}

void Label(const CalibrateOptions& options, samples::SampleSet& set) {
  for (std::vector<samples::Sample>* list : {&set.samples, &set.work}) {
    for (samples::Sample& sample : *list) {
      sample.tool = "commplan " + Version();
      sample.date = Today();
      sample.system = options.system;
    }
  }
}

// Opens the backend and measures or plans with it. False where another process leads.
bool RunBackend(const CalibrateOptions& options, const Checked& checked, double budget_s, Io& io,
                CalibrateReport::Backend& backend) {
  auto opened = Open(backend.name, checked.codecs);
  if (!opened.ok()) {
    io.err << "commplan: " << backend.name << ": " << FormatError(opened.error()) << "\n";
    backend.missing = opened.error().message;
    return true;
  }
  if (opened->follows) {
    opened->session->Follow();
    return false;
  }
  device::HarnessOptions harness;
  harness.budget_s = budget_s;
  harness.stop.precision = checked.precision;
  harness.least_repeat_us = checked.repeat_us;
  harness.choose = ChooseByFit();
  harness.now_s = opened->now_s;
  harness.progress = ProgressOn(io, budget_s);
  if (options.dry_run) {
    backend.plan = device::PlanOf(opened->benches, harness);
    return true;
  }
  backend.found = device::Measure(opened->benches, harness);
  if (harness.progress) harness.progress({"", backend.found.spent_s});
  for (const Error& error : backend.found.failures) {
    io.err << "commplan: " << backend.name << ": " << FormatError(error) << "\n";
  }
  return true;
}

Result<int> RunCalibrate(const CalibrateOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const Checked checked, Check(options));
  CalibrateReport result;
  result.dry_run = options.dry_run;
  result.budget_s = checked.budget_s;
  const double budget_s = checked.budget_s / static_cast<double>(checked.backends.size());
  samples::SampleSet all;
  bool complete = true;
  for (const std::string& name : checked.backends) {
    CalibrateReport::Backend backend;
    backend.name = name;
    // A process that follows has nothing to say and nothing else to do.
    if (!RunBackend(options, checked, budget_s, io, backend)) return kExitOk;
    complete = complete && backend.missing.empty() && backend.found.failures.empty();
    samples::SampleSet& found = backend.found.samples;
    Label(options, found);
    std::move(found.samples.begin(), found.samples.end(), std::back_inserter(all.samples));
    std::move(found.work.begin(), found.work.end(), std::back_inserter(all.work));
    found = {};
    result.backends.push_back(std::move(backend));
  }
  if (!all.samples.empty() || !all.work.empty()) {
    ASSIGN_OR_RETURN(const std::string text, samples::WriteSamples(all));
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, text));
    result.output = options.output;
  }
  Print(report::CalibrateDocument(result), options.common.format, io);
  return complete ? kExitOk : kExitDevice;
}

}  // namespace

device::Chooser ChooseByFit() {
  return [](const std::vector<device::MeasuredPoint>& measured,
            const device::SizeRange& sizes) -> std::optional<device::NextSize> {
    std::vector<fit::Point> points;
    for (const device::MeasuredPoint& point : measured) {
      points.push_back({static_cast<double>(point.bytes), point.spread.median_us, 0,
                        static_cast<double>(point.spread.count)});
    }
    std::vector<double> candidates;
    for (auto bytes = static_cast<double>(sizes.least); bytes <= static_cast<double>(sizes.most);
         bytes *= std::sqrt(2.0)) {
      candidates.push_back(static_cast<double>(sizes.Round(bytes)));
    }
    const auto found = fit::SuggestSizes(points, std::move(candidates), 1);
    if (!found.ok() || found->empty()) return std::nullopt;
    return device::NextSize{found->front().bytes, found->front().expected_error};
  };
}

void AddCalibrate(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand("calibrate", "measure this machine: samples for fit");
  auto options = std::make_shared<CalibrateOptions>();
  command
      .add_option("--backend", options->backends,
                  "what to measure with: host, mpi, cuda, nccl, or fake (a made-up machine); "
                  "several with commas")
      ->required()
      ->delimiter(',')
      ->option_text("NAME,... (required)");
  command.add_option("-o,--output", options->output, "where the samples go")->option_text("FILE");
  command.add_option("--budget", options->budget, "how long to measure (default: 60s)")
      ->option_text("TIME");
  command.add_flag("--dry-run", options->dry_run,
                   "say what would be measured and for how long, and run nothing");
  command
      .add_option("--precision", options->precision,
                  "when a time counts as known: half its 95 % interval (default: 1%)")
      ->option_text("SHARE");
  command
      .add_option("--repeat", options->repeat,
                  "how long the calls of one repeat take together, at the least (default: 300us)")
      ->option_text("TIME");
  command
      .add_option("--codec", options->codecs,
                  "codecs to measure, or none (default: tq3,mxfp4,mxfp8,int8-b32)")
      ->delimiter(',')
      ->option_text("NAME,...");
  command.add_option("--system", options->system, "a label of this machine, kept in each sample")
      ->option_text("NAME");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunCalibrate(*options, io); });
}

}  // namespace commplan::cli
