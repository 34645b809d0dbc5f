// The functions, the calls between them and the instructions of one dump of callgrind.
//
// Source: Callgrind Format Specification, https://valgrind.org/docs/manual/cl-format.html.
#ifndef PERF_EXPLAIN_CALLGRIND_PROFILE_H_
#define PERF_EXPLAIN_CALLGRIND_PROFILE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace perf {

// Everything is in the order in which the dump first names it.
struct CallgrindProfile {
  struct Function {
    // The file that the code was loaded from, a program or a shared library; "???" if callgrind
    // does not know it.
    std::string object;
    // As callgrind demangles it, an address ("0x…") if it has no symbol. Of names, the first
    // kMaxNameBytes bytes are kept, and what a terminal would obey is escaped.
    std::string name;
    // The number of instructions that it executed itself, by their address in the object.
    std::map<uint64_t, int64_t> instructions = {};
    int64_t system_calls = 0;
  };

  // All calls from one instruction of a function to another function.
  struct Call {
    // Indices of `functions`.
    size_t caller = 0;
    size_t callee = 0;
    uint64_t address = 0;
    int64_t count = 0;
    // The instructions that the callee and those it called executed.
    int64_t instructions = 0;
  };

  std::vector<Function> functions;
  std::vector<Call> calls;
};

inline constexpr size_t kMaxNameBytes = 1000;

// Reads a dump that has the address of each instruction (CallgrindDetail::kInstructions). Any bytes
// may be given. DataLoss, with the number of the line, for what is not such a dump, is cut short,
// or does not add up to its own totals.
absl::StatusOr<CallgrindProfile> ParseCallgrindProfile(absl::string_view text);

}  // namespace perf

#endif  // PERF_EXPLAIN_CALLGRIND_PROFILE_H_
