#include "profiles/workload_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "model/base/suggest.h"
#include "model/workload/data_type.h"
#include "profiles/workload_cells.h"
#include "profiles/workload_sources.h"

namespace commplan::profiles {
namespace {

// A column, and what published tables call it.
struct Column {
  std::string_view name;
  std::string_view other = {};
};

constexpr std::array kColumns = {
    Column{"phase"},
    Column{"source"},
    Column{"profile"},
    Column{"set"},
    Column{"model"},
    Column{"hidden"},
    Column{"layers"},
    Column{"heads"},
    Column{"vocabulary", "vocab"},
    Column{"gpus", "num_gpus"},
    Column{"tp"},
    Column{"pp"},
    Column{"dp"},
    Column{"cp"},
    Column{"ep"},
    Column{"expert_tp"},
    Column{"attention_dp"},
    Column{"gtp"},
    Column{"virtual_stages", "vp"},
    Column{"sequence_parallel", "seq_parallel"},
    Column{"scatter_boundaries"},
    Column{"batch", "global_batch_samples"},
    Column{"micro_batch", "micro_batch_samples"},
    Column{"sequence", "seq_len_tokens"},
    Column{"context"},
    Column{"prompt"},
    Column{"output"},
    Column{"recompute"},
    Column{"zero"},
    Column{"shard_group"},
    Column{"fused_attention"},
    Column{"dropout"},
    Column{"gradients"},
    Column{"weights"},
    Column{"activations"},
    Column{"overlap_gradients"},
    Column{"overlap_parameters"},
    Column{"overlap_boundaries"},
    Column{"overlap_tensor"},
    Column{"framework"},
    Column{"kernels"},
    Column{"engine"},
    Column{"seconds", "iter_time_s"},
    // Read for the sources that have them.
    Column{"gpu"},
    Column{"release"},
    Column{"task"},
    Column{"precision"},
    Column{"fsdp"},
    Column{"scope"},
    Column{"tokens_per_s_per_gpu"},
    Column{"tflops_per_gpu"},
    Column{"heads_assumed"},
    // Said for people.
    Column{"note"},
    Column{"provenance"},
    Column{"section"},
};

std::string_view Canonical(std::string_view name) {
  for (const Column& column : kColumns) {
    if (name == column.name || (!column.other.empty() && name == column.other)) return column.name;
  }
  return {};
}

struct Line {
  const WorkloadFile* file = nullptr;
  int line = 0;
  Cells cells;
};

Status AddLines(const WorkloadFile& file, std::vector<Line>* lines, WorkloadRows* all) {
  std::vector<TableLine> table = ReadCsv(file.text);
  if (table.empty()) return BadInputError("found no table", {file.name, 0, 0});
  const std::vector<std::string> header = std::move(table.front().cells);
  std::vector<std::string> names, unread;
  std::vector<std::string_view> known;
  for (const Column& column : kColumns) known.push_back(column.name);
  for (const std::string& name : header) {
    names.emplace_back(Canonical(name));
    if (names.back().empty()) unread.push_back(name);
  }
  const bool timed = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "seconds" || name == "tokens_per_s_per_gpu";
  });
  if (!timed) {
    return BadInputError("found no column 'seconds', expected a table of measured steps",
                         {file.name, 1, 0}, SuggestionHint("seconds", header));
  }
  if (!unread.empty()) {
    std::string note = file.name + ": columns that are not read:";
    for (const std::string& name : unread) {
      note += name == unread.front() ? " " : ", ";
      note += name;
      if (const auto near = NearestWord(name, known)) note += " (did you mean '" + *near + "'?)";
    }
    all->notes.push_back(std::move(note));
  }
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].cells.size() != header.size()) {
      all->left_out.push_back({file.name, table[i].line,
                               "found " + std::to_string(table[i].cells.size()) +
                                   " cells, expected " + std::to_string(header.size())});
      continue;
    }
    std::map<std::string, std::string, std::less<>> cells;
    for (std::size_t c = 0; c < names.size(); ++c) {
      if (!names[c].empty()) cells.emplace(names[c], std::move(table[i].cells[c]));
    }
    lines->push_back({&file, table[i].line, Cells(std::move(cells))});
  }
  return OkStatus();
}

Layout LayoutOf(const Cells& cells) {
  Layout l;
  l.tp = cells.Count("tp");
  l.pp = cells.Count("pp");
  l.cp = cells.Count("cp");
  l.ep = cells.Count("ep");
  l.expert_tp = cells.Count("expert_tp", 0);
  l.attention_dp = cells.Count("attention_dp");
  l.virtual_stages = cells.Count("virtual_stages");
  l.sequence_parallel = cells.Flag("sequence_parallel");
  l.scatter_boundaries = cells.Flag("scatter_boundaries");
  const int ranks = std::max(1, l.tp * l.pp * l.cp * cells.Count("gtp"));
  l.dp = cells.Count("dp", std::max(1, cells.Count("gpus") / ranks));
  return l;
}

