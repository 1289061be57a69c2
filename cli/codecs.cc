#include "cli/codecs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/codec_input.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/codecs_report.h"
#include "model/base/suggest.h"
#include "model/codec/npy.h"
#include "model/codec/quality.h"
#include "profiles/text_file.h"

namespace commplan::cli {
namespace {

// Enough that figures repeat to a tenth of a decibel from seed to seed.
constexpr std::size_t kValuesPerRank = 16384;
// Of a file: what is beyond says nothing more and takes its time.
constexpr std::size_t kMostValues = std::size_t{1} << 20;
constexpr std::size_t kMostFileBytes = std::size_t{1} << 30;
constexpr int kMostRanks = 64;
constexpr std::uint64_t kSeed = 7;

struct CodecsOptions {
  CommonOptions common;
  CodecOptions codec;  // its name and dtype
  int ranks = 8;
  std::string data = "gaussian";
  std::string quality;
  bool all = false;
};

struct NamedShape {
  const char* word;
  codec::Shape shape;
};
constexpr std::array<NamedShape, 3> kShapes = {{{"gaussian", codec::Shape::kGaussian},
                                                {"heavy", codec::Shape::kHeavyTailed},
                                                {"outliers", codec::Shape::kOutlierChannels}}};

struct Data {
  std::string name;
  codec::RankData ranks;
};

Result<Data> ReadData(const CodecsOptions& options) {
  for (const NamedShape& known : kShapes) {
    if (options.data == known.word || options.data == codec::ShapeName(known.shape)) {
      return Data{std::string(codec::ShapeName(known.shape)) + " draws",
                  codec::DrawRanks(known.shape, options.ranks, kValuesPerRank, kSeed)};
    }
  }
  if (!options.data.ends_with(".npy")) {
    std::vector<std::string> words = {"FILE.npy"};
    for (const NamedShape& known : kShapes) words.emplace_back(known.word);
    return UsageError("--data: found '" + options.data + "', expected a kind of draws or a file",
                      SuggestionHint(options.data, words));
  }
  ASSIGN_OR_RETURN(const std::string bytes, profiles::ReadTextFile(options.data, kMostFileBytes));
  Result<codec::NpyTensor> tensor = codec::ParseNpy(std::as_bytes(std::span(bytes)));
  if (!tensor.ok()) return Located(tensor.error(), {options.data, 0, 0});
  const std::size_t used = std::min(tensor->values.size(), kMostValues);
  Result<codec::RankData> cut =
      codec::CutForRanks(std::span(tensor->values).first(used), options.ranks);
  if (!cut.ok()) return Located(cut.error(), {options.data, 0, 0});
  std::string name = options.data;
  if (used < tensor->values.size()) {
    name += " (the first " + std::to_string(used) + " of " + std::to_string(tensor->values.size()) +
            " values)";
  }
  return Data{std::move(name), *std::move(cut)};
}

// The schemes that so many ranks can run. The hierarchy has two nodes, and codes between them.
std::vector<codec::Reduction> ReductionsFor(int ranks) {
  using codec::Scheme;
  std::vector<codec::Reduction> reductions = {
      {.scheme = Scheme::kGather}, {.scheme = Scheme::kTwoShot}, {.scheme = Scheme::kRing}};
  if ((ranks & (ranks - 1)) == 0) reductions.push_back({.scheme = Scheme::kRecursiveDoubling});
  reductions.push_back({.scheme = Scheme::kTree});
  if (ranks >= 4 && ranks % 2 == 0) {
    reductions.push_back(
        {.scheme = Scheme::kHierarchical, .inner = ranks / 2, .inner_coded = false});
  }
  return reductions;
}

Result<report::CodecFigures> FiguresOf(const codec::Codec& codec, const Data& data) {
  report::CodecFigures figures;
  figures.codec = &codec;
  for (const codec::Reduction& reduction : ReductionsFor(data.ranks.ranks)) {
    report::SchemeFigures one{
        .scheme = reduction.scheme, .ranks_agree = RanksAgree(reduction), .error = {}};
    if (codec.format.family == codec::Family::kNone) {
      one.error.sqnr_db = std::numeric_limits<double>::infinity();
    } else {
      ASSIGN_OR_RETURN(one.error, codec::MeasureError(codec, reduction, data.ranks));
    }
    figures.schemes.push_back(one);
  }
  return figures;
}

Result<int> RunCodecs(const CodecsOptions& options, Io& io) {
  report::CodecsReport report;
  ASSIGN_OR_RETURN(report.source, ParseDtype(options.codec.dtype));
  std::optional<codec::Codec> only;
  if (!options.codec.codec.empty()) {
    ASSIGN_OR_RETURN(only, codec::FindCodec(options.codec.codec));
    report.detail = true;
  }
  if (!options.quality.empty()) {
    ASSIGN_OR_RETURN(report.least_sqnr_db, codec::ParseQuality(options.quality));
    report.quality = options.quality;
  }
  if (options.ranks < 2 || options.ranks > kMostRanks) {
    return UsageError("--ranks: found " + std::to_string(options.ranks) + ", expected 2 to " +
                      std::to_string(kMostRanks));
  }
  ASSIGN_OR_RETURN(const Data data, ReadData(options));
  report.ranks = options.ranks;
  report.data = data.name;
  report.values_per_rank = data.ranks.PerRank();
  for (const codec::Codec& codec : codec::AllCodecs()) {
    const bool asked = only ? codec.name == only->name : codec.listed || options.all;
    if (!asked) continue;
    ASSIGN_OR_RETURN(report::CodecFigures figures, FiguresOf(codec, data));
    report.codecs.push_back(std::move(figures));
  }
  Print(report::CodecsDocument(report), options.common.format, io);
  return kExitOk;
}

}  // namespace

void AddCodecs(CLI::App& app, Action* chosen) {
  CLI::App& command =
      *app.add_subcommand("codecs", "every codec: its bits, its ratio, the error it leaves");
  auto options = std::make_shared<CodecsOptions>();
  command.add_option("NAME", options->codec.codec, "one codec, with its layout")->option_text(" ");
  AddCount(command, "--ranks", &options->ranks, "ranks that reduce (default 8)")->option_text("N");
  AddDtypeOption(command, options->codec);
  command
      .add_option("--data", options->data,
                  "what is coded: gaussian (default), heavy, outliers, or a tensor in FILE.npy")
      ->option_text("DATA");
  command
      .add_option("--quality", options->quality,
                  "mark who meets a budget: lossless, conservative, balanced, aggressive, or so "
                  "many dB")
      ->option_text("Q");
  command.add_flag("--all", options->all, "the whole table, not only the usual ones");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunCodecs(*options, io); });
}

}  // namespace commplan::cli
