// What an update changes in stored baselines, figure by figure, and the words that say so.
#ifndef PERF_BASELINE_BASELINE_CHANGES_H_
#define PERF_BASELINE_BASELINE_CHANGES_H_

#include <optional>
#include <string>
#include <vector>

#include "perf/baseline/baseline.pb.h"
#include "perf/stats/statistics.h"

namespace perf {

// One stored figure: another value, a new one, or one that is dropped.
struct BaselineChange {
  std::string component;
  // At least one of both.
  std::optional<BaselineMeasurement> before = {};
  std::optional<BaselineMeasurement> after = {};
  // Why it is dropped; empty if it is not.
  std::string why_dropped = {};

  // The one of both that there is; `after` if both are there.
  const BaselineMeasurement& Stated() const { return after.has_value() ? *after : *before; }
};

// How many times the figure before the one after it is.
struct BaselineRatio {
  double ratio = 1;
  // The bounds of the ratio, by the 99 % intervals of both medians. Not there if both are single
  // figures, such as counts, which are exact.
  std::optional<Interval> interval = {};
};

// Nothing if one of both figures is not there, is in another unit or is not positive.
std::optional<BaselineRatio> RatioOf(const BaselineChange& change);

// By how much the figure after it is better, in percent of the size of the one before; negative if
// it is worse. Nothing if one of both is not there or is in another unit, or if the one before is
// zero.
std::optional<double> ChangePercentOf(const BaselineChange& change);

// By how much it is better, for an order: ChangePercentOf; plus or minus infinity beside a figure
// of zero; 0 if both cannot be compared.
double GainOf(const BaselineChange& change);

// "10.0 ms"
std::string StoredText(const BaselineMeasurement& stored);

// "0.900 times (0.880 to 0.920)"
std::string RatioText(const BaselineRatio& ratio);

// A line for each change, indented: "  audio.vad (default): 10.0 ms -> 9.00 ms (+10.0%), 0.900
// times", and what is dropped with its commit and the reason.
std::string ChangesText(const std::vector<BaselineChange>& changes);

}  // namespace perf

#endif  // PERF_BASELINE_BASELINE_CHANGES_H_
