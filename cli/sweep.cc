#include "cli/sweep.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/condition.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/range.h"
#include "cli/report/sweep_report.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

struct SweepOptions {
  CommonOptions common;
  std::vector<std::string> vary;
  std::string codecs;
  std::vector<std::string> keys;
  std::string plot;
  std::vector<std::string> plot_keys;
  std::string first;
};

// What the usual commands are asked for, the first list that fits: all of a list's keys must be
// there.
const std::vector<std::vector<std::string>>& UsualKeys() {
  static const std::vector<std::vector<std::string>> kUsual = {
      {"breakeven.bytes", "breakeven.bandwidth_GBps", "breakeven.codec_GBps", "pays"},
      {"time_us", "plain_time_us", "gain", "verdict", "scheme"},
      {"time_us", "low_us", "high_us", "busbw_GBps", "algorithm"},
      {"step_time_us", "compute_us", "comm_us", "exposed_comm_us", "comm_fraction"},
      {"time_us"},
  };
  return kUsual;
}

std::vector<std::string> DefaultKeys(const report::Json& answer, bool lines) {
  for (const auto& keys : UsualKeys()) {
    const bool fits = std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return FindKey(answer, key) != nullptr;
    });
    // Where many lines stand beside each other, one number of each is what can be read.
    if (fits) return lines ? std::vector<std::string>{keys.front()} : keys;
  }
  std::vector<std::string> numbers;
  for (const auto& [key, value] : answer.items()) {
    if (value.is_number()) numbers.push_back(key);
  }
  return numbers;
}

report::SweptName NameOf(const Vary& vary) {
  report::SweptName name{.name = vary.name};
  const ValueKind kind = vary.values.front().kind;
  const bool mixed = std::any_of(vary.values.begin(), vary.values.end(),
                                 [&](const RangeValue& value) { return value.kind != kind; });
  name.words = mixed || kind == ValueKind::kWord;
  if (kind == ValueKind::kBytes) name.axis = report::AxisKind::kBytes;
  if (kind == ValueKind::kTime) name.axis = report::AxisKind::kTimeUs;
  if (kind == ValueKind::kNumber) {
    name.axis = vary.name == "bytes" ? report::AxisKind::kBytes : report::AxisKind::kCount;
  }
  return name;
}

report::SweptValueText TextOf(const RangeValue& value) {
  switch (value.kind) {
    case ValueKind::kTime:
      return {value.text, value.base * 1e6};
    case ValueKind::kRate:
      return {value.text, value.base / 1e9};
    case ValueKind::kBytes:
    case ValueKind::kNumber:
    case ValueKind::kWord:
      break;
  }
  return {value.text, value.base};
}

Result<std::vector<Vary>> VariesOf(const SweepOptions& options) {
  std::vector<Vary> varies;
  for (const std::string& text : options.vary) {
    ASSIGN_OR_RETURN(Vary vary, ParseVary(text));
    varies.push_back(std::move(vary));
  }
  if (!options.codecs.empty()) {
    ASSIGN_OR_RETURN(Vary vary, ParseVary("codec=" + options.codecs));
    varies.push_back(std::move(vary));
  }
  std::size_t runs = 1;
  for (std::size_t i = 0; i < varies.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (varies[i].name == varies[j].name) {
        return UsageError("found " + varies[i].name + " twice in what varies, expected it once");
      }
    }
    runs *= varies[i].values.size();
    if (runs > kMostRangeValues) {
      return UsageError(
          "found more than " + std::to_string(kMostRangeValues) + " runs, expected fewer",
          "take larger steps");
    }
  }
  return varies;
}

// One value of each: `index` counts through all combinations, the first name fastest.
std::vector<const RangeValue*> Pick(const std::vector<Vary>& varies, std::size_t index) {
  std::vector<const RangeValue*> picked;
  for (const Vary& vary : varies) {
    picked.push_back(&vary.values[index % vary.values.size()]);
    index /= vary.values.size();
  }
  return picked;
}

Arguments ArgumentsFor(Arguments arguments, const std::vector<Vary>& varies,
                       const std::vector<const RangeValue*>& picked) {
  for (std::size_t i = 0; i < varies.size(); ++i) {
    if (varies[i].set) {
      arguments.emplace_back("--set");
      arguments.push_back(varies[i].name + "=" + picked[i]->text);
    } else {
      arguments = WithOption(std::move(arguments), varies[i].name, picked[i]->text);
    }
  }
  return arguments;
}

std::string Joined(const Arguments& arguments) {
  std::string text;
  for (const std::string& word : arguments) text += (text.empty() ? "" : " ") + word;
  return text;
}

struct Run {
  std::vector<const RangeValue*> picked;
  InnerAnswer answer;
};

Result<std::vector<Run>> RunAll(const Runner& run, const Arguments& command,
                                const std::vector<Vary>& varies, Io& io) {
  std::size_t count = 1;
  for (const Vary& vary : varies) count *= vary.values.size();
  std::vector<Run> runs;
  for (std::size_t i = 0; i < count; ++i) {
    Run one{.picked = Pick(varies, i), .answer = {}};
    ASSIGN_OR_RETURN(one.answer, RunInner(run, ArgumentsFor(command, varies, one.picked)));
    runs.push_back(std::move(one));
  }
  // What all runs say: a setting that matters to one of them is no idle one.
  for (const std::string& note : runs.front().answer.notes) {
    const bool all = std::all_of(runs.begin(), runs.end(), [&](const Run& one) {
      const auto& notes = one.answer.notes;
      return std::find(notes.begin(), notes.end(), note) != notes.end();
    });
    if (all) io.err << note << "\n";
  }
  return runs;
}

