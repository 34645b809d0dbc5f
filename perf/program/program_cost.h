// The cost of a run of a program.
#ifndef PERF_PROGRAM_PROGRAM_COST_H_
#define PERF_PROGRAM_PROGRAM_COST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace perf {

struct ProgramCost {
  // 128 plus the signal if one ended it.
  int exit_code = 0;
  // The time from its start to its end.
  absl::Duration wall;
  // Processor time, in user space and in the system, of it and of the processes that it waited for.
  absl::Duration user;
  absl::Duration system;
  // The greatest resident set of it, or of one of the processes that it waited for. A kilobyte is
  // the system's grain.
  int64_t peak_bytes = 0;
  // The instructions in user space, of it and of all that it started; nothing if the machine does
  // not count them.
  std::optional<int64_t> instructions;
  // The texts that it wrote to standard output and to standard error.
  std::string output;
  std::string errors;
};

struct ProgramToMeasure {
  // The program of launcher_main.cc.
  std::string launcher;
  // The program, a path with a slash, and its arguments.
  std::vector<std::string> arguments;
  // A folder for what it writes meanwhile.
  std::string scratch;
};

// No more of each output is read.
inline constexpr int64_t kMaxProgramOutputBytes = 16 << 20;

// Runs it in this process's working directory and environment, without standard input. NotFound or
// PermissionDenied if it cannot be started; ResourceExhausted if it writes more than it may;
// otherwise the operating system's error.
absl::StatusOr<ProgramCost> MeasureProgram(const ProgramToMeasure& program);

}  // namespace perf

#endif  // PERF_PROGRAM_PROGRAM_COST_H_
