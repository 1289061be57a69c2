#include "calibrate/samples/nccl_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "calibrate/samples/text.h"

namespace commplan::samples {
namespace {

// Old versions print the largest error of a value where others count the wrong values: the rounding
// of half precision stays below this, wrong data do not, and no count does but 0.
constexpr double kLargestError = 0.1;
// The printed algbw is bytes / time, both rounded; a damaged digit moves it farther than this.
constexpr double kBandwidthTolerance = 0.03;
// Beyond this many ranks the printed ratio of the bandwidths cannot tell two counts apart.
constexpr int kMostRanksByRatio = 4096;

// What is known of the group that ran a table.
struct Group {
  int ranks = 0;
  int nodes = 0;
  std::vector<int> per_node{};
  std::string device{};
};

bool Reduces(Op op) {
  return op == Op::kAllReduce || op == Op::kReduceScatter || op == Op::kReduce;
}

bool CountsAllRanks(Op op) {
  return op == Op::kAllGather || op == Op::kReduceScatter || op == Op::kAllToAll;
}

bool HasRoot(Op op) { return op == Op::kBroadcast || op == Op::kReduce; }

// bytes / (count * size of an element); 0 where it is no whole number or the type is not known.
std::int64_t BytesPerCounted(const NcclRow& row) {
  const std::int64_t element = ElementBytes(row.type);
  if (element == 0 || row.count <= 0 || row.count > row.bytes) return 0;
  if (row.bytes % element != 0 || (row.bytes / element) % row.count != 0) return 0;
  return row.bytes / element / row.count;
}

std::string LineRange(const NcclTable& table) {
  return "lines " + std::to_string(table.rows.front().line) + " to " +
         std::to_string(table.rows.back().line);
}

// Whether a row of this operation can look like this: only reductions have a redop, only broadcast
// and reduce a root, and only some operations count per rank.
bool RowFits(Op op, const NcclRow& row) {
  // Send and receive prints the redop that it does not use.
  if (!row.redop.empty() && (row.redop != "none") != Reduces(op) && op != Op::kPointToPoint) {
    return false;
  }
  if (row.root && (*row.root >= 0) != HasRoot(op)) return false;
  return row.bytes == 0 || CountsAllRanks(op) || ElementBytes(row.type) == 0 ||
         BytesPerCounted(row) == 1;
}

// Whether most rows do: a few may be damaged.
bool Fits(Op op, const NcclTable& table) {
  const auto fitting = std::count_if(table.rows.begin(), table.rows.end(),
                                     [op](const NcclRow& row) { return RowFits(op, row); });
  return 2 * static_cast<std::size_t>(fitting) > table.rows.size();
}

// The number of ranks that the columns prove, or 0. Sizes over all ranks are the count times the
// ranks; and busbw is algbw times a factor that depends on the ranks alone.
int RanksByCount(const NcclTable& table) {
  std::map<std::int64_t, std::size_t> votes;
  std::size_t moving = 0;
  for (const NcclRow& row : table.rows) {
    if (row.bytes == 0) continue;
    ++votes[BytesPerCounted(row)];
    ++moving;
  }
  for (const auto& [ranks, rows] : votes) {
    // 1 proves nothing: some versions print the count of the whole buffer.
    if (ranks > 1 && ranks <= kMostRanksByRatio && 2 * rows > moving) {
      return static_cast<int>(ranks);
    }
  }
  return 0;
}

int RanksByRatio(Op op, const NcclTable& table) {
  if (BusBandwidthFactor(op, 2) == BusBandwidthFactor(op, 3)) return 0;
  double low = 0;
  double high = 2;
  for (const NcclRow& row : table.rows) {
    for (const NcclSide& side : row.sides) {
      if (side.time_us <= 0 || side.algbw <= 2 * side.rounding || side.rounding <= 0) continue;
      low = std::max(low, (side.busbw - side.rounding) / (side.algbw + side.rounding));
      high = std::min(high, (side.busbw + side.rounding) / (side.algbw - side.rounding));
    }
  }
  int found = 0;
  for (int ranks = 2; ranks <= kMostRanksByRatio; ++ranks) {
    const double factor = BusBandwidthFactor(op, ranks);
    if (factor < low || factor > high) continue;
    if (found != 0) return 0;
    found = ranks;
  }
  return found;
}

int RanksByArithmetic(Op op, const NcclTable& table) {
  const int by_count = CountsAllRanks(op) ? RanksByCount(table) : 0;
  return by_count != 0 ? by_count : RanksByRatio(op, table);
}

std::optional<Op> OpOf(const NcclTable& table, Collector& out) {
  std::optional<Op> op;
  std::string source;
  if (!table.program.empty() && !table.programs_differ) {
    op = OpMeant(table.program);
    source = "the text names '" + Label(table.program) + "'";
    if (!op) {
      out.Skip(table.line, LineRange(table) + ": " + source + ", an operation no sample can state");
      return std::nullopt;
    }
    if (out.hints().op && *out.hints().op != *op) {
      out.Remark(table.line, "the caller says " + std::string(Name(*out.hints().op)) + ", but " +
                                 source + "; the text is believed");
    }
  } else if (out.hints().op) {
    op = out.hints().op;
    source = "the caller says " + std::string(Name(*op));
  } else if ((op = OpInFileName(out.file()))) {
    source = "the file's name says " + std::string(Name(*op));
  }
  if (op && !Fits(*op, table)) {
    out.Skip(table.line, LineRange(table) + ": " + source +
                             ", but the columns count, redop and root do not fit it");
    return std::nullopt;
  }
  if (op) return op;
  // Beside it only send and receive prints a redop, no root and the count of the whole buffer, but
  // that one's bandwidths are equal.
  const bool is_all_reduce = std::all_of(table.rows.begin(), table.rows.end(),
                                         [](const NcclRow& row) {
                                           return row.root == -1 && !row.redop.empty() &&
                                                  row.redop != "none" &&
                                                  (row.bytes == 0 || BytesPerCounted(row) == 1);
                                         }) &&
                             RanksByArithmetic(Op::kAllReduce, table) > 2;
  if (is_all_reduce) {
    out.Remark(table.line, "all-reduce follows from the columns; nothing names it");
    return Op::kAllReduce;
  }
  out.Skip(table.line, LineRange(table) +
                           ": nothing says which operation this is; give it as an option, or let "
                           "the file's name hold it");
  return std::nullopt;
}

// The ranks and hosts by the lines "Rank 0 ... on HOST device 0 [...] NAME".
Group GroupOfRankLines(const NcclTable& table, Collector& out) {
  Group group;
  std::map<int, const NcclRank*> first;
  bool again = false;
  for (const NcclRank& rank : table.ranks) {
    const bool is_new = first.try_emplace(rank.rank, &rank).second;
    again = again || !is_new;
  }
  if (first.empty()) return group;
  if (again) {
    out.Remark(table.line,
               "some ranks are listed more than once: several processes each ran and printed a "
               "test of their own, the first is taken");
  }
  if (first.begin()->first != 0 || first.rbegin()->first != static_cast<int>(first.size()) - 1) {
    out.Remark(table.line, "the list of ranks has gaps and is not used");
    return group;
  }
  std::map<int, int> of_group;
  for (const auto& [number, rank] : first) ++of_group[rank->group];
  const auto [least, most] =
      std::minmax_element(of_group.begin(), of_group.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
  if (least->second != most->second) {
    out.Remark(table.line, "the groups of ranks differ in size and are not used");
    return group;
  }
  if (of_group.size() > 1) {
    out.Remark(table.line, std::to_string(of_group.size()) + " groups of ranks ran at once");
  }
  const int taken = of_group.begin()->first;
  std::vector<std::string> hosts;
  bool differ = false;
  for (const auto& [number, rank] : first) {
    if (rank->group != taken) continue;
    ++group.ranks;
    group.device = group.ranks == 1 ? rank->device : group.device;
    differ = differ || group.device != rank->device;
    const auto host = std::find(hosts.begin(), hosts.end(), rank->host);
    if (host == hosts.end()) {
      hosts.push_back(rank->host);
      group.per_node.push_back(1);
    } else {
      ++group.per_node[static_cast<std::size_t>(host - hosts.begin())];
    }
  }
  group.nodes = static_cast<int>(hosts.size());
  if (differ) out.Remark(table.line, "the devices differ; the samples name the first");
  return group;
}

Group GroupOf(Op op, const NcclTable& table, Collector& out) {
  Group group = GroupOfRankLines(table, out);
  const int proven = RanksByArithmetic(op, table);
  if (proven != 0 && group.ranks != proven) {
    if (group.ranks != 0) {
      out.Remark(table.line, std::to_string(group.ranks) + " ranks are listed, but the columns " +
                                 "show that " + std::to_string(proven) +
                                 " took part; the list is not used");
    } else if (out.hints().ranks != proven) {
      out.Remark(table.line, std::to_string(proven) +
                                 " ranks follow from the columns; no list of ranks names them");
    }
    group.ranks = proven;
    group.nodes = 0;
    group.per_node.clear();
  }
  const ImportHints& hints = out.hints();
  if (hints.ranks != 0 && group.ranks != 0 && hints.ranks != group.ranks) {
    out.Remark(table.line, "the caller says " + std::to_string(hints.ranks) + " ranks, the text " +
                               std::to_string(group.ranks) + "; the text is believed");
  }
  if (hints.nodes != 0 && group.nodes != 0 && hints.nodes != group.nodes) {
    out.Remark(table.line, "the caller says " + std::to_string(hints.nodes) + " nodes, the text " +
                               std::to_string(group.nodes) + "; the text is believed");
  }
  return group;
}

bool SameRow(const NcclRow& a, const NcclRow& b) {
  return std::tie(a.bytes, a.count, a.type, a.redop, a.root) ==
         std::tie(b.bytes, b.count, b.type, b.redop, b.root);
}

// Whether the rows are one sweep, made again and again: that is what -N does. Rows of several
// processes, interleaved, are not.
bool AreSweeps(const NcclTable& table) {
  if (table.headers > 1) return false;
  std::vector<NcclRow> rows;
  std::copy_if(table.rows.begin(), table.rows.end(), std::back_inserter(rows),
               [](const NcclRow& row) { return row.bytes != 0; });
  std::size_t period = 1;
  while (period < rows.size() && !SameRow(rows[period], rows[0])) ++period;
  for (std::size_t i = period; i < rows.size(); ++i) {
    if (!SameRow(rows[i], rows[i - period])) return false;
  }
  return true;
}

// What speaks against a half of a row; empty where nothing does.
std::string FaultOf(const NcclSide& side) {
  if (!(side.time_us > 0)) return "no time";
  if (!side.wrong || *side.wrong <= kLargestError) return {};
  if (!std::isfinite(*side.wrong) || *side.wrong < 1) return "wrong data";
  return "wrong data, " + std::to_string(std::llround(std::min(*side.wrong, 1e15)));
}

bool Contradicts(const NcclRow& row, const NcclSide& side) {
  if (!(side.time_us > 0) || side.rounding <= 0) return false;
  const double expected = static_cast<double>(row.bytes) / side.time_us / 1e3;
  return std::abs(side.algbw - expected) > expected * kBandwidthTolerance + 2 * side.rounding;
}

// A few rows whose bandwidth is not bytes / time are damaged; where most are, the table was
// computed in another way and its times say nothing less.
bool TrustsBandwidth(const NcclTable& table, Collector& out) {
  std::size_t against = 0;
  for (const NcclRow& row : table.rows) {
    if (Contradicts(row, row.sides[0]) || Contradicts(row, row.sides[1])) ++against;
  }
  if (against * 2 <= table.rows.size()) return true;
  out.Remark(table.line, "algbw is not size / time in most rows; only the times are used");
  return false;
}

class TableReader {
 public:
  TableReader(const NcclTable& table, Op op, const Group& group, Collector& out)
      : table_(table),
        out_(out),
        trusts_bandwidth_(TrustsBandwidth(table, out)),
        by_count_(RanksByCount(table)) {
    common_.op = op;
    common_.engine = table.engine;
    common_.version = table.version;
    common_.tool = table.tool;
    common_.date = table.date;
    common_.launch = table.launch;
    common_.ranks = group.ranks;
    common_.nodes = group.nodes;
    common_.ranks_per_node = group.per_node;
    common_.device = group.device;
    Environment environment = ScrubEnvironment(table.environment);
    common_.environment = std::move(environment.kept);
    if (environment.left_out > 0) {
      out.Remark(table.line, std::to_string(environment.left_out) +
                                 " settings that name a file or a host were left out");
    }
    out.FillFromHints(common_);
    if (common_.nodes > common_.ranks && common_.ranks > 0) common_.nodes = 0;
  }

  void Add(const NcclRow& row) {
    if (row.bytes == 0) {
      out_.Skip(row.line, "size 0 moves nothing");
      return;
    }
    for (const NcclSide& side : row.sides) {
      if (trusts_bandwidth_ && Contradicts(row, side)) {
        out_.Skip(row.line, "algbw is not size / time: a digit is damaged");
        return;
      }
    }
    const bool counted_wrong = CountsAllRanks(common_.op) && by_count_ != 0 &&
                               ElementBytes(row.type) != 0 && BytesPerCounted(row) != by_count_;
    if (counted_wrong || !RowFits(common_.op, row)) {
      out_.Skip(row.line, "size, count, type, redop and root do not fit each other");
      return;
    }
    for (std::size_t i = 0; i < row.sides.size(); ++i) {
      const std::string which = i == 0 ? "out of place: " : "in place: ";
      const std::string fault = FaultOf(row.sides[i]);
      if (fault.empty()) {
        AddSide(row, row.sides[i], i == 1);
      } else {
        out_.Skip(row.line, which + fault);
      }
    }
  }

  bool WasMeasuredBefore(const NcclRow& row) const {
    return out_.Has(SampleOf(row, row.sides[0], false)) ||
           out_.Has(SampleOf(row, row.sides[1], true));
  }

 private:
  Sample SampleOf(const NcclRow& row, const NcclSide& side, bool in_place) const {
    Sample sample = common_;
    sample.bytes = row.bytes;
    sample.dtype = Label(row.type);
    sample.in_place = in_place;
    sample.repeats_us = {side.time_us};
    sample.calls = row.calls != 0 ? row.calls : table_.calls;
    sample.quantiles = side.quantiles;
    return sample;
  }

  void AddSide(const NcclRow& row, const NcclSide& side, bool in_place) {
    Sample sample = SampleOf(row, side, in_place);
    Sample without = sample;
    without.quantiles.clear();
    if (!FaultsOf(sample).empty() && FaultsOf(without).empty()) {
      out_.Remark(row.line, "the times of single calls contradict each other and are left out");
      sample = std::move(without);
    }
    out_.Add(std::move(sample), row.line);
  }

  const NcclTable& table_;
  Collector& out_;
  Sample common_{};
  bool trusts_bandwidth_;
  int by_count_;
};

}  // namespace

std::string NcclVersion(std::int64_t code) {
  if (code <= 0) return {};
  const std::int64_t major_unit = code < 10000 ? 1000 : 10000;
  return std::to_string(code / major_unit) + "." + std::to_string(code % major_unit / 100) + "." +
         std::to_string(code % 100);
}

std::string EngineOfDevice(std::string_view device) {
  for (const std::string_view part : {"AMD", "Instinct", "gfx"}) {
    if (Contains(device, part)) return "rccl";
  }
  for (const std::string_view part :
       {"NVIDIA", "Tesla", "GeForce", "Quadro", "TITAN", "A100-", "V100-"}) {
    if (Contains(device, part)) return "nccl";
  }
  return {};
}

void AddTable(const NcclTable& table, bool after_open_table, Collector& out) {
  if (table.rows.empty()) return;
  for (const NcclRow& row : table.rows) out.CountRow(row.line);
  if (table.cpu_time) {
    out.Skip(table.line, LineRange(table) +
                             ": times of the CPU (option -C), which say nothing about the "
                             "operation");
    return;
  }
  const auto op = OpOf(table, out);
  if (!op) return;
  TableReader reader(table, *op, GroupOf(*op, table, out), out);
  const bool sweeps = AreSweeps(table);
  std::set<int> again;  // lines
  for (const NcclRow& row : table.rows) {
    if (after_open_table && row.bytes != 0 && reader.WasMeasuredBefore(row)) again.insert(row.line);
  }
  std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::string, int>, int> seen;
  for (const NcclRow& row : table.rows) {
    const auto [at, is_new] = seen.try_emplace(
        {row.bytes, row.count, row.type, row.redop, row.root.value_or(-1)}, row.line);
    if (!is_new && !sweeps && row.bytes != 0) {
      out.Skip(row.line, "the same row as at line " + std::to_string(at->second) +
                             ": tables of several processes are mixed, the first is taken");
      continue;
    }
    if (again.count(row.line) != 0) {
      out.Skip(row.line,
               "the table before has this row and had not ended: tables of several processes are "
               "mixed, the first is taken");
      continue;
    }
    reader.Add(row);
  }
}

}  // namespace commplan::samples
