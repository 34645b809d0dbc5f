#include "perf/explain/profile.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "perf/explain/function_name.h"

namespace perf {
namespace {

// Adds what a dump has, times `weight`.
void Add(const CallgrindProfile& dump, double weight, Profile& profile) {
  std::vector<std::string> names;
  names.reserve(dump.functions.size());
  for (const CallgrindProfile::Function& function : dump.functions) {
    names.push_back(FunctionName(function.name, function.object));
    FunctionCost& cost = profile.functions[names.back()];
    for (const auto& [address, instructions] : function.instructions) {
      const double weighted = weight * static_cast<double>(instructions);
      cost.self += weighted;
      profile.instructions += weighted;
      cost.instructions[{.object = function.object, .address = address}] += weighted;
    }
    const double system_calls = weight * static_cast<double>(function.system_calls);
    cost.system_calls += system_calls;
    profile.system_calls += system_calls;
  }
  for (const CallgrindProfile::Call& call : dump.calls) {
    const std::string& caller = names[call.caller];
    const std::string& callee = names[call.callee];
    const double calls = weight * static_cast<double>(call.count);
    profile.functions[callee].calls += calls;
    // What a function costs in calls of itself is in its other calls already.
    if (caller == callee) continue;
    CallCost& cost = profile.calls[{caller, callee}];
    cost.calls += calls;
    cost.instructions += weight * static_cast<double>(call.instructions);
  }
}

}  // namespace

Profile ProfileOfIteration(const CallgrindProfile& once, const CallgrindProfile& twice,
                           int64_t iterations) {
  Profile profile;
  const double weight = 1.0 / static_cast<double>(iterations);
  Add(twice, weight, profile);
  Add(once, -weight, profile);
  // What cost the same however many iterations there were is no part of one.
  for (auto& [name, function] : profile.functions) {
    std::erase_if(function.instructions, [](const auto& entry) { return entry.second == 0; });
  }
  std::erase_if(profile.calls, [](const auto& entry) {
    return entry.second.calls == 0 && entry.second.instructions == 0;
  });
  for (auto& [name, function] : profile.functions) function.inclusive = function.self;
  for (const auto& [ends, cost] : profile.calls) {
    profile.functions[ends.first].inclusive += cost.instructions;
  }
  for (auto& [name, function] : profile.functions) {
    function.inclusive = std::min(function.inclusive, std::max(0.0, profile.instructions));
  }
  std::erase_if(profile.functions, [](const auto& entry) {
    const FunctionCost& cost = entry.second;
    return cost.instructions.empty() && cost.calls == 0 && cost.system_calls == 0 &&
           cost.inclusive == 0;
  });
  return profile;
}

}  // namespace perf
