// An explanation as text for a terminal.
#ifndef PERF_EXPLAIN_EXPLANATION_TEXT_H_
#define PERF_EXPLAIN_EXPLANATION_TEXT_H_

#include <string>

#include "perf/explain/explanation.pb.h"

namespace perf {

// The line, the functions whose cost changed, the allocations by caller, and the notes. Functions
// have their short names, and lines end before column 100.
std::string ExplanationText(const Explanation& explanation);

// The same without the line. Empty if nothing was looked into.
std::string ExplanationDetails(const Explanation& explanation);

}  // namespace perf

#endif  // PERF_EXPLAIN_EXPLANATION_TEXT_H_
