// The seven rows of time to first token that a paper on compressed tensor parallelism printed, as
// changes per collective. Fourteen numbers of two digits are no proof of a cause: this is a check
// that the model is consistent with them, in one named scenario, and that what is left out of it
// turns the signs that it should.
//
// The scenario "host memory shared": on the L4 hosts ranks have no way to each other, a plain ring
// gets 9.6 GB/s over the number of ranks, a gather 6.1 GB/s. The codec is a chain of element-wise
// kernels: 42 passes over memory to encode, 10 to decode and add, 0.35 ms to launch. Bandwidths of
// memory and NVLink are from datasheets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "model/collective/formula/compressed_cards.h"
#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

struct Row {
  std::string model, gpu;
  int ranks = 0;
  double layers = 0, bytes = 0, share = 0;
  double change_ms = 0;  // measured, of one collective
};

std::vector<Row> ReadRows(const std::string& folder) {
  std::ifstream file(folder + "/compressed/paper_2411_09510.csv");
  std::string line;
  std::getline(file, line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    if (cells.size() < 16) continue;
    Row row;
    row.model = cells[0];
    row.gpu = cells[1];
    row.ranks = std::stoi(cells[3]);
    row.layers = std::stod(cells[6]);
    row.bytes = std::stod(cells[9]);
    row.share = std::stod(cells[10]) / row.bytes;
    row.change_ms = 1e3 * (std::stod(cells[14]) - std::stod(cells[13])) / (2 * row.layers);
    rows.push_back(row);
  }
  return rows;
}

struct Scenario {
  bool one_rate = false;       // the gather gets no more than the ring
  bool free_per_byte = false;  // the codec costs only its launch
};

// Predicted change of one collective, in milliseconds.
double Change(const Row& row, const Scenario& scenario) {
  const bool nvlink = row.gpu.find("A100") != std::string::npos;
  Inputs<double> x;
  x.ranks = row.ranks;
  x.chunks = 1;
  x.bytes = B(row.bytes);
  x.bandwidth = nvlink ? GBps(300) : GBps(9.6 / row.ranks);
  CodecInputs<double> c;
  c.share = row.share;
  c.efficiency = 1;
  c.call = Millis(0.35);
  const Bandwidth memory = nvlink ? TBps(1.555) : GBps(300);
  if (!scenario.free_per_byte) {
    c.encode = 42 / memory;
    c.add = 10 / memory;
  }
  Inputs<double> gather = x;
  if (!nvlink && !scenario.one_rate) gather.bandwidth = GBps(6.1);
  const Time plain = FindCard("all-reduce/ring")->value(x).Total();
  const Time coded = FindCompressedCard("all-reduce/gather-sum+codec")->value(gather, c).Total();
  return InMillis(coded - plain);
}

int RightSigns(const std::vector<Row>& rows, const Scenario& scenario) {
  int right = 0;
  for (const Row& row : rows) {
    if ((Change(row, scenario) < 0) == (row.change_ms < 0)) ++right;
  }
  return right;
}

TEST(CompressedPaperTest, SevenSignsAndTheTwoCrossings) {
  const auto folder = MeasuredFolder();
  if (!folder) GTEST_SKIP() << "no measurements beside the checkout (../shared/measured)";
  const std::vector<Row> rows = ReadRows(*folder);
  ASSERT_EQ(rows.size(), 7U);
  for (const Row& row : rows) {
    const double work = (row.ranks - 1) * row.share / (2 * (row.ranks - 1.0) / row.ranks);
    std::fputs(
        fmt::format("{:<12} {} ranks {:5.1f} MB: bytes x{:.2f}; change per collective "
                    "{:+6.2f} ms measured, {:+6.2f} model; {:+6.2f} at one rate, {:+6.2f} "
                    "with a codec free per byte\n",
                    row.model, row.ranks, row.bytes / 1e6, work, row.change_ms, Change(row, {}),
                    Change(row, {.one_rate = true}), Change(row, {.free_per_byte = true}))
            .c_str(),
        stdout);
  }
  EXPECT_EQ(RightSigns(rows, {}), 7);
  // Two ranks move a quarter of the bytes and lose: the passes of the codec decide.
  const Row& two = rows[4];
  ASSERT_EQ(two.ranks, 2);
  EXPECT_GT(two.change_ms, 0);
  EXPECT_LT(two.share, 0.5);
  EXPECT_LT(Change(two, {.free_per_byte = true}), 0) << "as a byte count would have it";
  // Eight ranks move more bytes and win: the gather gets more of the machine than the ring.
  for (const Row& eight : {rows[0], rows[1]}) {
    ASSERT_EQ(eight.ranks, 8);
    EXPECT_LT(eight.change_ms, 0);
    EXPECT_GT(eight.ranks * eight.share / 2, 1) << "bytes against the ring's";
    EXPECT_GT(Change(eight, {.one_rate = true}), 0);
  }
  EXPECT_LT(RightSigns(rows, {.one_rate = true}), 7);
  EXPECT_LT(RightSigns(rows, {.free_per_byte = true}), 7);
}

}  // namespace
}  // namespace commplan::accuracy
