// The main of a perf_command_test: runs another program, and records what its runs cost.
//
// perf/defs.bzl sets the environment: $PERF_COMMAND is the program, $PERF_COMMAND_TEST what the
// test states, $PERF_LAUNCHER the program that starts it.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "perf/load.h"
#include "perf/measured_program.h"
#include "perf/process/scratch_folder.h"
#include "perf/program/command_test.h"
#include "perf/record/result.pb.h"

namespace perf {
namespace {

// The path in the runfiles, where this process begins, with a slash.
std::string InRunfiles(const std::string& path) {
  return path.empty() || path[0] == '/' ? path : absl::StrCat("./", path);
}

absl::StatusOr<std::vector<Measurement>> Measure(const CommandTest& test) {
  const std::string program = InRunfiles(EnvironmentVariable("PERF_COMMAND"));
  const std::string launcher = InRunfiles(EnvironmentVariable("PERF_LAUNCHER"));
  if (program.empty() || launcher.empty()) {
    return absl::FailedPreconditionError(
        "$PERF_COMMAND does not name a program; declare the test with perf_command_test");
  }
  const std::string temporary = EnvironmentVariable("TEST_TMPDIR");
  const absl::StatusOr<ScratchFolder> scratch =
      ScratchFolder::Create(absl::StrCat(temporary.empty() ? "/tmp" : temporary, "/command-"));
  if (!scratch.ok()) return scratch.status();
  return RunCommandTest(test, {.program = program,
                               .launcher = launcher,
                               .scratch = scratch->path(),
                               .component = ProcessComponent(),
                               .runs = Load(test.runs())});
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) {
  return perf::MeasuredProgramMain(argc, argv, perf::NamesOfCommandTest, perf::Measure);
}
