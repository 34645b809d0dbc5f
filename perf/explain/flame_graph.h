// A profile in the forms that people and other programs look at.
#ifndef PERF_EXPLAIN_FLAME_GRAPH_H_
#define PERF_EXPLAIN_FLAME_GRAPH_H_

#include <string>

#include "absl/strings/string_view.h"
#include "perf/explain/call_tree.h"

namespace perf {

// A flame graph as SVG, which loads nothing and has no script: each box is a function, as wide as
// what it costs with what it calls, above the function that calls it; boxes of inlined functions
// have a dashed border. Names and figures stand in the boxes as far as there is room, and in full
// in their titles. `after` of the nodes is drawn.
std::string FlameGraphSvg(const CallNode& root, absl::string_view title);

// Folded stacks, as flamegraph.pl and speedscope read them: "iteration;BM_Push;Push;Dot16 380", a
// line for each stack that costs something itself. Inlined functions are frames like others. Costs
// are rounded to whole instructions.
std::string FoldedStacks(const CallNode& root);

// The profile as pprof reads it: profile.proto, compressed by gzip.
std::string PprofProfile(const CallNode& root);

}  // namespace perf

#endif  // PERF_EXPLAIN_FLAME_GRAPH_H_
