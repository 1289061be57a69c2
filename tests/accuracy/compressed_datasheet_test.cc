// Compressed collectives on profiles that no compressed measurement was fitted to: the schemes, the
// data sheet's links and memory, and one assumed cost for any codec. Beside them a profile that has
// the measured kernels.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "model/codec/codec.h"
#include "model/step/compression.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "tests/accuracy/compressed.h"
#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

using fit::CompressedSample;

// The name of the table of codecs: blocks of 32 values where the row does not say.
std::string CodecOf(const CompressedSample& row) {
  std::string name = row.codec;
  const std::size_t group = name.find("-g");
  if (group == std::string::npos) return name + "-b32";
  return name.replace(group, 2, "-b");
}

struct Question {
  std::string profile;
  std::string engine;  // who runs it plain
  codec::Source source = codec::Source::kBf16;
};

struct Score {
  int rows = 0, clear = 0, right = 0;
  double mape = 0;
};

// The plain time of the row, measured.
double Baseline(const CompressedTable& table, const CompressedSample& row) {
  for (const CompressedSample& plain : table.baseline) {
    if (plain.ranks == row.ranks && plain.bytes == row.bytes) return plain.time_us;
  }
  return 0;
}

Score ScoreOf(const Question& question, const CompressedTable& table) {
  const auto machine = profiles::LoadMachine(question.profile, profiles::ShippedLibrary());
  EXPECT_TRUE(machine.ok());
  const auto engine = std::find_if(machine->engines.begin(), machine->engines.end(),
                                   [&](const Engine& one) { return one.name == question.engine; });
  EXPECT_NE(engine, machine->engines.end());
  Score score;
  for (const CompressedSample& row : table.rows) {
    const Result<codec::Codec> codec = codec::FindCodec(CodecOf(row));
    if (!codec.ok()) continue;
    const auto plain = CollectiveModel::Create(
        machine->fabric, machine->engines, *engine,
        {.op = Op::kAllReduce, .group = {.ranks = row.ranks}, .algorithm = {}});
    const auto on = CodecOn(*machine, codec->name, 1 / codec::Ratio(*codec, question.source));
    EXPECT_TRUE(plain.ok() && on.ok());
    const auto model = CompressionModel::CreateOn(*machine, *plain, *on);
    EXPECT_TRUE(model.ok());
    const CompressionAnswer answer = model->At(B(row.bytes));
    score.mape += std::abs(InMicros(answer.coded.cost.Total()) / row.time_us - 1);
    ++score.rows;
    const double measured = Baseline(table, row) / row.time_us;
    if (measured < 1 + kVerdictBand && measured * (1 + kVerdictBand) > 1) continue;
    ++score.clear;
    score.right += (measured > 1) == (answer.comparison.gain > 1) ? 1 : 0;
  }
  score.mape /= score.rows;
  std::fputs(fmt::format("{:<22} {:<14} {:3d} rows  MAPE {:5.2f} %  {} of {} signs right\n",
                         question.profile, question.engine, score.rows, 100 * score.mape,
                         score.right, score.clear)
                 .c_str(),
             stdout);
  return score;
}

TEST(CompressedDatasheetTest, TwoShotOnH100) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const Score score = ScoreOf({"hgx-h100", "vllm"}, ReadTwoShotH100(*folder));
  EXPECT_EQ(score.rows, 40);  // a group of 256 values is no codec of the table
  EXPECT_LT(score.mape, 0.15);
  EXPECT_GE(score.right, 28);
  EXPECT_EQ(score.clear, 30);
}

// Signs against QuickReduce without a codec, which no data sheet knows, are asked of the fit only.
TEST(CompressedDatasheetTest, QuickReduceOnMi300x) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  CompressedTable table = ReadQuickReduce(*folder);
  std::erase_if(table.rows, [](const CompressedSample& row) { return row.codec == kNoCodec; });
  const Score sheet = ScoreOf({"mi300x-8", "rccl", codec::Source::kFp16}, table);
  EXPECT_EQ(sheet.rows, 96);
  EXPECT_LT(sheet.mape, 0.20);
  // The profile that was fitted to these very rows passes them on.
  const Score fitted =
      ScoreOf({"mi300x-8-quickreduce", "quickreduce", codec::Source::kFp16}, table);
  EXPECT_LT(fitted.mape, 0.02);
  EXPECT_EQ(fitted.right, fitted.clear);
}

}  // namespace
}  // namespace commplan::accuracy
