// Sizes of load, from the component's requirements.textproto.
//
//   const int64_t iterations = perf::Load("iterations");
//
// The profile is $PERF_PROFILE: quick, default, long or ab. It is quick if unset, because a test
// that nobody asked to measure is run to see that it works. $PERF_OVERRIDES
// ("iterations=10,stress_duration_ms=200") replaces single loads. `perf_test` names the file in
// $PERF_REQUIREMENTS. A load that is not stated, a malformed file, or a bad override ends the
// process with a message: a test that ran at another size than its record says would be worse than
// none.
#ifndef PERF_LOAD_H_
#define PERF_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "perf/suite/load_table.h"

namespace perf {

// The load's size under this process's profile and overrides, rounded to a whole number.
// Thread-safe.
int64_t Load(absl::string_view name);

// The size as it is stated, for durations such as 0.5 s.
double LoadValue(absl::string_view name);

// The table of this process, read on first use. Ends the process if it cannot be read.
const LoadTable& ProcessLoadTable();

// The component this process measures, from its requirements file.
const std::string& ProcessComponent();

}  // namespace perf

#endif  // PERF_LOAD_H_
