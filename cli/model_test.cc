// The command `model` as a user calls it.
#include "cli/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/exit_status.h"
#include "cli/report/json.h"

namespace commplan::cli {
namespace {

using report::Json;
using ::testing::HasSubstr;

// A shape of our own: 2 layers, hidden 8, 2 heads of 4 on 1 KV head, MLP 16, 32 words.
constexpr char kTiny[] = R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 8,
    "num_hidden_layers": 2, "vocab_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1,
    "intermediate_size": 16})";

struct Outcome {
  int status;
  std::string out, err;
};

Outcome RunWith(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  Io io{out, err};
  const int status = RunApp(arguments, io);
  return {status, out.str(), err.str()};
}

Json JsonOf(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Outcome run = RunWith(arguments);
  EXPECT_EQ(run.status, kExitOk) << run.err;
  return Json::parse(run.out, nullptr, false);
}

class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "tiny");
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return Path(name);
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(ModelTest, ListHasEveryModelOnce) {
  const Json json = JsonOf({"model", "list"});
  EXPECT_EQ(json["schema"], "commplan/model-list/1");
  std::string before;
  for (const Json& model : json["models"]) {
    EXPECT_LT(before, model["name"]);  // by name, and so once
    before = model["name"];
    EXPECT_GE(model["parameters"], model["active_parameters"]) << before;
    EXPECT_NE(model["source"], "") << before;
  }
  const Outcome csv = RunWith({"model", "list", "--format", "csv"});
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'),
            static_cast<std::ptrdiff_t>(json["models"].size()) + 1);
}

TEST_F(ModelTest, ShowOfAPublishedModel) {
  const Json json = JsonOf({"model", "show", "llama-3-8b"});
  EXPECT_EQ(json["parameters"], 8030261248);         // of the published checkpoint
  EXPECT_EQ(json["cache_bytes_per_token"], 131072);  // 2 x 32 layers x 8 heads x 128 x 2 bytes
  EXPECT_EQ(json["cache_bytes_per_sequence"], 0);
  EXPECT_EQ(json["layouts"]["tp"], Json({1, 2, 4, 8, 16, 32}));
  // More ranks than KV heads: each holds a copy of one.
  EXPECT_EQ(json["tensor_ranks"][3]["cache_bytes_per_token"], 16384);
  EXPECT_EQ(json["tensor_ranks"][5]["cache_bytes_per_token"], 16384);
}

TEST_F(ModelTest, PartsAddUp) {
  for (const char* const name : {"llama-3-8b", "deepseek-v3", "gemma-3-1b", "phi-2", "gpt3-125m"}) {
    const Json json = JsonOf({"model", "show", name});
    std::int64_t sum = 0;
    for (const auto& [part, weights] : json["parameters_of"].items()) {
      sum += weights.get<std::int64_t>();
    }
    EXPECT_EQ(sum, json["parameters"]) << name;
  }
}

TEST_F(ModelTest, WindowsAreAFixedPartOfTheCache) {
  // Gemma 3 27B: 52 of 62 layers see 1024 tokens, with 16 KV heads of 128 in 16 bits.
  const Json json = JsonOf({"model", "show", "gemma-3-27b"});
  EXPECT_EQ(json["cache_bytes_per_token"], 10 * 2 * 16 * 128 * 2);
  EXPECT_EQ(json["cache_bytes_per_sequence"], 52 * 2 * 16 * 128 * 2 * 1024);
}

TEST_F(ModelTest, ExpertsMayBeWhole) {
  const Json json = JsonOf({"model", "show", "mixtral-8x7b"});
  EXPECT_EQ(json["experts"], 8);
  EXPECT_EQ(json["layouts"]["ep"], Json({1, 2, 4, 8}));
  EXPECT_FALSE(JsonOf({"model", "show", "llama-3-8b"})["layouts"].contains("ep"));
}

