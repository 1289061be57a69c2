// The fields of a machine are described once, here: their keys, units, limits and order. Reading,
// writing, comparing and suggesting are four visitors of that one description, so none of them can
// know a field that another lacks.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/base/result.h"
#include "model/step/machine.h"

namespace commplan::profiles {

enum class Dimension {
  kBytes,
  kBandwidth,
  kTime,
  kFlopRate,
  kTimePerByte,
  kShare,
  kNumber,
  kSigned,  // a number that may be negative
  kInteger,
};

// In base units: bytes, seconds, flops.
Result<double> ParseIn(Dimension dimension, std::string_view text);
std::string ExactIn(Dimension dimension, double base);
std::string PeopleIn(Dimension dimension, double base);
std::string_view Article(Dimension dimension);  // "a rate such as 450GB/s"

enum class Need { kOptional, kRequired };

// What a number of the format may be.
struct NumberRule {
  Dimension dimension = Dimension::kNumber;
  Need need = Need::kRequired;
  double least = 0;
  double most = 0;
  bool or_zero = false;  // 0 stands for "none" beside the range
  double fallback = 0;   // the value where the file has none

  bool Allows(double value) const {
    return (value >= least && value <= most) || (or_zero && value == 0);
  }
};

struct ListRule {
  std::size_t exactly = 0;  // 0: any number of items, up to kMaxListItems
  bool descending = false;
};

inline constexpr std::size_t kMaxListItems = 256;

// A value that stands in the file as one text in a form of its own.
class CodedText {
 public:
  CodedText() = default;
  CodedText(const CodedText&) = delete;
  CodedText& operator=(const CodedText&) = delete;
  virtual ~CodedText() = default;

  virtual std::string_view expected() const = 0;  // for messages
  virtual std::string Format() const = 0;         // empty: nothing to write
  virtual Status Parse(std::string_view text) = 0;
};

class FieldVisitor {
 public:
  FieldVisitor() = default;
  FieldVisitor(const FieldVisitor&) = delete;
  FieldVisitor& operator=(const FieldVisitor&) = delete;
  virtual ~FieldVisitor() = default;

  // Values. A reader changes what the pointer shows; the others only look.
  virtual void Number(std::string_view key, const NumberRule& rule, double* value) = 0;
  virtual void Numbers(std::string_view key, const NumberRule& rule, const ListRule& list,
                       std::vector<double>* values) = 0;
  virtual void Flag(std::string_view key, bool* value) = 0;
  virtual void Text(std::string_view key, Need need, std::string* text) = 0;
  // One of `words`, as its index.
  virtual void Word(std::string_view key, Need need, std::span<const std::string_view> words,
                    std::size_t* index) = 0;

  // The knots of a measured curve, in one text (knots.h).
  virtual void Knots(std::string_view key, std::vector<CurveKnot>* knots) = 0;

  virtual void Coded(std::string_view key, Need need, CodedText* code) = 0;

  // Structure. Where the answer is false or empty there is nothing to visit, and no Leave follows.
  // `is_default`: all that the machine holds below it is as if a file had none of it.
  virtual bool Enter(std::string_view key, Need need, bool is_default) = 0;
  // A list of maps that has `size` items now; the answer is how many it shall have. Each is entered
  // by EnterItem.
  virtual std::size_t EnterList(std::string_view key, Need need, std::size_t size) = 0;
  virtual void EnterItem(std::size_t index) = 0;
  // A map whose keys are names of the file's own choice; the answer is those names.
  virtual std::vector<std::string> EnterNames(std::string_view key, Need need,
                                              const std::vector<std::string>& names) = 0;
  virtual void Leave() = 0;
};

// Visits everything below the head of a machine: device, tiers, engines. Name, title and sources,
// which are texts, stay with the visitor's owner.
void VisitMachine(FieldVisitor& visitor, Machine* machine);

}  // namespace commplan::profiles
