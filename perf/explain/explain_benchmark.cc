#include "perf/explain/explain_benchmark.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/counts/callgrind.h"
#include "perf/counts/counted_process.h"
#include "perf/explain/call_tree.h"
#include "perf/explain/callgrind_profile.h"
#include "perf/explain/function_name.h"
#include "perf/explain/inlined_functions.h"
#include "perf/explain/profile.h"
#include "perf/gbench/benchmark_names.h"
#include "perf/process/subprocess.h"

namespace perf {
namespace {

// How long to wait for one answer of a benchmark: callgrind makes it some fifty times slower.
constexpr absl::Duration kPatience = absl::Minutes(10);
// Looking up addresses takes about a second for ten thousand of them.
constexpr size_t kMaxAddresses = 20'000;
// At most this many of the functions that changed, and of those that cost most, are looked into for
// what was inlined into them.
constexpr size_t kMaxLookedInto = 20;
constexpr size_t kMaxProfiled = 100;
// The tree of calls in an explanation.
constexpr CallTreeOptions kExplainedTree = {.least_part = 0.005, .max_nodes = 300};

constexpr absl::string_view kBuilds[] = {"the baseline's build", "the current build"};

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

bool IsInterrupted(const ProfileOptions& options) {
  return options.interrupted && options.interrupted();
}

absl::Status Interrupted() { return absl::CancelledError("interrupted"); }

// FindFrames, unless the user has asked to end.
absl::StatusOr<std::map<uint64_t, Frames>> LookUp(const std::string& object,
                                                  const std::vector<uint64_t>& addresses,
                                                  const ProfileOptions& options) {
  if (IsInterrupted(options)) return Interrupted();
  return FindFrames(object, addresses, options.scratch, options.programs);
}

// Why something is not known, for a note.
std::string WhyUnknown(const absl::Status& status) {
  return absl::IsNotFound(status) ? "there is no addr2line" : std::string(status.message());
}

// Gives the function that the loop stands in its own name, or kLoop if it cannot be told. Returns
// the name, which is empty if no such function was found. Cancelled if it was interrupted.
absl::StatusOr<std::string> NameLoop(const ProfileOptions& options, Profile& profile,
                                     std::vector<std::string>& notes) {
  std::string given;
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
      const absl::StatusOr<std::map<uint64_t, Frames>> frames = LookUp(object, of_object, options);
      if (absl::IsCancelled(frames.status())) return frames.status();
      if (!frames.ok()) {
        notes.push_back(
            absl::StrCat("The function that the benchmark's loop stands in has no name, "
                         "because ",
                         WhyUnknown(frames.status()), "."));
        continue;
      }
      for (const auto& [address, functions_there] : *frames) {
        const std::string function = FunctionName(functions_there.back().function, object);
        if (!absl::c_linear_search(kLoopFunctions, function)) ++functions[function];
      }
    }
    const auto most = absl::c_max_element(
        functions, [](const auto& one, const auto& other) { return one.second < other.second; });
    given = most == functions.end() ? kLoop : most->first;
    RenameFunction(profile, name, given);
  }
  return given;
}

absl::Status NoValgrind(const absl::Status& status) {
  return absl::FailedPreconditionError(
      absl::StrCat("valgrind counts the instructions, and is not there: ", status.message()));
}

// NotFound says that there is no such benchmark, which a dump that is missing does not.
absl::Status NoDump(const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::UnavailableError(absl::StrCat("callgrind wrote no dump: ", status.message()));
}

// A benchmark of one build, in a process of its own under callgrind.
class ProfiledBenchmark {
 public:
  // Runs one iteration, as the first is not like the others.
  static absl::StatusOr<ProfiledBenchmark> Start(const BenchmarkProgram& program,
                                                 const ProfileOptions& options) {
    if (IsInterrupted(options)) return Interrupted();
    BenchmarkProgram counted = program;
    counted.patience = kPatience;
    counted.interrupted = options.interrupted;
    absl::StatusOr<CountedProcess> process =
        CountedProcess::Start(counted, options.scratch, CallgrindDetail::kInstructions);
    if (absl::IsNotFound(process.status())) return NoValgrind(process.status());
    if (!process.ok()) return process.status();
    absl::StatusOr<std::string> name = ListedNameOf(*process, options.measurement);
    if (!name.ok()) return name.status();
    const absl::StatusOr<int64_t> iterations = ChooseIterations(*process, *name);
    if (!iterations.ok()) return NoDump(iterations.status());
    return ProfiledBenchmark(*std::move(process), *std::move(name), *iterations);
  }

