// A program of whatever kind as a performance test.
#ifndef PERF_PROGRAM_COMMAND_TEST_H_
#define PERF_PROGRAM_COMMAND_TEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/program/command_test.pb.h"
#include "perf/record/result.pb.h"

namespace perf {

// Reads the JSON that perf_command_test writes. InvalidArgument if it is malformed, or if two
// figures would be one measurement, or a figure one of those that each run has in any case.
absl::StatusOr<CommandTest> ParseCommandTest(absl::string_view json);

// The names of what a test measures, as far as they are known before it runs: its own, and those of
// its measurements below, but for Google Benchmark's. A filter that selects one of them selects it.
std::vector<std::string> NamesOfCommandTest(const CommandTest& test);

struct CommandRunOptions {
  // The program, a path with a slash, and that of launcher_main.cc.
  std::string program;
  std::string launcher;
  // A folder for what is written meanwhile.
  std::string scratch;
  // The component that the measurements belong to.
  std::string component;
  // At least 1.
  int64_t runs = 1;
};

// Runs the program once for nothing, as the first run reads it from the disk, and then as often as
// asked for. Each run is a sample of these measurements, whose names begin with the test's:
//
//   .wall          wall time from start to end, in ms
//   .cpu           processor time, in ms, with what of it was in the system as a side figure
//   .peak_memory   the greatest resident set, in MB
//   .instructions  in user space, where the machine counts them
//   .FIGURE        each figure that it prints, in its unit: each line of its name is a sample
//
// or, instead of the last, one for each benchmark in Google Benchmark's JSON. FailedPrecondition,
// with the last that it wrote, if a run does not end as it should, or if a repetition of a
// benchmark failed; InvalidArgument if a benchmark has the name of another measurement, or a
// figure's unit changes; otherwise errors of MeasureProgram, FindPrinted and AddGbenchResults, with
// the number of the run.
absl::StatusOr<std::vector<Measurement>> RunCommandTest(const CommandTest& test,
                                                        const CommandRunOptions& options);

}  // namespace perf

#endif  // PERF_PROGRAM_COMMAND_TEST_H_
