// A small suite, and records of its tests, for tests of the runner.
#ifndef PERF_MODE_TESTING_SAMPLE_SUITE_H_
#define PERF_MODE_TESTING_SAMPLE_SUITE_H_

#include <string>
#include <vector>

#include "perf/record/result.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

// A suite of the component "a" with tests of these canonical labels, one shard each.
Suite SampleSuite(const std::vector<std::string>& labels);

std::vector<SuiteTest> AllTests(const Suite& suite);

// Thirty samples close to `median`.
Measurement SampleMeasurement(const std::string& name, double median);

// A record of `label` with one measurement, measured in `environment` on a quiet machine.
Run SampleRun(const std::string& label, const Measurement& measurement,
              const Environment& environment);

// Makes the record one of a machine that other processes kept busy.
void MakeNoisy(Run& run);

// An empty folder below the test's temporary one.
std::string EmptyFolder(const std::string& name);

// Leaves the record where Bazel leaves those of tests, in a folder of its own below `folder`, and
// returns the line of build events that says so.
std::string LeaveRecord(const std::string& folder, const Run& run);

}  // namespace perf

#endif  // PERF_MODE_TESTING_SAMPLE_SUITE_H_
