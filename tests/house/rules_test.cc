#include "tests/house/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace commplan::house {
namespace {

using ::testing::HasSubstr;

// The planted violation must be found with its line and advice; its neighbour must pass.
struct Planted {
  std::string name;
  std::string rule;
  SourceFile bad;
  int line = 0;
  std::vector<std::string> says;  // parts of the message: what was found, what to do
  SourceFile good;
  Tree around = {};  // other files of the tree
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }

std::string Lines(int count, const std::string& line) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line + "\n";
  return text;
}

// A machine folder, put together so that this file passes its own rule.
std::string MachineFolder() { return std::string("/ho") + "me/ann/data"; }

const Rule* FindRule(const std::string& name) {
  for (const Rule& rule : Rules()) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

Findings Check(const Planted& planted, const SourceFile& file) {
  Tree tree = planted.around;
  tree.push_back(file);
  return FindRule(planted.rule)->check(tree);
}

std::vector<Planted> PurposeAndAliases() {
  const std::string once = "#pragma once\n";
  return {
      {"purpose_missing",
       "purpose",
       {"model/base/a.h", once},
       1,
       {"no opening comment", "say at the top what the thing is"},
       {"model/base/a.h", "\n// A is one thing of four.\n" + once}},
      {"purpose_is_a_title",
       "purpose",
       {"model/base/a.h", "// Ring cost.\n" + once},
       1,
       {"first sentence of 2 words"},
       {"model/base/a.h", "// Cost of a ring, over\n// two lines. And more.\n\n" + once}},
      {"purpose_without_period",
       "purpose",
       {"a/k.cuh", "// this is a loose note\n" + once},
       1,
       {"without a whole sentence"},
       {"a/k.cuh", "/* Kernel that copies one buffer. */\n" + once}},
      {"pragma_missing",
       "purpose",
       {"model/a.h", "// One thing of four.\n// #pragma once\n"},
       1,
       {"no #pragma once", "add it after"},
       {"model/a.h", "// One thing of four.\n" + once}},
      {"using_double",
       "alias",
       {"model/a.h", "\nusing Bandwidth = double;\n"},
       2,
       {"'Bandwidth' as another name of 'double'", "use a quantity"},
       {"model/a.h", "using Bandwidth = Quantity<1, -1>;\nusing value_type = double;\n"}},
      {"typedef_number",
       "alias",
       {"model/a.cc", "typedef const unsigned long Count;\n"},
       1,
       {"'Count' as another name of 'const unsigned long'"},
       {"model/a.cc", "typedef void (*Callback)(double);\n// using X = double;\n"}},
      {"using_std_integer",
       "alias",
       {"cli/a.cc", "using Bytes=std::uint64_t;\n"},
       1,
       {"'Bytes' as another name of 'std::uint64_t'"},
       {"cli/a.cc", "using Row = std::array<double, 3>;\nusing std::size_t;\n"}},
  };
}

std::vector<Planted> ExitsAndTexts() {
  return {
      {"exit",
       "exit",
       {"planner/a.cc", "void F() {\n  std::exit(1);\n}\n"},
       2,
       {"call of exit()", "only in cli/main.cc", "return an Error"},
       {"planner/a.cc", "void F() {\n  g.exit(1);  // exit(1)\n  Say(\"exit(1)\");\n}\n"}},
      {"quick_exit",
       "exit",
       {"cli/plan.cc", "void F() { quick_exit (2); }\n"},
       1,
       {"call of quick_exit()"},
       {"cli/main.cc", "int main() { std::exit(70); }\n"}},
      {"terminate",
       "exit",
       {"model/a.cc", "void F() { std::terminate(); }\n"},
       1,
       {"call of terminate()"},
       {"model/a_test.cc", "void F() { std::terminate(); }\n"}},
      {"abort",
       "exit",
       {"model/step/a.cc", "void F() { std::abort(); }\n"},
       1,
       {"call of abort()", "model/base/check.*", "use CHECK"},
       {"model/base/check.cc", "void F() { std::abort(); }\n"}},
      {"todo",
       "todo",
       {"model/a.cc", "int a;\n// TODO: later\n"},
       2,
       {"a bare TODO", "write why it waits"},
       {"model/a.cc", "// TODO(needs held-out rows): later\nconst char* t = \"TODO\";\n"}},
      {"fixme_in_script",
       "todo",
       {"tools/x", "#!/bin/sh\n# it's late\necho # FIXME()\n"},
       3,
       {"a bare FIXME"},
       {"tools/x", "echo 'FIXME'\n# FIXME(waits for Bazel 5)\n"}},
      {"words",
       "words",
       {"docs/a.md", "x\nsee " + MachineFolder() + "\n"},
       2,
       {"a folder of one machine", "relative to the repository"},
       {"docs/a.md", "see example.org" + MachineFolder() + " and $HOME\n"}},
  };
}

std::vector<Planted> Lengths() {
  const std::string call = "  F();";
  const std::string raw = "const char* k = R\"x(\n{\n)y\" {\n)x\";\n";
  return {
      {"long_file",
       "length",
       {"model/a.h", Lines(501, "// x")},
       501,
       {"501 lines", "split the file"},
       {"model/a.h", Lines(500, "// x")}},
      {"long_function",
       "length",
       {"a/b.cc", "namespace a {\n\nvoid B::G() {\n" + Lines(69, call) + "}\n}  // namespace a\n"},
       3,
       {"B::G with 71 lines", "give its parts names"},
       {"a/b.cc", "void B::G() {\n" + Lines(68, call) + "}\n"}},
      {"long_test",
       "length",
       {"a/b_test.cc", raw + "TEST(Ring, Price) {\n" + Lines(90, call) + "}"},
       5,
       {"TEST(Ring, Price) with 92 lines"},
       {"a/b_test.cc", "constexpr Row kRows[] = {\n" + Lines(90, "    {1, F(2)},") + "};\n"}},
      {"long_method",
       "length",
       {"a/b.h",
        "template <class T>\nclass A : public B {\n public:\n"
        "  explicit A(int x) : x_{x}, y_(1) {\n" +
            Lines(80, call) + "  }\n};\n"},
       4,
       {"A with 82 lines"},
       {"a/b.h", "class A {\n" + Lines(90, "  void F() const { G('{', 1'000); }") + "};\n"}},
      {"long_lambda",
       "length",
       {"a/b.cc", "const auto kF = [](int x) {\n" + Lines(80, call) + "};"},
       1,
       {"kF with 82 lines"},
       {"a/b.cc", "enum class E {\n" + Lines(90, "  kA,") + "};\n"}},
  };
}

std::vector<Planted> Arrows() {
  return {
      {"points_back",
       "arrows",
       {"model/base/a.h", "\n#include \"model/step/b.h\"\n"},
       2,
       {"\"model/step/b.h\"", "model/base/ to include only itself", "one floor down"},
       {"model/step/b.h", "#include \"model/base/a.h\"\n// #include \"planner/x.h\"\n"}},
      {"neighbours",
       "arrows",
       {"model/codec/a.cc", "#include \"model/fabric/b.h\"\n"},
       1,
       {"model/codec/ to include only itself, model/base/"},
       {"model/collective/a.cc", "#include \"model/fabric/b.h\"\n#include <vector>\n"}},
      {"planner_reads_files",
       "arrows",
       {"planner/a.cc", "#include \"profiles/b.h\"\n"},
       1,
       {"planner/ to include only itself, model/"},
       {"cli/a.cc", "#include \"profiles/b.h\"\n#include \"cli/report/text.h\"\n"}},
      {"report_knows_commands",
       "arrows",
       {"cli/report/a.cc", "#include \"cli/plan.h\"\n"},
       1,
       {"cli/report/ to include only itself"},
       {"cli/report/a.cc", "#include \"planner/plan.h\"\n"}},
      {"oracle_shares_formulas",
       "arrows",
       {"tests/oracle/a.h", "#include \"model/base/b.h\"\n"},
       1,
       {"tests/oracle/ to include only itself"},
       {"tests/oracle/a_test.cc", "#include \"model/collective/b.h\"\n"}},
      {"not_from_the_root",
       "arrows",
       {"model/base/a.cc", "#include \"a.h\"\n"},
       1,
       {"a path from the repository root"},
       {"model/base/a.cc", "#include \"model/base/a.h\"\n#include \"gtest/gtest.h\"\n"}},
      {"local_header_in_device",
       "arrows",
       {"calibrate/device/a.cu", "#include \"a.cuh\"\n"},
       1,
       {"write the folder too"},
       {"calibrate/device/a.cu", "#include \"nccl.h\"\n"}},
      {"no_room",
       "arrows",
       {"model/a.cc", "int a;\n"},
       1,
       {"a folder that is no room", "add the room and its arrows"},
       {"examples/a.cc", "#include \"planner/plan.h\"\n"}},
      {"own_header",
       "own-header",
       {"model/base/a.cc", "#include <string>\n"},
       1,
       {"found string first", "expected \"model/base/a.h\"", "move it to the top"},
       {"model/base/a.cc", "// A.\n\n#include \"model/base/a.h\"\n#include <string>\n"},
       {{"model/base/a.h", ""}}},
      {"own_header_in_test",
       "own-header",
       {"model/base/a_test.cc", "#include <gtest/gtest.h>\n"},
       1,
       {"expected \"model/base/a.h\""},
       {"model/base/b_test.cc", "#include <gtest/gtest.h>\n"},
       {{"model/base/a.h", ""}}},
  };
}

std::vector<Planted> OutsideLibraries() {
  return {
      {"yaml",
       "outside",
       {"cli/a.cc", "#include <yaml-cpp/yaml.h>\n"},
       1,
       {"only in profiles/", "take its values instead"},
       {"profiles/a.cc", "#include <yaml-cpp/yaml.h>\n"}},
      {"cuda",
       "outside",
       {"calibrate/fit/a.cc", "#include <cuda_runtime.h>\n"},
       1,
       {"only in calibrate/device/", "without a GPU"},
       {"calibrate/device/a.cu", "#include <cuda_runtime.h>\n#include \"nccl.h\"\n"}},
      {"mpi",
       "outside",
       {"tests/a_test.cc", "#include <mpi.h>\n"},
       1,
       {"without MPI"},
       {"calibrate/device/a.cc", "#include <mpi.h>\n"}},
      {"cli11",
       "outside",
       {"planner/a.cc", "#include <CLI/CLI.hpp>\n"},
       1,
       {"only in cli/"},
       {"cli/a.cc", "#include <CLI/CLI.hpp>\n"}},
      {"eigen",
       "outside",
       {"planner/a.cc", "#include <Eigen/Core>\n"},
       1,
       {"only in model/, calibrate/fit/"},
       {"calibrate/fit/a.cc", "#include <Eigen/Core>\n"}},
      {"json",
       "outside",
       {"cli/a.cc", "#include <nlohmann/json.hpp>\n"},
       1,
       {"at the borders"},
       {"cli/report/a.cc", "#include <nlohmann/json.hpp>\n"}},
      {"fmt",
       "outside",
       {"model/step/a.cc", "#include <fmt/format.h>\n"},
       1,
       {"model is pure"},
       {"cli/report/a.cc", "#include <fmt/format.h>\n"}},
      {"printing",
       "outside",
       {"planner/a.cc", "#include <iostream>\n"},
       1,
       {"do no I/O"},
       {"model/base/check.cc", "#include <cstdio>\n"}},
      {"clock",
       "outside",
       {"model/step/a.cc", "#include <chrono>\n"},
       1,
       {"no clock and no chance"},
       {"model/step/a_test.cc", "#include <random>\n"}},
  };
}

std::vector<Planted> Documents() {
  const SourceFile readme = {"README.md", "[guide](docs/guide.md)\n"};
  return {
      {"lost_page",
       "pages",
       {"docs/lost.md", "[me](lost.md)\n"},
       1,
       {"nobody can reach", "link it where a reader would look"},
       {"docs/deep/found.md", "text\n"},
       {readme, {"docs/guide.md", "see [found](deep/found.md#top) and `[x](lost.md)`\n"}}},
      {"dead_link",
       "links",
       {"docs/a.md", "\n[gone](../model/gone.h)\n"},
       2,
       {"'../model/gone.h'", "correct the path"},
       {"docs/a.md",
        "[up](../README.md \"title\") [out](https://example.org/x) [here](#a)\n"
        "```\n[code](no.md)\n```\n[folder](../docs)\n[ref]: guide.md\n"},
       {readme, {"docs/guide.md", ""}}},
      {"link_out_of_the_tree",
       "links",
       {"README.md", "[x](../other/a.md)\n"},
       1,
       {"'../other/a.md'"},
       {"README.md", "![plot](<docs/guide.md>)\n"},
       {{"docs/guide.md", ""}}},
      {"public_by_default",
       "build",
       {"model/BUILD", "package(\n    default_visibility = [\"//visibility:public\"],\n)\n"},
       2,
       {"public default_visibility", "list the rooms"},
       {"model/BUILD", "package(default_visibility = [\"//visibility:private\"])\n"}},
      {"glob",
       "build",
       {"model/BUILD", "filegroup(\n    srcs = glob([\"*.cc\"]),\n)\n"},
       2,
       {"found glob()", "list the files"},
       {"profiles/BUILD", "filegroup(srcs = glob([\"*.yaml\"]))\n# glob( in a comment\n"}},
      {"copts",
       "build",
       {"cli/BUILD", "cc_library(\n    name = \"io\",\n    srcs = [],\n)\n"},
       1,
       {"cc_library 'io' without the common flags", "load COPTS"},
       {"cli/BUILD", "cc_test(\n    name = \"t\",  # (\n    copts = COPTS + [\"-O3\"],\n)\n"}},
  };
}

std::vector<Planted> AllPlanted() {
  std::vector<Planted> all;
  for (const auto& part : {PurposeAndAliases(), ExitsAndTexts(), Lengths(), Arrows(),
                           OutsideLibraries(), Documents()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

class RuleTest : public ::testing::TestWithParam<Planted> {};

TEST_P(RuleTest, FindsThePlantedViolation) {
  const Planted& planted = GetParam();
  ASSERT_NE(FindRule(planted.rule), nullptr) << planted.rule;
  const Findings findings = Check(planted, planted.bad);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].path, planted.bad.path);
  EXPECT_EQ(findings[0].line, planted.line);
  EXPECT_EQ(findings[0].rule, planted.rule);
  EXPECT_THAT(findings[0].message, HasSubstr("expected"));
  for (const std::string& part : planted.says) {
    EXPECT_THAT(findings[0].message, HasSubstr(part));
  }
}

TEST_P(RuleTest, AcceptsTheNeighbour) {
  for (const Finding& finding : Check(GetParam(), GetParam().good)) {
    ADD_FAILURE() << Describe(finding);
  }
}

INSTANTIATE_TEST_SUITE_P(Planted, RuleTest, ::testing::ValuesIn(AllPlanted()),
                         [](const ::testing::TestParamInfo<Planted>& row) {
                           return row.param.name;
                         });

TEST(Rules, EachHasAPlantedViolation) {
  std::set<std::string> planted;
  for (const Planted& row : AllPlanted()) planted.insert(row.rule);
  for (const Rule& rule : Rules()) {
    EXPECT_EQ(planted.count(std::string(rule.name)), 1U) << rule.name << ": " << rule.promise;
  }
}

TEST(Rules, FindingsComeByPathAndLine) {
  const Tree tree = {{"planner/b.cc", "void F() {\n  exit(1);\n}\n// TODO\n"},
                     {"planner/a.cc", "// FIXME\n#include <iostream>\n"}};
  const Findings findings = CheckTree(tree);
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_THAT(Describe(findings[0]), HasSubstr("planner/a.cc:1: [todo] found a bare FIXME"));
  EXPECT_THAT(Describe(findings[1]), HasSubstr("planner/a.cc:2: [outside] "));
  EXPECT_THAT(Describe(findings[2]), HasSubstr("planner/b.cc:2: [exit] "));
  EXPECT_THAT(Describe(findings[3]), HasSubstr("planner/b.cc:4: [todo] "));
}

}  // namespace
}  // namespace commplan::house
