// The cost of each function of a benchmark in one iteration.
#ifndef PERF_EXPLAIN_PROFILE_H_
#define PERF_EXPLAIN_PROFILE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "perf/explain/callgrind_profile.h"

namespace perf {

// A place in a program or a shared library.
struct CodeAddress {
  std::string object;
  uint64_t address = 0;

  friend bool operator<(const CodeAddress& one, const CodeAddress& other) {
    return one.object != other.object ? one.object < other.object : one.address < other.address;
  }
};

// All figures are of one iteration, of the thread that runs the benchmark's loop.
struct FunctionCost {
  // Instructions of the function itself, and with all that it calls. Of functions that call one
  // another in turn, the latter may be too great, but never exceeds the whole.
  double self = 0;
  double inclusive = 0;
  // How often others call it. What the loop stands in is not called.
  double calls = 0;
  double system_calls = 0;
  // `self` by the place of the instruction.
  std::map<CodeAddress, double> instructions = {};
};

struct CallCost {
  double calls = 0;
  // The instructions of the callee, and of what it calls.
  double instructions = 0;
};

// Functions have the names that FunctionName (function_name.h) gives them.
struct Profile {
  double instructions = 0;
  double system_calls = 0;
  std::map<std::string, FunctionCost> functions;
  // The costs of calls, by caller and callee, which are not the same function.
  std::map<std::pair<std::string, std::string>, CallCost> calls;
};

// The profile of one iteration, from dumps of `iterations` and of twice as many in one process:
// what the loop costs besides its iterations falls out.
Profile ProfileOfIteration(const CallgrindProfile& once, const CallgrindProfile& twice,
                           int64_t iterations);

// Gives a function another name. One that has that name already is added to.
void RenameFunction(Profile& profile, const std::string& from, const std::string& to);

}  // namespace perf

#endif  // PERF_EXPLAIN_PROFILE_H_
