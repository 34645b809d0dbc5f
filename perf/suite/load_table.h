// The sizes of load that a component states, for one profile and with single ones replaced.
#ifndef PERF_SUITE_LOAD_TABLE_H_
#define PERF_SUITE_LOAD_TABLE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// The profiles: which of its sizes each load has.
inline constexpr char kQuickProfile[] = "quick";
inline constexpr char kDefaultProfile[] = "default";
inline constexpr char kLongProfile[] = "long";
// Sizes for one of the many runs of an A/B comparison. A load that states none has its quick size.
inline constexpr char kAbProfile[] = "ab";

// The sizes of one run.
class LoadTable {
 public:
  // The component's loads, and those of perf's own mains where it does not state them:
  // benchmark_repetitions, benchmark_min_time_ms and command_runs.
  //
  // `profile`: one of those above. `overrides`: NAME=VALUE pairs
  // separated by commas; a name may be prefixed by a component ("audio.iterations=5"), and then
  // concerns only that. The last value of a load counts. InvalidArgument otherwise, and for values
  // that are negative or not finite.
  static absl::StatusOr<LoadTable> Create(const ComponentRequirements& requirements,
                                          absl::string_view profile, absl::string_view overrides);

  // NotFound, with the names there are, if `name` is none of them.
  absl::StatusOr<double> Get(absl::string_view name) const;

  const std::string& profile() const { return profile_; }
  // Every load of the component, by name.
  const std::map<std::string, double>& values() const { return values_; }
  // The overrides that concern this component.
  const std::map<std::string, double>& overrides() const { return overrides_; }

 private:
  std::string component_;
  std::string profile_;
  std::map<std::string, double> values_;
  std::map<std::string, double> overrides_;
};

}  // namespace perf

#endif  // PERF_SUITE_LOAD_TABLE_H_
