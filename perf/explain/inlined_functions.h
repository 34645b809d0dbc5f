// Which functions the compiler has inlined where.
#ifndef PERF_EXPLAIN_INLINED_FUNCTIONS_H_
#define PERF_EXPLAIN_INLINED_FUNCTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/process/program_runner.h"

namespace perf {

// A function that an instruction is of.
struct Frame {
  // Demangled, with its parameters; a function that no other file can see may have its bare name.
  std::string function;
  // The source file, as the compiler was told; "??" if it is not known.
  std::string file;
};

// The functions of an instruction: the innermost inlined one first, the one that has the code last.
using Frames = std::vector<Frame>;

// Reads what `addr2line --addresses --functions --inlines --demangle` prints. Whatever is not of
// that form is left out.
std::map<uint64_t, Frames> ParseFrames(absl::string_view text);

// Looks up addresses of an object, a file of the system's, by its debug information (-g1 is
// enough). `scratch`: an existing folder. Addresses that it knows nothing of are left out. NotFound
// if there is no addr2line; DeadlineExceeded if it takes longer than two minutes; Cancelled if it
// was interrupted; Unavailable if it fails otherwise.
absl::StatusOr<std::map<uint64_t, Frames>> FindFrames(const std::string& object,
                                                      absl::Span<const uint64_t> addresses,
                                                      const std::string& scratch,
                                                      ProgramRunner& programs);

// Whether the debug information says where an instruction comes from. Only then is it known what
// was inlined there.
bool HasDebugInformation(const Frames& frames);

// The inlined function that an instruction is to be counted for: the innermost that is neither of
// the standard library nor the compiler's own, as those do what their callers ask for. Empty if all
// that is inlined is of those, or nothing is.
std::string InlinedFunction(const Frames& frames);

}  // namespace perf

#endif  // PERF_EXPLAIN_INLINED_FUNCTIONS_H_
