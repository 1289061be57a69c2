// What no profile ever looks like must be refused, and never crash or hang.

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/base/test_seed.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;

// Reads the text; what is taken must also survive being written.
bool Survives(std::string_view text) {
  const Result<Machine> machine = Read(text);
  if (!machine.ok()) {
    EXPECT_FALSE(FormatError(machine.error()).empty());
    return false;
  }
  const std::string written = Write(*machine);
  const Result<Machine> back = Read(written);
  EXPECT_THAT(back, IsOk()) << written;
  if (!back.ok()) return true;
  EXPECT_EQ(Write(*back), written);
  return true;
}

TEST(Nasty, EveryTruncation) {
  const std::string text = kBase;
  for (std::size_t size = 0; size + 1 < text.size(); ++size) Survives(text.substr(0, size));
}

TEST(Nasty, EveryLineLeftOut) {
  const std::string text = kBase;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start) + 1;
    Survives(text.substr(0, start) + text.substr(end));
    start = end;
  }
}

TEST(Nasty, EveryByteReplaced) {
  const std::string text = kBase;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c :
         {'\0', '\t', '\n', ' ', ':', '{', '}', '[', '-', '&', '*', '"', '9', '\xff'}) {
      std::string wrong = text;
      wrong[i] = c;
      Survives(wrong);
    }
  }
}

TEST(Nasty, RandomEdits) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const std::string base = kBase;
  const std::string alphabet = "{}[]:,-&*!|>'\"%@`#?~ \n\t\\.0123456789eE+xnsGBul/";
  for (int i = 0; i < 4000; ++i) {
    std::string text = base;
    for (std::size_t edits = 1 + random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 2:
          text.erase(at, 1 + random() % 40);
          break;
        default:
          text.insert(at, base.substr(random() % base.size(), random() % 60));
          break;
      }
      if (text.empty()) text = "x";
    }
    Survives(text);
  }
}

TEST(Nasty, RandomBytes) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 200, ' ');
    // Half of them of printable ASCII, which gets past the first check.
    for (char& c : text) c = static_cast<char>(i % 2 == 0 ? random() % 256 : 10 + random() % 100);
    EXPECT_FALSE(Survives(text));
    EXPECT_FALSE(Survives("schema: commplan/profile/1\n" + text));
  }
}

TEST(Nasty, RandomTokens) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const std::vector<std::string> tokens = {
      "tiers:", "engines:", "device:", "value:",     "provenance:", "kind:",
      "a:",     "- ",       "? ",      "{",          "}",           "[",
      "]",      ",",        "&x ",     "*x",         "!t ",         "|\n",
      ">-\n",   "'",        "\"",      "#",          "\n",          "\n  ",
      "\n    ", "---\n",    "...\n",   "450GB/s",    "nan",         "%YAML 1.2\n",
      "<<:",    "null",     ": ",      "rule: nccl", "sources:",    "extends: [x]\n"};
  for (int i = 0; i < 4000; ++i) {
    std::string text = "schema: commplan/profile/1\nname: x\ntitle: x\n";
    for (std::size_t n = random() % 40; n > 0; --n) text += tokens[random() % tokens.size()];
    EXPECT_FALSE(Survives(text));
  }
}

TEST(Nasty, HugeAndOddNumbers) {
  const std::string nines(5000, '9');
  const std::vector<std::string> numbers = {
      nines,  nines + "us", "1e999us",     "1e-999us",  "-0",       "-0us",
      "+1us", "0x1p3us",    "1_000us",     "1,5us",     "1us1us",   "us",
      ".5us", "5.us",       "1e",          "NaN",       "Infinity", "~",
      "0b11", "\xc2\xb5s",  "1 \xc2\xb5s", "\xd9\xa1us"};
  for (const std::string& number : numbers) {
    Survives(With(kBase, "latency: 3us", "latency: " + number));
    Survives(With(kBase, "ranks: 8", "ranks: " + number));
    Document document = LoadText(kBase, "f", Library()).value();
    if (Set(&document, "tiers.0.latency=" + number).ok()) {
      const Result<Machine> machine = ToMachine(document);
      EXPECT_EQ(machine.ok(), number == "1 \xc2\xb5s" || number == "-0" || number == "-0us")
          << number;
    }
  }
}

TEST(Nasty, LargeFilesOfOneThing) {
  constexpr std::size_t kSize = kMaxFileBytes - 100;
  for (const std::string_view piece :
       {"[",   "{",     "- ",     "a: ",   "? ", "&a ",  "*a ",  "[]", "{}",
        "a\n", "- a\n", "a: b\n", "x",     "\"", "'",    "|\n",  "#",  "\n",
        "!a ", "%",     "...\n",  "---\n", ": ", "[a, ", "{a: ", "a,"}) {
    std::string text = "schema: commplan/profile/1\nx: ";
    while (text.size() < kSize) text += piece;
    EXPECT_FALSE(Survives(text)) << piece;
    EXPECT_FALSE(Survives(text.substr(30))) << piece;
  }
}

TEST(Nasty, ManyKeysInOneMap) {
  std::string text = kBase;
  for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(Read(text), IsError(ErrorCode::kBadInput, HasSubstr("keys in one map")));
}

TEST(Nasty, AssignmentsOfAnyKind) {
  SCOPED_TRACE(SeedNote());
  std::mt19937_64 random(TestSeed());
  const std::vector<std::string> words = {
      "tiers",         "0",  "1",      "latency", "engines", "ring", "fast", "rules", "kernels",
      "value",         "",   "device", "rates",   "=",       "[1us", "]",    "5us",   "..",
      "network_ports", "-1", "\n",     "\xff"};
  for (int i = 0; i < 5000; ++i) {
    std::string assignment;
    for (std::size_t n = 1 + random() % 6; n > 0; --n) {
      assignment += words[random() % words.size()] + (random() % 4 == 0 ? "=" : ".");
    }
    Document document = LoadText(kBase, "f", Library()).value();
    if (Set(&document, assignment).ok()) static_cast<void>(ToMachine(document).ok());
  }
}

TEST(Nasty, NamesOfAnyKind) {
  const TestLibrary library = {{"base", kBase}, {"net", kNet}};
  for (const std::string& name :
       {std::string("+"), std::string("++++"), std::string("base++net"), std::string("+net"),
        std::string("\0", 1), std::string("base\0", 5), std::string("/"), std::string("//"),
        std::string("."), std::string(".."), std::string("~"), std::string(100'000, 'x'),
        std::string(100'000, '/'), std::string(100'000, '+'), std::string(".yaml"),
        std::string("/dev/null"), std::string("base+/dev/null"), std::string("\xff\xfe")}) {
    const Result<Machine> machine = LoadMachine(name, library.get());
    ASSERT_FALSE(machine.ok());
    EXPECT_LT(FormatError(machine.error()).size(), 2000U);
  }
}

}  // namespace
}  // namespace commplan::profiles
