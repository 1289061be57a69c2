// The measurements beside the checkout, imported whole.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "calibrate/samples/import.h"
#include "calibrate/samples/note_matchers.h"
#include "calibrate/samples/text.h"
#include "model/base/test_matchers.h"

namespace commplan::samples {
namespace {

std::string Folder() {
  const char* root = std::getenv("COMMPLAN_ROOT");
  return (std::filesystem::path(root == nullptr ? "." : root) / ".." / "shared" / "measured")
      .string();
}

bool IsAbsent() {
  std::error_code error;
  return !std::filesystem::is_directory(Folder(), error);
}

constexpr const char* kAbsent =
    "no folder ../shared/measured beside the checkout: the measurements are not part of it";

std::string ReadFile(const std::string& path) {
  std::ifstream file(Folder() + "/" + path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

int DataLines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n')) - 1;
}

std::size_t Times(const SampleSet& set) {
  std::size_t times = 0;
  for (const Sample& sample : set.samples) {
    times += sample.repeats_us.empty() ? 1 : sample.repeats_us.size();
  }
  return times;
}

// Times of one row: two halves of every row but those of size 0.
void ExpectAllRows(const Imported& imported, int rows) {
  EXPECT_EQ(imported.rows, rows);
  int empty = 0;
  for (const Note& note : imported.notes) {
    if (note.kind != Note::Kind::kSkipped) continue;
    EXPECT_THAT(note.text, ::testing::HasSubstr("size 0")) << FormatNote(note);
    ++empty;
  }
  EXPECT_EQ(Times(imported.samples), static_cast<std::size_t>(2 * (rows - empty)));
}

TEST(Measured, EveryLogSaysWhatItsIndexSays) {
  if (IsAbsent()) GTEST_SKIP() << kAbsent;
  const std::string index = ReadFile("nccl_logs/index.csv");
  const auto lines = Lines(index);
  ASSERT_GT(lines.size(), 1U);
  std::map<std::string, std::size_t> column;
  const auto header = Cells(lines[0]);
  for (std::size_t i = 0; i < header.size(); ++i) column[header[i]] = i;
  int stated_ranks = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = Cells(lines[i]);
    ASSERT_EQ(cells.size(), header.size());
    const std::string& name = cells[column["file"]];
    SCOPED_TRACE(name);
    const int ranks = std::stoi(cells[column["ranks"]]);
    const int nodes = std::stoi(cells[column["nodes"]]);
    const int rows = std::stoi(cells[column["data_rows"]]);
    const auto op = OpMeant(cells[column["collective"]]);
    const std::string text = ReadFile("nccl_logs/" + name);
    // Alone a log may not state everything, but it states nothing else.
    const auto alone = ImportAny(text, name);
    ASSERT_THAT(alone, IsOk());
    ExpectAllRows(*alone, rows);
    for (const Sample& sample : alone->samples.samples) {
      ASSERT_EQ(sample.op, op);
      ASSERT_TRUE(sample.ranks == 0 || sample.ranks == ranks) << sample.ranks;
      ASSERT_TRUE(sample.nodes == 0 || sample.nodes == nodes) << sample.nodes;
    }
    stated_ranks += alone->samples.samples.at(0).ranks == ranks ? 1 : 0;
    const auto hinted = ImportAny(text, name, {.op = op, .ranks = ranks, .nodes = nodes});
    ASSERT_THAT(hinted, IsOk());
    ExpectAllRows(*hinted, rows);
    for (const Sample& sample : hinted->samples.samples) {
      ASSERT_EQ(sample.ranks, ranks);
      ASSERT_EQ(sample.nodes, nodes);
    }
    for (const Note& note : hinted->notes) {
      EXPECT_THAT(note.text, ::testing::Not(::testing::HasSubstr("the caller says")));
    }
  }
  // Each of them lists its ranks or proves their number.
  EXPECT_EQ(stated_ranks, static_cast<int>(lines.size()) - 1);
}

// The tables, the times of a row, and the rows that no sample can state.
struct MeasuredTable {
  const char* path;
  int times_per_row = 1;
  int skipped = 0;
};

class MeasuredTables : public ::testing::TestWithParam<MeasuredTable> {};

TEST_P(MeasuredTables, ImportFully) {
  if (IsAbsent()) GTEST_SKIP() << kAbsent;
  const MeasuredTable& table = GetParam();
  const std::string text = ReadFile(table.path);
  ASSERT_FALSE(text.empty());
  const auto imported = ImportAny(text, table.path, {.op = Op::kAllReduce});
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->rows, DataLines(text));
  EXPECT_EQ(std::count_if(imported->notes.begin(), imported->notes.end(),
                          [](const Note& note) { return note.kind == Note::Kind::kSkipped; }),
            table.skipped);
  EXPECT_EQ(Times(imported->samples),
            static_cast<std::size_t>((imported->rows - table.skipped) * table.times_per_row));
  for (const Sample& sample : imported->samples.samples) ASSERT_GT(sample.ranks, 0);
  const auto written = WriteSamples(imported->samples);
  ASSERT_THAT(written, IsOk());
  const auto read = ReadSamples(*written);
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(*read == imported->samples);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, MeasuredTables,
    ::testing::Values(
        MeasuredTable{"collectives/a100_sxm.csv"}, MeasuredTable{"collectives/b200_sxm.csv"},
        MeasuredTable{"collectives/gb200.csv"}, MeasuredTable{"collectives/h100_sxm.csv"},
        MeasuredTable{"collectives/h200_sxm.csv"}, MeasuredTable{"collectives/l40s.csv"},
        MeasuredTable{"collectives/rtx_pro_6000_server.csv"}, MeasuredTable{"vidur/a100_dgx.csv"},
        MeasuredTable{"vidur/a40_pairwise_nvlink.csv"}, MeasuredTable{"vidur/h100_dgx.csv"},
        MeasuredTable{"misc/llmcompass_a100x4_allreduce.csv"},
        // 12 rows of dispatch and combine, 8 of a fused kernel.
        MeasuredTable{.path = "misc/custom_collectives.csv", .skipped = 20},
        MeasuredTable{.path = "training/vtrain_nccl_allreduce_a100.csv", .times_per_row = 2},
        MeasuredTable{"compressed/quickreduce_mi300x_tp2.csv"},
        MeasuredTable{"compressed/quickreduce_mi300x_tp4.csv"},
        MeasuredTable{"compressed/vllm_two_shot_h100.csv"}));

}  // namespace
}  // namespace commplan::samples
