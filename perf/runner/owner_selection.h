// Narrows the selected tests to those of the owners that --owner names.
#ifndef PERF_RUNNER_OWNER_SELECTION_H_
#define PERF_RUNNER_OWNER_SELECTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/owners/target_owners.h"
#include "perf/suite/suite.pb.h"

namespace perf {

// The tests that one of `names` owns, in their order; all if no name is given. A name may lack its
// @, and be in another case, as on GitHub. InvalidArgument for a name that the file does not have,
// with the nearest that it has; NotFound if there is no CODEOWNERS, or nothing is left.
absl::StatusOr<std::vector<SuiteTest>> SelectOwned(absl::Span<const SuiteTest> tests,
                                                   const TargetOwners& owners,
                                                   const std::vector<std::string>& names);

}  // namespace perf

#endif  // PERF_RUNNER_OWNER_SELECTION_H_
