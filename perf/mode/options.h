// The options of a run of the suite.
#ifndef PERF_MODE_OPTIONS_H_
#define PERF_MODE_OPTIONS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/bazel/test_build.h"
#include "re2/re2.h"

namespace perf {

// The value of `against` that stands for the revision that the stored baselines name.
inline constexpr char kBaselineRevision[] = "baseline";

struct SuiteOptions {
  // The source tree, absolute: the working directory of Bazel and git.
  std::string workspace;
  // The folder that the report goes to, absolute.
  std::string output_dir;
  BazelOptions bazel;
  std::string profile = "default";
  // Loads that differ from the profile's: "iterations=10,…".
  std::string load_overrides;
  // A regular expression (RE2) over targets and names of tests. Empty: all.
  std::string filter;
  // The flags that narrow the suite, in words; empty for the whole suite.
  std::string selection;
  // Further forms of the report to write, by their names (perf/report/forms/form.h).
  std::vector<std::string> formats;
  bool verbose = false;
  // The run's figures become the stored baselines.
  bool update_baselines = false;
  // Why, for whoever reviews that: one line. Empty if nobody said.
  std::string why;
  // Records of builds that are not optimised, or have a sanitizer, are accepted.
  bool allow_any_mode = false;
  // The folder of stored baselines, absolute.
  std::string baseline_dir;
  // The name of a pool of equal machines that this one belongs to. It takes the place of the
  // machine's key, which is derived from its hardware. Empty: the key.
  std::string machine;
  // How often tests with a red measurement are measured again, each in another process, before it
  // counts.
  int confirmations = 4;
  // The --build_event_json_file of an earlier `bazel test`, absolute, or "-" for standard input:
  // its records are judged, and nothing is run. Empty: the tests are run.
  std::string build_event_file;
  // A revision to compare with, A/B, instead of stored baselines; kBaselineRevision for the one
  // the stored baselines name. Empty: none.
  std::string against;
  // The time for which the A/B comparison may measure.
  absl::Duration time_budget = absl::Minutes(10);
  // Tests whose code is the same in both revisions are measured, too.
  bool measure_identical = false;
  // The gravest of what became slower in an A/B comparison is looked into (perf/explain).
  bool explain = false;
  // The history that the run is added to: an absolute path, or a URI of PostgreSQL, which may have
  // a password and is not for messages. Empty: none.
  std::string history;
  // If it is set, the work of benchmarks is counted instead of timed.
  bool counts = false;
  // A performance_baseline.txt to compare with instead of the stored baselines, absolute. Empty:
  // none.
  std::string baseline_file;
};

// Whether SuiteOptions::filter, compiled, asks for a benchmark: it is found in the label of its
// test or in its name.
bool AsksFor(const re2::RE2& filter, absl::string_view label, absl::string_view benchmark);

// Sets the variables by which tests learn what they are to run: a profile, single loads and a
// filter, as in SuiteOptions.
void SetTestVariables(const std::string& profile, const std::string& load_overrides,
                      const std::string& filter, std::map<std::string, std::string>& variables);

// InvalidArgument, in the words of the command line, for options that exclude each other or are out
// of range.
absl::Status CheckOptions(const SuiteOptions& options);

// InvalidArgument if `name` cannot name a pool of machines: it has to consist of a-z, 0-9 and '-',
// and must not be the name of a folder of baselines that are no machine's.
absl::Status CheckMachineName(absl::string_view name);

}  // namespace perf

#endif  // PERF_MODE_OPTIONS_H_
