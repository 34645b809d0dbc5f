// Where a series of results changed its level.
#ifndef PERF_HISTORY_CHANGE_POINTS_H_
#define PERF_HISTORY_CHANGE_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace perf {

struct ChangePoint {
  // The first point of the new level.
  size_t index = 0;
  // Medians of the points before and after, up to the neighbouring change points.
  double before = 0;
  double after = 0;
};

struct ChangePointOptions {
  // The significance level of the permutation test.
  double significance = 0.01;
  int permutations = 399;
  // Fewer points on either side are not taken for a level. At least 3.
  size_t min_points = 5;
  // Smaller changes of the median are none, as a share of the level before.
  double min_change = 0.02;
  // Seeds the permutations; equal seeds give equal results.
  uint64_t seed = 1;
};

// The change points of `series`, in order. E-Divisive means (Matteson & James 2014, with alpha 1):
// the split that maximises the energy distance between both sides, tested by permutation, and so on
// in both parts; as used by MongoDB (Daly et al. 2020) and Apache Otava (Fleming et al. 2023). Four
// things are added, all against reports that nobody can act on:
//   - a running median of three first, so that a single outlier is no change;
//   - a change is dropped if a straight line explains both sides as well as a step: that is a
//     drift, which has no commit;
//   - a change of less than `min_change` is dropped;
//   - the place is the step that leaves the least absolute residuals of the unfiltered series.
// Takes O(n^2) memory and time per change point; the last 500 points are looked at. Values that are
// not finite are taken for the value before them.
std::vector<ChangePoint> FindChangePoints(absl::Span<const double> series,
                                          const ChangePointOptions& options = {});

}  // namespace perf

#endif  // PERF_HISTORY_CHANGE_POINTS_H_
