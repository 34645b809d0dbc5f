// The loads of both programs of an A/B comparison.
#ifndef PERF_MODE_AB_AB_LOADS_H_
#define PERF_MODE_AB_AB_LOADS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// The loads that both programs find in their environment, as $PERF_PROFILE and $PERF_OVERRIDES.
struct LoadVariables {
  std::string profile;
  std::string overrides;
};

// The variables that give the programs of two trees the same loads in `profile`. An earlier program
// may know neither the profile "ab" nor each of the loads that this tree states: both get quick
// loads, and, singly, the sizes in "ab" of those that both trees state. `baseline` is what the
// earlier tree states, nullptr if that cannot be read; then both get quick loads alone. The user's
// `overrides`, in the form of LoadTable::Create, count in any profile, and before all else.
LoadVariables LoadsOfBoth(absl::string_view profile, absl::string_view overrides,
                          const ComponentRequirements& current,
                          const ComponentRequirements* baseline);

}  // namespace perf

#endif  // PERF_MODE_AB_AB_LOADS_H_
