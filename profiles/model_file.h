// A model file is the YAML text of one transformer: its shape, where the shape comes from, and what
// its makers say it weighs.
//
//   ASSIGN_OR_RETURN(const ModelFile file, LoadModel("llama-3-8b", ShippedModels()));
//   const Transformer& model = file.model;
//
// The format is `commplan/model/1`. Keys are those of Attention, Mlp and Transformer
// (model/workload/transformer.h); what a file leaves out has the default there:
//
//   schema: commplan/model/1
//   name: deepseek-like
//   title: Dense layers, then experts
//   sources: {config: {title: config.json, url: "https://..."}}
//   published: {total: 671026404352, active: 37e9, active_within: 0.5e9, source: config}
//   hidden: 7168
//   layers: 61
//   vocabulary: 129280
//   kinds:
//     dense:   {attention: {heads: 128, kv_heads: 128, head_dim: 128}, mlp: {width: 18432}}
//     experts: {attention: {heads: 128, kv_heads: 128, head_dim: 128},
//               mlp: {width: 2048, experts: 256, active: 8}}
//   first: [dense, dense, dense]   # the leading layers
//   cycle: [experts]               # repeats over the others; not needed where there is one kind
//
// Unknown keys are refused, with the nearest known one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"
#include "model/step/machine.h"
#include "model/workload/transformer.h"
#include "profiles/library.h"

namespace commplan::profiles {

inline constexpr char kModelSchema[] = "commplan/model/1";

// Numbers of weights as published. `within` is half a unit of the last digit that was printed: 5e6
// for "2.65 billion". 0: not published, or all digits are.
struct Published {
  double total = 0;
  double total_within = 0;
  double active = 0;
  double active_within = 0;
  Embedding active_embedding = Embedding::kLeftOut;  // whether `active` counts the embedding
  std::string source;
  std::string note;

  friend bool operator==(const Published&, const Published&) = default;
};

struct ModelFile {
  Transformer model;
  std::map<std::string, Source> sources;
  Published published;
};

// The text of one file; `file` names it in messages. All faults are reported at once.
Result<ModelFile> ReadModel(std::string_view text, const std::string& file);

// The canonical text: keys in the order of the format, defaults left out. Reading it gives the same
// model.
std::string WriteModel(const ModelFile& file);

// The models that the program ships with.
const Library& ShippedModels();

// A name of the library, or a path: it contains a '/' or ends in .yaml or .json. A .json file is
// taken for a Hugging Face config.json.
Result<ModelFile> LoadModel(std::string_view name, const Library& library);

// Name, title and path of each model of the library, by name.
std::vector<Listed> ListModels(const Library& library);

// The transformer that a Hugging Face config.json describes. Encoders beside the language model are
// left out. kUnsupported for an architecture that this does not know, with those that it does and
// the keys that it found. With `as` it is read as that architecture, whatever it says it is.
// `path` names it in messages.
Result<ModelFile> ImportConfig(std::string_view text, const std::string& name,
                               std::string_view as = {}, const std::string& path = "config.json");
// The same of a file; without a name it is named by its path.
Result<ModelFile> ImportFile(const std::string& path, const std::string& name = {},
                             std::string_view architecture = {});

}  // namespace commplan::profiles