Result<report::SweepReport> ReportOf(const SweepOptions& options, const Arguments& command,
                                     const std::vector<Vary>& varies,
                                     const std::vector<Run>& runs) {
  report::SweepReport report;
  report.command = Joined(command);
  for (const Vary& vary : varies) report.names.push_back(NameOf(vary));
  const auto first = std::find_if(runs.begin(), runs.end(),
                                  [](const Run& run) { return !run.answer.json.is_null(); });
  // One reason stands for all.
  if (first == runs.end()) return UnsupportedError(runs.front().answer.error);
  report.keys = options.keys.empty() ? DefaultKeys(first->answer.json, !options.codecs.empty())
                                     : options.keys;
  for (const Run& run : runs) {
    report::SweepRow row;
    for (const RangeValue* value : run.picked) row.values.push_back(TextOf(*value));
    if (run.answer.json.is_null()) row.error = run.answer.error;
    for (const std::string& key : report.keys) {
      const report::Json* found =
          run.answer.json.is_null() ? nullptr : FindKey(run.answer.json, key);
      row.answers.push_back(found != nullptr ? *found : report::Json());
    }
    report.rows.push_back(std::move(row));
  }
  for (const std::string& key : options.keys) {
    const bool any = std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
      return !run.answer.json.is_null() && FindKey(run.answer.json, key) != nullptr;
    });
    if (!any) {
      return UsageError("--keys: no answer has '" + key + "'",
                        "keys are those of " + command.front() + " --format json, as in time_us");
    }
  }
  return report;
}

// Of which rows the condition holds.
Result<report::SweepFirst> FirstOf(const std::string& text, const std::vector<Run>& runs) {
  ASSIGN_OR_RETURN(const Condition condition, ParseCondition(text));
  report::SweepFirst first{.condition = text, .holds = {}};
  bool known = false;
  for (const Run& run : runs) {
    const report::Json* const found =
        run.answer.json.is_null() ? nullptr : FindKey(run.answer.json, condition.key);
    const bool number = found != nullptr && found->is_number();
    known = known || number;
    first.holds.push_back(number && condition.Holds(found->get<double>()));
  }
  if (known) return first;
  return UsageError("--first: no answer has a number '" + condition.key + "'",
                    "keys are those of --format json, as in comm_fraction");
}

// Plain beside compressed where an answer has both.
std::vector<std::string> PlotKeys(const SweepOptions& options, const report::SweepReport& report) {
  if (!options.plot_keys.empty()) return options.plot_keys;
  const auto has = [&](const std::string& key) {
    return std::find(report.keys.begin(), report.keys.end(), key) != report.keys.end();
  };
  if (has("time_us") && has("plain_time_us")) return {"time_us", "plain_time_us"};
  return {report.keys.front()};
}

Result<int> RunSweep(const SweepOptions& options, const Arguments& command, const Runner& run,
                     Io& io) {
  if (command.empty() || command.front().starts_with("-")) {
    return UsageError("found no command to sweep",
                      "write it as in: sweep price all-reduce --on hgx-h100 --ranks 8 --vary "
                      "bytes=1KiB..64MiB:*2");
  }
  if (command.front() == "sweep" || command.front() == "whatif") {
    return UsageError("found a " + command.front() + " inside a sweep, expected a plain command");
  }
  ASSIGN_OR_RETURN(const std::vector<Vary> varies, VariesOf(options));
  if (varies.empty()) {
    return UsageError("found nothing that varies", "name it as in --vary bytes=1KiB..64MiB:*2");
  }
  ASSIGN_OR_RETURN(const std::vector<Run> runs, RunAll(run, command, varies, io));
  ASSIGN_OR_RETURN(report::SweepReport report, ReportOf(options, command, varies, runs));
  if (!options.first.empty()) {
    ASSIGN_OR_RETURN(report.first, FirstOf(options.first, runs));
  }
  if (!options.plot.empty()) {
    const report::SweepPicture picture = SweepPlot(report, PlotKeys(options, report));
    if (!picture.why_not.empty()) return UsageError("--plot: " + picture.why_not);
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.plot, picture.svg));
  }
  Print(report::SweepDocument(report), options.common.format, io);
  if (!report.first) return kExitOk;
  const auto& holds = report.first->holds;
  return std::find(holds.begin(), holds.end(), true) != holds.end() ? kExitOk : kExitNegative;
}

}  // namespace

void AddSweep(CLI::App& app, Action* chosen, const Runner& run) {
  CLI::App& command = *app.add_subcommand(
      "sweep", "another command over a range: sweep CMD... --vary bytes=1KiB..64MiB:*2");
  auto options = std::make_shared<SweepOptions>();
  command.allow_extras();
  command
      .add_option("--vary", options->vary,
                  "an option of the command and its values, NAME=1,2,4 or NAME=1..64:*2 or "
                  "NAME=10..90:+10; NAME is set:PATH for a value of the profile; may be repeated")
      ->option_text("NAME=RANGE")
      ->take_all();
  command.add_option("--codecs", options->codecs, "a line for each codec: --vary codec=none,tq3")
      ->option_text("LIST");
  command
      .add_option("--keys", options->keys,
                  "which values of the answer's JSON to show: time_us,terms.latency.time_us")
      ->delimiter(',')
      ->option_text("KEYS");
  command
      .add_option("--first", options->first,
                  "say where this holds first, such as 'comm_fraction<=10%'; exit status 1 where "
                  "nowhere")
      ->option_text("CONDITION");
  command.add_option("--plot", options->plot, "draw the first key over what varies first (SVG)")
      ->option_text("FILE");
  command.add_option("--plot-keys", options->plot_keys, "draw these keys instead")
      ->delimiter(',')
      ->option_text("KEYS");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options, &command, run](Io& io) {
    return RunSweep(*options, command.remaining(), run, io);
  });
}

}  // namespace commplan::cli
