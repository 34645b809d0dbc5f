#include "perf/runner/profile_command.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/exit_code.h"
#include "command/output_file.h"
#include "command/printable.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/explain/flame_graph.h"
#include "perf/explain/profile.h"
#include "perf/gbench/epoch_child.h"
#include "perf/mode/round_sources.h"
#include "perf/process/scratch_folder.h"
#include "perf/runner/explain_revisions.h"

namespace perf {
namespace {

const command::FileKind kPprofFile = {
    "a profile of pprof",
    // gzip's first bytes.
    [](absl::string_view head) { return absl::StartsWith(head, "\x1f\x8b"); }};

std::string Svg(const CallNode& root, absl::string_view title) {
  return FlameGraphSvg(root, title);
}
std::string Folded(const CallNode& root, absl::string_view /*title*/) { return FoldedStacks(root); }
std::string Pprof(const CallNode& root, absl::string_view /*title*/) { return PprofProfile(root); }

// The functions that cost most.
std::string TopText(const Profile& profile) {
  constexpr size_t kShown = 20;
  std::vector<std::pair<std::string, FunctionCost>> functions(profile.functions.begin(),
                                                              profile.functions.end());
  absl::c_stable_sort(functions, [](const auto& one, const auto& other) {
    return one.second.self > other.second.self;
  });
  std::string text =
      absl::StrFormat("%.0f instructions an iteration\n%10s %7s %10s %7s  function\n",
                      profile.instructions, "itself", "", "with calls", "");
  const double all = std::max(profile.instructions, 1.0);
  for (size_t i = 0; i < std::min(kShown, functions.size()); ++i) {
    const auto& [name, cost] = functions[i];
    if (cost.self <= 0) break;
    // Names of templates have thousands of bytes; the profile itself has them in full.
    constexpr size_t kMaxName = 200;
    absl::StrAppendFormat(&text, "%10.0f %5.1f %% %10.0f %5.1f %%  %s\n", cost.self,
                          cost.self / all * 100, cost.inclusive, cost.inclusive / all * 100,
                          command::PrintableLine(command::CutText(name, kMaxName)));
  }
  return text;
}

// The program that has the measurement, or no value. A test that cannot be asked is an error if no
// other has it.
absl::StatusOr<std::optional<BenchmarkProgram>> FindProgram(
    const Suite& suite, const std::vector<SuiteTest>& tests, const std::string& bin,
    const RunnerOptions& options, const std::string& measurement, const std::string& scratch,
    Services& services, std::vector<std::string>& seen) {
  absl::Status failed;
  const auto fail = [&](const SuiteTest& test, const absl::Status& status) {
    failed.Update(absl::Status(status.code(), absl::StrCat(test.label(), ": ", status.message())));
  };
  for (const SuiteTest& test : tests) {
    absl::StatusOr<TestProgram> found = FindTestProgram(test, bin, suite.manifest.workspace_name());
    if (!found.ok()) {
      fail(test, found.status());
      continue;
    }
    SetTestVariables(options.profile, options.load_overrides, /*filter=*/"", found->variables);
    BenchmarkProgram program = BenchmarkProgramOf(*found, scratch);
    program.interrupted = [&services] { return services.Interrupted(); };
    const absl::StatusOr<std::vector<std::string>> measurements = MeasurementsOf(program);
    if (absl::IsCancelled(measurements.status())) return measurements.status();
    if (!measurements.ok()) {
      fail(test, measurements.status());
      continue;
    }
    if (absl::c_linear_search(*measurements, measurement)) return program;
    seen.insert(seen.end(), measurements->begin(), measurements->end());
  }
  if (!failed.ok()) return failed;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<ProfileFormat> FindProfileFormat(absl::string_view name) {
  static const ProfileFormat kFormats[] = {
      {.name = "svg", .file_name = "profile.svg", .kind = command::kSvgFile, .render = Svg},
      {.name = "folded",
       .file_name = "profile.folded",
       .kind = command::kTextFile,
       .render = Folded},
      {.name = "pprof", .file_name = "profile.pb.gz", .kind = kPprofFile, .render = Pprof}};
  for (const ProfileFormat& format : kFormats) {
    if (format.name == name) return format;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no form '", name, "' of a profile; there are svg, folded and pprof"));
}

absl::StatusOr<int> RunProfileCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                      const RunnerOptions& options,
                                      const ProfileCommandOptions& command_options,
                                      Services& services) {
  // From here on, an interrupt is noted, so that what was begun is cleaned up.
  if (services.Interrupted()) return absl::CancelledError("interrupted");
  std::vector<SuiteTest> benchmarks;
  std::vector<std::string> labels;
  for (const SuiteTest& test : tests) {
    if (!test.benchmark()) continue;
    benchmarks.push_back(test);
    labels.push_back(test.label());
  }
  const std::string& measurement = command_options.measurement;
  std::vector<std::string> seen;
  std::optional<BenchmarkProgram> program;
  // Its path is always of the same length, because programs copy the paths they are given.
  const absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create("/tmp/perf-explain-");
  if (!scratch.ok()) return scratch.status();
  std::string output = command_options.output;
  if (output.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.output_dir, error);
    output = absl::StrCat(options.output_dir, "/", command_options.format.file_name);
  }
  // A wrong path is refused before anything is built.
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::Create(output, {.kind = command_options.format.kind, .keep = {}});
  if (!file.ok()) return file.status();
  if (!benchmarks.empty()) {
    if (absl::Status valgrind = CheckValgrind(services.programs()); !valgrind.ok()) {
      return valgrind;
    }
    const absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    const absl::StatusOr<std::string> bin = BuildTests(
        labels, options.workspace, "the working tree", {.bazel = options.bazel, .cache = *cache},
        services.programs(), [&](absl::string_view line) { services.Say(line); });
    if (!bin.ok()) return bin.status();
    absl::StatusOr<std::optional<BenchmarkProgram>> found =
        FindProgram(suite, benchmarks, *bin, options, measurement, scratch->path() + "/profile-0",
                    services, seen);
    if (!found.ok()) return found.status();
    program = *std::move(found);
  }
  if (!program.has_value()) {
    services.Print(absl::StrCat(NoSuchBenchmark(measurement, seen).message(), "\n"));
    return command::kNo;
  }
  std::vector<std::string> notes;
  const absl::StatusOr<ProfiledBuild> build =
      ProfileBenchmark(*program,
                       {.measurement = measurement,
                        .scratch = scratch->path(),
                        .programs = services.programs(),
                        .progress = [&](absl::string_view line) { services.ShowProgress(line); },
                        .interrupted = [&] { return services.Interrupted(); }},
                       &notes);
  if (!build.ok()) return build.status();
  const CallNode tree = CallTreeOf(*build);
  if (tree.cut) {
    notes.emplace_back(
        "The profile has the functions that cost most in the tree of calls, and not all others.");
  }
  if (absl::Status written = file->Write(command_options.format.render(tree, measurement));
      !written.ok()) {
    return written;
  }
  if (absl::Status committed = file->Commit(); !committed.ok()) return committed;
  // Where the profile itself goes to standard output, nothing else does.
  const bool is_file = output != "-";
  if (is_file) services.Print(TopText(build->profile));
  for (const std::string& note : notes) services.Say(note);
  if (is_file) services.Say(absl::StrCat("the profile is in ", output));
  return command::kDone;
}

}  // namespace perf
