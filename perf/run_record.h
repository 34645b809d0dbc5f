// The record of this process: collects measurements and writes them as one perf.Run.
//
// Thread-safe. The perf mains write it when the tests are done; a test body only adds measurements,
// through a perf::Recorder.
#ifndef PERF_RUN_RECORD_H_
#define PERF_RUN_RECORD_H_

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "perf/record/health.h"
#include "perf/record/result.pb.h"
#include "third_party/annotated_mutex.h"

namespace perf {

class RunRecord {
 public:
  // The record of this process, stamped with its environment and Bazel's shard variables, and begun
  // when this is first called.
  static RunRecord& Process();

  // `begin`: what the record's health is counted from.
  explicit RunRecord(Run header, const HealthReading& begin = ReadHealth())
      : begin_(begin), run_(std::move(header)) {}

  // InvalidArgument for a measurement without a dotted name that begins with its component, title,
  // unit, direction or sample, with a sample that is not finite, with work that does not belong to
  // the samples one by one and increasing, or whose name was added before.
  absl::Status Add(Measurement measurement);

  // The run so far, complete with its trailer.
  Run Snapshot() const;

  // Writes `perf_run.pb` into `directory` by way of a temporary file, so that a killed process
  // leaves no half record. FailedPrecondition if there is no measurement and the run was not
  // narrowed by a filter; otherwise an error with the path and the reason if it cannot be written.
  absl::Status WriteTo(const std::string& directory) const;

 private:
  const HealthReading begin_;
  mutable annotated::Mutex mutex_;
  Run run_ ABSL_GUARDED_BY(mutex_);
};

// Ends a perf main when the tests are done: prints every measurement's summary, and writes the
// record if Bazel gave the test a place for outputs. Returns the process's exit code:
// `tests_exit_code`, or 1 if nothing was measured, though no filter asked for that, or the record
// could not be written.
int FinishRun(int tests_exit_code);

// The filter that narrows this process: Bazel's --test_filter, or the regular expression in
// $PERF_FILTER, which is searched in the target's label and in the names of tests and benchmarks.
// Empty if neither.
std::string ProcessFilter();

// Whether $PERF_FILTER, if set, selects the test or benchmark `name` of this process's target. Ends
// the process if the expression is malformed (RE2's syntax).
bool SelectedByPerfFilter(absl::string_view name);

}  // namespace perf

#endif  // PERF_RUN_RECORD_H_
