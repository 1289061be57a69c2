#include "model/base/number.h"

#include <charconv>

#include "model/base/check.h"

namespace commplan {
namespace {

std::string Shortest(double x) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x);
  CHECK(error == std::errc());
  return std::string(buffer.data(), end);
}

}  // namespace

Text::Text(double constant) : text_(Shortest(constant)) {}

Text Text::Leaf(std::string_view word) {
  // "3 us" put in for a symbol must stay one unit inside a product.
  const bool one_word = word.find_first_of(" +-*/") == std::string_view::npos;
  return one_word ? Text(std::string(word), Binding::kAtom)
                  : Text("(" + std::string(word) + ")", Binding::kAtom);
}

std::string Text::Within(Binding outer) const {
  return binding_ < outer ? "(" + text_ + ")" : text_;
}

Text operator+(const Text& a, const Text& b) {
  if (a.IsZero()) return b;
  if (b.IsZero()) return a;
  return Text(a.text_ + " + " + b.text_, Text::Binding::kSum);
}

Text operator-(const Text& a, const Text& b) {
  if (b.IsZero()) return a;
  const std::string right = b.Within(Text::Binding::kProduct);
  if (a.IsZero()) return Text("-" + right, Text::Binding::kSum);
  return Text(a.text_ + " - " + right, Text::Binding::kSum);
}

Text operator*(const Text& a, const Text& b) {
  if (a.IsZero() || b.IsZero()) return Text(0.0);
  if (a.text_ == "1") return b;
  if (b.text_ == "1") return a;
  return Text(a.Within(Text::Binding::kProduct) + "*" + b.Within(Text::Binding::kProduct),
              Text::Binding::kProduct);
}

Text operator/(const Text& a, const Text& b) {
  if (a.IsZero()) return a;
  if (b.text_ == "1") return a;
  // a/(b*c) needs its parentheses: what follows a division must be an atom.
  return Text(a.Within(Text::Binding::kProduct) + "/" + b.Within(Text::Binding::kAtom),
              Text::Binding::kProduct);
}

Text Text::Call(std::string_view function, const Text& x) {
  return Text(std::string(function) + "(" + x.text_ + ")", Binding::kAtom);
}

Text Text::Call2(std::string_view function, const Text& a, const Text& b) {
  return Text(std::string(function) + "(" + a.text_ + ", " + b.text_ + ")", Binding::kAtom);
}

}  // namespace commplan
