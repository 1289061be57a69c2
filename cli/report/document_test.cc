#include "cli/report/document.h"

#include <gtest/gtest.h>

#include <sstream>

namespace commplan::report {
namespace {

Document Sample() {
  Document document;
  document.json["schema"] = "commplan/sample/1";
  document.json["time_us"] = 0.1;
  document.json["after"] = 1;
  document.body.push_back(Paragraph{"A sentence."});
  document.body.push_back(Table{
      "Terms", {{"term", Align::kLeft}, {"time us"}}, {{"latency", "3.5"}, {"µ|x", "10.25"}}});
  document.rows = {"", {{"term"}, {"time_us"}}, {{"a,b", "1"}, {"say \"x\"", "2"}}};
  return document;
}

TEST(DocumentTest, JsonKeepsTheOrderAndShortestNumbers) {
  EXPECT_EQ(RenderJson(Sample()),
            "{\n  \"schema\": \"commplan/sample/1\",\n  \"time_us\": 0.1,\n  \"after\": 1\n}\n");
}

TEST(DocumentTest, TextAlignsByScreenColumns) {
  EXPECT_EQ(RenderText(Sample(), false),
            "A sentence.\n"
            "\n"
            "Terms\n"
            "  term     time us\n"
            "  latency      3.5\n"
            "  µ|x        10.25\n");
}

TEST(DocumentTest, ColorOnlyWhenAskedFor) {
  EXPECT_EQ(RenderText(Sample(), false).find('\033'), std::string::npos);
  EXPECT_NE(RenderText(Sample(), true).find("\033[1mTerms\033[0m"), std::string::npos);
}

TEST(DocumentTest, MarkdownEscapesBars) {
  EXPECT_EQ(RenderMarkdown(Sample()),
            "A sentence.\n"
            "\n"
            "**Terms**\n"
            "\n"
            "| term | time us |\n"
            "|---|---:|\n"
            "| latency | 3.5 |\n"
            "| µ\\|x | 10.25 |\n");
}

TEST(DocumentTest, HeadingsAndCode) {
  Document document;
  document.body.push_back(Heading{"all-reduce/ring"});
  document.body.push_back(
      Table{"", {{"term", Align::kLeft}, {"formula", Align::kLeft, true}}, {{"a", "2*(p - 1)*x"}}});
  EXPECT_EQ(RenderMarkdown(document),
            "## all-reduce/ring\n\n| term | formula |\n|---|---|\n| a | `2*(p - 1)*x` |\n");
  EXPECT_EQ(RenderText(document, false),
            "all-reduce/ring\n\n  term  formula\n  a     2*(p - 1)*x\n");
}

TEST(DocumentTest, LongParagraphsAreWrapped) {
  Document document;
  std::string text;
  for (int i = 0; i < 30; ++i) text += (i > 0 ? " " : "") + std::string("word") + std::to_string(i);
  document.body.push_back(Paragraph{text});
  std::istringstream lines(RenderText(document, false));
  std::string again;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100U);
    again += (again.empty() ? "" : " ") + line;
  }
  EXPECT_EQ(again, text);
}

TEST(DocumentTest, CsvQuotesWhereNeeded) {
  EXPECT_EQ(RenderCsv(Sample()), "term,time_us\n\"a,b\",1\n\"say \"\"x\"\"\",2\n");
}

}  // namespace
}  // namespace commplan::report
