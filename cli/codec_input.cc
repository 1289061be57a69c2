#include "cli/codec_input.h"

#include <utility>
#include <vector>

#include "model/base/suggest.h"

namespace commplan::cli {
namespace {

Error OfOption(Error error, const std::string& option) {
  error.code = ErrorCode::kUsage;
  error.message.insert(0, option + ": ");
  return error;
}

}  // namespace

CLI::Option* AddCodecOptions(CLI::App& command, CodecOptions& options) {
  CLI::Option* codec =
      command
          .add_option("--codec", options.codec,
                      "compress the traffic, such as mxfp4 (see codecs); none: plain")
          ->option_text("CODEC");
  command
      .add_option("--scheme", options.scheme,
                  "how the codec is used, such as two-shot (default: the cheapest way)")
      ->option_text("SCHEME");
  AddDtypeOption(command, options);
  return codec;
}

void AddDtypeOption(CLI::App& command, CodecOptions& options) {
  command
      .add_option(
          "--dtype", options.dtype,
          "type of the values, before a codec if there is one: bf16 (default), fp16, fp32; without "
          "a codec also fp8, int8 and so on, which engines do not add in all their ways")
      ->option_text("TYPE");
}

Result<codec::Source> ParseDtype(const std::string& word) {
  if (word == "bf16") return codec::Source::kBf16;
  if (word == "fp16") return codec::Source::kFp16;
  if (word == "fp32") return codec::Source::kFp32;
  return UsageError("--dtype: found '" + word + "', expected bf16, fp16 or fp32",
                    SuggestionHint(word, std::vector<std::string>{"bf16", "fp16", "fp32"}));
}

Result<CodecChoice> ParseCodec(const CodecOptions& options) {
  CodecChoice choice;
  Result<codec::Codec> codec = codec::FindCodec(options.codec);
  if (!codec.ok()) return OfOption(std::move(codec).error(), "--codec");
  choice.codec = *std::move(codec);
  ASSIGN_OR_RETURN(choice.source, ParseDtype(options.dtype));
  if (!options.scheme.empty()) {
    choice.scheme = CompressedSchemeNamed(options.scheme);
    if (!choice.scheme || *choice.scheme == CompressedScheme::kHostRing) {
      std::vector<std::string> known = CompressedSchemeNames();
      // The ring through host memory is what schemes replace, and knows no codec.
      std::erase(known, std::string(Name(CompressedScheme::kHostRing)));
      return UsageError("--scheme: found '" + options.scheme + "', expected a known one",
                        SuggestionHint(options.scheme, known));
    }
  }
  if (choice.codec.format.family != codec::Family::kNone &&
      codec::Ratio(choice.codec, choice.source) < 1) {
    return UsageError("--codec: " + choice.codec.name + " makes " + options.dtype +
                          " values larger, expected a codec that makes them smaller",
                      "see codecs --dtype " + options.dtype);
  }
  return choice;
}

}  // namespace commplan::cli
