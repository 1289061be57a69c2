#include "tests/accuracy/measured.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

namespace commplan::accuracy {
namespace {

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.push_back(std::move(cell));
      cell.clear();
    } else if (c != '\r') {
      cell += c;
    }
  }
  cells.push_back(std::move(cell));
  return cells;
}

std::optional<Op> OpOf(std::string word) {
  std::replace(word.begin(), word.end(), '_', '-');
  return OpNamed(word);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace

std::optional<std::string> MeasuredFolder() {
  const char* root = std::getenv("COMMPLAN_ROOT");
  const std::filesystem::path folder =
      std::filesystem::path(root == nullptr ? "." : root) / ".." / "shared" / "measured";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return std::nullopt;
  return folder.string();
}

std::vector<MeasuredRow> ReadCollectives(const std::string& folder, const std::string& system) {
  std::ifstream file(folder + "/collectives/" + system + ".csv");
  std::string line;
  std::getline(file, line);
  std::map<std::string, std::size_t> column;
  const std::vector<std::string> header = Cells(line);
  for (std::size_t i = 0; i < header.size(); ++i) column[header[i]] = i;

  using Key = std::tuple<std::string, std::string, std::string, std::string, Op, int, double>;
  std::map<Key, std::size_t> seen;
  std::vector<MeasuredRow> rows;
  std::vector<std::vector<double>> times;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = Cells(line);
    if (cells.size() != header.size()) continue;
    const auto op = OpOf(cells[column["op"]]);
    if (!op) continue;
    MeasuredRow row{.system = system,
                    .library = cells[column["library"]],
                    .version = cells[column["library_version"]],
                    .kernel = cells[column["kernel_source"]],
                    .dtype = cells[column["dtype"]],
                    .op = *op,
                    .ranks = std::stoi(cells[column["num_gpus"]]),
                    .bytes = std::stod(cells[column["message_bytes"]])};
    const Key key{row.library, row.version, row.kernel, row.dtype, row.op, row.ranks, row.bytes};
    const auto [at, is_new] = seen.try_emplace(key, rows.size());
    if (is_new) {
      rows.push_back(row);
      times.emplace_back();
    }
    times[at->second].push_back(std::stod(cells[column["latency_us"]]));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].time_us = Median(times[i]);
  return rows;
}

}  // namespace commplan::accuracy
