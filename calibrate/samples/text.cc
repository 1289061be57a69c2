#include "calibrate/samples/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace commplan::samples {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";
constexpr std::size_t kLongestLabel = 200;

struct OpWord {
  std::string_view word;
  Op op;
};

// Without blanks and in lower case. The longer word comes first where it holds a shorter one.
constexpr std::array<OpWord, 12> kOpWords = {{{"reducescatter", Op::kReduceScatter},
                                              {"allreduce", Op::kAllReduce},
                                              {"allgather", Op::kAllGather},
                                              {"alltoall", Op::kAllToAll},
                                              {"all2all", Op::kAllToAll},
                                              {"broadcast", Op::kBroadcast},
                                              {"bcast", Op::kBroadcast},
                                              {"sendrecv", Op::kPointToPoint},
                                              {"pointtopoint", Op::kPointToPoint},
                                              {"p2p", Op::kPointToPoint},
                                              {"reduce", Op::kReduce},
                                              {"latency", Op::kPointToPoint}}};

std::string Letters(std::string_view name) {
  std::string letters;
  for (const char c : Lower(name)) {
    if (c != '_' && c != '-' && c != ' ') letters += c;
  }
  return letters;
}

// The length of the UTF-8 character at the start of `text`; 0 where there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond Unicode.
  const bool wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                     (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return wrong ? 0 : length;
}

}  // namespace

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool StartsWith(std::string_view text, std::string_view head) {
  return text.substr(0, head.size()) == head;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::optional<double> NumberIn(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> IntegerIn(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string Label(std::string_view text) {
  std::string label;
  for (text = Trim(text); !text.empty() && label.size() < kLongestLabel;) {
    const std::size_t length = CharacterLength(text);
    const bool printable = length > 1 || (length == 1 && text.front() >= ' ' && text.front() < 127);
    if (printable) {
      label.append(text.substr(0, length));
    } else {
      label += '?';
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return std::string(Trim(label));
}

std::optional<Op> OpMeant(std::string_view name) {
  constexpr std::string_view kProgramEnd = "_perf";
  if (name.size() > kProgramEnd.size() &&
      name.substr(name.size() - kProgramEnd.size()) == kProgramEnd) {
    name.remove_suffix(kProgramEnd.size());
  }
  const std::string letters = Letters(name);
  for (const auto& [word, op] : kOpWords) {
    if (letters == word) return op;
  }
  return std::nullopt;
}

std::optional<Op> OpInFileName(std::string_view file) {
  const std::size_t slash = file.find_last_of("/\\");
  std::string letters = Letters(slash == std::string_view::npos ? file : file.substr(slash + 1));
  std::optional<Op> found;
  for (const auto& [word, op] : kOpWords) {
    if (op == Op::kPointToPoint && word != "sendrecv") continue;  // "latency" says little there
    for (std::size_t at = letters.find(word); at != std::string::npos; at = letters.find(word)) {
      if (found && *found != op) return std::nullopt;
      found = op;
      letters.erase(at + 1, word.size() - 1);
      letters[at] = '|';
    }
  }
  return found;
}

int ElementBytes(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, int>, 26> kTypes = {
      {{"int8", 1},       {"uint8", 1},  {"char", 1},    {"fp8_e4m3", 1}, {"fp8_e5m2", 1},
       {"f8e4m3", 1},     {"f8e5m2", 1}, {"fp8e4m3", 1}, {"fp8e5m2", 1},  {"float8e4m3", 1},
       {"float8e5m2", 1}, {"half", 2},   {"float16", 2}, {"fp16", 2},     {"bfloat16", 2},
       {"bf16", 2},       {"int16", 2},  {"float", 4},   {"float32", 4},  {"int32", 4},
       {"uint32", 4},     {"int", 4},    {"int64", 8},   {"uint64", 8},   {"double", 8},
       {"float64", 8}}};
  for (const auto& [name, bytes] : kTypes) {
    if (name == type) return bytes;
  }
  return 0;
}

}  // namespace commplan::samples
