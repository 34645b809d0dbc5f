// `explain NAME`: why a measurement takes longer than in another revision.
#ifndef PERF_RUNNER_COMMAND_EXPLAIN_COMMAND_H_
#define PERF_RUNNER_COMMAND_EXPLAIN_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

// Compares the working tree with the revision of `options.against`; if that is empty, with HEAD if
// the tree has changes beyond it, and otherwise with the commit before. Prints what differs in the
// body of `measurement`, a name as in records; `tests` may have it. The exit code: kDone, or kNo if
// no Google Benchmark function has the measurement, or its code is the same. Cancelled if the user
// interrupted it; otherwise errors as ExplainRevisions.
absl::StatusOr<int> RunExplainCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                      const SuiteOptions& options, const std::string& measurement,
                                      Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_EXPLAIN_COMMAND_H_
