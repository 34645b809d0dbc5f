// Two builds of a test as a source of rounds for an A/B comparison.
#ifndef PERF_MODE_AB_ROUND_SOURCES_H_
#define PERF_MODE_AB_ROUND_SOURCES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/ab/round_source.h"
#include "perf/bazel/test_program.h"
#include "perf/gbench/epoch_child.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// A test with Google Benchmark functions as a program to drive. `temporary`: a folder for what it
// writes, which is made.
BenchmarkProgram BenchmarkProgramOf(const TestProgram& test, const std::string& temporary);

// Any test as a program to run from its start to its end, which leaves its record in `temporary`.
BenchmarkProgram WholeProgramOf(const TestProgram& test, const std::string& temporary);

struct RoundSourceOptions {
  // The programs, with all variables that the tests need but for the places of temporary files and
  // outputs.
  TestProgram baseline;
  TestProgram current;
  // True if the bodies are Google Benchmark functions.
  bool benchmark = false;
  std::string component;
  // A regular expression (RE2) that is valid: which benchmarks. Empty: all.
  std::string filter;
  // The requirements of the component.
  ComponentRequirements requirements;
  // An existing folder, for what the tests write.
  std::string scratch;
};

// Benchmarks are run by epochs if both builds can do so; other tests as whole processes. `notes`
// gets remarks for the report. Errors as EpochSource::Create and WholeProcessSource::Create.
absl::StatusOr<std::unique_ptr<RoundSource>> MakeRoundSource(const RoundSourceOptions& options,
                                                             std::vector<std::string>* notes);

}  // namespace perf

#endif  // PERF_MODE_AB_ROUND_SOURCES_H_
