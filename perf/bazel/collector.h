// Collects the record of every shard that had to be measured, and says of each that is missing why.
#ifndef PERF_BAZEL_COLLECTOR_H_
#define PERF_BAZEL_COLLECTOR_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/bazel/build_events.h"
#include "perf/record/result.pb.h"
#include "perf/suite/suite.pb.h"

namespace perf {

struct CollectOptions {
  // The nonce that this invocation gave its tests. Empty: the time in the record has to be that of
  // the events instead.
  std::string run_id;
  // The key of this machine; records of another are refused. Empty: do not compare.
  std::string machine;
  // The pool of equal machines that the user says the figures are of; empty if there is none. What
  // a remote worker measured is refused without one, and with one all records have to be of one
  // machine.
  std::string pool;
  // Whether records of builds other than opt, and of sanitizers, are accepted.
  bool allow_any_mode = false;
};

struct Collection {
  std::vector<Run> runs;
  // The machine of the remote workers, if any of the records is of one.
  std::optional<Environment> worker;
  // "TARGET: what is wrong", in the order of the tests.
  std::vector<std::string> errors;
  // Labels of the tests that errors are of, so that not all they measure is in `runs`.
  std::set<std::string> failed;
};

// Returns the bytes of an attempt's record.
using RecordReader = std::function<absl::StatusOr<std::string>(const TestAttempt&)>;

// Collects exactly one record for each shard of each of `tests`. There is an error instead of a
// record for a target that was not built, a shard that did not run, failed, or came from a cache,
// for a record that is missing, empty, cut short, of another invocation, time, target, shard,
// machine or compilation mode, and for a measurement that two records have.
Collection Collect(absl::Span<const SuiteTest> tests, const BuildEvents& events,
                   const CollectOptions& options, const RecordReader& read);

// Reads an attempt's record from its undeclared outputs: the file beside its log, or the one in
// outputs.zip (through unzip), whichever is there. NotFound if neither is.
absl::StatusOr<std::string> ReadRecord(const TestAttempt& attempt);

}  // namespace perf

#endif  // PERF_BAZEL_COLLECTOR_H_
