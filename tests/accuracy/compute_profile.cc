// Prints what a compute- part of profiles/hardware/parts says of a system's kernels: all below the
// provenance of its compute section, fitted to the measured tables.
//   COMMPLAN_ROOT=$PWD .build/bin/tests/accuracy/compute_profile h100_sxm
//
// Two things are not in the tables. TensorRT-LLM has the kernels for 4-bit experts that FlashInfer
// took from it, and takes them where they are the faster ones; they were measured under the other
// engine's name. And the RTX PRO 6000 of the tables may have had the memory of the workstation
// edition: efficiencies are restated against the profile's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibrate/fit/compute_fit.h"
#include "calibrate/fit/compute_rows.h"
#include "tests/accuracy/compute.h"
#include "tests/accuracy/measured.h"

namespace commplan::accuracy {
namespace {

constexpr std::array<std::string_view, 3> kProviders = {"vllm", "sglang", "trtllm"};
constexpr std::size_t kValuesInLine = 28;

std::string Number(double value, int digits = 4) {
  std::string text = fmt::format("{:.{}g}", value, digits);
  if (text.find('e') == std::string::npos) return text;
  text = fmt::format("{:.12f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Rounded(double value) { return Number(std::round(value * 1000) / 1000); }

template <class Member>
double Base(const Member& member) {
  if constexpr (std::is_arithmetic_v<Member>) {
    return member;
  } else {
    return member.base();
  }
}

// Appends ", key: value" for each efficiency; a unit at the end of a key goes to the value.
struct Efficiencies {
  std::string* line;
  double memory = 1;

  template <class Member>
  void operator()(std::string_view key, double unit, Member& member) const {
    double value = Base(member) / unit;
    if (key == "memory_efficiency" || key == "small_efficiency") {
      value = std::min(1.0, value * memory);
    }
    const bool time = key.ends_with("_us");
    if (time) key.remove_suffix(3);
    *line += fmt::format(", {}: {}{}", key, Number(value), time ? "us" : "");
  }
};

std::string Evidence(const KernelEvidence& evidence, std::size_t regimes,
                     const std::string& table) {
  std::string line = ",\n       band: \"";
  for (std::size_t i = 0; i < regimes; ++i) {
    line += fmt::format("{}{}..{}", i > 0 ? " " : "", Rounded(evidence.bands[i].low),
                        Rounded(evidence.bands[i].high));
  }
  line += "\", measured: \"";
  for (std::size_t i = 0; i < evidence.measured.size(); ++i) {
    line += fmt::format("{}{}..{}", i > 0 ? " " : "", Number(evidence.measured[i].least),
                        Number(evidence.measured[i].most));
  }
  line += fmt::format("\", rows: {}", evidence.rows);
  if (!table.empty()) line += ", table: " + table;
  return line + "}\n";
}

std::string Words(ComputeType type) { return std::string(TraitsOf(type).name); }

void PrintTable(const std::string& name, const ResidualTable& table) {
  std::string text = "    " + name + ": \"";
  for (std::size_t a = 0; a < table.axes().size(); ++a) {
    if (a > 0) text += " |";
    for (const double knot : table.axes()[a])
      text += (text.back() == '"' ? "" : " ") + Number(knot);
  }
  text += ":";
  for (std::size_t i = 0; i < table.values().size(); ++i) {
    text += i % kValuesInLine == 0 ? "\n      " : " ";
    text += std::to_string(std::lround(1000 * table.values()[i]));
  }
  std::printf("%s\"\n", text.c_str());
}

// Fits of a provider together, of one key those with more rows first.
template <class Fit, class Key>
std::vector<Fit> Ordered(const std::vector<Fit>& fits, Key key) {
  std::vector<Fit> ordered;
  for (const std::string_view provider : kProviders) {
    std::vector<std::string> keys;
    for (const Fit& fit : fits) {
      const bool known = std::find(keys.begin(), keys.end(), key(fit)) != keys.end();
      if (fit.engine == provider && !known) keys.push_back(key(fit));
    }
    for (const std::string& one : keys) {
      std::vector<Fit> alike;
      for (const Fit& fit : fits) {
        if (fit.engine == provider && key(fit) == one) alike.push_back(fit);
      }
      std::stable_sort(alike.begin(), alike.end(), [](const Fit& a, const Fit& b) {
        return a.evidence.rows > b.evidence.rows;
      });
      ordered.insert(ordered.end(), alike.begin(), alike.end());
    }
  }
  return ordered;
}

using Tables = std::vector<std::pair<std::string, ResidualTable>>;

void PrintGemm(const std::vector<GemmFit>& fits, double memory, Tables* tables) {
  std::puts("  gemm:");
  const auto name = [](const GemmFit& fit) {
    const bool common = fit.type == ComputeType::kBf16;
    return "gemm_" + Words(fit.type) + (common ? "" : "_" + fit.engine);
  };
  for (const GemmFit& fit : fits) {
    const bool known = std::any_of(tables->begin(), tables->end(),
                                   [&](const auto& one) { return one.first == name(fit); });
    if (!known) tables->emplace_back(name(fit), fit.evidence.table);
  }
  for (GemmFit fit : Ordered(fits, [](const GemmFit& one) { return Words(one.type); })) {
    std::string line = fmt::format("    - {{engine: {}, type: {}", fit.engine, Words(fit.type));
    VisitGemm(fit.efficiency, Efficiencies{&line, memory});
    line += Evidence(fit.evidence, 6, name(fit));
    std::fputs(line.c_str(), stdout);
  }
}

void PrintAttention(const std::vector<AttentionFit>& fits, double memory, Tables* tables) {
  std::puts("  attention:");
  const auto phase = [](const AttentionFit& fit) {
    return fit.phase == AttentionPhase::kGeneration ? "generation" : "context";
  };
  const auto name = [&](const AttentionFit& fit) {
    return fmt::format("attention_{}_{}_{}_{}_{}", phase(fit), fit.engine, fit.kernel,
                       Words(fit.values), Words(fit.cache));
  };
  for (const AttentionFit& fit : fits) tables->emplace_back(name(fit), fit.evidence.table);
  const auto key = [&](const AttentionFit& fit) {
    return phase(fit) + Words(fit.values) + Words(fit.cache);
  };
  for (AttentionFit fit : Ordered(fits, key)) {
    std::string line =
        fmt::format("    - {{engine: {}, kernel: {}, phase: {}, values: {}, cache: {}", fit.engine,
                    fit.kernel, phase(fit), Words(fit.values), Words(fit.cache));
    VisitAttention(fit.efficiency, fit.phase, Efficiencies{&line, memory});
    if (fit.largest_group > 0) line += ", largest_group: " + Number(fit.largest_group);
    line += Evidence(fit.evidence, 4, name(fit));
    std::fputs(line.c_str(), stdout);
  }
}

bool IsBorrowed(const MoeFit& fit) {
  return fit.type == ComputeType::kNvfp4 && fit.engine == "vllm" &&
         fit.kernel.find("flashinfer_trtllm") != std::string::npos;
}

void PrintExpertEntry(MoeFit fit, double memory, const char* provenance) {
  std::string line = fmt::format("    - {{engine: {}, kernel: {}, type: {}", fit.engine, fit.kernel,
                                 Words(fit.type));
  if (fit.kernel.find("nongated") != std::string::npos) line += ", plain: true";
  line += provenance;
  VisitMoe(fit.efficiency, Efficiencies{&line, memory});
  line += ", skew_per_octave: " + Number(fit.skew_per_octave);
  line += Evidence(fit.evidence, 2, "");
  std::fputs(line.c_str(), stdout);
}

void PrintExperts(const std::vector<MoeFit>& fits, double memory) {
  constexpr const char* kProvenance =
      ",\n       provenance: {kind: fitted, source: aiconfigurator_kernels, note: \"TensorRT-LLM "
      "has these kernels itself (FlashInfer took them from it) and takes them where they are "
      "faster; measured as the other engine runs them. Its CUTLASS kernels, in the entry below, "
      "are "
      "twice as slow for a decode step\"}";
  std::puts("  experts:");
  const auto key = [](const MoeFit& fit) { return Words(fit.type); };
  bool borrowed = false;
  for (const MoeFit& fit : Ordered(fits, key)) {
    if (fit.engine == "trtllm" && fit.type == ComputeType::kNvfp4 && !borrowed) {
      borrowed = true;
      for (MoeFit own : fits) {
        if (!IsBorrowed(own)) continue;
        own.engine = "trtllm";
        own.kernel = "trtllm_gen";
        PrintExpertEntry(own, memory, kProvenance);
      }
    }
    PrintExpertEntry(fit, memory, "");
  }
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int Main(const std::string& name) {
  const auto folder = MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  const ComputeSystem& system = ComputeSystemNamed(name);
  const auto text = [&](const char* kind) {
    return ReadText(*folder + "/compute/" + kind + "_" + name + ".csv");
  };
  const double memory = name == "rtx_pro_6000_server" ? 1792.0 / 1597 : 1;
  Tables tables;
  PrintGemm(fit::FitGemm(system.device, fit::ParseGemmRows(text("gemm")).value().rows).fits, memory,
            &tables);
  PrintAttention(
      fit::FitAttention(system.device, fit::ParseAttentionRows(text("attention")).value().rows)
          .fits,
      memory, &tables);
  PrintExperts(fit::FitMoe(system.device, fit::ParseMoeRows(text("moe")).value().rows).fits,
               memory);
  std::puts("  tables:");
  for (const auto& [id, table] : tables) PrintTable(id, table);
  return 0;
}

}  // namespace
}  // namespace commplan::accuracy

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("expected a system, such as h100_sxm\n", stderr);
    return 2;
  }
  return commplan::accuracy::Main(argv[1]);
}
