// Prints the accuracy of the datasheet profiles as Markdown. tools/datasheet_accuracy builds and
// runs it.
#include <cstdio>

#include "tests/accuracy/datasheet.h"

int main() {
  const auto folder = commplan::accuracy::MeasuredFolder();
  if (!folder) {
    std::fputs("no measurements beside the checkout: expected ../shared/measured\n", stderr);
    return 4;
  }
  std::fputs(commplan::accuracy::Report(commplan::accuracy::JudgeDatasheets(*folder)).c_str(),
             stdout);
  return 0;
}
