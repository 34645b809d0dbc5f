// The work that the mains of perf_command_test and perf_binary_size share, before and after they
// measure.
#ifndef PERF_MEASURED_PROGRAM_H_
#define PERF_MEASURED_PROGRAM_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/program/command_test.h"
#include "perf/record/result.pb.h"

namespace perf {

// The variable's value, or an empty text if it is not set.
std::string EnvironmentVariable(const char* name);

// Reads what the test states from $PERF_COMMAND_TEST, calls `measure` if $PERF_FILTER selects one
// of what `names` gives, and records what that returns. Returns the process's exit code: 0, 1 if
// something failed, with a message, and 2 for arguments, of which there may be none.
int MeasuredProgramMain(
    int argc, char** argv, const std::function<std::vector<std::string>(const CommandTest&)>& names,
    const std::function<absl::StatusOr<std::vector<Measurement>>(const CommandTest&)>& measure);

}  // namespace perf

#endif  // PERF_MEASURED_PROGRAM_H_
