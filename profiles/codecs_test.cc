// The codecs of a profile: read, refused, set from the command line, written again.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TimePerByte Picos(double n) { return TimePerByte::FromBase(n / 1e12); }

constexpr char kCodecs[] = R"(codecs:
  tq3:
    provenance: {kind: measured, source: sheet}
    encode: 2ps/B
    decode: 3ps/B
    add: 4ps/B
    pass: 5us
    call: {value: 12us, kind: assumed, note: a guess}
    many_links_efficiency: 40%
    max_chunks: 8
  mxfp4: {call: {value: 9us, kind: measured, source: sheet}}
)";

std::string WithCodecs(const std::string& codecs = kCodecs) { return kBase + codecs; }

TEST(Codecs, AreReadWithTheirProvenance) {
  const Result<Machine> machine = Read(WithCodecs());
  ASSERT_THAT(machine, IsOk());
  ASSERT_EQ(machine->codecs.size(), 2U);
  const CodecCost& tq3 = machine->codecs[0];
  EXPECT_EQ(tq3.name, "tq3");
  EXPECT_EQ(tq3.share, 1);
  EXPECT_EQ(tq3.encode, Picos(2));
  EXPECT_EQ(tq3.decode, Picos(3));
  EXPECT_EQ(tq3.add, Picos(4));
  EXPECT_EQ(tq3.pass, Micros(5));
  EXPECT_EQ(tq3.call, Micros(12));
  EXPECT_EQ(tq3.one_link_efficiency, 1);
  EXPECT_EQ(tq3.many_links_efficiency, 0.4);
  EXPECT_EQ(tq3.max_chunks, 8);
  EXPECT_EQ(tq3.memory_share, 1);
  EXPECT_EQ(machine->provenance.at("codecs.tq3.encode").kind, ProvenanceKind::kMeasured);
  EXPECT_EQ(machine->provenance.at("codecs.tq3.call").kind, ProvenanceKind::kAssumed);
  // What is not stated has no provenance either.
  EXPECT_EQ(machine->provenance.count("codecs.mxfp4.encode"), 0U);
}

TEST(Codecs, AnEntryMayStandForAnyCodec) {
  const Result<Machine> machine = Read(
      std::string(kBase) + "codecs:\n  any:\n    provenance: {kind: assumed, note: a guess}\n" +
      "    memory_share: 80%\n    call: 10us\n");
  ASSERT_THAT(machine, IsOk());
  ASSERT_EQ(machine->codecs.size(), 1U);
  EXPECT_EQ(machine->codecs[0].name, kAnyCodec);
  EXPECT_EQ(machine->codecs[0].memory_share, 0.8);
  EXPECT_EQ(machine->codecs[0].call, Micros(10));
  EXPECT_EQ(machine->provenance.at("codecs.any.memory_share").note, "a guess");
}

TEST(Codecs, UnknownNamesAndKeysAreRefused) {
  const Result<Machine> name = Read(With(WithCodecs(), "tq3:", "tq4:"));
  ASSERT_THAT(name, IsError(ErrorCode::kBadInput, ::testing::_));
  EXPECT_THAT(Faults(name.error()), Contains(HasSubstr("found codec 'tq4'")));
  const Result<Machine> key = Read(With(WithCodecs(), "encode:", "encodes:"));
  ASSERT_THAT(key, IsError(ErrorCode::kBadInput, ::testing::_));
  EXPECT_THAT(Faults(key.error()), Contains(HasSubstr("unknown key 'encodes'")));
  const Result<Machine> range = Read(With(WithCodecs(), "40%", "140%"));
  ASSERT_THAT(range, IsError(ErrorCode::kBadInput, ::testing::_));
  EXPECT_THAT(Faults(range.error()), Contains(HasSubstr("many_links_efficiency")));
}

TEST(Codecs, SetMayBeginAnEntry) {
  Document document = LoadText(kBase, "f.yaml", Library()).value();
  ASSERT_THAT(Set(&document, "codecs.mxfp4.call=12us"), IsOk());
  ASSERT_THAT(Set(&document, "codecs.mxfp4.encode=2ps/B"), IsOk());
  const Result<Machine> machine = ToMachine(document);
  ASSERT_THAT(machine, IsOk());
  ASSERT_EQ(machine->codecs.size(), 1U);
  EXPECT_EQ(machine->codecs[0].call, Micros(12));
  EXPECT_EQ(machine->codecs[0].encode, Picos(2));
  EXPECT_EQ(machine->provenance.at("codecs.mxfp4.call").note, "set by --set");
}

TEST(Codecs, SetRefusesWhatIsNoCodecOrNoKey) {
  Document document = LoadText(kBase, "f.yaml", Library()).value();
  EXPECT_THAT(Set(&document, "codecs.mxfp4.cal=12us"), IsError(ErrorCode::kNotFound, ::testing::_));
  ASSERT_THAT(Set(&document, "codecs.mxfp5x.call=12us"), IsOk());
  const Result<Machine> machine = ToMachine(document);
  ASSERT_THAT(machine, IsError(ErrorCode::kBadInput, ::testing::_));
}

TEST(Codecs, AreWrittenAndReadBack) {
  const Machine machine = Read(WithCodecs()).value();
  const std::string text = Write(machine);
  const Result<Machine> again = Read(text);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(Write(*again), text);
  ASSERT_EQ(again->codecs.size(), 2U);
  EXPECT_EQ(again->codecs[0].add, Picos(4));
  EXPECT_EQ(again->codecs[1].call, Micros(9));
}

}  // namespace
}  // namespace commplan::profiles
