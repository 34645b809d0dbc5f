// Judges a suite's records: every measurement against its baseline, every requirement against the
// figures, every component by both.
#ifndef PERF_REPORT_REPORT_BUILDER_H_
#define PERF_REPORT_REPORT_BUILDER_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "perf/ab/paired_effect.h"
#include "perf/baseline/baseline.pb.h"
#include "perf/explain/explanation.pb.h"
#include "perf/history/history_baseline.h"
#include "perf/owners/target_owners.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"
#include "perf/suite/baseline_lines.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

struct AbResult {
  PairedEffect effect;
  double baseline_median = 0;
  // The values that the median is of, in the measurement's unit, in the order they were measured.
  std::vector<double> baseline_samples = {};
  // How many rounds the effect rests on.
  int rounds = 0;
  // If it is unresolved: why.
  UnresolvedResult unresolved = {};
};

// A measurement that another revision has, and this build has not.
struct GoneMeasurement {
  std::string component;
  std::string target;
  std::string name;
};

// A test that was not run, because its builds measure the same in both revisions.
struct UnchangedTest {
  std::string component;
  std::string label;
  // The parts that differ all the same, in the report's words: "the harness (perf) and debug
  // information". Empty if they are the same program, byte for byte.
  std::string difference;
};

struct ReportInputs {
  std::vector<Run> runs;
  // The tests that could not be measured, with the reasons.
  std::vector<std::string> errors;
  // The tests that `errors` are about, label to component. What those did not measure is not called
  // missing besides.
  std::map<std::string, std::string> failed;
  // Labels of the tests that were to run as a whole: no filter took a part of them away.
  std::set<std::string> whole_tests;
  // Names of stored measurements that a filter asks for by name, of tests that it takes a part of.
  std::set<std::string> asked_measurements;
  // Requirements by component, of those that the run was to measure.
  std::map<std::string, ComponentRequirements> requirements;
  // This machine's stored baselines by component.
  std::map<std::string, ComponentBaseline> baselines;
  // Stored baselines of deterministic measurements by component, which hold on any machine.
  std::map<std::string, ComponentBaseline> deterministic_baselines;
  // The level of the last runs on this machine by measurement, compared where no baseline is
  // stored.
  std::map<std::string, HistoryBaseline> history;
  // Lines by key, from the file that `baseline_lines_source` names; compared instead of
  // `baselines`, if a file is named.
  std::map<std::string, ParsedBaselineLine> baseline_lines;
  std::string baseline_lines_source;
  // Keys of that file that no component of the suite states, though all were to be measured.
  std::vector<std::string> unknown_baseline_lines;
  // The results of A/B comparisons, by measurement; if `ab_revision` is set, these are the
  // verdicts.
  std::map<std::string, AbResult> ab;
  // The revision that was measured beside this one, as the report shall name it.
  std::string ab_revision;
  // Tests whose code is the same in both revisions.
  std::vector<UnchangedTest> unchanged;
  // The measurements that that revision has and this build has not.
  std::vector<GoneMeasurement> gone;
  // The percentages that the revision beside this one accepts already, by measurement: what is
  // accepted of a change that both have says nothing of another one.
  std::map<std::string, double> accepted_before;
  // Why measurements changed, of those that were looked into.
  std::map<std::string, Explanation> explanations;
  // How often each measurement was measured, where more than once.
  std::map<std::string, int> attempts;
  // Tests whose measurements a filter can name; others are selected as a whole.
  std::set<std::string> benchmarks;
  // The owners of tests, who are to be asked about what these found.
  TargetOwners owners;
  // The flags of the run that a command to measure again needs, too: "--counts".
  std::vector<std::string> repeated_flags;
  // Header of the report. Its time decides which slowdowns are accepted still. `selection` empty
  // means that every test of the components was to run, so that a requirement without a measurement
  // is an error, and a baseline without one is missing.
  Report header;
};

// Builds the report: the same, to the byte, in whatever order the runs come.
Report BuildReport(const ReportInputs& inputs);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_BUILDER_H_
