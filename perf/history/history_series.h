// Results of many runs in the order of time, and which of them can be compared.
#ifndef PERF_HISTORY_HISTORY_SERIES_H_
#define PERF_HISTORY_HISTORY_SERIES_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "perf/record/result.pb.h"

namespace perf {

// One measurement in one run.
struct HistoryPoint {
  // The invocation it was measured in.
  std::string run_id = {};
  // The test and shard of the invocation, as HashOfTest has them.
  size_t test = 0;
  std::string commit = {};
  // Whether the tree had changes that are not in the commit.
  bool dirty = false;
  absl::Time time = absl::UnixEpoch();
  double median = 0;
  int64_t num_samples = 0;
  // Why the machine was noisy, in WhyNoisy's words; "" if it was quiet. Not set for runs that were
  // added before the history kept it.
  std::optional<std::string> noise = std::nullopt;
};

// The key that figures have to share to be compared: one machine, build, load, unit and direction.
struct SeriesKey {
  std::string machine = {};
  // Compiler, mode, sanitizer and flags: "gcc 12.2.0, opt (optimize, pie)". Empty for runs that
  // were added before the history kept it.
  std::string build = {};
  std::string name = {};
  // The profile, and overridden loads: "default", "quick, iterations=10".
  std::string load = {};
  std::string unit = {};
  Better better = BETTER_UNKNOWN;

  const SeriesKey& key() const { return *this; }

  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// A measurement's runs that can be compared.
struct HistorySeries : SeriesKey {
  std::string title = {};
  // Points are ordered by the time of the run.
  std::vector<HistoryPoint> points = {};
  // How many earlier ones a bound left out (History::ForEachSeries).
  int64_t points_left_out = 0;
};

// Leaves the earlier points out, and returns how many.
int64_t KeepNewest(size_t max_points, std::vector<HistoryPoint>& points);

// The keys of the series that a run's measurements are points of, in their order.
std::vector<SeriesKey> KeysOf(const Run& run);

// The measurement's point in a series.
HistoryPoint PointOf(const Run& run, const Measurement& measurement);

// The words by which a HistorySeries names the loads of a run, and its build.
std::string SeriesLoad(const Provenance& provenance);
std::string SeriesBuild(const Environment& environment);

// Tells the tests and shards of an invocation apart, in few bytes, as a report has a million
// points. It is another one in another process.
size_t HashOfTest(const std::string& target, int64_t shard);

// When a run began, as a HistoryPoint has it.
absl::Time StartOf(const Run& run);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_SERIES_H_
