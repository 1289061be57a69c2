// What the tests of importers expect of notes.
#pragma once

#include <ostream>
#include <string>

#include "calibrate/samples/import.h"
#include "gmock/gmock.h"

namespace commplan::samples {

// GoogleTest finds it by its name and namespace.
inline void PrintTo(const Note& note, std::ostream* out) { *out << FormatNote(note); }

inline ::testing::Matcher<const Note&> Skipped(int line, const std::string& part) {
  return ::testing::AllOf(::testing::Field("kind", &Note::kind, Note::Kind::kSkipped),
                          ::testing::Field("line", &Note::line, line),
                          ::testing::Field("text", &Note::text, ::testing::HasSubstr(part)));
}

inline ::testing::Matcher<const Note&> Remarked(const std::string& part) {
  return ::testing::AllOf(::testing::Field("kind", &Note::kind, Note::Kind::kRemark),
                          ::testing::Field("text", &Note::text, ::testing::HasSubstr(part)));
}

}  // namespace commplan::samples
