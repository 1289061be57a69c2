#include "cli/output.h"

#include <ostream>

namespace commplan::cli {

void Print(const report::Document& document, Format format, Io& io) {
  switch (format) {
    case Format::kText:
      io.out << report::RenderText(document, io.color);
      break;
    case Format::kJson:
      io.out << report::RenderJson(document);
      break;
    case Format::kCsv:
      io.out << report::RenderCsv(document);
      break;
    case Format::kMarkdown:
      io.out << report::RenderMarkdown(document);
      break;
  }
}

}  // namespace commplan::cli
