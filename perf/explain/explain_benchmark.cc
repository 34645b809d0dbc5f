#include "perf/explain/explain_benchmark.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "perf/counts/callgrind.h"
#include "perf/counts/counted_process.h"
#include "perf/explain/call_tree.h"
#include "perf/explain/callgrind_profile.h"
#include "perf/explain/function_name.h"
#include "perf/explain/inlined_functions.h"
#include "perf/explain/profile.h"
#include "perf/gbench/benchmark_names.h"

namespace perf {
namespace {

// How long to wait for one answer of a benchmark: callgrind makes it some fifty times slower.
constexpr absl::Duration kPatience = absl::Minutes(10);
// Looking up addresses takes about a second for ten thousand of them.
constexpr size_t kMaxAddresses = 20'000;
// So many of the functions that changed, and of those that cost most, are looked into for what was
// inlined into them.
constexpr size_t kMaxLookedInto = 20;
constexpr size_t kMaxProfiled = 100;
// The tree of calls in an explanation.
constexpr CallTreeOptions kExplainedTree = {.least_part = 0.005, .max_nodes = 300};

absl::Status In(absl::string_view build, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(build, ": ", status.message()));
}

// The name by which the program lists a benchmark that records call `measurement`.
absl::StatusOr<std::string> ListedNameOf(CountedProcess& process, const std::string& measurement) {
  const absl::StatusOr<std::vector<std::string>> listed = process.Names();
  if (!listed.ok()) return listed.status();
  const absl::StatusOr<MeasurementNames> names = MeasurementNames::Create(*listed);
  if (!names.ok()) return names.status();
  for (const std::string& name : *listed) {
    if (names->Of(name) == measurement) return name;
  }
  return absl::NotFoundError(absl::StrCat("there is no benchmark '", measurement, "'"));
}

// What callgrind takes for the function that the loop stands in, as it begins to count within
// these.
constexpr absl::string_view kLoopFunctions[] = {"__wrap__ZN9benchmark5State16StartKeepRunningEv",
                                                "benchmark::State::StartKeepRunning()"};
// What the function is called where it cannot be told.
constexpr char kLoop[] = "the benchmark's loop";

// Gives the function that the loop stands in its own name.
void NameLoop(const ProfileOptions& options, Profile& profile) {
  for (const absl::string_view taken : kLoopFunctions) {
    const std::string name(taken);
    const auto found = profile.functions.find(name);
    if (found == profile.functions.end()) continue;
    std::map<std::string, std::vector<uint64_t>> addresses;
    for (const auto& [place, instructions] : found->second.instructions) {
      if (!IsSharedLibrary(place.object)) addresses[place.object].push_back(place.address);
    }
    // Instructions by the function that has them.
    std::map<std::string, int> functions;
    for (const auto& [object, of_object] : addresses) {
      const absl::StatusOr<std::map<uint64_t, Frames>> frames =
          FindFrames(object, of_object, options.scratch, options.programs);
      if (!frames.ok()) continue;
      for (const auto& [address, functions_there] : *frames) {
        const std::string function = FunctionName(functions_there.back().function, object);
        if (!absl::c_linear_search(kLoopFunctions, function)) ++functions[function];
      }
    }
    const auto most = absl::c_max_element(
        functions, [](const auto& one, const auto& other) { return one.second < other.second; });
    RenameFunction(profile, name, most == functions.end() ? kLoop : most->first);
  }
}

// Profiles as many iterations as `iterations` says; chooses the number if that is 0.
absl::StatusOr<Profile> ProfileIterations(const BenchmarkProgram& program,
                                          const ProfileOptions& options, int64_t& iterations) {
  BenchmarkProgram counted = program;
  counted.patience = kPatience;
  absl::StatusOr<CountedProcess> process =
      CountedProcess::Start(counted, options.scratch, CallgrindDetail::kInstructions);
  if (absl::IsNotFound(process.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "valgrind counts the instructions, and is not there: ", process.status().message()));
  }
  if (!process.ok()) return process.status();
  const absl::StatusOr<std::string> name = ListedNameOf(*process, options.measurement);
  if (!name.ok()) return name.status();
  // The first iteration is not like the others, so that each process runs it by itself.
  const absl::StatusOr<int64_t> chosen = ChooseIterations(*process, *name);
  if (!chosen.ok()) return chosen.status();
  if (iterations == 0) iterations = *chosen;
  CallgrindProfile dumps[2];
  for (const int times : {1, 2}) {
    const absl::StatusOr<CallCounts> counts = process->Count(*name, iterations * times);
    if (!counts.ok()) return counts.status();
    absl::StatusOr<CallgrindProfile> dump = ParseCallgrindProfile(counts->dump);
    if (!dump.ok()) return dump.status();
    dumps[times - 1] = *std::move(dump);
  }
  Profile profile = ProfileOfIteration(dumps[0], dumps[1], iterations);
  NameLoop(options, profile);
  return profile;
}

