#include "profiles/test_profiles.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/step/machine.h"
#include "profiles/document.h"
#include "profiles/library.h"
#include "profiles/reader.h"

namespace commplan::profiles {

std::string With(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "the text has no '" << from << "'";
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TestLibrary::TestLibrary(std::initializer_list<std::pair<std::string, std::string>> files) {
  for (const auto& [name, text] : files) texts_.emplace_back(name + ".yaml", text);
  std::vector<LibraryFile> views;
  for (const auto& [path, text] : texts_) views.push_back({path, text});
  library_ = Library(std::move(views));
}

Result<Machine> Read(std::string_view text, const Library& library) {
  ASSIGN_OR_RETURN(const Document document, LoadText(text, "f.yaml", library));
  return ToMachine(document);
}

std::vector<std::string> Faults(const Error& error) {
  const auto line = [](const Error& one) {
    return std::to_string(one.where.line) + ":" + std::to_string(one.where.column) + " " +
           one.message;
  };
  std::vector<std::string> lines = {line(error)};
  for (const Error& other : error.others) lines.push_back(line(other));
  return lines;
}

}  // namespace commplan::profiles
