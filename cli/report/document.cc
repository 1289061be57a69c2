#include "cli/report/document.h"

#include <algorithm>

namespace commplan::report {
namespace {

// Columns on the screen, not bytes: a continuation byte of UTF-8 takes none.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string Padded(const std::string& text, std::size_t width, Align align) {
  const std::string blanks(width - std::min(width, Width(text)), ' ');
  return align == Align::kLeft ? text + blanks : blanks + text;
}

std::vector<std::size_t> Widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = Width(table.columns[c].name);
    for (const auto& row : table.rows) width = std::max(width, Width(row[c]));
    widths.push_back(width);
  }
  return widths;
}

std::string WithoutTrailingBlanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Bold(const std::string& text, bool color) {
  return color ? "\033[1m" + text + "\033[0m" : text;
}

std::string TextTable(const Table& table, bool color) {
  const std::vector<std::size_t> widths = Widths(table);
  std::string out;
  if (!table.title.empty()) out += Bold(table.title, color) + "\n";
  std::string header = " ";
  for (std::size_t c = 0; c < widths.size(); ++c) {
    header += " " + Padded(table.columns[c].name, widths[c], table.columns[c].align) + " ";
  }
  header = WithoutTrailingBlanks(header);
  // A table of names and values has no headings.
  if (!header.empty()) out += Bold(header, color) + "\n";
  for (const auto& row : table.rows) {
    std::string line = " ";
    for (std::size_t c = 0; c < widths.size(); ++c) {
      line += " " + Padded(row[c], widths[c], table.columns[c].align) + " ";
    }
    out += WithoutTrailingBlanks(line) + "\n";
  }
  return out;
}

std::string MarkdownCell(const std::string& text, const Column& column) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return column.code && !out.empty() ? "`" + out + "`" : out;
}

std::string MarkdownTable(const Table& table) {
  std::string out;
  if (!table.title.empty()) out += "**" + table.title + "**\n\n";
  std::string rule = "|";
  out += "|";
  for (const Column& column : table.columns) {
    out += " " + MarkdownCell(column.name, {column.name}) + " |";
    rule += column.align == Align::kRight ? "---:|" : "---|";
  }
  out += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (std::size_t c = 0; c < row.size(); ++c) {
      out += " " + MarkdownCell(row[c], table.columns[c]) + " |";
    }
    out += "\n";
  }
  return out;
}

// Breaks at blanks, as late as a line of this many columns allows.
std::string Wrapped(const std::string& text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (used > 0 && used + 1 + Width(word) > columns) {
      out += "\n";
      used = 0;
    } else if (used > 0) {
      out += " ";
      ++used;
    }
    out += word;
    used += Width(word);
    at = end + 1;
  }
  return out;
}

// RFC 4180: quoted where a comma, a quote or a line break would be misread.
std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string RenderJson(const Document& document) { return document.json.dump(2) + "\n"; }

std::string RenderText(const Document& document, bool color) {
  constexpr std::size_t kColumns = 100;
  std::string out;
  for (const Block& block : document.body) {
    if (!out.empty()) out += "\n";
    if (const auto* table = std::get_if<Table>(&block)) {
      out += TextTable(*table, color);
    } else if (const auto* heading = std::get_if<Heading>(&block)) {
      out += Bold(heading->text, color) + "\n";
    } else {
      out += Wrapped(std::get<Paragraph>(block).text, kColumns) + "\n";
    }
  }
  return out;
}

std::string RenderMarkdown(const Document& document) {
  constexpr std::size_t kColumns = 120;
  std::string out;
  for (const Block& block : document.body) {
    if (!out.empty()) out += "\n";
    if (const auto* table = std::get_if<Table>(&block)) {
      out += MarkdownTable(*table);
    } else if (const auto* heading = std::get_if<Heading>(&block)) {
      out += "## " + heading->text + "\n";
    } else {
      out += Wrapped(std::get<Paragraph>(block).text, kColumns) + "\n";
    }
  }
  return out;
}

std::string RenderCsv(const Document& document) {
  std::string out;
  for (std::size_t c = 0; c < document.rows.columns.size(); ++c) {
    out += (c == 0 ? "" : ",") + CsvCell(document.rows.columns[c].name);
  }
  out += "\n";
  for (const auto& row : document.rows.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) out += (c == 0 ? "" : ",") + CsvCell(row[c]);
    out += "\n";
  }
  return out;
}

}  // namespace commplan::report
