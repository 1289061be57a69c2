#include "cli/model.h"

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/report/model_report.h"
#include "profiles/model_file.h"
#include "profiles/writer.h"

namespace commplan::cli {
namespace {

struct ShowOptions {
  CommonOptions common;
  std::string name;
  bool yaml = false;
};

struct ImportOptions {
  CommonOptions common;
  std::string path, name, architecture, output;
};

Result<int> RunList(Format format, Io& io) {
  std::vector<profiles::ModelFile> models;
  for (const profiles::LibraryFile& file : profiles::ShippedModels().files()) {
    ASSIGN_OR_RETURN(profiles::ModelFile model,
                     profiles::ReadModel(file.text, std::string(file.path)));
    models.push_back(std::move(model));
  }
  Print(report::ModelListDocument(models), format, io);
  return kExitOk;
}

Result<int> RunShow(const ShowOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const profiles::ModelFile file,
                   profiles::LoadModel(options.name, profiles::ShippedModels()));
  if (options.yaml) {
    io.out << profiles::WriteModel(file);
  } else {
    Print(report::ModelDocument(file), options.common.format, io);
  }
  return kExitOk;
}

Result<int> RunImport(const ImportOptions& options, Io& io) {
  ASSIGN_OR_RETURN(const profiles::ModelFile file,
                   profiles::ImportFile(options.path, options.name, options.architecture));
  if (!options.output.empty()) {
    RETURN_IF_ERROR(profiles::WriteFileAtomically(options.output, profiles::WriteModel(file)));
  }
  Print(report::ModelDocument(file), options.common.format, io);
  return kExitOk;
}

void AddList(CLI::App& parent, Action* chosen) {
  CLI::App& command = *parent.add_subcommand("list", "the models that names stand for");
  auto options = std::make_shared<CommonOptions>();
  AddFormatOption(command, *options);
  SetAction(command, chosen, [options](Io& io) { return RunList(options->format, io); });
}

void AddShow(CLI::App& parent, Action* chosen) {
  CLI::App& command = *parent.add_subcommand(
      "show", "shape, weights by part, cache per token, and the layouts that engines allow");
  auto options = std::make_shared<ShowOptions>();
  command.add_option("MODEL", options->name, "a name, a model file, or a Hugging Face config.json")
      ->required()
      ->option_text("(required)");
  command.add_flag("--yaml", options->yaml, "as a model file");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunShow(*options, io); });
}

void AddImport(CLI::App& parent, Action* chosen) {
  CLI::App& command =
      *parent.add_subcommand("import", "read a Hugging Face config.json and show what it became");
  auto options = std::make_shared<ImportOptions>();
  command.add_option("CONFIG", options->path, "the config.json")
      ->required()
      ->option_text("(required)");
  command.add_option("-o,--output", options->output, "write a model file")->option_text("FILE");
  command.add_option("--name", options->name, "the model's name (default: from the path)")
      ->option_text("NAME");
  command
      .add_option("--as", options->architecture,
                  "read it as this architecture, such as LlamaForCausalLM")
      ->option_text("ARCHITECTURE");
  AddFormatOption(command, options->common);
  SetAction(command, chosen, [options](Io& io) { return RunImport(*options, io); });
}

}  // namespace

void AddModel(CLI::App& app, Action* chosen) {
  CLI::App& command = *app.add_subcommand("model", "the models: list, show, import");
  command.require_subcommand(1);
  AddList(command, chosen);
  AddShow(command, chosen);
  AddImport(command, chosen);
}

}  // namespace commplan::cli
