// Results of many runs in the order of time, and which of them can be compared.
#ifndef PERF_HISTORY_HISTORY_SERIES_H_
#define PERF_HISTORY_HISTORY_SERIES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/record/result.pb.h"

namespace perf {

// One measurement in one run.
struct HistoryPoint {
  // The invocation it was measured in.
  std::string run_id = {};
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

// A measurement's runs that can be compared: on one machine, of one build, with one load, in one
// unit and direction.
struct HistorySeries {
  std::string machine;
  // Compiler, mode, sanitizer and flags: "gcc 12.2.0, opt (optimize, pie)". Empty for runs that
  // were added before the history kept it.
  std::string build;
  std::string name;
  // The profile, and overridden loads: "default", "quick, iterations=10".
  std::string load;
  std::string title;
  std::string unit;
  Better better = BETTER_UNKNOWN;
  // Points are ordered by the time of the run.
  std::vector<HistoryPoint> points;
  // How many earlier ones a bound left out (History::ForEachSeries).
  int64_t points_left_out = 0;
};

// Finds the series that a measurement is a point of. Thread-safe after construction.
class SeriesIndex {
 public:
  // `history` must outlive the index.
  explicit SeriesIndex(absl::Span<const HistorySeries> history);

  // The series of the run's machine, build and loads, in the measurement's unit and direction; null
  // if there is none.
  const HistorySeries* Find(const Run& run, const Measurement& measurement) const;

 private:
  // What figures have to share to be compared: machine, build, name, load, unit, direction.
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string, Better>;

  std::map<Key, const HistorySeries*> all_;
};

// What a HistorySeries calls the loads of a run, and its build.
std::string SeriesLoad(const Provenance& provenance);
std::string SeriesBuild(const Environment& environment);

// When a run began, as a HistoryPoint has it.
absl::Time StartOf(const Run& run);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_SERIES_H_
