#include "perf/mode/ab/ab_loads.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "perf/suite/load_table.h"

namespace perf {

LoadVariables LoadsOfBoth(absl::string_view profile, absl::string_view overrides,
                          const ComponentRequirements& current,
                          const ComponentRequirements* baseline) {
  if (profile != kAbProfile) {
    return {.profile = std::string(profile), .overrides = std::string(overrides)};
  }
  std::vector<std::string> all;
  const absl::StatusOr<LoadTable> sizes = LoadTable::Create(current, kAbProfile, "");
  if (baseline != nullptr && sizes.ok()) {
    const auto states = [&](const std::string& name) {
      return absl::c_any_of(baseline->loads(),
                            [&](const LoadSize& load) { return load.name() == name; });
    };
    for (const auto& [name, size] : sizes->values()) {
      // With all its digits, as the default format would round 1234567.
      if (states(name)) all.push_back(absl::StrFormat("%s=%.17g", name, size));
    }
  }
  // The last value of a load counts.
  if (!overrides.empty()) all.emplace_back(overrides);
  return {.profile = kQuickProfile, .overrides = absl::StrJoin(all, ",")};
}

}  // namespace perf
