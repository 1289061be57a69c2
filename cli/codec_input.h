// The codec that a command is asked about: --codec, --scheme and --dtype as words, and what they
// mean.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "model/codec/codec.h"
#include "model/collective/formula/compressed_cards.h"

namespace commplan::cli {

struct CodecOptions {
  std::string codec;
  std::string scheme;
  std::string dtype = "bf16";
};

// Adds --codec, --scheme and --dtype. `options` must outlive the parse. Returns --codec.
CLI::Option* AddCodecOptions(CLI::App& command, CodecOptions& options);
// Adds --dtype alone.
void AddDtypeOption(CLI::App& command, CodecOptions& options);

struct CodecChoice {
  codec::Codec codec;
  codec::Source source = codec::Source::kBf16;
  std::optional<CompressedScheme> scheme;  // none: the cheapest one

  bool IsNone() const { return codec.format.family == codec::Family::kNone; }
  // Bytes on the wire for each byte of the tensor.
  double Share() const { return 1 / codec::Ratio(codec, source); }
};

Result<codec::Source> ParseDtype(const std::string& word);
// A wrong word is a usage error that names its option.
Result<CodecChoice> ParseCodec(const CodecOptions& options);

}  // namespace commplan::cli
