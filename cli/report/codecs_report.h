// The document of `codecs`: the table of codecs with their errors, the published evidence, and for
// one codec its layout.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/document.h"
#include "model/codec/codec.h"
#include "model/codec/error.h"

namespace commplan::report {

struct SchemeFigures {
  codec::Scheme scheme = codec::Scheme::kGather;
  bool ranks_agree = false;
  codec::ErrorFigures error;
};

struct CodecFigures {
  const codec::Codec* codec = nullptr;
  std::vector<SchemeFigures> schemes;
};

struct CodecsReport {
  codec::Source source = codec::Source::kBf16;
  int ranks = 0;
  std::string data;  // what was coded
  std::size_t values_per_rank = 0;
  std::string quality;  // the budget as it was asked for; empty: none
  std::optional<double> least_sqnr_db;
  bool detail = false;  // one codec, with its layout
  std::vector<CodecFigures> codecs;
};

Document CodecsDocument(const CodecsReport& report);

}  // namespace commplan::report
