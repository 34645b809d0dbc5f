#include "perf/measured_program.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "perf/run_record.h"

namespace perf {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "perf: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int MeasuredProgramMain(
    int argc, char** argv, const std::function<std::vector<std::string>(const CommandTest&)>& names,
    const std::function<absl::StatusOr<std::vector<Measurement>>(const CommandTest&)>& measure) {
  if (argc > 1) {
    std::fprintf(stderr, "perf: unknown argument '%s'\n", argv[1]);
    return 2;
  }
  const absl::StatusOr<CommandTest> test =
      ParseCommandTest(EnvironmentVariable("PERF_COMMAND_TEST"));
  if (!test.ok()) return Fail(test.status());
  if (!absl::c_any_of(names(*test), SelectedByPerfFilter)) return FinishRun(0);
  // The record begins here.
  RunRecord::Process();
  const absl::StatusOr<std::vector<Measurement>> measurements = measure(*test);
  if (!measurements.ok()) return Fail(measurements.status());
  for (const Measurement& measurement : *measurements) {
    if (absl::Status added = RunRecord::Process().Add(measurement); !added.ok()) return Fail(added);
  }
  return FinishRun(0);
}

}  // namespace perf
