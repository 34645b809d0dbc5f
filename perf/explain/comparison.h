// What differs between two builds of a benchmark, and which function is the cause.
#ifndef PERF_EXPLAIN_COMPARISON_H_
#define PERF_EXPLAIN_COMPARISON_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "perf/explain/explanation.pb.h"
#include "perf/explain/profile.h"

namespace perf {

// Instructions of an iteration, or of a run, by function and then by what was inlined into it. What
// is the function's own is not in it. A function without an entry is one of which it is not known
// what was inlined into it; nothing is said of it unless it is known of both builds that have it.
using InlinedCosts = std::map<std::string, std::map<std::string, double>>;

// One build of a benchmark.
struct ProfiledBuild {
  Profile profile;
  // The costs inlined into the functions that MostChanged names.
  InlinedCosts inlined = {};
  // Whether the figures are of one run of the whole program, in all threads, instead of one
  // iteration.
  bool whole_run = false;
};

// The functions whose own instructions changed most, at most `most`, the greatest change first.
std::vector<std::string> MostChanged(const Profile& before, const Profile& after, size_t most);

// Compares two builds. All lists are bounded, and so are the names in them. `time_percent`: by how
// much more time the current build takes, negative if it takes less, 0 if that is not known. Where
// the instructions went the other way, or changed by much less than the time, they are no cause of
// it.
Explanation Compare(const ProfiledBuild& before, const ProfiledBuild& after,
                    double time_percent = 0);

// The `time_percent` of a measurement whose figure is `ratio` times the baseline's: where more is
// better, such as of a rate, as much less time is taken. 0 if that is no number.
double TimePercent(double ratio, bool higher_is_better);

// The explanation of a measurement that could not be looked into. `why` goes on after "not
// explained: ".
Explanation NotExplained(absl::string_view why);

}  // namespace perf

#endif  // PERF_EXPLAIN_COMPARISON_H_
