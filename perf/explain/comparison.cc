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
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "command/terminal/printable.h"
#include "perf/explain/explanation_text.h"
#include "perf/explain/function_name.h"

namespace perf {
namespace {

// At most this many functions are listed of each kind: by their own cost, by that with what they
// call, and of those that are in one build only.
constexpr size_t kMaxListed = 10;
constexpr size_t kMaxInlined = 5;
constexpr size_t kMaxAllocations = 10;
// Figures are exact but for what happens now and then, such as a table that grows. Smaller changes
// are not reported.
constexpr double kMinCallsChange = 0.01;
constexpr double kMinInstructionsChange = 0.5;
// What a whole program does besides differs a little from run to run, and a change that is a
// smaller part of the program's instructions is not listed.
constexpr double kMinPartOfRun = 1e-4;
// Two processes of one build agree on their instructions to this part.
constexpr double kMaxDifferenceOfRuns = 0.001;
// Instructions whose change is a smaller part of the time's do not explain it.
constexpr double kMinPartOfTime = 1.0 / 3;
// A function whose change is at most this many times the whole change is all of it,
// and nothing went the other way.
constexpr double kWhole = 1.01;
// Among callers of callers, those that made a smaller part of the calls are not looked for.
constexpr double kMinPartOfCalls = 0.001;

std::string Signed(double value) {
  return absl::StrCat(value < 0 ? "" : "+", IterationFigure(value));
}

// "1 more allocation", "2 fewer calls".
std::string MoreOrFewer(double change, absl::string_view what, absl::string_view plural) {
  const std::string figure = IterationFigure(std::abs(change));
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
bool IsOfSharedLibrary(const Profile& profile, const std::string& name) {
  const auto found = profile.functions.find(name);
  if (found == profile.functions.end() || found->second.instructions.empty()) return false;
  return IsSharedLibrary(found->second.instructions.begin()->first.object);
}

class Comparison {
 public:
  Comparison(const ProfiledBuild& before, const ProfiledBuild& after, double time_percent)
      : whole_run_(before.whole_run),
        before_(before.profile),
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
    explanation_.set_of_whole_run(whole_run_);
    explanation_.set_instructions_before(before_.instructions);
    explanation_.set_instructions_after(after_.instructions);
    explanation_.set_system_calls_before(before_.system_calls);
    explanation_.set_system_calls_after(after_.system_calls);
    ListAllocations();
    ListFunctions();
    const double change = after_.instructions - before_.instructions;
    if (std::abs(change) <
        std::max(kMinInstructionsChange, kMaxDifferenceOfRuns * std::abs(before_.instructions))) {
      ExplainSameInstructions();
    } else if (IsBesideTheTime()) {
      ExplainOtherThanTime();
    } else {
      ExplainInstructions(change);
    }
    return std::move(explanation_);
  }

 private:
  FunctionKind Kind(const std::string& name) const { return ValueOr(kinds_, name); }

  // Whether a function does what its callers ask for, as those of libraries do, and those that copy
  // memory or take it by calling others of their like.
  bool PassesOn(const std::string& name) const {
    return IsStandardLibrary(name) || Kind(name) != FunctionKind::kOther ||
           IsOfSharedLibrary(after_, name) || IsOfSharedLibrary(before_, name);
  }

  // Who asked for what a function does in one build, with the part of it that is each one's: the
  // first callers that do not do so for others, in proportion to their calls. Empty if it is called
  // by the functions in `path` alone, which were passed already. `part`: of the whole that is
  // divided.
  std::map<std::string, double> OwnersOf(const std::string& name, double Sides::*side, double part,
                                         std::set<std::string>& path) const {
    const auto callers = calls_into_.find(name);
    if (part < kMinPartOfCalls || callers == calls_into_.end() || !PassesOn(name)) {
      return {{name, 1}};
    }
    double all = 0;
    for (const auto& [caller, calls] : callers->second) all += std::max(0.0, calls.*side);
    if (all <= 0) return {{name, 1}};
    std::map<std::string, double> owners;
    double found = 0;
    path.insert(name);
    for (const auto& [caller, calls] : callers->second) {
      if (path.contains(caller) || !(calls.*side > 0)) continue;
      const double of_caller = calls.*side / all;
      const std::map<std::string, double> beyond = OwnersOf(caller, side, part * of_caller, path);
      if (!beyond.empty()) found += of_caller;
      for (const auto& [owner, its_part] : beyond) owners[owner] += of_caller * its_part;
    }
    path.erase(name);
    // What calls came around in a circle is of those who began it.
    for (auto& [owner, its_part] : owners) its_part /= found;
    return owners;
  }

  // A figure of calls from one caller, by who asked for them.
  void AddByOwner(const std::string& caller, const Sides& sides,
                  std::map<std::string, Sides>& by_owner) const {
    for (double Sides::*side : {&Sides::before, &Sides::after}) {
      if (sides.*side == 0) continue;
      std::set<std::string> path;
      const std::map<std::string, double> owners = OwnersOf(caller, side, 1, path);
      if (owners.empty()) by_owner[caller].*side += sides.*side;
      for (const auto& [owner, part] : owners) by_owner[owner].*side += sides.*side * part;
    }
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
        if (Kind(caller) != kind) AddByOwner(caller, sides, by_owner);
      }
    }
    return by_owner;
  }

