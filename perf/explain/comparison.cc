#include "perf/explain/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/printable.h"
#include "perf/explain/function_name.h"

namespace perf {
namespace {

// So many functions are listed of each kind: by their own cost, by that with what they call, and of
// those that are in one build only.
constexpr size_t kMaxListed = 10;
constexpr size_t kMaxInlined = 5;
constexpr size_t kMaxAllocations = 10;
// Figures are exact but for what happens now and then, such as a table that grows. A change below
// this is none.
constexpr double kLeastCalls = 0.01;
constexpr double kLeastInstructions = 0.5;
// Two processes of one build agree on their instructions to this part.
constexpr double kSamePart = 0.001;

// "410", "0.25".
std::string Figure(double value) {
  return std::abs(value) >= 100 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
}

std::string Signed(double value) { return absl::StrCat(value < 0 ? "" : "+", Figure(value)); }

// "1 more allocation", "2 fewer calls".
std::string MoreOrFewer(double change, absl::string_view what, absl::string_view plural) {
  const std::string figure = Figure(std::abs(change));
  return absl::StrCat(figure, change < 0 ? " fewer " : " more ", figure == "1" ? what : plural);
}

template <typename Map>
auto ValueOr(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

// A figure in both builds.
struct Sides {
  double before = 0;
  double after = 0;
  double Change() const { return after - before; }
};

// The entries whose change is greatest in one direction or the other, the greatest first.
std::vector<std::pair<std::string, Sides>> Greatest(const std::map<std::string, Sides>& all,
                                                    double least, size_t most) {
  std::vector<std::pair<std::string, Sides>> chosen;
  for (const auto& entry : all) {
    if (std::abs(entry.second.Change()) >= least) chosen.push_back(entry);
  }
  absl::c_stable_sort(chosen, [](const auto& one, const auto& other) {
    return std::abs(one.second.Change()) > std::abs(other.second.Change());
  });
  if (chosen.size() > most) chosen.resize(most);
  return chosen;
}

std::map<std::string, Sides> SidesOf(const Profile& before, const Profile& after,
                                     double FunctionCost::*figure) {
  std::map<std::string, Sides> sides;
  for (const auto& [name, cost] : before.functions) sides[name].before = cost.*figure;
  for (const auto& [name, cost] : after.functions) sides[name].after = cost.*figure;
  return sides;
}

// The kind of each function. What is called by functions of one kind alone is a part of them, such
// as the parts of an allocator that have no names.
std::map<std::string, FunctionKind> Kinds(const Profile& profile) {
  std::map<std::string, FunctionKind> kinds;
  std::map<std::string, std::set<std::string>> callers;
  for (const auto& [name, cost] : profile.functions) kinds[name] = KindOf(name);
  for (const auto& [ends, cost] : profile.calls) callers[ends.second].insert(ends.first);
  // Each pass goes one call deeper.
  constexpr int kPasses = 8;
  bool changed = true;
  for (int pass = 0; pass < kPasses && changed; ++pass) {
    changed = false;
    for (const auto& [name, names_of_callers] : callers) {
      FunctionKind& kind = kinds[name];
      if (kind != FunctionKind::kOther) continue;
      const FunctionKind first = ValueOr(kinds, *names_of_callers.begin());
      if (first == FunctionKind::kOther ||
          !absl::c_all_of(names_of_callers, [&](const std::string& caller) {
            return ValueOr(kinds, caller) == first;
          })) {
        continue;
      }
      kind = first;
      changed = true;
    }
  }
  return kinds;
}

// Whether a function is of a shared library, whose code both builds have in common.
bool IsOfSharedLibrary(const FunctionCost& cost) {
  if (cost.instructions.empty()) return false;
  return IsSharedLibrary(cost.instructions.begin()->first.object);
}

class Comparison {
 public:
  Comparison(const ProfiledBuild& before, const ProfiledBuild& after, double time_percent)
      : before_(before.profile),
        after_(after.profile),
        time_percent_(time_percent),
        inlined_before_(before.inlined),
        inlined_after_(after.inlined),
        self_(SidesOf(before_, after_, &FunctionCost::self)),
        kinds_(Kinds(before_)) {
    for (const auto& [name, kind] : Kinds(after_)) kinds_[name] = kind;
    for (const auto& [ends, cost] : before_.calls) {
      calls_into_[ends.second][ends.first].before = cost.calls;
      instructions_into_[ends.second][ends.first].before = cost.instructions;
    }
    for (const auto& [ends, cost] : after_.calls) {
      calls_into_[ends.second][ends.first].after = cost.calls;
      instructions_into_[ends.second][ends.first].after = cost.instructions;
    }
  }

  Explanation Execute() {
    explanation_.set_instructions_before(before_.instructions);
    explanation_.set_instructions_after(after_.instructions);
    explanation_.set_system_calls_before(before_.system_calls);
    explanation_.set_system_calls_after(after_.system_calls);
    ListAllocations();
    ListFunctions();
    const double change = after_.instructions - before_.instructions;
    if (std::abs(change) <
        std::max(kLeastInstructions, kSamePart * std::abs(before_.instructions))) {
      ExplainSameInstructions();
    } else {
      ExplainInstructions(change);
    }
    return std::move(explanation_);
  }

 private:
  FunctionKind Kind(const std::string& name) const { return ValueOr(kinds_, name); }

  // Who asked for what a function of the standard library does: the first caller outside of it,
  // always by way of the caller whose calls changed most.
  std::string Owner(const std::string& name) const {
    std::set<std::string> seen;
    std::string owner = name;
    while (IsStandardLibrary(owner) && seen.insert(owner).second) {
      const auto callers = calls_into_.find(owner);
      if (callers == calls_into_.end()) break;
      const auto most =
          absl::c_max_element(callers->second, [](const auto& one, const auto& other) {
            const auto key = [](const Sides& sides) {
              return std::make_pair(std::abs(sides.Change()), sides.after);
            };
            return key(one.second) < key(other.second);
          });
      owner = most->first;
    }
    return owner;
  }

  // A figure of calls from functions that are not of a kind to functions that `counts` selects, by
  // who asked for them.
  std::map<std::string, Sides> ByOwner(
      const std::map<std::string, std::map<std::string, Sides>>& into, FunctionKind kind,
      const std::function<bool(const std::string&)>& counts) const {
    std::map<std::string, Sides> by_owner;
    for (const auto& [callee, callers] : into) {
      if (!counts(callee)) continue;
      for (const auto& [caller, sides] : callers) {
        if (Kind(caller) == kind) continue;
        Sides& sum = by_owner[Owner(caller)];
        sum.before += sides.before;
        sum.after += sides.after;
      }
    }
    return by_owner;
  }

  void ListAllocations() {
    allocations_ = ByOwner(calls_into_, FunctionKind::kAllocation, TakesMemory);
    Sides all;
    for (const auto& [caller, sides] : allocations_) {
      all.before += sides.before;
      all.after += sides.after;
    }
    explanation_.set_allocations_before(all.before);
    explanation_.set_allocations_after(all.after);
    for (const auto& [caller, sides] : Greatest(allocations_, kLeastCalls, kMaxAllocations)) {
      AllocationChange& change = *explanation_.add_allocations();
      change.set_caller(caller);
      change.set_before(sides.before);
      change.set_after(sides.after);
    }
  }

  void ListFunctions() {
    const std::map<std::string, Sides> inclusive =
        SidesOf(before_, after_, &FunctionCost::inclusive);
    std::map<std::string, Sides> in_one;
    for (const auto& [name, sides] : inclusive) {
      if (before_.functions.contains(name) != after_.functions.contains(name)) {
        in_one[name] = sides;
      }
    }
    std::set<std::string> names;
    for (const auto& greatest : {Greatest(self_, kLeastInstructions, kMaxListed),
                                 Greatest(inclusive, kLeastInstructions, kMaxListed),
                                 Greatest(in_one, kLeastInstructions, kMaxListed)}) {
      for (const auto& [name, sides] : greatest) names.insert(name);
    }
    std::map<std::string, Sides> listed;
    for (const std::string& name : names) listed[name] = ValueOr(self_, name);
    // Those whose own cost is the same come last, as they only call others.
    for (const auto& [name, sides] : Greatest(listed, 0, listed.size())) AddFunction(name);
  }

  void AddFunction(const std::string& name) {
    const FunctionCost before = ValueOr(before_.functions, name);
    const FunctionCost after = ValueOr(after_.functions, name);
    FunctionChange& change = *explanation_.add_functions();
    change.set_function(name);
    change.set_presence(!before_.functions.contains(name)  ? FUNCTION_NEW
                        : !after_.functions.contains(name) ? FUNCTION_GONE
                                                           : FUNCTION_IN_BOTH);
    change.set_self_before(before.self);
    change.set_self_after(after.self);
    change.set_inclusive_before(before.inclusive);
    change.set_inclusive_after(after.inclusive);
    change.set_calls_before(before.calls);
    change.set_calls_after(after.calls);
    change.set_caller(CallerOf(name));
    for (const auto& [inlined, sides] :
         Greatest(InlinedInto(name), kLeastInstructions, kMaxInlined)) {
      InlinedChange& added = *change.add_inlined();
      added.set_function(inlined);
      added.set_before(sides.before);
      added.set_after(sides.after);
    }
  }

  std::map<std::string, Sides> InlinedInto(const std::string& name) const {
    std::map<std::string, Sides> inlined;
    for (const auto& [function, cost] : ValueOr(inlined_before_, name)) {
      inlined[function].before = cost;
    }
    for (const auto& [function, cost] : ValueOr(inlined_after_, name)) {
      inlined[function].after = cost;
    }
    return inlined;
  }

  // The caller whose calls of a function changed most, or what they cost; empty if none did.
  std::string CallerOf(const std::string& name) const {
    for (const auto* into : {&calls_into_, &instructions_into_}) {
      const auto greatest = Greatest(ValueOr(*into, name), kLeastCalls, 1);
      if (!greatest.empty()) return Owner(greatest.front().first);
    }
    return "";
  }

  // What one cause adds to the instructions, or takes away.
  struct Part {
    FunctionKind kind = FunctionKind::kOther;
    // Of kOther: the function. Of others: that of the kind which changed most.
    std::string function = {};
    double change = 0;
  };

  // The greatest part in the direction of `sign`.
  Part GreatestPart(double sign) const {
    std::map<FunctionKind, double> by_kind;
    for (const auto& [name, sides] : self_) {
      if (Kind(name) != FunctionKind::kOther) by_kind[Kind(name)] += sides.Change();
    }
    Part greatest;
    for (const auto& [kind, change] : by_kind) {
      if (sign * change > sign * greatest.change) greatest = {.kind = kind, .change = change};
    }
    for (const auto& [name, sides] : self_) {
      if (Kind(name) != FunctionKind::kOther) continue;
      if (sign * sides.Change() > sign * greatest.change) {
        greatest = {.kind = FunctionKind::kOther, .function = name, .change = sides.Change()};
      }
    }
    if (greatest.kind == FunctionKind::kOther) return greatest;
    double most = 0;
    for (const auto& [name, sides] : self_) {
      if (Kind(name) != greatest.kind || sign * sides.Change() <= most) continue;
      most = sign * sides.Change();
      greatest.function = name;
    }
    return greatest;
  }

  // Who asked for what a kind of functions does more of, and how many calls more.
  std::pair<std::string, double> MostOf(FunctionKind kind, double sign) const {
    const auto of_kind = [&](const std::string& name) { return Kind(name) == kind; };
    const auto greatest_in_direction = [&](const std::map<std::string, Sides>& by_owner) {
      std::string owner;
      double most = 0;
      for (const auto& [name, sides] : by_owner) {
        if (sign * sides.Change() <= most) continue;
        most = sign * sides.Change();
        owner = name;
      }
      return owner;
    };
    const std::string owner = greatest_in_direction(ByOwner(instructions_into_, kind, of_kind));
    // An allocation is one call that takes memory and one that gives it back, and so is a lock.
    const auto counted = [&](const std::string& name) {
      switch (kind) {
        case FunctionKind::kAllocation:
          return TakesMemory(name);
        case FunctionKind::kLock:
          return Kind(name) == kind && !absl::StrContains(name, "unlock") &&
                 !absl::StrContains(name, "Unlock");
        default:
          return Kind(name) == kind;
      }
    };
    return {owner, ValueOr(ByOwner(calls_into_, kind, counted), owner).Change()};
  }

  void ExplainSameInstructions() {
    explanation_.set_cause(CAUSE_NOT_IN_INSTRUCTIONS);
    const std::string figure =
        Figure(after_.instructions) == Figure(before_.instructions)
            ? absl::StrCat("the same ", Figure(after_.instructions), " instructions an iteration")
            : absl::StrCat("almost the same instructions an iteration (",
                           Figure(after_.instructions), ", before ", Figure(before_.instructions),
                           ")");
    explanation_.set_line(
        absl::StrCat(figure, ", so what changed is the code's layout, its memory, locks or waiting",
                     SystemCalls()));
    explanation_.add_notes(
        "Look next at cache misses, branch misses, page faults and context switches of both "
        "builds, as `perf stat -d` counts them where the machine has hardware counters.");
    explanation_.add_notes(
        "Only the thread that runs the benchmark's loop is counted: what other threads do, and how "
        "long the loop waits for them, is not in these figures.");
  }

  void ExplainInstructions(double change) {
    const double sign = change < 0 ? -1 : 1;
    std::string line = absl::StrCat(Signed(change), " instructions an iteration");
    if (before_.instructions > 0) {
      absl::StrAppendFormat(&line, " (%+.1f %%)", change / before_.instructions * 100);
    }
    const Part part = GreatestPart(sign);
    // It is more than the whole where something else went the other way.
    const bool within = std::abs(part.change) <= std::abs(change) * 1.0005;
    absl::StrAppend(&line, within ? ", of which " : ": ",
                    within && change > 0 ? Figure(part.change) : Signed(part.change), " in ",
                    PartText(part, sign), within ? "" : ", and the other way elsewhere",
                    SystemCalls());
    explanation_.set_line(std::move(line));
    // What costs more than its instructions, such as a lock that others hold, is found beside them.
    constexpr double kLittle = 1.0 / 3;
    const double percent =
        before_.instructions > 0 ? std::abs(change) / before_.instructions * 100 : 100;
    if (percent < kLittle * std::abs(time_percent_)) {
      explanation_.add_notes(
          absl::StrFormat("The instructions changed by %.1f %%, the time by %.1f %%: look at the "
                          "code's layout, its "
                          "memory, locks and waiting, too.",
                          percent, std::abs(time_percent_)));
    }
  }

  // What a part is of, and its cause for the record.
  std::string PartText(const Part& part, double sign) {
    explanation_.set_function(part.function);
    const std::string name = ShortFunctionName(part.function);
    if (part.kind == FunctionKind::kOther) {
      explanation_.set_cause(CAUSE_FUNCTION);
      return absl::StrCat(name, Circumstances(part, sign));
    }
    const auto [owner, calls] = MostOf(part.kind, sign);
    // The function to look at is the one that asks for it.
    if (!owner.empty()) explanation_.set_function(owner);
    const std::string by = owner.empty() ? "" : absl::StrCat(", by ", ShortFunctionName(owner));
    const bool counts = std::abs(calls) >= kLeastCalls;
    switch (part.kind) {
      case FunctionKind::kAllocation:
        explanation_.set_cause(CAUSE_ALLOCATION);
        return absl::StrCat(
            "allocating memory",
            counts ? absl::StrCat(": ", MoreOrFewer(calls, "allocation", "allocations")) : "", by);
      case FunctionKind::kLock:
        explanation_.set_cause(CAUSE_LOCK);
        return absl::StrCat("locks (", name, ")",
                            counts ? absl::StrCat(": ", MoreOrFewer(calls, "lock", "locks")) : "",
                            by);
      default:
        explanation_.set_cause(CAUSE_COPY);
        return absl::StrCat(
            name, counts ? absl::StrCat(": ", MoreOrFewer(calls, "call", "calls")) : "", by);
    }
  }

  // What is inlined into a function, or who calls it, where that is the cause; in brackets.
  std::string Circumstances(const Part& part, double sign) const {
    std::vector<std::string> circumstances;
    if (!before_.functions.contains(part.function)) circumstances.emplace_back("new");
    if (!after_.functions.contains(part.function)) circumstances.emplace_back("gone");
    std::string inlined;
    // Half of the change, or it is not the cause.
    double most = std::abs(part.change) / 2;
    for (const auto& [name, sides] : InlinedInto(part.function)) {
      if (sign * sides.Change() < most) continue;
      most = sign * sides.Change();
      inlined = name;
    }
    if (!inlined.empty()) {
      circumstances.push_back(absl::StrCat("inlined: ", ShortFunctionName(inlined)));
    }
    const FunctionCost cost =
        ValueOr(sign > 0 ? after_.functions : before_.functions, part.function);
    if (const std::string caller = CallerOf(part.function);
        !caller.empty() && (IsOfSharedLibrary(cost) || IsStandardLibrary(part.function))) {
      circumstances.push_back(absl::StrCat("called by ", ShortFunctionName(caller)));
    }
    return circumstances.empty() ? "" : absl::StrCat(" (", absl::StrJoin(circumstances, ", "), ")");
  }

  std::string SystemCalls() const {
    const double change = after_.system_calls - before_.system_calls;
    if (std::abs(change) < kLeastCalls) return "";
    return absl::StrCat("; ", MoreOrFewer(change, "system call", "system calls"));
  }

  const Profile& before_;
  const Profile& after_;
  const double time_percent_;
  const InlinedCosts& inlined_before_;
  const InlinedCosts& inlined_after_;
  const std::map<std::string, Sides> self_;
  std::map<std::string, FunctionKind> kinds_;
  // Figures of calls by callee and caller.
  std::map<std::string, std::map<std::string, Sides>> calls_into_;
  std::map<std::string, std::map<std::string, Sides>> instructions_into_;
  // Calls that take memory, by who asked for them.
  std::map<std::string, Sides> allocations_;
  Explanation explanation_;
};

}  // namespace

std::vector<std::string> MostChanged(const Profile& before, const Profile& after, size_t most) {
  std::vector<std::string> names;
  for (const auto& [name, sides] :
       Greatest(SidesOf(before, after, &FunctionCost::self), kLeastInstructions, most)) {
    names.push_back(name);
  }
  return names;
}

Explanation Compare(const ProfiledBuild& before, const ProfiledBuild& after, double time_percent) {
  return Comparison(before, after, time_percent).Execute();
}

Explanation NotExplained(absl::string_view why) {
  Explanation explanation;
  explanation.set_cause(CAUSE_NOT_EXPLAINED);
  // Messages of programs may be of any length.
  constexpr size_t kMaxWhy = 400;
  explanation.set_line(
      absl::StrCat("not explained: ", command::PrintableLine(why.substr(0, kMaxWhy))));
  return explanation;
}

}  // namespace perf
