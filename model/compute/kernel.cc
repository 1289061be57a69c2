#include "model/compute/kernel.h"

#include <string>

namespace commplan {

Text Pow(const Text& x, const Text& exponent) {
  std::string call = "pow(";
  call.append(x.str()).append(", ").append(exponent.str()).append(")");
  return Text::Leaf(call);
}

}  // namespace commplan
