// The cells of a CSV table by the name of their column, and what is wrong with them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace commplan::profiles {

class Cells {
 public:
  Cells() = default;
  explicit Cells(std::map<std::string, std::string, std::less<>> cells)
      : cells_(std::move(cells)) {}

  // "" where the column is not there.
  std::string Word(std::string_view column) const;
  bool Has(std::string_view column) const { return !Word(column).empty(); }
  bool Flag(std::string_view column) const;  // 1, yes or true
  double Number(std::string_view column, double otherwise) const;
  int Count(std::string_view column, int otherwise = 1) const;

  // The first cell that was asked for as a number and is none; "" for none.
  const std::string& fault() const { return fault_; }

 private:
  std::map<std::string, std::string, std::less<>> cells_;
  mutable std::string fault_;
};

struct TableLine {
  int line = 0;  // from 1 on; the header is the first
  std::vector<std::string> cells;
};

// Quoted cells may hold commas; empty lines are left out.
std::vector<TableLine> ReadCsv(std::string_view text);

}  // namespace commplan::profiles
