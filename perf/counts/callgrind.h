// Instructions and system calls of a program, counted by `valgrind --tool=callgrind`.
//
// Callgrind executes the program on a processor of its own making, so its counts do not depend on
// the machine's load, caches or clock. What does depend on the machine is pinned: glibc chooses
// among versions of memcpy and its like by what the processor can do, and by its cache sizes.
//
// Source: Callgrind, https://valgrind.org/docs/manual/cl-manual.html; glibc manual, "Hardware
// Capability Tunables".
#ifndef PERF_COUNTS_CALLGRIND_H_
#define PERF_COUNTS_CALLGRIND_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace perf {

// The detail of a dump besides its totals.
enum class CallgrindDetail {
  // Functions, which nobody reads.
  kTotals,
  // Functions, calls, and the address of each instruction.
  kInstructions,
};

// When counting begins.
enum class CallgrindStart {
  // Counting begins as soon as the program asks for it; each dump that it asks for is written.
  kWhenAsked,
  // Counting begins with the program; one dump is written when it ends, of all its threads.
  kAtOnce,
};

// The words to put before the program's command line. Callgrind writes dumps to `directory`.
std::vector<std::string> CallgrindCommand(const std::string& directory,
                                          CallgrindDetail detail = CallgrindDetail::kTotals,
                                          CallgrindStart start = CallgrindStart::kWhenAsked);

// Variables of the program's environment, which pin what glibc chooses by the processor.
std::map<std::string, std::string> CallgrindVariables();

// Counts of the thread that counting was toggled in, between the toggles.
struct CallgrindCounts {
  int64_t instructions = 0;
  int64_t system_calls = 0;
};

// Reads the text of a dump. DataLoss if it is none.
absl::StatusOr<CallgrindCounts> ParseCallgrindDump(absl::string_view text);

// Returns the text of the `number`-th dump, from 1, that the process wrote to `directory`, or of
// the one that it wrote when it ended, and removes the file. NotFound if there is none;
// FailedPrecondition if it is longer than kMaxCallgrindDumpBytes.
inline constexpr int64_t kMaxCallgrindDumpBytes = 256 << 20;
absl::StatusOr<std::string> TakeCallgrindDump(const std::string& directory, int pid, int number);
absl::StatusOr<std::string> TakeLastCallgrindDump(const std::string& directory, int pid);

}  // namespace perf

#endif  // PERF_COUNTS_CALLGRIND_H_
