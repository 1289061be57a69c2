// A finished result on its way out: what a machine reads (JSON), and what people read (paragraphs
// and tables). A command fills it; rendering turns it into bytes and computes nothing.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/report/json.h"

namespace commplan::report {

enum class Align { kLeft, kRight };

struct Column {
  std::string name;  // with the unit, such as "time us"
  Align align = Align::kRight;
  bool code = false;  // formulas and paths: Markdown must not read their stars and bars
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

struct Paragraph {
  std::string text;
};

struct Heading {
  std::string text;
};

using Block = std::variant<Heading, Paragraph, Table>;

struct Document {
  Json json;                // starts with "schema"
  std::vector<Block> body;  // text and Markdown
  Table rows;               // CSV: full precision, names as in JSON
};

std::string RenderJson(const Document& document);
std::string RenderText(const Document& document, bool color);
std::string RenderMarkdown(const Document& document);
std::string RenderCsv(const Document& document);

}  // namespace commplan::report
