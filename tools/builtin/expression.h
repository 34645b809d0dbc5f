// Evaluates arithmetic: "12 * (7 + 3) ^ 2".
#ifndef TOOLS_BUILTIN_EXPRESSION_H_
#define TOOLS_BUILTIN_EXPRESSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::tools {

// Numbers, + - * / % ^ (to the right), unary -, parentheses; pi and e; sqrt, abs, round, floor,
// ceil, ln, log (to the base of 10), exp, sin, cos, tan (of radians); min, max of two.
// InvalidArgument with the place for a syntax error, an unknown name, or more than 100 levels of
// nesting; OutOfRange for division by zero, a root or logarithm of what has none, and results that
// are not finite.
absl::StatusOr<double> Evaluate(absl::string_view expression);

// As it is said and read: "84", "0.3", "1.23457e+20".
std::string FormatNumber(double value);

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_EXPRESSION_H_