TEST_F(ModelTest, ShowsAFileAsTheImportThatItCameFrom) {
  const std::string config = Write("tiny/config.json", kTiny);
  const Json imported = JsonOf({"model", "import", config, "-o", Path("tiny.yaml")});
  EXPECT_EQ(imported["name"], "tiny");
  // Embedding and head 2 x 32 x 8, final norm 8; a layer: q 64, k and v 2 x 32, output 64, MLP
  // 3 x 8 x 16, two norms of 8.
  EXPECT_EQ(imported["parameters"], 512 + 8 + 2 * (64 + 64 + 64 + 384 + 16));
  EXPECT_EQ(JsonOf({"model", "show", Path("tiny.yaml")}), imported);
  EXPECT_EQ(JsonOf({"model", "show", config}), imported);
  EXPECT_EQ(RunWith({"model", "show", config, "--yaml"}).out, Read("tiny.yaml"));
}

TEST_F(ModelTest, ImportTakesAName) {
  const std::string config = Write("tiny/config.json", kTiny);
  EXPECT_EQ(JsonOf({"model", "import", config, "--name", "mine"})["name"], "mine");
}

TEST_F(ModelTest, AnUnknownArchitectureIsAnsweredWithTheKnownOnes) {
  std::string text = kTiny;
  text.replace(text.find("LlamaForCausalLM"), 16, "OlmoForCausalLM");
  const std::string config = Write("tiny/config.json", text);
  const std::string output = Write("tiny.yaml", "as it was");
  const Outcome run = RunWith({"model", "import", config, "-o", output});
  EXPECT_EQ(run.status, kExitNegative);
  EXPECT_THAT(run.err, HasSubstr("'OlmoForCausalLM'"));
  EXPECT_THAT(run.err, HasSubstr("num_hidden_layers"));  // what the file has
  EXPECT_THAT(run.err, HasSubstr("Qwen3MoeForCausalLM"));
  EXPECT_EQ(Read("tiny.yaml"), "as it was");
  EXPECT_EQ(JsonOf({"model", "import", config, "--as", "LlamaForCausalLM"})["layers"], 2);
}

TEST_F(ModelTest, WhatIsMissingIsNamed) {
  const std::string config = Write("tiny/config.json", R"({"architectures": ["MixtralForCausalLM"],
      "hidden_size": 8, "num_hidden_layers": 2, "vocab_size": 32, "num_attention_heads": 2})");
  const Outcome run = RunWith({"model", "import", config});
  EXPECT_EQ(run.status, kExitBadInput);
  for (const char* const key :
       {"intermediate_size", "num_local_experts", "num_experts_per_tok", "config.json"}) {
    EXPECT_THAT(run.err, HasSubstr(key));
  }
}

TEST_F(ModelTest, WrongNamesAndPlaces) {
  const Outcome name = RunWith({"model", "show", "lama-3-8b"});
  EXPECT_EQ(name.status, kExitBadInput);
  EXPECT_THAT(name.err, HasSubstr("llama-3-8b"));
  EXPECT_EQ(RunWith({"model", "show", Path("none.yaml")}).status, kExitBadInput);
  EXPECT_EQ(RunWith({"model", "import", Path("none.json")}).status, kExitBadInput);
  EXPECT_EQ(RunWith({"model"}).status, kExitUsage);
  EXPECT_EQ(RunWith({"model", "show"}).status, kExitUsage);
  const std::string config = Write("tiny/config.json", kTiny);
  const Outcome folder = RunWith({"model", "import", config, "-o", Path("absent/tiny.yaml")});
  EXPECT_EQ(folder.status, kExitBadInput);
  EXPECT_THAT(folder.err, HasSubstr("create the folder"));
}

TEST_F(ModelTest, EveryFormatHasTheNumbers) {
  for (const char* const format : {"text", "markdown", "csv", "json"}) {
    const Outcome run = RunWith({"model", "show", "llama-3-8b", "--format", format});
    EXPECT_EQ(run.status, kExitOk) << format;
    EXPECT_THAT(run.out, ::testing::AnyOf(HasSubstr("8030261248"), HasSubstr("8.03 B"))) << format;
  }
}

}  // namespace
}  // namespace commplan::cli