// What was inlined into some functions of a profile, in instructions of one iteration. Where that
// cannot be known, `notes` says so.
InlinedCosts FindInlined(const Profile& profile, const std::vector<std::string>& functions,
                         const ProfileOptions& options, std::vector<std::string>* notes) {
  // The addresses to look up, by object. Shared libraries of the distribution have no debug
  // information, and their functions say enough.
  std::map<std::string, std::vector<uint64_t>> wanted;
  size_t all = 0;
  for (const std::string& function : functions) {
    const auto found = profile.functions.find(function);
    if (found == profile.functions.end()) continue;
    for (const auto& [place, instructions] : found->second.instructions) {
      if (IsSharedLibrary(place.object)) continue;
      if (++all <= kMaxAddresses) wanted[place.object].push_back(place.address);
    }
  }
  if (all > kMaxAddresses) {
    notes->push_back(absl::StrCat("Inlined functions were looked up for the first ", kMaxAddresses,
                                  " of ", all, " instructions."));
  }
  std::map<std::string, std::map<uint64_t, Frames>> frames;
  for (const auto& [object, addresses] : wanted) {
    absl::StatusOr<std::map<uint64_t, Frames>> found =
        FindFrames(object, addresses, options.scratch, options.programs);
    if (found.ok()) {
      frames[object] = *std::move(found);
    } else if (absl::IsNotFound(found.status())) {
      notes->push_back("Inlined functions are not known, because there is no addr2line.");
      return {};
    }
    // What has no debug information has no inlined functions to show.
  }
  InlinedCosts inlined;
  for (const std::string& function : functions) {
    const auto found = profile.functions.find(function);
    if (found == profile.functions.end()) continue;
    for (const auto& [place, instructions] : found->second.instructions) {
      const auto& of_object = frames[place.object];
      const auto here = of_object.find(place.address);
      if (here == of_object.end()) continue;
      const std::string name = InlinedFunction(here->second);
      if (!name.empty() && name != function) inlined[function][name] += instructions;
    }
  }
  return inlined;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> MeasurementsOf(const BenchmarkProgram& program) {
  absl::StatusOr<EpochChild> child = EpochChild::Start(program);
  if (!child.ok()) return child.status();
  const absl::StatusOr<std::vector<std::string>> listed = child->Names();
  if (!listed.ok()) return listed.status();
  const absl::StatusOr<MeasurementNames> names = MeasurementNames::Create(*listed);
  if (!names.ok()) return names.status();
  std::vector<std::string> measurements;
  for (const std::string& name : *listed) measurements.push_back(names->Of(name));
  return measurements;
}

absl::StatusOr<ProfiledBuild> ProfileBenchmark(const BenchmarkProgram& program,
                                               const ProfileOptions& options,
                                               std::vector<std::string>* notes) {
  int64_t iterations = 0;
  options.progress(absl::StrCat("profiling ", options.measurement));
  absl::StatusOr<Profile> profile = ProfileIterations(program, options, iterations);
  if (!profile.ok()) return profile.status();
  ProfiledBuild build = {.profile = *std::move(profile)};
  // Compared with nothing, what costs most has changed most.
  build.inlined =
      FindInlined(build.profile, MostChanged({}, build.profile, kMaxProfiled), options, notes);
  return build;
}

absl::StatusOr<Explanation> ExplainBenchmark(const BenchmarkProgram& baseline,
                                             const BenchmarkProgram& current,
                                             const ProfileOptions& options, double time_percent) {
  // Both run as many iterations, so that what happens once in a while is alike.
  int64_t iterations = 0;
  options.progress(absl::StrCat("explaining ", options.measurement, ": the baseline's build"));
  absl::StatusOr<Profile> before = ProfileIterations(baseline, options, iterations);
  if (!before.ok()) return In("the baseline's build", before.status());
  options.progress(absl::StrCat("explaining ", options.measurement, ": the current build"));
  absl::StatusOr<Profile> after = ProfileIterations(current, options, iterations);
  if (!after.ok()) return In("the current build", after.status());
  ProfiledBuild builds[] = {{.profile = *std::move(before)}, {.profile = *std::move(after)}};
  std::vector<std::string> wanted =
      MostChanged(builds[0].profile, builds[1].profile, kMaxLookedInto);
  for (std::string& name : MostChanged({}, builds[1].profile, kMaxLookedInto)) {
    if (!absl::c_linear_search(wanted, name)) wanted.push_back(std::move(name));
  }
  std::vector<std::string> notes;
  for (ProfiledBuild& build : builds) {
    build.inlined = FindInlined(build.profile, wanted, options, &notes);
  }
  Explanation explanation = Compare(builds[0], builds[1], time_percent);
  for (CallFrame& frame : FramesOf(CompareCallTrees(builds[0], builds[1], kExplainedTree))) {
    *explanation.add_frames() = std::move(frame);
  }
  std::set<std::string> said;
  for (std::string& note : notes) {
    if (said.insert(note).second) explanation.add_notes(std::move(note));
  }
  return explanation;
}

}  // namespace perf
