#include "tests/accuracy/paper_ttft.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "model/step/bill.h"
#include "profiles/model_file.h"
#include "profiles/reader.h"

namespace commplan::accuracy {
namespace {

struct Printed {
  std::string model, gpu;
  int ranks = 1;
  double batch = 1, tokens = 1;
  double plain = 0, coded = 0;
};

std::vector<Printed> ReadPrinted(const std::string& folder) {
  std::ifstream file(folder + "/compressed/paper_2411_09510.csv");
  std::string line;
  std::getline(file, line);
  std::vector<Printed> rows;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    if (cells.size() < 16) continue;
    rows.push_back({.model = cells[0],
                    .gpu = cells[1],
                    .ranks = std::atoi(cells[3].c_str()),
                    .batch = std::atof(cells[4].c_str()),
                    .tokens = std::atof(cells[5].c_str()),
                    .plain = std::atof(cells[13].c_str()),
                    .coded = std::atof(cells[14].c_str())});
  }
  return rows;
}

// "Llama-2-70B" is llama-2-70b.
std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

const std::vector<PaperScenario>& PaperScenarios() {
  static const std::vector<PaperScenario> kScenarios = {
      {.name = "host memory", .l4 = "paper-l4-host-memory", .a100 = "paper-a100-eager"},
      {.name = "gather", .l4 = "paper-l4-gather", .a100 = "paper-a100-eager"}};
  return kScenarios;
}

Result<std::vector<PaperRow>> PaperRows(const std::string& folder, const PaperScenario& scenario) {
  ASSIGN_OR_RETURN(const Machine l4,
                   profiles::LoadMachine(scenario.l4, profiles::ShippedLibrary()));
  ASSIGN_OR_RETURN(const Machine a100,
                   profiles::LoadMachine(scenario.a100, profiles::ShippedLibrary()));
  std::vector<PaperRow> rows;
  for (const Printed& printed : ReadPrinted(folder)) {
    const bool big = printed.gpu.find("A100") != std::string::npos;
    ASSIGN_OR_RETURN(const profiles::ModelFile model,
                     profiles::LoadModel(LowerCase(printed.model), profiles::ShippedModels()));
    StepRequest request;
    request.model = &model.model;
    request.layout.tp = printed.ranks;
    request.precision.communication = DataType::kFp16;
    request.demand = Prefill(printed.batch, printed.tokens);
    request.graph = false;
    ASSIGN_OR_RETURN(const StepBill plain, BillOf(big ? a100 : l4, request));
    request.codec = "mxfp4";
    // On the L4 the profile has curves of the compressed sum, which count as a kernel's.
    if (big) request.codec_scheme = CompressedScheme::kGatherSum;
    ASSIGN_OR_RETURN(const StepBill coded, BillOf(big ? a100 : l4, request));
    PaperRow row;
    row.model = model.model.name;
    row.gpu = printed.gpu;
    row.ranks = printed.ranks;
    row.batch = printed.batch;
    row.tokens = printed.tokens;
    row.plain = {.measured = printed.plain, .predicted = InSeconds(plain.step)};
    row.coded = {.measured = printed.coded, .predicted = InSeconds(coded.step)};
    row.compute = InSeconds(plain.step - plain.exposed);
    row.plain_exposed = InSeconds(plain.exposed);
    row.coded_exposed = InSeconds(coded.exposed);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace commplan::accuracy
