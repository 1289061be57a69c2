// Every card of a compressed collective against the oracle: the schedule moves the right data, and
// the formula is its finish to the tick, or bounds it where chunks overlap.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/collective/formula/compressed_cards.h"
#include "tests/oracle/compressed.h"
#include "tests/oracle/simulator.h"
#include "tests/oracle/tiers.h"

namespace commplan {
namespace {

struct World {
  int ranks = 2;
  int nodes = 1;
  int chunks = 1;
  std::int64_t bytes = 0;
  std::int64_t alpha = 0, beta = 1, alpha2 = 0, beta2 = 1;
  oracle::CodecTicks codec = {};

  std::string Text() const {
    return "p=" + std::to_string(ranks) + " N=" + std::to_string(nodes) +
           " k=" + std::to_string(chunks) + " S=" + std::to_string(bytes) +
           " a=" + std::to_string(alpha) + " beta=" + std::to_string(beta) +
           " a2=" + std::to_string(alpha2) + " beta2=" + std::to_string(beta2) +
           " w=" + std::to_string(codec.wire_bytes) + "/" + std::to_string(codec.elements) +
           " e=" + std::to_string(codec.encode) + " d=" + std::to_string(codec.decode) +
           " f=" + std::to_string(codec.add) + " t1=" + std::to_string(codec.pass);
  }
};

oracle::Parameters ParametersOf(const World& w) {
  oracle::Parameters parameters;
  parameters.ranks = w.ranks;
  parameters.elements = w.bytes;
  parameters.nodes = w.nodes;
  parameters.chunks = w.chunks;
  return parameters;
}

bool OverNodes(const CompressedCard& card) { return card.span == Span::kOverNodes; }
bool OnHost(const CompressedCard& card) { return card.id.find("host") != std::string_view::npos; }

Inputs<double> InputsOf(const World& w) {
  Inputs<double> x;
  x.ranks = w.ranks;
  x.nodes = w.nodes;
  x.local = static_cast<double>(w.ranks) / w.nodes;
  x.chunks = w.chunks;
  x.bytes = B(static_cast<double>(w.bytes));
  x.latency = Seconds(static_cast<double>(w.alpha));
  x.bandwidth = Bps(1.0 / static_cast<double>(w.beta));
  x.net_latency = Seconds(static_cast<double>(w.alpha2));
  x.net_bandwidth = Bps(1.0 / static_cast<double>(w.beta2));
  return x;
}

CodecInputs<double> CodecOf(const oracle::CodecTicks& ticks) {
  CodecInputs<double> c;
  // Half the bytes at half the rate take as long as all of them at the full rate.
  c.efficiency = 0.5;
  c.share = 0.5 * static_cast<double>(ticks.wire_bytes) / static_cast<double>(ticks.elements);
  c.encode = SecondsPerByte(static_cast<double>(ticks.encode));
  c.decode = SecondsPerByte(static_cast<double>(ticks.decode));
  c.add = SecondsPerByte(static_cast<double>(ticks.add));
  c.pass = Seconds(static_cast<double>(ticks.pass));
  return c;
}

Cost Formula(const CompressedCard& card, const World& w) {
  Inputs<double> x = InputsOf(w);
  // Plain additions take the arithmetic unit one tick per byte; the ring through host memory has
  // its own time for them.
  x.reduction = SecondsPerByte(
      card.scheme == CompressedScheme::kHostRing ? static_cast<double>(w.codec.add) : 1.0);
  return card.value(x, CodecOf(w.codec));
}

double Simulated(const CompressedCard& card, const World& w) {
  const auto collective =
      oracle::MakeCompressed(std::string(Name(card.op)), std::string(Name(card.scheme)),
                             ParametersOf(w), w.codec, oracle::Sight::kClock);
  if (!collective) return -1;
  oracle::Network network = OnHost(card) ? oracle::HostMemory(w.ranks, w.alpha, w.beta)
                            : OverNodes(card)
                                ? oracle::TwoTier({.nodes = w.nodes,
                                                   .ranks_per_node = w.ranks / w.nodes,
                                                   .alpha1 = w.alpha,
                                                   .beta1 = w.beta,
                                                   .alpha2 = w.alpha2,
                                                   .beta2 = w.beta2,
                                                   .nics_per_node = w.ranks / w.nodes})
                                : oracle::Switch(w.ranks, w.alpha, w.beta);
  network.set_gamma(1);
  return static_cast<double>(oracle::RunClock(network, collective->schedule).finish);
}

// The plain ring has no codec to compress with.
oracle::CodecTicks CodecFor(const CompressedCard& card, oracle::CodecTicks ticks) {
  if (card.scheme == CompressedScheme::kHostRing) ticks.wire_bytes = ticks.elements = 1;
  return ticks;
}

std::vector<oracle::CodecTicks> Codecs() {
  return {{1, 1, 0, 0, 0, 0}, {1, 4, 0, 0, 0, 0}, {1, 4, 3, 0, 0, 0},  {1, 4, 0, 3, 0, 0},
          {1, 4, 0, 0, 3, 0}, {3, 4, 1, 1, 1, 5}, {1, 2, 2, 7, 4, 11}, {1, 4, 9, 2, 5, 40}};
}

class CompressedCardTest : public ::testing::TestWithParam<std::string> {
 protected:
  const CompressedCard& card() const { return *FindCompressedCard(GetParam()); }
};

TEST_P(CompressedCardTest, TheScheduleMovesTheRightData) {
  int played = 0;
  for (int p = 2; p <= 9; ++p) {
    for (int nodes = OverNodes(card()) ? 2 : 1; nodes <= (OverNodes(card()) ? p / 2 : 1); ++nodes) {
      if (p % nodes != 0) continue;
      for (const std::int64_t bytes : {0, 1, 5, 24, 36, 40}) {
        for (const int chunks : {1, 2, 3}) {
          const World w{.ranks = p, .nodes = nodes, .chunks = chunks, .bytes = bytes};
          const auto collective =
              oracle::MakeCompressed(std::string(Name(card().op)), std::string(Name(card().scheme)),
                                     ParametersOf(w), {}, oracle::Sight::kData);
          if (!collective) continue;
          ++played;
          ASSERT_EQ(oracle::CheckShuffled(*collective, 7U + static_cast<unsigned>(bytes)), "")
              << card().id << " " << w.Text();
        }
      }
    }
  }
  EXPECT_GT(played, 8);
}

void ExpectExact(const CompressedCard& card, const World& w) {
  const double simulated = Simulated(card, w);
  const double formula = InSeconds(Formula(card, w).Total());
  EXPECT_NEAR(simulated, formula, 1e-9 * (1 + formula)) << card.id << " " << w.Text();
}

TEST_P(CompressedCardTest, IsExactWithOneChunkOfEqualBlocks) {
  for (int p = 2; p <= 12; ++p) {
    for (int nodes = OverNodes(card()) ? 2 : 1; nodes <= (OverNodes(card()) ? p / 2 : 1); ++nodes) {
      if (p % nodes != 0) continue;
      for (const std::int64_t blocks : {0, 1, 3}) {
        for (const std::int64_t alpha : {0, 2, 9}) {
          for (const oracle::CodecTicks& codec : Codecs()) {
            ExpectExact(card(), {.ranks = p,
                                 .nodes = nodes,
                                 .bytes = 4 * p * blocks,
                                 .alpha = alpha,
                                 .beta = 2,
                                 .alpha2 = 3 * alpha,
                                 .beta2 = 5,
                                 .codec = CodecFor(card(), codec)});
          }
        }
      }
    }
  }
}

TEST_P(CompressedCardTest, IsExactOnSampledLargerWorlds) {
  std::mt19937 random(20261121);
  const auto draw = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 40; ++i) {
    const int nodes = OverNodes(card()) ? draw(2, 5) : 1;
    const int p = nodes * draw(2, OverNodes(card()) ? 6 : 30);
    const oracle::CodecTicks codec{draw(1, 8), 8, draw(0, 9), draw(0, 9), draw(0, 9), draw(0, 300)};
    ExpectExact(card(), {.ranks = p,
                         .nodes = nodes,
                         .bytes = static_cast<std::int64_t>(8) * p * draw(0, 20),
                         .alpha = draw(0, 400),
                         .beta = draw(1, 20),
                         .alpha2 = draw(0, 900),
                         .beta2 = draw(1, 40),
                         .codec = CodecFor(card(), codec)});
  }
}

// Of a codec and a wire that work side by side, neither can be done before its own work is.
TEST_P(CompressedCardTest, ChunksLieCloseToTheFormula) {
  double worst = 1, best = 1;
  for (const int p : {2, 4, 6, 8}) {
    const int nodes = OverNodes(card()) ? 2 : 1;
    if (OverNodes(card()) && p == 2) continue;
    for (const int chunks : {2, 4}) {
      for (const std::int64_t alpha : {0, 7}) {
        for (const oracle::CodecTicks& codec : Codecs()) {
          const World w{.ranks = p,
                        .nodes = nodes,
                        .chunks = chunks,
                        .bytes = static_cast<std::int64_t>(4) * p * chunks * 6,
                        .alpha = alpha,
                        .beta = 4,
                        .alpha2 = alpha,
                        .beta2 = 7,
                        .codec = CodecFor(card(), codec)};
          const double simulated = Simulated(card(), w);
          if (simulated < 0) continue;
          const Cost cost = Formula(card(), w);
          const double formula = InSeconds(cost.Total());
          World whole = w;
          whole.chunks = 1;
          const Cost serial = Formula(card(), whole);
          const double wire =
              InSeconds(serial.At(Term::kBandwidth) + serial.At(Term::kNetworkBandwidth));
          // Ways up to the host memory and down from it are two links.
          EXPECT_GE(simulated, (OnHost(card()) ? 0.5 : 1) * wire - 1e-9) << w.Text();
          if (!OnHost(card())) {
            EXPECT_GE(simulated, 0.8 * formula) << w.Text();
          }
          EXPECT_LE(simulated, 1.25 * formula) << w.Text();
          worst = std::max(worst, simulated / formula);
          best = std::min(best, simulated / formula);
        }
      }
    }
  }
  std::printf("%s: simulated over formula with chunks %.2f to %.2f\n", GetParam().c_str(), best,
              worst);
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

std::vector<std::string> Ids() {
  std::vector<std::string> ids;
  for (const CompressedCard& card : CompressedCards()) ids.emplace_back(card.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Cards, CompressedCardTest, ::testing::ValuesIn(Ids()), TestName);

TEST(CompressedCoverageTest, CardsAndOracleHaveTheSameSchemes) {
  EXPECT_EQ(oracle::CompressedCatalogue().size(), CompressedCards().size());
  for (const oracle::CompressedEntry& entry : oracle::CompressedCatalogue()) {
    const auto scheme = CompressedSchemeNamed(entry.scheme);
    ASSERT_TRUE(scheme.has_value()) << entry.scheme;
    const CompressedCard* card = FindCompressedCard(
        *OpNamed(entry.op), *scheme, entry.over_nodes ? Span::kOverNodes : Span::kOneTier);
    ASSERT_NE(card, nullptr) << entry.op << " " << entry.scheme;
    EXPECT_EQ(OnHost(*card), entry.host);
  }
}

}  // namespace
}  // namespace commplan
