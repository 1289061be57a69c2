#include "tests/house/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "tests/house/process.h"
#include "tests/house/real_tree.h"

namespace commplan::house {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- the parts, on fixtures ----

constexpr std::string_view kDocument =
    "# Page\n"                       // 1
    "```console\n"                   // 2
    "$ ./commplan price \\\n"        // 3
    "    --ranks 8\n"                // 4
    "time  302.979 us\n"             // 5
    "from  %any\n"                   // 6
    "\n"                             // 7
    "$ ./commplan plan > out\n"      // 8
    "does not fit\n"                 // 9
    "[exit 1]\n"                     // 10
    "```\n"                          // 11
    "```sh\n"                        // 12
    "$ ./commplan not shown here\n"  // 13
    "```\n";                         // 14

TEST(Examples, AreReadWithTheirLines) {
  const std::vector<Example> examples = ExamplesOf(kDocument);
  ASSERT_EQ(examples.size(), 2U);
  EXPECT_EQ(examples[0].line, 3);
  EXPECT_EQ(examples[0].command, "./commplan price \\\n    --ranks 8");
  EXPECT_THAT(examples[0].expected, ElementsAre("time  302.979 us", "from  %any"));
  EXPECT_EQ(examples[0].exit_status, 0);
  EXPECT_EQ(examples[1].line, 8);
  EXPECT_THAT(examples[1].expected, ElementsAre("does not fit"));
  EXPECT_EQ(examples[1].exit_status, 1);
}

TEST(Examples, WrongOutputIsReportedWithLineAndDiff) {
  const Example example = ExamplesOf(kDocument)[0];
  EXPECT_THAT(Compare("a.md", example, {{"time  302.979 us", "from  x"}, 0}), IsEmpty());
  const Findings findings = Compare("a.md", example, {{"time  303.1 us", "from  x"}, 0});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].path, "a.md");
  EXPECT_EQ(findings[0].line, 3);
  EXPECT_THAT(findings[0].message, HasSubstr("COMMPLAN_UPDATE_DOCS=1"));
  EXPECT_THAT(findings[0].message,
              HasSubstr("\n- time  302.979 us\n+ time  303.1 us\n  from  x\n"));
}

TEST(Examples, WrongExitStatusIsReported) {
  const Example example = ExamplesOf(kDocument)[1];
  EXPECT_THAT(Compare("a.md", example, {{"does not fit"}, 1}), IsEmpty());
  const Findings findings = Compare("a.md", example, {{"does not fit"}, 0});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].message, HasSubstr("  does not fit\n- [exit 1]\n+ [exit 0]\n"));
}

TEST(Examples, CorrectionKeepsHolesAndEverythingElse) {
  const std::vector<Example> examples = ExamplesOf(kDocument);
  const std::string first = Corrected(kDocument, examples[0], {{"new", "from  there"}, 2});
  EXPECT_THAT(first, HasSubstr("--ranks 8\nnew\nfrom  %any\n[exit 2]\n$ ./commplan plan"));
  const std::string second = Corrected(kDocument, examples[1], {{"fits"}, 0});
  EXPECT_THAT(second, HasSubstr("%any\n\n$ ./commplan plan > out\nfits\n```\n```sh\n"));
}

TEST(Examples, CorrectionLeavesAnyLinesToThePerson) {
  const std::string document = "```console\n$ ./commplan\na\n...\n```\n";
  EXPECT_EQ(Corrected(document, ExamplesOf(document)[0], {{"b"}, 0}), document);
  EXPECT_EQ(Corrected(document, ExamplesOf(document)[0], {{"a"}, 3}),
            "```console\n$ ./commplan\na\n...\n[exit 3]\n```\n");
}

TEST(Examples, StrayOutputIsAFinding) {
  const Findings findings = CheckStrayLines({"a.md", "```console\nwhence?\n$ ./commplan\n```\n"});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_THAT(CheckStrayLines({"a.md", std::string(kDocument)}), IsEmpty());
}

TEST(Holes, FitTheirKindOnly) {
  EXPECT_TRUE(LineMatches("t = %float us", "t = -1.5e-3 us"));
  EXPECT_TRUE(LineMatches("t = %float us", "t = 12 us"));
  EXPECT_FALSE(LineMatches("t = %float us", "t = x us"));
  EXPECT_TRUE(LineMatches("%int.%int", "12.5"));
  EXPECT_FALSE(LineMatches("%int", "1.5"));
  EXPECT_TRUE(LineMatches("commit %hex+", "commit 00ff+"));
  EXPECT_FALSE(LineMatches("commit %hex", "commit "));
  EXPECT_TRUE(LineMatches("%any, %any.", "a, b, c."));
  EXPECT_FALSE(LineMatches("%any.", "."));
  EXPECT_TRUE(LineMatches("5 %", "5 %"));
  EXPECT_FALSE(LineMatches("a", "a "));
}

TEST(Output, ThreeDotsTakeAnyNumberOfLines) {
  EXPECT_TRUE(OutputMatches({"a", "...", "z"}, {"a", "z"}));
  EXPECT_TRUE(OutputMatches({"a", "...", "z"}, {"a", "z", "y", "z"}));
  EXPECT_FALSE(OutputMatches({"a", "...", "z"}, {"a", "b"}));
  EXPECT_FALSE(OutputMatches({"a"}, {"a", "b"}));
  EXPECT_TRUE(OutputMatches({"..."}, {}));
  EXPECT_THAT(OutputLines("a\n\nb\n\n"), ElementsAre("a", "", "b"));
}

