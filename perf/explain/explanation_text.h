// An explanation, and its figures, as text for a terminal.
#ifndef PERF_EXPLAIN_EXPLANATION_TEXT_H_
#define PERF_EXPLAIN_EXPLANATION_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "perf/explain/explanation.pb.h"

namespace perf {

// A figure of one iteration: "410", "0.25".
std::string IterationFigure(double value);

// The unit that figures are for: "an iteration", or "a run of the test".
absl::string_view PerWhat(const Explanation& explanation);

// The line, the functions whose cost changed, the allocations by caller, and the notes. Functions
// have their short names, and lines end before column 100.
std::string ExplanationText(const Explanation& explanation);

// The same without the line. Empty if nothing was looked into.
std::string ExplanationDetails(const Explanation& explanation);

// The notes alone, a paragraph for each. `indent`: how many spaces each line begins with.
std::string ExplanationNotes(const Explanation& explanation, size_t indent = 0);

}  // namespace perf

#endif  // PERF_EXPLAIN_EXPLANATION_TEXT_H_