std::string LabelOf(const Cells& cells, const Layout& l) {
  std::string label = cells.Word("model");
  if (cells.Has("hidden")) label += " h" + cells.Word("hidden");
  if (cells.Has("gpus")) label += " on " + cells.Word("gpus");
  label += ": tp" + std::to_string(l.tp) + " pp" + std::to_string(l.pp);
  label += " dp" + std::to_string(l.dp) + " v" + std::to_string(l.virtual_stages);
  if (cells.Has("micro_batch")) label += " mb" + cells.Word("micro_batch");
  label += " of " + cells.Word("batch") + " " + cells.Word("recompute");
  return label;
}

Recompute RecomputeOf(const std::string& word) {
  if (word.find("full") != std::string::npos) return Recompute::kFull;
  return word.find("sel") != std::string::npos ? Recompute::kSelective : Recompute::kNone;
}

TrainRequest TrainOf(const Cells& cells, const Layout& layout) {
  TrainRequest request;
  TrainPlan& plan = request.plan;
  request.job.sequence = cells.Number("sequence", 2048);
  request.job.global_batch = cells.Number("batch", 0);
  plan.layout = layout;
  plan.micro_batch = cells.Number("micro_batch", 0);
  plan.recompute = RecomputeOf(cells.Word("recompute"));
  const std::string zero = cells.Word("zero");
  if (zero == "1" || zero == "2" || zero == "3") {
    plan.sharding.scheme = static_cast<Scheme>(zero.front() - '0');
  }
  plan.sharding.gtp = cells.Count("gtp");
  plan.sharding.inner = cells.Count("shard_group", 0);
  return request;
}

ServedStep ServedOf(const Cells& cells, const Layout& layout, const std::string& phase) {
  ServedStep served;
  served.step.layout = layout;
  const double batch = cells.Number("batch", 1);
  if (phase == "serve") {
    served.prompt = cells.Number("prompt", 0);
    served.output = cells.Number("output", 1);
    served.step.demand = Decode(batch, served.prompt + served.output / 2);
  } else if (phase == "decode") {
    served.step.demand = Decode(batch, cells.Number("context", 0));
  } else {
    served.step.demand = Prefill(batch, cells.Number("sequence", 0), cells.Number("context", 0));
  }
  return served;
}

// Where a cell names a data type that there is none of, its name.
std::string SetType(const Cells& cells, std::string_view column, DataType* type) {
  const std::string word = cells.Word(column);
  if (word.empty()) return "";
  const std::optional<DataType> named = DataTypeNamed(word);
  if (named) *type = *named;
  return named ? "" : "column '" + std::string(column) + "': found the type '" + word + "'";
}

