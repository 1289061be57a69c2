// A machine: a profile as the model sees it. Device, fabric and engines, all values in typed
// quantities; where each came from stands in `provenance` under the dotted path that the file has
// it at.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/quantity.h"
#include "model/collective/compressed.h"
#include "model/collective/engine.h"
#include "model/fabric/fabric.h"
#include "model/step/compute_profile.h"
#include "model/step/training_profile.h"

namespace commplan {

enum class ProvenanceKind { kMeasured, kFitted, kDatasheet, kLiterature, kAssumed };
std::string_view Name(ProvenanceKind kind);

struct Provenance {
  ProvenanceKind kind = ProvenanceKind::kAssumed;
  std::string source;  // key in Machine::sources; empty only for kAssumed
  std::string note;
};

struct Source {
  std::string title;
  std::string url;
};

struct Device {
  std::string name;
  Bytes memory{};
  Bandwidth memory_bandwidth{};
  Bytes cache{};  // the last level; zero: the profile does not say
  int multiprocessors = 0;
  // Dense peak rates by data type, such as "bf16"; a type that the device lacks is absent.
  std::map<std::string, FlopRate> rates;
};

struct Machine {
  std::string name;
  std::string title;
  int network_ports = 0;  // of a node towards a network that it joins; 0: it does not say
  Device device;
  Fabric fabric;
  std::vector<Engine> engines;              // the first one is used when none is asked for
  std::vector<CountCorrection> count_laws;  // for all measured engines; they hold it too
  // What codecs cost on the device. Their shares are not the machine's business and stand at 1; a
  // speed that the profile does not say (CodecOn) is zero.
  std::vector<CodecCost> codecs;
  ComputeProfile compute;                 // empty where the profile does not speak of kernels
  std::vector<TrainingProfile> training;  // the first one is used when none is asked for
  std::map<std::string, Source> sources;
  std::map<std::string, Provenance> provenance;  // "tiers.0.latency" -> where it came from
};

}  // namespace commplan