  void ListAllocations() {
    const std::map<std::string, Sides> allocations = CallsByOwner(FunctionKind::kAllocation);
    Sides all;
    for (const auto& [caller, sides] : allocations) {
      all.before += sides.before;
      all.after += sides.after;
    }
    explanation_.set_allocations_before(all.before);
    explanation_.set_allocations_after(all.after);
    for (const auto& [caller, sides] : Greatest(allocations, kMinCallsChange, kMaxAllocations)) {
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
    const double least =
        whole_run_ ? std::max(kMinInstructionsChange,
                              kMinPartOfRun * std::max(before_.instructions, after_.instructions))
                   : kMinInstructionsChange;
    std::set<std::string> names;
    for (const auto& greatest :
         {Greatest(self_, least, kMaxListed), Greatest(inclusive, least, kMaxListed),
          Greatest(in_one, least, kMaxListed)}) {
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
         Greatest(InlinedInto(name), kMinInstructionsChange, kMaxInlined)) {
      InlinedChange& added = *change.add_inlined();
      added.set_function(inlined);
      added.set_before(sides.before);
      added.set_after(sides.after);
    }
  }

  // What was inlined into a function, where that is known of each build that has the function.
  std::map<std::string, Sides> InlinedInto(const std::string& name) const {
    const auto is_unknown = [&](const Profile& profile, const InlinedCosts& inlined) {
      return profile.functions.contains(name) && !inlined.contains(name);
    };
    if (is_unknown(before_, inlined_before_) || is_unknown(after_, inlined_after_)) return {};
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
      std::map<std::string, Sides> by_owner;
      for (const auto& [caller, sides] : ValueOr(*into, name)) {
        AddByOwner(caller, sides, by_owner);
      }
      const auto greatest = Greatest(by_owner, kMinCallsChange, 1);
      if (!greatest.empty()) return greatest.front().first;
    }
    return "";
  }

  // What one cause adds to the instructions, or takes away.
  struct Part {
    FunctionKind kind = FunctionKind::kOther;
    // The function itself if its kind is kOther, and otherwise the one of its kind that changed
    // most.
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

  // Calls of functions of a kind, by who asked for them. An allocation is one call that takes
  // memory and one that gives it back, and so is a lock.
  std::map<std::string, Sides> CallsByOwner(FunctionKind kind) const {
    return ByOwner(calls_into_, kind, [&](const std::string& name) {
      switch (kind) {
        case FunctionKind::kAllocation:
          return TakesMemory(name);
        case FunctionKind::kLock:
          return TakesLock(name);
        default:
          return Kind(name) == kind;
      }
    });
  }

  // The owner whose figure changed most in the direction of `sign`, by at least so much; empty if
  // there is none.
  static std::string GreatestOwner(const std::map<std::string, Sides>& by_owner, double sign,
                                   double least) {
    std::string owner;
    double most = 0;
    for (const auto& [name, sides] : by_owner) {
      const double change = sign * sides.Change();
      if (change < least || change <= most) continue;
      most = change;
      owner = name;
    }
    return owner;
  }

  // Who asked for what a kind of functions does more of, and how many calls more.
  std::pair<std::string, double> MostOf(FunctionKind kind, double sign) const {
    const std::map<std::string, Sides> calls = CallsByOwner(kind);
    std::string owner;
    // Who gives memory back is not the one who takes it, so calls that take it count. Copies are
    // told by their instructions, because bytes matter more there than calls.
    if (kind != FunctionKind::kCopy) owner = GreatestOwner(calls, sign, kMinCallsChange);
    if (owner.empty()) {
      const auto of_kind = [&](const std::string& name) { return Kind(name) == kind; };
      owner = GreatestOwner(ByOwner(instructions_into_, kind, of_kind), sign, 0);
    }
    return {owner, ValueOr(calls, owner).Change()};
  }

  void NameWhatIsNotCounted() {
    explanation_.set_cause(CAUSE_NOT_IN_INSTRUCTIONS);
    explanation_.add_notes(
        "Look next at cache misses, branch misses, page faults and context switches of both "
        "builds, as `perf stat -d` counts them where the machine has hardware counters.");
    explanation_.add_notes(
        whole_run_
            ? "How long threads wait, for one another or for the system, is not in these figures."
            : "Only the thread that runs the benchmark's loop is counted: what other threads do, "
              "and how long the loop waits for them, is not in these figures.");
  }

  absl::string_view PerRun() const { return PerWhat(explanation_); }

