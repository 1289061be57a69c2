// The document of `breakeven`: one line per quantity, with where the codec pays and what the
// quantity is here.
#pragma once

#include <optional>
#include <string>

#include "cli/report/document.h"
#include "model/codec/codec.h"
#include "model/step/compression_breakeven.h"
#include "model/step/machine.h"

namespace commplan::report {

struct BreakevenReport {
  const Machine* machine = nullptr;
  const CodecOnMachine* codec = nullptr;
  const CompressionModel* model = nullptr;
  codec::Source source = codec::Source::kBf16;
  Bytes bytes{};
  std::optional<double> overlap;  // of the communication, that other work hides here
  std::string link;               // the tier whose bandwidth is varied
  Bandwidth link_rate{};          // what that tier is said to carry
  BreakEven size;
  BreakEven bandwidth;                  // in bytes a second
  std::optional<BreakEven> codec_rate;  // of encoding, in bytes a second; none where it is free
  BreakEven overlap_fraction;
  std::optional<BreakEven> ranks;  // none where the group spans nodes
};

Document BreakevenDocument(const BreakevenReport& report);

}  // namespace commplan::report
