// Runs a suite: its tests through Bazel, their records into a report.
#ifndef PERF_RUNNER_RUNNER_H_
#define PERF_RUNNER_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

inline constexpr char kBaselineRevision[] = "baseline";

struct RunnerOptions {
  // The source tree, absolute: the working directory of Bazel and git.
  std::string workspace;
  // Where the report goes, absolute.
  std::string output_dir;
  // Bazel with its start-up options, and what is added to its command line.
  std::vector<std::string> bazel = {"bazel"};
  std::vector<std::string> bazel_flags;
  std::string profile = "default";
  // "iterations=10,…".
  std::string load_overrides;
  // RE2, over targets and names of tests. Empty: all.
  std::string filter;
  // In words, if it narrows the suite; empty otherwise.
  std::string selection;
  bool verbose = false;
  bool update_baselines = false;
  bool allow_any_mode = false;
  // Absolute; of stored baselines.
  std::string baseline_dir;
  // How often tests with a red measurement are measured again before it counts.
  int confirmations = 2;
  // Absolute; judges the records of an earlier `bazel test`, whose --build_event_json_file this is,
  // and runs nothing.
  std::string build_event_file;
  // A revision to compare with, A/B, instead of stored baselines; kBaselineRevision for the one
  // the stored baselines name. Empty: none.
  std::string against;
  // How long the A/B comparison may measure.
  absl::Duration time_budget = absl::Minutes(10);
  // Measures tests whose builds are identical, too.
  bool measure_identical = false;
  // Absolute; the database that the run is added to. Empty: none.
  std::string history;
  // Counts what benchmarks do, instead of how long they take.
  bool counts = false;
  // Absolute; a performance_baseline.txt to compare with instead of the stored baselines.
  std::string baseline_file;
};

// Runs `tests`, prints the report and writes it into the output directory. Returns the exit code, 0
// for green or yellow, 1 for a requirement missed or red, 2 where something could not be measured;
// or an error that kept it from reporting.
absl::StatusOr<int> RunSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                             const RunnerOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_RUNNER_H_