  void ExplainSameInstructions() {
    NameWhatIsNotCounted();
    const std::string before = IterationFigure(before_.instructions);
    const std::string after = IterationFigure(after_.instructions);
    const std::string figure = before == after
                                   ? absl::StrCat("the same ", after, " instructions ", PerRun())
                                   : absl::StrCat("almost the same instructions ", PerRun(), " (",
                                                  after, ", before ", before, ")");
    explanation_.set_line(absl::StrCat(
        figure, time_percent_ == 0 ? "; if the time changed, it is by" : ", so what changed is",
        " the code's layout, its memory, locks or waiting", OtherCalls(/*all=*/true)));
  }

  // By how many percent the instructions changed; 100 if there were none.
  double InstructionsPercent() const {
    const double change = after_.instructions - before_.instructions;
    return before_.instructions > 0 ? change / before_.instructions * 100 : 100;
  }

  // Whether the instructions are far from what the time did. What costs more than its instructions,
  // such as a lock that others hold, is found beside them.
  bool IsBesideTheTime() const {
    if (time_percent_ == 0) return false;
    return InstructionsPercent() / time_percent_ < kMinPartOfTime;
  }

  void ExplainOtherThanTime() {
    NameWhatIsNotCounted();
    explanation_.set_line(
        absl::StrFormat("the instructions changed by %+.1f %%, the time by %+.1f %%: look at the "
                        "code's layout, its memory, locks and waiting%s",
                        InstructionsPercent(), time_percent_, OtherCalls(/*all=*/true)));
  }

  void ExplainInstructions(double change) {
    const double sign = change < 0 ? -1 : 1;
    std::string line = absl::StrCat(Signed(change), " instructions ", PerRun());
    if (before_.instructions > 0) {
      absl::StrAppendFormat(&line, " (%+.1f %%)", InstructionsPercent());
    }
    const Part part = GreatestPart(sign);
    const std::string text = PartText(part, sign);
    // It is more than the whole where something else went the other way. In a whole program, what
    // its threads wait differs a little from run to run, which is not worth a word.
    if (std::abs(part.change) > std::abs(change) * kWhole) {
      absl::StrAppend(&line, ": ", Signed(part.change), " in ", text,
                      ", and the other way elsewhere");
    } else if (std::abs(part.change) > std::abs(change) + kMinInstructionsChange) {
      absl::StrAppend(&line, ", all of them in ", text);
    } else {
      absl::StrAppend(&line, ", of which ",
                      change > 0 ? IterationFigure(part.change) : Signed(part.change), " in ",
                      text);
    }
    absl::StrAppend(&line, OtherCalls(/*all=*/false));
    explanation_.set_line(std::move(line));
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
    const bool counts = std::abs(calls) >= kMinCallsChange;
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
    const bool is_of_library = IsOfSharedLibrary(sign > 0 ? after_ : before_, part.function) ||
                               IsStandardLibrary(part.function);
    if (const std::string caller = CallerOf(part.function); !caller.empty() && is_of_library) {
      circumstances.push_back(absl::StrCat("called by ", ShortFunctionName(caller)));
    }
    return circumstances.empty() ? "" : absl::StrCat(" (", absl::StrJoin(circumstances, ", "), ")");
  }

  // How many system calls there are more or fewer; with `all`, how many allocations and locks, too.
  // Each may cost more time than its instructions.
  std::string OtherCalls(bool all) const {
    std::string text;
    const auto add = [&](double change, absl::string_view what, absl::string_view plural) {
      if (std::abs(change) < kMinCallsChange) return;
      absl::StrAppend(&text, "; ", MoreOrFewer(change, what, plural));
    };
    if (all) {
      add(explanation_.allocations_after() - explanation_.allocations_before(), "allocation",
          "allocations");
      double locks = 0;
      for (const auto& [owner, sides] : CallsByOwner(FunctionKind::kLock)) locks += sides.Change();
      add(locks, "lock", "locks");
    }
    add(after_.system_calls - before_.system_calls, "system call", "system calls");
    return text;
  }

  const bool whole_run_;
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
  Explanation explanation_;
};

}  // namespace

std::vector<std::string> MostChanged(const Profile& before, const Profile& after, size_t most) {
  std::vector<std::string> names;
  for (const auto& [name, sides] :
       Greatest(SidesOf(before, after, &FunctionCost::self), kMinInstructionsChange, most)) {
    names.push_back(name);
  }
  return names;
}

Explanation Compare(const ProfiledBuild& before, const ProfiledBuild& after, double time_percent) {
  return Comparison(before, after, time_percent).Execute();
}

double TimePercent(double ratio, bool higher_is_better) {
  const double time = higher_is_better ? 1 / ratio : ratio;
  return std::isfinite(time) ? (time - 1) * 100 : 0;
}

Explanation NotExplained(absl::string_view why) {
  Explanation explanation;
  explanation.set_cause(CAUSE_NOT_EXPLAINED);
  // Messages of programs may be of any length.
  constexpr size_t kMaxWhy = 400;
  explanation.set_line(
      absl::StrCat("not explained: ", command::PrintableLine(command::CutText(why, kMaxWhy))));
  return explanation;
}

}  // namespace perf
