// How large a program is.
#ifndef PERF_PROGRAM_LOADED_SIZE_H_
#define PERF_PROGRAM_LOADED_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace perf {

struct ProgramSize {
  int64_t file_bytes = 0;
  // The bytes that a start maps from the file: its loadable segments, as `size` adds them up,
  // without debug information and symbols (ELF-64 specification, "Program Header"). Of a file that
  // is no ELF program for 64 bits, all of it.
  int64_t loaded_bytes = 0;
};

// NotFound if there is no such file; DataLoss if it is cut short; otherwise the operating system's
// error.
absl::StatusOr<ProgramSize> SizeOfProgram(const std::string& path);

}  // namespace perf

#endif  // PERF_PROGRAM_LOADED_SIZE_H_
