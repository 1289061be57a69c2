#include "cli/report/bill_parts.h"

#include <array>
#include <cmath>
#include <set>

namespace commplan::report {
namespace {

struct MemoryPart {
  const char* name;
  Bytes MemoryNeed::*size;
};
constexpr std::array<MemoryPart, 8> kMemoryParts{{
    {"weights", &MemoryNeed::weights},
    {"cache", &MemoryNeed::cache},
    {"gradients", &MemoryNeed::gradients},
    {"optimizer", &MemoryNeed::optimizer},
    {"activations", &MemoryNeed::activations},
    {"communication", &MemoryNeed::communication},
    {"codec", &MemoryNeed::codec},
    {"reserve", &MemoryNeed::reserve},
}};

// "does not fit", and each change that would do by itself.
Paragraph ShortfallOf(const Fit& fit) {
  std::string text = "It does not fit: " + ForPeople(fit.shortfall) + " too much per device.";
  for (const Remedy& remedy : fit.remedies) {
    text += &remedy == &fit.remedies.front() ? " Enough by itself: " : "; ";
    text += Name(remedy.kind);
    if (!(remedy.value > 0)) continue;
    text += ": ";
    text += remedy.kind == RemedyKind::kMoreMemory ? ForPeople(B(remedy.value))
                                                   : NumberForPeople(remedy.value);
  }
  return {std::move(text)};
}

Table RowsOf(const Json& collectives) {
  Table table;
  for (const Json& line : collectives) {
    if (table.columns.empty()) {
      for (const auto& [key, value] : line.items()) {
        if (!value.is_structured()) table.columns.push_back({key});
      }
    }
    table.rows.emplace_back();
    for (const auto& [key, value] : line.items()) {
      if (!value.is_structured()) table.rows.back().push_back(CellOf(value));
    }
  }
  return table;
}

}  // namespace

std::int64_t WholeBytes(Bytes size) { return std::llround(InBytes(size)); }

std::string ShareOf(Time part, Time whole) {
  return ShareForPeople(whole > Time() ? part / whole : 0);
}

std::string EngineName(const Machine& machine, const std::string& asked) {
  if (!asked.empty() || machine.engines.empty()) return asked;
  return machine.engines.front().name;
}

std::string ProviderName(const Machine& machine, const std::string& asked) {
  if (!asked.empty() || machine.compute.gemm.empty()) return asked;
  return machine.compute.gemm.front().fit.engine;
}

std::string LayoutText(const Layout& layout,
                       const std::vector<std::pair<const char*, int>>& others) {
  std::string text = "tp " + std::to_string(layout.tp);
  for (const auto& [name, size] : others) {
    if (size < 2) continue;
    text += ", ";
    text += name;
    text += ' ';
    text += std::to_string(size);
  }
  if (layout.sequence_parallel) text += ", sequence parallel";
  return text;
}

Json LayoutJson(const Layout& layout, const Json& own) {
  Json json = {{"tp", layout.tp},
               {"pp", layout.pp},
               {"dp", layout.dp},
               {"ep", layout.ep},
               {"cp", layout.cp}};
  json.update(own);
  json["sequence_parallel"] = layout.sequence_parallel;
  json["expert_exchange"] = Name(layout.expert_exchange);
  json["context_exchange"] = Name(layout.context_exchange);
  return json;
}

Json MemoryJson(const Fit& fit) {
  Json json = {{"fits", fit.fits}, {"stage", fit.need.stage}};
  for (const MemoryPart& part : kMemoryParts) {
    json[std::string(part.name) + "_bytes"] = WholeBytes(fit.need.*part.size);
  }
  json["capacity_bytes"] = WholeBytes(fit.capacity);
  json["shortfall_bytes"] = WholeBytes(fit.shortfall);
  json["remedies"] = ListJson(fit.remedies, [](const Remedy& remedy) {
    return Json{{"change", Name(remedy.kind)}, {"value", remedy.value}};
  });
  return json;
}

Table MemoryTable(std::string title, const Fit& fit) {
  Table table{.title = std::move(title), .columns = {{"part", Align::kLeft}, {"size"}}, .rows = {}};
  const auto add = [&](const char* name, Bytes size) {
    if (size > Bytes()) table.rows.push_back({name, ForPeople(size)});
  };
  for (const MemoryPart& part : kMemoryParts) add(part.name, fit.need.*part.size);
  add("in all", fit.need.Total());
  add("usable", fit.capacity);
  add("shortfall", fit.shortfall);
  return table;
}

Table HelpTable(const char* heading, Time step,
                const std::vector<std::pair<const char*, Time>>& changes) {
  Table table{.title = "What would help",
              .columns = {{heading, Align::kLeft}, {"step"}, {"saves"}},
              .rows = {}};
  for (const auto& [change, then] : changes) {
    table.rows.push_back({change, ForPeople(then), ShareOf(step - then, step)});
  }
  return table;
}

Table SourcesTable(const Machine& machine) {
  Table table{.title = "Sources of the kernels' numbers",
              .columns = {{"kind", Align::kLeft}, {"source", Align::kLeft}, {"note", Align::kLeft}},
              .rows = {}};
  std::set<std::vector<std::string>> seen;
  for (const auto& [path, provenance] : machine.provenance) {
    if (!path.starts_with("compute.")) continue;
    const auto source = machine.sources.find(provenance.source);
    std::vector<std::string> row = {std::string(Name(provenance.kind)),
                                    source != machine.sources.end() ? source->second.title : "",
                                    provenance.note};
    if (seen.insert(row).second) table.rows.push_back(std::move(row));
  }
  return table;
}

void Finish(BillBody body, const Fit& memory, const std::vector<std::string>& notes,
            Document* document) {
  document->rows = RowsOf(document->json["collectives"]);
  std::vector<Block>& blocks = document->body;
  blocks.emplace_back(std::move(body.head));
  if (!memory.fits) blocks.emplace_back(ShortfallOf(memory));
  blocks.emplace_back(std::move(body.split));
  if (body.collectives.rows.empty()) {
    blocks.emplace_back(Paragraph{"Nothing is exchanged under this layout."});
  } else {
    blocks.emplace_back(std::move(body.collectives));
    blocks.emplace_back(std::move(body.help));
  }
  for (Block& block : body.explanation) blocks.push_back(std::move(block));
  blocks.emplace_back(MemoryTable(std::move(body.memory_title), memory));
  for (const std::string& note : notes) blocks.emplace_back(Paragraph{"Note: " + note});
}

}  // namespace commplan::report
