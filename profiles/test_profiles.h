// The test profiles are small texts to build wrong and right profiles from.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "profiles/library.h"

namespace commplan::profiles {

// A whole machine, "base", with one tier and the engines "ring" (fixed) and "fast" (rules). Its
// lines:
inline constexpr char kBase[] = R"(schema: commplan/profile/1
name: base
title: A machine for tests
sources:
  sheet: {title: The data sheet, url: "https://example.com/sheet"}
network_ports: {value: 4, kind: datasheet, source: sheet}
device:
  name: Tester
  provenance: {kind: datasheet, source: sheet}
  memory: 80GB
  memory_bandwidth: 2TB/s
  multiprocessors: 100
  rates: {bf16: 300TFLOP/s, fp8: {value: 600TFLOP/s, kind: assumed, note: twice}}
tiers:
  - name: link
    kind: switch
    ranks: 8
    provenance: {kind: measured, source: sheet, note: by hand}
    bandwidth: 450GB/s
    latency: 3us
engines:
  ring:
    provenance: {kind: assumed, note: a test}
    rule: fixed
    fixed: ring
    band_low: 0.8
    band_high: 1.25
  fast:
    provenance: {kind: assumed, note: a test}
    rule: rules
    rules:
      - {op: all-reduce, ranks_min: 2, ranks_max: 8, bytes_min: 0, bytes_max: 256KiB, algorithm: one-shot}
    kernels:
      - {algorithm: one-shot, launch: 2us, latency: 1us, bandwidth_share: 60%}
    fallback: ring
    band_low: 0.7
    band_high: 1.5
)";

// A network, "net", with one tier, for kBase to join.
inline constexpr char kNet[] = R"(schema: commplan/profile/1
name: net
title: a network
network: true
sources:
  card: {title: The card, url: "https://example.com/card"}
provenance: {kind: datasheet, source: card}
tiers:
  - {name: wire, kind: switch, bandwidth: 50GB/s, latency: 5us}
engines:
  ring: {band_high: 2}
  other: {band_high: 2}
)";

// `text` with the first `from` replaced by `to`; the test fails where there is none.
std::string With(std::string text, std::string_view from, std::string_view to);

// A library that keeps its texts: pairs of name and text.
class TestLibrary {
 public:
  TestLibrary(std::initializer_list<std::pair<std::string, std::string>> files);

  const Library& get() const { return library_; }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  Library library_;
};

// LoadText and ToMachine, the file being called "f.yaml".
Result<Machine> Read(std::string_view text, const Library& library = Library());

// All messages of an error with their places, one line each: "3:7 message".
std::vector<std::string> Faults(const Error& error);

}  // namespace commplan::profiles
