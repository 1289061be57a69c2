#include "cli/report/codecs_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "cli/report/compressed_report.h"
#include "cli/report/tables.h"
#include "model/base/units.h"
#include "model/codec/quality.h"

namespace commplan::report {
namespace {

// JSON knows no infinity: a codec without noise has no number of decibels.
Json FiniteJson(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::string Fixed(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string Decibels(double db) { return std::isfinite(db) ? Fixed(db, 1) : "exact"; }

bool Passes(const CodecsReport& report, const SchemeFigures& figures) {
  return figures.error.sqnr_db >= *report.least_sqnr_db;
}

// Under which schemes a codec meets the budget.
std::string PassText(const CodecsReport& report, const CodecFigures& figures) {
  std::string text;
  std::size_t count = 0;
  for (const SchemeFigures& one : figures.schemes) {
    if (!Passes(report, one)) continue;
    ++count;
    text += text.empty() ? "" : ", ";
    text += SchemeName(one.scheme);
  }
  if (count == figures.schemes.size()) return "all";
  return count == 0 ? "none" : text;
}

Json CodecJson(const CodecsReport& report, const CodecFigures& figures) {
  const codec::Codec& codec = *figures.codec;
  Json json;
  json["name"] = codec.name;
  json["summary"] = codec.summary;
  json["bits_per_value"] = BitsPerValue(codec, report.source);
  json["ratio"] = Ratio(codec, report.source);
  for (const SchemeFigures& one : figures.schemes) {
    const std::string scheme(SchemeName(one.scheme));
    json["sqnr_db"][scheme] = FiniteJson(one.error.sqnr_db);
    json["max_error"][scheme] = one.error.max_error;
    json["mean_error"][scheme] = one.error.mean_error;
    json["gain"][scheme] = one.error.gain;
    json["ranks_agree"][scheme] = one.ranks_agree;
    if (report.least_sqnr_db) json["passes"][scheme] = Passes(report, one);
  }
  return json;
}

Json EvidenceJson(const codec::PublishedQuality& row) {
  return {{"model", row.model},
          {"method", row.method},
          {"codec", row.codec},
          {"perplexity_increase", row.perplexity_increase},
          {"source", row.source}};
}

Table MainTable(const CodecsReport& report) {
  Table table{.title = "", .columns = {{"codec", Align::kLeft}, {"bits"}, {"ratio"}}, .rows = {}};
  for (const SchemeFigures& one : report.codecs.front().schemes) {
    table.columns.push_back({std::string(SchemeName(one.scheme))});
  }
  table.columns.push_back({"max error"});
  table.columns.push_back({"gain"});
  if (report.least_sqnr_db) table.columns.push_back({"meets " + report.quality, Align::kLeft});
  for (const CodecFigures& figures : report.codecs) {
    const codec::Codec& codec = *figures.codec;
    std::vector<std::string> row = {codec.name, NumberForPeople(BitsPerValue(codec, report.source)),
                                    Fixed(Ratio(codec, report.source), 2)};
    for (const SchemeFigures& one : figures.schemes) row.push_back(Decibels(one.error.sqnr_db));
    const codec::ErrorFigures& once = figures.schemes.front().error;
    row.push_back(Fixed(once.max_error, 3));
    row.push_back(Fixed(once.gain, 3));
    if (report.least_sqnr_db) row.push_back(PassText(report, figures));
    table.rows.push_back(row);
  }
  return table;
}

Table SchemesTable(const CodecsReport& report) {
  Table table{.title = "Error of the sum",
              .columns = {{"scheme", Align::kLeft},
                          {"SQNR dB"},
                          {"max error"},
                          {"mean error"},
                          {"gain"},
                          {"ranks agree", Align::kLeft}},
              .rows = {}};
  if (report.least_sqnr_db) table.columns.push_back({"meets " + report.quality, Align::kLeft});
  for (const SchemeFigures& one : report.codecs.front().schemes) {
    table.rows.push_back({std::string(SchemeName(one.scheme)), Decibels(one.error.sqnr_db),
                          Fixed(one.error.max_error, 3), Fixed(one.error.mean_error, 5),
                          Fixed(one.error.gain, 4), one.ranks_agree ? "yes" : "no"});
    if (report.least_sqnr_db) table.rows.back().push_back(Passes(report, one) ? "yes" : "no");
  }
  return table;
}

std::string ScaleText(codec::Scale scale) {
  switch (scale) {
    case codec::Scale::kNone:
      return "none";
    case codec::Scale::kE8M0:
      return "E8M0, a power of two";
    case codec::Scale::kE5M0:
      return "E5M0, a power of two";
    case codec::Scale::kE4M3:
      return "E4M3, times one fp32 for the message";
    case codec::Scale::kFp16:
      return "fp16";
    case codec::Scale::kFp16Zero:
      return "fp16, and an fp16 zero point";
  }
  return "";
}

Table LayoutTable(const CodecsReport& report) {
  const codec::Codec& codec = *report.codecs.front().codec;
  const codec::Format& format = codec.format;
  Table table{.title = "Layout", .columns = {{"", Align::kLeft}, {"", Align::kLeft}}, .rows = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    table.rows.push_back({name, value});
  };
  add("values", codec.summary);
  if (format.family == codec::Family::kBlock) {
    add("element", std::string(format.element.name) + ", " + std::to_string(format.element.Bits()) +
                       " bits, largest " +
                       NumberForPeople(static_cast<double>(format.element.Top())));
    add("block", format.block == 0 ? "the whole message" : std::to_string(format.block));
    add("scale", ScaleText(format.scale));
  }
  const auto bytes = [&](std::size_t values) {
    return std::to_string(
        static_cast<std::int64_t>(InBytes(WireBytes(codec, values, report.source))));
  };
  for (const std::size_t values : {std::size_t{1}, std::size_t{32}, std::size_t{1} << 20}) {
    add(std::to_string(values) + (values == 1 ? " value" : " values"),
        bytes(values) + " bytes on the wire");
  }
  add("byte by byte", "docs/codecs.md");
  return table;
}

// The rows about the codecs shown; all of them where the whole table is.
std::vector<codec::PublishedQuality> EvidenceFor(const CodecsReport& report) {
  std::vector<codec::PublishedQuality> rows;
  for (const codec::PublishedQuality& row : codec::PublishedQualities()) {
    if (!report.detail || row.codec == report.codecs.front().codec->name) rows.push_back(row);
  }
  return rows;
}

void AddEvidence(const CodecsReport& report, Document* document) {
  Table table{.title = "Published perplexity",
              .columns = {{"model", Align::kLeft},
                          {"method", Align::kLeft},
                          {"nearest codec", Align::kLeft},
                          {"increase"},
                          {"source"}},
              .rows = {}};
  std::vector<std::string> sources;
  document->json["evidence"] = Json::array();
  for (const codec::PublishedQuality& row : EvidenceFor(report)) {
    const std::string source(row.source);
    auto found = std::find(sources.begin(), sources.end(), source);
    if (found == sources.end()) found = sources.insert(sources.end(), source);
    table.rows.push_back({std::string(row.model), std::string(row.method), std::string(row.codec),
                          "+" + ShareForPeople(row.perplexity_increase),
                          std::to_string(found - sources.begin() + 1)});
    document->json["evidence"].push_back(EvidenceJson(row));
  }
  if (table.rows.empty()) return;
  document->body.push_back(table);
  std::string text;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    text += (i == 0 ? "Source " : " Source ") + std::to_string(i + 1) + ": " + sources[i] + ".";
  }
  document->body.push_back(Paragraph{text});
}

Table CsvRows(const CodecsReport& report) {
  Table table;
  table.columns = {{"name"},      {"bits_per_value"}, {"ratio"}, {"scheme"},     {"sqnr_db"},
                   {"max_error"}, {"mean_error"},     {"gain"},  {"ranks_agree"}};
  for (const CodecFigures& figures : report.codecs) {
    for (const SchemeFigures& one : figures.schemes) {
      table.rows.push_back(
          {figures.codec->name, CellOf(BitsPerValue(*figures.codec, report.source)),
           CellOf(Ratio(*figures.codec, report.source)), std::string(SchemeName(one.scheme)),
           CellOf(FiniteJson(one.error.sqnr_db)), CellOf(one.error.max_error),
           CellOf(one.error.mean_error), CellOf(one.error.gain), CellOf(one.ranks_agree)});
    }
  }
  return table;
}

}  // namespace

Document CodecsDocument(const CodecsReport& report) {
  Document document;
  Json& json = document.json;
  json["schema"] = "commplan/codecs/1";
  json["dtype"] = SourceName(report.source);
  json["ranks"] = report.ranks;
  json["data"] = report.data;
  json["values_per_rank"] = report.values_per_rank;
  if (report.least_sqnr_db) json["least_sqnr_db"] = *report.least_sqnr_db;
  json["codecs"] = Json::array();
  for (const CodecFigures& figures : report.codecs) {
    json["codecs"].push_back(CodecJson(report, figures));
  }
  document.rows = CsvRows(report);
  const std::string coded = std::to_string(report.ranks) + " ranks, " + report.data + ", " +
                            std::to_string(report.values_per_rank) + " values a rank";
  if (report.detail) {
    document.body.push_back(Paragraph{
        report.codecs.front().codec->name + ": " +
        NumberForPeople(BitsPerValue(*report.codecs.front().codec, report.source)) +
        " bits a value, " + NumberForPeople(Ratio(*report.codecs.front().codec, report.source)) +
        " times fewer bytes than " + SourceName(report.source)});
    document.body.push_back(LayoutTable(report));
    document.body.push_back(SchemesTable(report));
  } else {
    document.body.push_back(
        Paragraph{"SQNR in dB of the sum of " + coded + ", by scheme; the ratio is to " +
                  SourceName(report.source) +
                  ". Largest error, over the rms of the sum, and gain are those of gather, which "
                  "codes once."});
    document.body.push_back(MainTable(report));
  }
  if (report.least_sqnr_db) {
    document.body.push_back(Paragraph{"The budget " + report.quality + " asks for " +
                                      NumberForPeople(*report.least_sqnr_db) +
                                      " dB. It orders codecs and promises nothing about a model."});
  }
  AddEvidence(report, &document);
  return document;
}

}  // namespace commplan::report
