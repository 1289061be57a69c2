#include "tests/accuracy/compressed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <map>
#include <optional>

namespace commplan::accuracy {
namespace {

using fit::CompressedFit;
using fit::CompressedSample;
using Line = std::map<std::string, std::string>;

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

std::vector<Line> ReadCsv(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  const std::vector<std::string> header = Cells(text);
  std::vector<Line> lines;
  while (std::getline(file, text)) {
    const std::vector<std::string> cells = Cells(text);
    if (cells.size() != header.size()) continue;
    Line line;
    for (std::size_t i = 0; i < cells.size(); ++i) line[header[i]] = cells[i];
    lines.push_back(std::move(line));
  }
  return lines;
}

double Number(const Line& line, const std::string& key) { return std::stod(line.at(key)); }

std::optional<double> BaselineAt(const std::vector<CompressedSample>& baseline, int ranks,
                                 double bytes) {
  for (const CompressedSample& row : baseline) {
    if (row.ranks == ranks && row.bytes == bytes) return row.time_us;
  }
  return std::nullopt;
}

// The baseline of a prediction: as fitted, if the fit has seen it; else as measured.
double PlainTime(const CompressedFit& fit, int ranks, double bytes, double measured) {
  const bool seen = std::any_of(fit.groups.begin(), fit.groups.end(), [&](const auto& group) {
    return group.codec == kNoCodec && group.ranks == ranks;
  });
  return seen ? fit.Predict(kNoCodec, ranks, bytes).time_us : measured;
}

}  // namespace

CompressedTable ReadQuickReduce(const std::string& folder) {
  CompressedTable table;
  for (const char* file : {"quickreduce_mi300x_tp2", "quickreduce_mi300x_tp4"}) {
    for (const Line& line : ReadCsv(folder + "/compressed/" + file + ".csv")) {
      if (line.at("library") != "QuickReduce") continue;
      CompressedSample row;
      row.codec = line.at("codec");
      row.ranks = std::stoi(line.at("num_gpus"));
      row.bytes = Number(line, "message_bytes");
      row.share = Number(line, "payload_bytes") / row.bytes;
      row.time_us = Number(line, "time_us");
      table.rows.push_back(row);
      if (row.codec == kNoCodec) table.baseline.push_back(row);
    }
  }
  return table;
}

CompressedTable ReadTwoShotH100(const std::string& folder) {
  CompressedTable table;
  for (const Line& line : ReadCsv(folder + "/compressed/vllm_two_shot_h100.csv")) {
    CompressedSample row;
    row.codec = line.at("codec") + "-g" + line.at("group_values");
    row.ranks = std::stoi(line.at("num_gpus"));
    row.bytes = Number(line, "message_bytes");
    // One byte for each value of two, and a scale for each group, taken as four bytes.
    row.share = (1 + 4 / Number(line, "group_values")) / 2;
    row.time_us = Number(line, "time_us");
    table.rows.push_back(row);
    CompressedSample plain = row;
    plain.codec = kNoCodec;
    plain.share = 1;
    plain.time_us = Number(line, "baseline_bf16_us");
    if (!BaselineAt(table.baseline, plain.ranks, plain.bytes)) table.baseline.push_back(plain);
  }
  return table;
}

CompressedScore ScoreOf(const CompressedFit& fit, const std::vector<CompressedSample>& held_out) {
  CompressedScore score;
  std::vector<double> errors;
  for (const CompressedSample& row : held_out) {
    const auto predicted = fit.Predict(row.codec, row.ranks, row.bytes, row.share);
    errors.push_back(std::abs(predicted.time_us / row.time_us - 1));
    if (predicted.low_us <= row.time_us && row.time_us <= predicted.high_us) score.coverage += 1;
  }
  if (errors.empty()) return score;
  const double n = static_cast<double>(errors.size());
  std::sort(errors.begin(), errors.end());
  for (const double error : errors) score.mape += error / n;
  score.rows = static_cast<int>(errors.size());
  score.coverage /= n;
  score.worst = errors.back();
  score.median = (errors[(errors.size() - 1) / 2] + errors[errors.size() / 2]) / 2;
  return score;
}

Signs SignsOf(const CompressedFit& fit, const std::vector<CompressedSample>& held_out,
              const std::vector<CompressedSample>& baseline, double band) {
  Signs signs;
  for (const CompressedSample& row : held_out) {
    const auto plain = BaselineAt(baseline, row.ranks, row.bytes);
    if (!plain) continue;
    const double measured = *plain / row.time_us;
    if (measured <= 1 + band && measured * (1 + band) >= 1) continue;
    ++signs.clear;
    const double predicted = PlainTime(fit, row.ranks, row.bytes, *plain) /
                             fit.Predict(row.codec, row.ranks, row.bytes, row.share).time_us;
    const bool same = (measured > 1) == (predicted > 1);
    const bool beyond = predicted > 1 + band || predicted * (1 + band) < 1;
    if (same) ++signs.right;
    if (same && beyond) ++signs.called;
    if (!same && beyond) ++signs.wrong_calls;
    if (!same) {
      signs.misses.push_back(
          fmt::format("{} at {} ranks, {:.0f} bytes: measured gain {:.2f}, "
                      "predicted {:.2f}",
                      row.codec, row.ranks, row.bytes, measured, predicted));
    }
  }
  return signs;
}

std::vector<Crossover> CrossoversOf(const CompressedFit& fit, int ranks,
                                    const std::vector<CompressedSample>& held_out,
                                    const std::vector<CompressedSample>& baseline) {
  std::map<std::string, std::map<double, CompressedSample>> codecs;
  for (const CompressedSample& row : held_out) {
    if (row.ranks == ranks) codecs[row.codec][row.bytes] = row;
  }
  std::vector<Crossover> crossovers;
  for (const auto& [codec, rows] : codecs) {
    Crossover crossover;
    crossover.codec = codec;
    double last = 0, last_measured = 0, last_predicted = 0;
    for (const auto& [size, row] : rows) {
      const double bytes = size;
      const auto plain = BaselineAt(baseline, ranks, bytes);
      if (!plain) continue;
      const double measured = std::log(*plain / row.time_us);
      const double predicted = std::log(PlainTime(fit, ranks, bytes, *plain) /
                                        fit.Predict(codec, ranks, bytes, row.share).time_us);
      const auto between = [&](double before, double now) {
        return last * std::pow(bytes / last, -before / (now - before));
      };
      if (last > 0 && last_measured < 0 && measured >= 0) {
        crossover.measured = between(last_measured, measured);
      }
      if (last > 0 && last_predicted < 0 && predicted >= 0) {
        crossover.predicted = between(last_predicted, predicted);
      }
      last = bytes;
      last_measured = measured;
      last_predicted = predicted;
    }
    crossovers.push_back(crossover);
  }
  return crossovers;
}

}  // namespace commplan::accuracy
