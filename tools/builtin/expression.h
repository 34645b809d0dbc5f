// Evaluates arithmetic: "12 * (7 + 3) ^ 2".
#ifndef TOOLS_BUILTIN_EXPRESSION_H_
#define TOOLS_BUILTIN_EXPRESSION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/builtin/number.h"

namespace parlance::tools {

// Computes an expression of numbers, + - * / % ^ (to the right), unary -, parentheses; pi and e;
// sqrt, abs, round, floor, ceil, ln, log (to the base of 10), exp, sin, cos, tan (of radians); min,
// max of two. The signs U+2212 (minus), U+00D7 (times) and U+00F7 (divided by) are taken, too.
// Exact as far as number.h goes: all but roots that are irrational, powers of fractions, and the
// other functions but where their value is known (ln(1), log(1000), cos(0)). InvalidArgument with
// the place for a syntax error, an unknown name, or more than 100 levels of nesting; OutOfRange for
// division by zero, a root or logarithm of what has none, and results beyond the range of doubles.
absl::StatusOr<Number> Evaluate(absl::string_view expression);

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_EXPRESSION_H_