  // How many iterations are enough.
  int64_t iterations() const { return iterations_; }

  absl::StatusOr<Profile> Run(int64_t iterations) {
    CallgrindProfile dumps[2];
    for (const int times : {1, 2}) {
      const absl::StatusOr<CallCounts> counts = process_.Count(name_, iterations * times);
      if (!counts.ok()) return NoDump(counts.status());
      absl::StatusOr<CallgrindProfile> dump = ParseCallgrindProfile(counts->dump);
      if (!dump.ok()) return dump.status();
      dumps[times - 1] = *std::move(dump);
    }
    Profile profile = ProfileOfIteration(dumps[0], dumps[1], iterations);
    // Even an empty body's loop takes some: compared with nothing, everything would be new.
    if (profile.instructions <= 0) {
      return absl::UnimplementedError(
          "callgrind counted no instruction of an iteration; the program's perf/ is of a version "
          "that counts otherwise than this one");
    }
    return profile;
  }

 private:
  ProfiledBenchmark(CountedProcess process, std::string name, int64_t iterations)
      : process_(std::move(process)), name_(std::move(name)), iterations_(iterations) {}

  CountedProcess process_;
  std::string name_;
  int64_t iterations_;
};

// What was inlined into some functions of a profile, in instructions of one iteration. Where that
// cannot be known, `notes` says so. Cancelled if it was interrupted.
absl::StatusOr<InlinedCosts> FindInlined(const Profile& profile,
                                         const std::vector<std::string>& functions,
                                         const ProfileOptions& options,
                                         std::vector<std::string>& notes) {
  // The addresses to look up, by object. Shared libraries of the distribution have no debug
  // information, and their functions say enough; what callgrind cannot tell the object of, such as
  // the first jumps into a library, it calls "???".
  std::map<std::string, std::vector<uint64_t>> wanted;
  size_t all = 0;
  int left_out = 0;
  for (const std::string& function : functions) {
    const auto found = profile.functions.find(function);
    if (found == profile.functions.end()) continue;
    std::vector<CodeAddress> places;
    for (const auto& [place, instructions] : found->second.instructions) {
      if (!IsSharedLibrary(place.object) && place.object != "???") places.push_back(place);
    }
    // A part of a function would be compared with the whole.
    if (all + places.size() > kMaxAddresses) {
      ++left_out;
      continue;
    }
    all += places.size();
    for (const CodeAddress& place : places) wanted[place.object].push_back(place.address);
  }
  if (left_out > 0) {
    notes.push_back(
        absl::StrCat("Of ", left_out, left_out == 1 ? " function" : " functions",
                     " it was not looked up what is inlined, because together they have "
                     "more than ",
                     kMaxAddresses, " instructions."));
  }
  std::map<std::string, std::map<uint64_t, Frames>> frames;
  for (const auto& [object, addresses] : wanted) {
    absl::StatusOr<std::map<uint64_t, Frames>> found = LookUp(object, addresses, options);
    if (absl::IsCancelled(found.status())) return found.status();
    if (!found.ok()) {
      notes.push_back(absl::StrCat("Inlined functions are not known, because ",
                                   WhyUnknown(found.status()), "."));
      continue;
    }
    const bool has_debug_information =
        absl::c_any_of(*found, [](const auto& entry) { return HasDebugInformation(entry.second); });
    if (!has_debug_information) {
      notes.push_back(
          absl::StrCat("Inlined functions are not known, because there is no debug "
                       "information (-g1) in ",
                       object, "."));
    }
    frames[object] = *std::move(found);
  }
  InlinedCosts inlined;
  for (const std::string& function : functions) {
    const auto found = profile.functions.find(function);
    if (found == profile.functions.end()) continue;
    std::map<std::string, double> costs;
    double known = 0;
    double whole = 0;
    for (const auto& [place, instructions] : found->second.instructions) {
      whole += std::abs(instructions);
      const auto& of_object = frames[place.object];
      const auto here = of_object.find(place.address);
      if (here == of_object.end() || !HasDebugInformation(here->second)) continue;
      known += std::abs(instructions);
      const std::string name = InlinedFunction(here->second);
      if (!name.empty() && name != function) costs[name] += instructions;
    }
    // Single instructions, such as those that fill gaps, are of no line.
    constexpr double kKnown = 0.9;
    if (whole > 0 && known >= kKnown * whole) inlined[function] = std::move(costs);
  }
  return inlined;
}