TEST(Commands, AreRunLeftOrUnknown) {
  EXPECT_EQ(Judge("./commplan price").treatment, Treatment::kRun);
  EXPECT_EQ(Judge("./commplan").treatment, Treatment::kRun);
  EXPECT_EQ(Judge("./commplanner x").treatment, Treatment::kUnknown);
  EXPECT_EQ(Judge("./test --clang").treatment, Treatment::kLeave);
  EXPECT_EQ(Judge("git clone x").treatment, Treatment::kLeave);
  EXPECT_THAT(Judge("./test").reason, HasSubstr("this test"));
  EXPECT_EQ(Judge("curl x").treatment, Treatment::kUnknown);
  EXPECT_THAT(Judge("curl x").reason, HasSubstr("kLeftAlone"));
  EXPECT_EQ(WithProgram("./commplan a | b", "/x y/it's"), "'/x y/it'\\''s' a | b");
}

// ---- a process ----

TEST(Process, GivesOutputAndStatus) {
  const Outcome outcome = RunCommand({"echo $A; pwd; echo e >&2; exit 3", "/", {"A=b"}});
  EXPECT_EQ(outcome.output, "b\n/\ne\n");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_FALSE(outcome.timed_out);
}

TEST(Process, IsEndedAtItsLimit) {
  const Outcome outcome = RunCommand({"echo a; sleep 30", "/", {}, std::chrono::milliseconds(200)});
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.output, "a\n");
}

// ---- the real documents ----

// An empty folder, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "commplan-console-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool IsDocument(const std::string& path) {
  const std::string_view folder = FolderOf(path);
  return path == "README.md" ||
         (IsMarkdown(path) && (folder.substr(0, 4) == "docs" || folder == "tests/golden"));
}

fs::path FindProgram() {
  std::error_code error;
  const char* named = std::getenv("COMMPLAN_BIN");
  const fs::path program = fs::canonical(named != nullptr ? named : "cli/commplan", error);
  return error ? fs::path() : program;
}

Shown RunExample(const Example& example, const fs::path& program, const fs::path& folder) {
  const Outcome outcome =
      RunCommand({WithProgram(example.command, program.string()),
                  folder,
                  {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "NO_COLOR=1", "COLUMNS=100",
                   "HOME=" + folder.string(), "TMPDIR=" + folder.string()}});
  Shown shown = {OutputLines(outcome.output), outcome.status};
  if (outcome.timed_out) shown.lines.emplace_back("(ended: it took more than 20 s)");
  return shown;
}

struct Tally {
  int run = 0;
  int left = 0;
};

// Runs one document's examples in one folder; gives its text, corrected where `update` is set.
std::string RunDocument(const SourceFile& document, const fs::path& program, bool update,
                        Tally& tally) {
  const TemporaryFolder folder;
  EXPECT_FALSE(folder.path().empty()) << "no temporary folder; set TMPDIR to one you may write to";
  for (const Finding& finding : CheckStrayLines(document)) ADD_FAILURE() << Describe(finding);
  const std::vector<Example> examples = ExamplesOf(document.text);
  std::vector<Shown> shown(examples.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Verdict verdict = Judge(examples[i].command);
    if (verdict.treatment == Treatment::kLeave) ++tally.left;
    if (verdict.treatment == Treatment::kUnknown) {
      ADD_FAILURE() << Describe({document.path, examples[i].line, "console",
                                 verdict.reason + ": " + examples[i].command});
    }
    if (verdict.treatment != Treatment::kRun) continue;
    ++tally.run;
    shown[i] = RunExample(examples[i], program, folder.path());
  }
  std::string text = document.text;
  for (std::size_t i = examples.size(); i-- > 0;) {  // from the end, so that line numbers hold
    if (Judge(examples[i].command).treatment != Treatment::kRun) continue;
    const Findings findings = Compare(document.path, examples[i], shown[i]);
    const std::string corrected =
        update && !findings.empty() ? Corrected(text, examples[i], shown[i]) : text;
    if (corrected == text) {
      for (const Finding& finding : findings) ADD_FAILURE() << Describe(finding);
    }
    text = corrected;
  }
  return text;
}

TEST(Documents, ShowWhatTheProgramPrints) {
  const fs::path root = FindRoot();
  ASSERT_FALSE(root.empty()) << "the working tree was not found: run ./test, or set COMMPLAN_ROOT";
  const fs::path program = FindProgram();
  ASSERT_FALSE(program.empty())
      << "the program was not found: run ./test, or set COMMPLAN_BIN to the built program";
  const bool update = std::getenv("COMMPLAN_UPDATE_DOCS") != nullptr;
  Tally tally;
  for (const SourceFile& document : ReadTree(root)) {
    if (!IsDocument(document.path)) continue;
    const std::string text = RunDocument(document, program, update, tally);
    if (text == document.text) continue;
    std::ofstream(root / document.path, std::ios::binary) << text;
    std::cout << "rewrote " << document.path << "; look at the change before you keep it\n";
  }
  std::cout << "ran " << tally.run << " commands, left " << tally.left << " alone\n";
  EXPECT_GT(tally.run, 0) << "no ./commplan command in README.md or docs/; without one this test "
                             "proves nothing";
}

}  // namespace
}  // namespace commplan::house
