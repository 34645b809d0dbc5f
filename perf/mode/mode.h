// The ways to get a suite's figures and what they are compared with:
//
//   stored    runs the tests, compares with stored baselines
//   imported  takes the records of an earlier `bazel test` (--build_event_file)
//   A/B       runs the tests in turn with those of another revision (--against)
//   counts    counts what benchmarks do (--counts)
//
// The runner does what they have in common, and asks the mode where they differ.
#ifndef PERF_MODE_MODE_H_
#define PERF_MODE_MODE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/explain/explanation.pb.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/record/result.pb.h"
#include "perf/report/report_builder.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

// The context of a run: what is known before anything is measured.
struct RunContext {
  const Suite& suite;
  // The selected members of the suite.
  std::vector<SuiteTest> tests;
  const SuiteOptions& options;
  Services& services;
  Environment environment;
  // The folder of stored baselines: the machine's key, or what Mode::BaselineKey says.
  std::string machine;
};

// The outcome of measuring: the records, and what went wrong.
struct Findings {
  std::vector<Run> runs;
  // The tests that could not be measured, with the reason: "//audio:vad_perf_test: …".
  std::vector<std::string> errors;
  // The machine of the remote workers, if they measured any of it.
  std::optional<Environment> worker;
  // Labels of the tests that errors are of.
  std::set<std::string> failed;
  // Remarks for the report.
  std::vector<std::string> notes;
  // These members are filled by A/B comparisons alone; ReportInputs says what each means.
  std::map<std::string, AbResult> ab;
  std::string ab_revision;
  std::vector<UnchangedTest> unchanged;
  std::vector<GoneMeasurement> gone;
  std::map<std::string, double> accepted_before;
  std::map<std::string, Explanation> explanations;
};

// One of these ways. Not thread-safe.
class Mode {
 public:
  virtual ~Mode() = default;

  // The folder of stored baselines. By default it is that of the machine: its key, or the pool that
  // --machine names.
  virtual std::string BaselineKey(const SuiteOptions& options,
                                  const Environment& environment) const;

  // Whether it can measure a tree of which git knows no commit.
  virtual bool MayLackCommit() const { return true; }

  // Names of the JSON files that Measure writes into the output directory.
  virtual std::vector<std::string> FilesOfMeasure() const { return {}; }

  // Reads the stored baselines of the components in `inputs.requirements` into `inputs`, and checks
  // what can be checked before anything runs. By default: those of the machine, and those that hold
  // on any.
  virtual absl::Status Prepare(const RunContext& context, ReportInputs& inputs);

  // The note of the report where there are no stored baselines; empty if they are not needed.
  virtual std::string NoBaselineNote(const RunContext& context) const;

  // The name of the benchmark that a measurement is of, as filters of benchmarks see it.
  virtual std::string BenchmarkOf(const std::string& measurement) const { return measurement; }

  // Measures some of the context's tests. What fails in one test is an error in the findings; the
  // status is not OK if nothing can be reported at all. Says to the user what it does.
  virtual absl::StatusOr<Findings> Measure(const RunContext& context,
                                           absl::Span<const SuiteTest> tests) = 0;

  // Whether Measure may be called again for tests whose result is red.
  virtual bool MayConfirm() const { return false; }

  // Whether the figures may become stored baselines.
  virtual bool MayStore() const { return true; }

  // Whether the figures are compared with the machine's history where no baseline is stored.
  virtual bool ComparesWithHistory() const { return true; }

  // Whether the figures are points of the history.
  virtual bool AddsToHistory() const { return true; }
};

}  // namespace perf

#endif  // PERF_MODE_MODE_H_