// Notes that are not said already.
void AddNotes(std::vector<std::string> notes, Explanation& explanation) {
  std::set<std::string> said;
  for (std::string& note : notes) {
    if (said.insert(note).second) explanation.add_notes(std::move(note));
  }
}

// Profiles one run of a program from its start to its end.
absl::StatusOr<ProfiledBuild> RunWhole(const BenchmarkProgram& program,
                                       const ProfileOptions& options) {
  if (IsInterrupted(options)) return Interrupted();
  SubprocessOptions run = {
      .arguments = CallgrindCommand(options.scratch, CallgrindDetail::kInstructions,
                                    CallgrindStart::kAtOnce),
      .variables = program.variables,
      .directory = program.directory,
      .time_limit = options.patience};
  run.arguments.push_back(program.path);
  for (const auto& [name, value] : CallgrindVariables()) run.variables[name] = value;
  const absl::StatusOr<SubprocessResult> result =
      options.programs.Run(run, SubprocessOutput::kCaptureWithErrors);
  if (absl::IsNotFound(result.status())) return NoValgrind(result.status());
  if (!result.ok()) return result.status();
  if (IsInterrupted(options) || result->exit_code == 128 + SIGINT) return Interrupted();
  if (result->exit_code != 0) {
    constexpr size_t kTail = 500;
    absl::string_view last = absl::StripAsciiWhitespace(
        result->errors.empty() ? absl::string_view(result->output) : result->errors);
    last = last.substr(last.size() - std::min(last.size(), kTail));
    return absl::UnavailableError(absl::StrCat(
        program.path, " ended with ", DescribeExit(result->exit_code), " under callgrind: ", last));
  }
  const absl::StatusOr<std::string> dump = TakeLastCallgrindDump(options.scratch, result->pid);
  if (!dump.ok()) return NoDump(dump.status());
  const absl::StatusOr<CallgrindProfile> profile = ParseCallgrindProfile(*dump);
  if (!profile.ok()) return profile.status();
  return ProfiledBuild{.profile = ProfileOfIteration({}, *profile, 1), .whole_run = true};
}

