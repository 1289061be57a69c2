#include "tests/house/source_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace commplan::house {
namespace {

TEST(SplitCpp, TellsCodeFromCommentsAndLiterals) {
  const std::string text = "int a = 1'000; // it's\nf('\"', \"/* \\\" */\") /* b\n*/ + g;\n";
  const Views views = SplitCpp(text);
  EXPECT_EQ(views.code, "int a = 1'000;        \nf(' ', \"        \")     \n   + g;\n");
  EXPECT_EQ(views.comments.size(), text.size());
  EXPECT_EQ(views.comments.substr(15, 7), "// it's");
  EXPECT_EQ(Trim(views.comments.substr(22)), "/* b\n*/");
}

TEST(SplitCpp, RawStringEndsAtItsOwnDelimiter) {
  const Views views = SplitCpp("x = R\"a(\" )\" // { )a\"; y");
  EXPECT_EQ(views.code, "x = R\"              \"; y");
}

TEST(SplitStarlark, TellsCodeFromCommentsAndLiterals) {
  const Views views = SplitStarlark("a = 'x # y' # it's\nb = \"\"\"c\nglob(\"\"\" + d\n");
  EXPECT_EQ(views.code, "a = '     '       \nb = \"   \n     \"   + d\n");
  EXPECT_EQ(Trim(views.comments), "it's");
}

TEST(IncludesOf, SkipsCommentsAndLiterals) {
  const auto includes = IncludesOf(
      "// #include <a>\n#include <b>\n  # include \"c/d.h\"  // x\nR\"(\n#include <e>\n)\";");
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].line, 2);
  EXPECT_EQ(includes[0].target, "b");
  EXPECT_FALSE(includes[0].quoted);
  EXPECT_EQ(includes[1].line, 3);
  EXPECT_EQ(includes[1].target, "c/d.h");
  EXPECT_TRUE(includes[1].quoted);
}

// Name and lines of each function, in one text.
std::string Outline(std::string_view text) {
  std::string outline;
  for (const FunctionSpan& function : FunctionsOf(text)) {
    outline += function.name + ":" + std::to_string(function.first_line) + "-" +
               std::to_string(function.last_line) + " ";
  }
  return outline;
}

TEST(FunctionsOf, FindsFunctionsAndNothingElse) {
  EXPECT_EQ(Outline("namespace a::b {\nvoid F() {}\n}\n"), "F:2-2 ");
  EXPECT_EQ(Outline("extern \"C\" {\nint g(int x)\n{\n}\n}\n"), "g:2-4 ");
  EXPECT_EQ(Outline("template <class R, int N = 2>\nTimeOf<R> Ring(R p) {\n}\n"), "Ring:1-3 ");
  EXPECT_EQ(Outline("[[nodiscard]] const A& B::c() const& noexcept { return {}; }\n"), "B::c:1-1 ");
  EXPECT_EQ(Outline("auto F(int a = 3) -> std::vector<int> { return {a}; }\n"), "F:1-1 ");
  EXPECT_EQ(Outline("bool operator==(A a, A b) { return a.x == b.x; }\n"), "operator==:1-1 ");
  EXPECT_EQ(Outline("A& operator=(const A& a) { return *this; }\nvoid F() {}\n"),
            "operator=:1-1 F:2-2 ");
  EXPECT_EQ(Outline("A::A() : x_{1}, B<int>{2}, y_(3) {\n  F();\n}\nA::~A() {}\n"),
            "A::A:1-3 A::~A:4-4 ");
  EXPECT_EQ(Outline("struct S final : T {\n  int x{3};\n  int y() { return x; }\n};\n"), "y:3-3 ");
  EXPECT_EQ(Outline("class A {\n public:\n  void F() {}\n private:\n  void G() {}\n};\n"),
            "F:3-3 G:5-5 ");
  EXPECT_EQ(Outline("constexpr Row kRows[] = {{1, F(2)}, {3}};\nenum class E { kA };\n"), "");
  EXPECT_EQ(Outline("X_SUITE(A, ::testing::Values(R{1}), [](int i) { return i; });\n"), "");
  EXPECT_EQ(Outline("template <class T>\nconcept C = requires(T t) { t.x; };\n"), "");
  EXPECT_EQ(Outline("#define M(x) \\\n  void x() {\nint F() { return 1; }\n"), "F:3-3 ");
}

TEST(FunctionsOf, LambdaCountsToTheFunctionAround) {
  EXPECT_EQ(Outline("void F() {\n  const auto g = [] {\n  };\n}\n"), "F:1-4 ");
}

}  // namespace
}  // namespace commplan::house
