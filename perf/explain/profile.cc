#include "perf/explain/profile.h"

#include <algorithm>
#include <map>
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
    // What a function costs in calls of itself is in its other calls already.
    if (caller == callee) continue;
    profile.functions[callee].calls += calls;
    CallCost& cost = profile.calls[{caller, callee}];
    cost.calls += calls;
    cost.instructions += weight * static_cast<double>(call.instructions);
  }
}

// Adds what is a function's own.
void AddTo(const FunctionCost& more, FunctionCost& cost) {
  cost.self += more.self;
  cost.system_calls += more.system_calls;
  for (const auto& [place, instructions] : more.instructions) {
    cost.instructions[place] += instructions;
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

void RenameFunction(Profile& profile, const std::string& from, const std::string& to) {
  const auto found = profile.functions.find(from);
  if (from == to || found == profile.functions.end()) return;
  AddTo(found->second, profile.functions[to]);
  profile.functions.erase(from);
  std::map<std::pair<std::string, std::string>, CallCost> calls;
  for (const auto& [ends, cost] : profile.calls) {
    const auto renamed = [&](const std::string& name) { return name == from ? to : name; };
    const auto [caller, callee] = std::make_pair(renamed(ends.first), renamed(ends.second));
    if (caller == callee) continue;
    CallCost& sum = calls[{caller, callee}];
    sum.calls += cost.calls;
    sum.instructions += cost.instructions;
  }
  profile.calls = std::move(calls);
  // What one of the two called in the other is not called any more, and not added twice.
  FunctionCost& merged = profile.functions[to];
  merged.inclusive = merged.self;
  merged.calls = 0;
  for (const auto& [ends, cost] : profile.calls) {
    if (ends.first == to) merged.inclusive += cost.instructions;
    if (ends.second == to) merged.calls += cost.calls;
  }
  merged.inclusive = std::min(merged.inclusive, std::max(0.0, profile.instructions));
}

}  // namespace perf