// What a row says goes before what its source says of all rows.
std::string ApplyOwn(const Cells& cells, WorkloadRow* row) {
  const auto word = [&](std::string_view column, std::string* target) {
    if (cells.Has(column)) *target = cells.Word(column);
  };
  const auto flag = [&](std::string_view column, bool* target) {
    if (cells.Has(column)) *target = cells.Flag(column);
  };
  word("profile", &row->profile);
  for (std::string rest = cells.Word("set"); !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::size_t begin = std::min(rest.find_first_not_of(' '), end);
    row->sets.push_back(rest.substr(begin, end - begin));
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  if (row->served) {
    StepRequest& step = row->served->step;
    word("kernels", &step.kernels);
    word("engine", &step.engine);
    std::string fault = SetType(cells, "weights", &step.precision.weights);
    step.precision.expert_weights = step.precision.weights;
    if (fault.empty()) fault = SetType(cells, "activations", &step.precision.activations);
    return fault;
  }
  TrainJob& job = row->train->job;
  TrainPlan& plan = row->train->plan;
  word("framework", &job.framework);
  word("kernels", &job.kernels);
  word("engine", &job.engine);
  flag("fused_attention", &job.fused_attention);
  flag("dropout", &job.dropout);
  flag("scatter_boundaries", &plan.layout.scatter_boundaries);
  flag("overlap_gradients", &plan.overlap.gradients);
  flag("overlap_parameters", &plan.overlap.parameters);
  flag("overlap_boundaries", &plan.overlap.boundaries);
  flag("overlap_tensor", &plan.overlap.tensor);
  std::string fault = SetType(cells, "gradients", &job.precision.gradients);
  if (cells.Has("gradients")) plan.sharding.reduce = job.precision.gradients;
  if (fault.empty()) fault = SetType(cells, "weights", &job.precision.weights);
  if (fault.empty()) fault = SetType(cells, "activations", &job.precision.activations);
  return fault;
}

// The reason why the row cannot be priced; "" where it can.
std::string Fill(const Cells& cells, const Library& models, WorkloadRow* row) {
  const std::string phase = cells.Has("phase") ? cells.Word("phase") : "train";
  const bool train = phase == "train";
  if (!train && phase != "decode" && phase != "prefill" && phase != "serve") {
    return "found the phase '" + phase + "', expected train, prefill, decode or serve";
  }
  if (cells.Has("scope") && cells.Word("scope") != "full iteration") {
    return "is not of a whole iteration";
  }
  const Layout layout = LayoutOf(cells);
  row->source = cells.Word("source");
  row->seconds = cells.Number("seconds", 0);
  row->label = LabelOf(cells, layout);
  row->group = cells.Word("hidden") + "/" + cells.Word("model") + "/" + std::to_string(layout.tp) +
               "/" + std::to_string(layout.pp) + "/" + std::to_string(layout.dp);
  if (train) {
    row->train = TrainOf(cells, layout);
  } else {
    row->served = ServedOf(cells, layout, phase);
  }
  if (const auto missing = CompleteBySource(cells, models, row)) return *missing;
  if (row->model.kinds.empty()) {
    if (cells.Has("hidden") && cells.Has("layers")) {
      row->model = PlainDecoder(cells);
    } else {
      std::optional<Transformer> model = ModelNamed(cells.Word("model"), models);
      if (!model)
        return "says no hidden size and layers, and names no model that is "
               "known";
      row->model = *std::move(model);
    }
  }
  if (std::string fault = ApplyOwn(cells, row); !fault.empty()) return fault;
  if (!cells.fault().empty()) return cells.fault();
  if (train && row->train->job.global_batch <= 0) return "says no batch";
  if (train && row->train->plan.micro_batch <= 0) return "says no micro batch";
  if (row->seconds <= 0 && row->untimed.empty()) return "says no time";
  return "";
}

// Eight lines of the chronicle stand under the heading of another model, from which the shapes were
// read: there the flops that the shape implies (Narayanan et al., with recomputation) are not those
// that the same line of the chronicle prints.
bool ShapeIsRight(const Cells& cells, const std::map<std::string, double>& printed) {
  const auto found = printed.find(cells.Word("seconds"));
  if (found == printed.end()) return true;
  constexpr double kPrinted = 0.04;  // rounding of what is printed
  const double h = cells.Number("hidden", 1), l = cells.Number("layers", 1);
  const double s = cells.Number("sequence", 1), v = cells.Number("vocabulary", 1);
  const double flops =
      96 * cells.Number("batch", 0) * s * l * h * h * (1 + s / (6 * h) + v / (16 * l * h));
  const double rate = flops / cells.Number("seconds", 1) / cells.Number("gpus", 1) / 1e12;
  return std::abs(rate / found->second - 1) < kPrinted;
}

}  // namespace

Result<WorkloadRows> ReadWorkloads(const std::vector<WorkloadFile>& files, const Library& models) {
  WorkloadRows all;
  std::vector<Line> lines;
  for (const WorkloadFile& file : files) RETURN_IF_ERROR(AddLines(file, &lines, &all));
  std::map<std::string, double> printed;  // TFLOP/s of a time in the chronicle
  for (const Line& line : lines) {
    const bool chronicle = line.cells.Word("source").starts_with("BigScience chronicles");
    const double rate = line.cells.Number("tflops_per_gpu", 0);
    if (chronicle && rate > 0) printed[line.cells.Word("seconds")] = rate;
  }
  for (const Line& line : lines) {
    WorkloadRow row;
    row.file = line.file->name;
    row.line = line.line;
    std::string reason = Fill(line.cells, models, &row);
    if (reason.empty() && line.cells.Has("heads_assumed") && !ShapeIsRight(line.cells, printed)) {
      reason =
          "its shape implies other flops than its source prints: it is "
          "another model's line";
    }
    if (reason.empty()) {
      all.rows.push_back(std::move(row));
    } else {
      all.left_out.push_back({row.file, row.line, std::move(reason)});
    }
  }
  return all;
}

std::vector<const WorkloadRow*> HalfOf(const std::vector<WorkloadRow>& rows, int half) {
  std::map<std::string, std::set<std::string>> groups;  // by source
  for (const WorkloadRow& row : rows) groups[row.source].insert(row.group);
  std::vector<const WorkloadRow*> chosen;
  for (const WorkloadRow& row : rows) {
    const std::set<std::string>& of = groups[row.source];
    if (std::distance(of.begin(), of.find(row.group)) % 2 == half) chosen.push_back(&row);
  }
  return chosen;
}

}  // namespace commplan::profiles
