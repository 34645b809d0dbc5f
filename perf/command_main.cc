// The main of a perf_command_test: runs another program, and records what its runs cost.
//
// perf/defs.bzl sets the environment: $PERF_COMMAND is the program, $PERF_COMMAND_TEST what the
// test states, $PERF_LAUNCHER the program that starts it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "perf/load.h"
#include "perf/process/scratch_folder.h"
#include "perf/program/command_test.h"
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

// The path in the runfiles, where this process begins, with a slash.
std::string InRunfiles(const std::string& path) {
  return path.empty() || path[0] == '/' ? path : absl::StrCat("./", path);
}

int Main() {
  const absl::StatusOr<CommandTest> test =
      ParseCommandTest(EnvironmentVariable("PERF_COMMAND_TEST"));
  if (!test.ok()) return Fail(test.status());
  const std::string program = InRunfiles(EnvironmentVariable("PERF_COMMAND"));
  const std::string launcher = InRunfiles(EnvironmentVariable("PERF_LAUNCHER"));
  if (program.empty() || launcher.empty()) {
    return Fail(absl::FailedPreconditionError(
        "$PERF_COMMAND does not name a program; declare the test with perf_command_test"));
  }
  if (!absl::c_any_of(NamesOfCommandTest(*test), SelectedByPerfFilter)) return FinishRun(0);
  // The record begins here.
  RunRecord::Process();
  const std::string temporary = EnvironmentVariable("TEST_TMPDIR");
  const absl::StatusOr<ScratchFolder> scratch =
      ScratchFolder::Create(absl::StrCat(temporary.empty() ? "/tmp" : temporary, "/command-"));
  if (!scratch.ok()) return Fail(scratch.status());
  const absl::StatusOr<std::vector<Measurement>> measurements =
      RunCommandTest(*test, {.program = program,
                             .launcher = launcher,
                             .scratch = scratch->path(),
                             .component = ProcessComponent(),
                             .runs = Load(test->runs())});
  if (!measurements.ok()) return Fail(measurements.status());
  for (const Measurement& measurement : *measurements) {
    if (absl::Status added = RunRecord::Process().Add(measurement); !added.ok()) return Fail(added);
  }
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
