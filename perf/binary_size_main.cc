// The main of a perf_binary_size: records how large a program is.
//
// perf/defs.bzl sets the environment: $PERF_COMMAND is the program, $PERF_COMMAND_TEST states the
// measurement and its title.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/load.h"
#include "perf/program/command_test.h"
#include "perf/program/loaded_size.h"
#include "perf/record/result.pb.h"
#include "perf/run_record.h"

namespace perf {
namespace {

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "perf: %s\n", std::string(status.message()).c_str());
  return 1;
}

int Main() {
  const absl::StatusOr<CommandTest> test =
      ParseCommandTest(EnvironmentVariable("PERF_COMMAND_TEST"));
  if (!test.ok()) return Fail(test.status());
  if (!SelectedByPerfFilter(test->measurement())) return FinishRun(0);
  // The record begins here.
  RunRecord::Process();
  const absl::StatusOr<ProgramSize> size = SizeOfProgram(EnvironmentVariable("PERF_COMMAND"));
  if (!size.ok()) return Fail(size.status());
  Measurement measurement;
  measurement.set_name(test->measurement());
  measurement.set_title(test->title());
  measurement.set_unit("kB");
  measurement.set_better(LOWER);
  measurement.set_component(ProcessComponent());
  // The build alone decides.
  measurement.set_deterministic(true);
  measurement.add_samples(static_cast<double>(size->loaded_bytes) / 1000);
  (*measurement.mutable_counters())["file_kb"] = static_cast<double>(size->file_bytes) / 1000;
  if (absl::Status added = RunRecord::Process().Add(measurement); !added.ok()) return Fail(added);
  return FinishRun(0);
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "perf: unknown argument '%s'\n", argv[1]);
    return 2;
  }
  return perf::Main();
}