// Compares two builds that were profiled.
absl::StatusOr<Explanation> CompareBuilds(ProfiledBuild (&builds)[2], const ProfileOptions& options,
                                          double time_percent, std::vector<std::string> notes) {
  std::vector<std::string> wanted =
      MostChanged(builds[0].profile, builds[1].profile, kMaxLookedInto);
  for (std::string& name : MostChanged({}, builds[1].profile, kMaxLookedInto)) {
    if (!absl::c_linear_search(wanted, name)) wanted.push_back(std::move(name));
  }
  for (ProfiledBuild& build : builds) {
    absl::StatusOr<InlinedCosts> inlined = FindInlined(build.profile, wanted, options, notes);
    if (!inlined.ok()) return inlined.status();
    build.inlined = *std::move(inlined);
  }
  Explanation explanation = Compare(builds[0], builds[1], time_percent);
  const CallNode tree = CompareCallTrees(builds[0], builds[1], kExplainedTree);
  if (tree.cut) {
    notes.push_back(absl::StrCat("The tree of calls has the ", kExplainedTree.max_nodes,
                                 " of its places that cost most, and not the others."));
  }
  for (CallFrame& frame : FramesOf(tree)) *explanation.add_frames() = std::move(frame);
  AddNotes(std::move(notes), explanation);
  return explanation;
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

absl::Status CheckValgrind(ProgramRunner& programs) {
  const absl::StatusOr<SubprocessResult> result =
      programs.Run({.arguments = {"valgrind", "--version"}}, SubprocessOutput::kCaptureWithErrors);
  return absl::IsNotFound(result.status()) ? NoValgrind(result.status()) : result.status();
}

absl::StatusOr<ProfiledBuild> ProfileBenchmark(const BenchmarkProgram& program,
                                               const ProfileOptions& options,
                                               std::vector<std::string>* notes) {
  options.progress(absl::StrCat("profiling ", options.measurement));
  absl::StatusOr<ProfiledBenchmark> benchmark = ProfiledBenchmark::Start(program, options);
  if (!benchmark.ok()) return benchmark.status();
  absl::StatusOr<Profile> profile = benchmark->Run(benchmark->iterations());
  if (!profile.ok()) return profile.status();
  ProfiledBuild build = {.profile = *std::move(profile)};
  const absl::StatusOr<std::string> loop = NameLoop(options, build.profile, *notes);
  if (!loop.ok()) return loop.status();
  // Compared with nothing, what costs most has changed most.
  absl::StatusOr<InlinedCosts> inlined =
      FindInlined(build.profile, MostChanged({}, build.profile, kMaxProfiled), options, *notes);
  if (!inlined.ok()) return inlined.status();
  build.inlined = *std::move(inlined);
  return build;
}

absl::StatusOr<Explanation> ExplainBenchmark(const BenchmarkProgram& baseline,
                                             const BenchmarkProgram& current,
                                             const ProfileOptions& options, double time_percent) {
  const BenchmarkProgram* const programs[] = {&baseline, &current};
  std::vector<ProfiledBenchmark> benchmarks;
  for (size_t i = 0; i < 2; ++i) {
    options.progress(absl::StrCat("explaining ", options.measurement, ": ", kBuilds[i]));
    absl::StatusOr<ProfiledBenchmark> benchmark = ProfiledBenchmark::Start(*programs[i], options);
    if (!benchmark.ok()) return In(kBuilds[i], benchmark.status());
    benchmarks.push_back(*std::move(benchmark));
  }
  // Both run as many iterations, so that what happens once in a while is alike; and no more than
  // the one whose iterations take longer can do in a reasonable time.
  const int64_t iterations = std::min(benchmarks[0].iterations(), benchmarks[1].iterations());
  options.progress(absl::StrCat("explaining ", options.measurement, ": ", iterations,
                                iterations == 1 ? " iteration" : " iterations", " of both builds"));
  ProfiledBuild builds[2];
  std::string loops[2];
  std::vector<std::string> notes;
  for (size_t i = 0; i < 2; ++i) {
    absl::StatusOr<Profile> profile = benchmarks[i].Run(iterations);
    if (!profile.ok()) return In(kBuilds[i], profile.status());
    builds[i].profile = *std::move(profile);
    absl::StatusOr<std::string> loop = NameLoop(options, builds[i].profile, notes);
    if (!loop.ok()) return loop.status();
    loops[i] = *std::move(loop);
  }
  // One without a name would be compared with nothing.
  for (size_t i = 0; i < 2; ++i) {
    if (loops[1 - i] == kLoop) RenameFunction(builds[i].profile, loops[i], kLoop);
  }
  return CompareBuilds(builds, options, time_percent, std::move(notes));
}

absl::StatusOr<ProfiledBuild> ProfileProgram(const BenchmarkProgram& program,
                                             const ProfileOptions& options,
                                             std::vector<std::string>* notes) {
  options.progress(absl::StrCat("profiling ", options.measurement));
  absl::StatusOr<ProfiledBuild> build = RunWhole(program, options);
  if (!build.ok()) return build.status();
  absl::StatusOr<InlinedCosts> inlined =
      FindInlined(build->profile, MostChanged({}, build->profile, kMaxProfiled), options, *notes);
  if (!inlined.ok()) return inlined.status();
  build->inlined = *std::move(inlined);
  return build;
}

absl::StatusOr<Explanation> ExplainProgram(const BenchmarkProgram& baseline,
                                           const BenchmarkProgram& current,
                                           const ProfileOptions& options) {
  const BenchmarkProgram* const programs[] = {&baseline, &current};
  ProfiledBuild builds[2];
  for (size_t i = 0; i < 2; ++i) {
    options.progress(absl::StrCat("explaining ", options.measurement, ": one run of ", kBuilds[i]));
    absl::StatusOr<ProfiledBuild> build = RunWhole(*programs[i], options);
    if (!build.ok()) return In(kBuilds[i], build.status());
    builds[i] = *std::move(build);
  }
  // What a measurement takes longer is no part of the time of all that the program does.
  return CompareBuilds(
      builds, options, /*time_percent=*/0,
      {"These are figures of the whole program, with all that it measures and what it does "
       "besides. "
       "Of work that is done for a time, and not a number of times, they differ from run to run."});
}

}  // namespace perf
