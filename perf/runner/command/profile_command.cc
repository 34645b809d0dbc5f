#include "perf/runner/command/profile_command.h"

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
#include "command/file/output_file.h"
#include "command/terminal/printable.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/explain/flame_graph.h"
#include "perf/explain/profile.h"
#include "perf/gbench/epoch_child.h"
#include "perf/mode/ab/round_sources.h"
#include "perf/process/scratch_folder.h"
#include "perf/runner/command/explain_revisions.h"

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
std::string TopText(const ProfiledBuild& build) {
  const Profile& profile = build.profile;
  constexpr size_t kShown = 20;
  std::vector<std::pair<std::string, FunctionCost>> functions(profile.functions.begin(),
                                                              profile.functions.end());
  absl::c_stable_sort(functions, [](const auto& one, const auto& other) {
    return one.second.self > other.second.self;
  });
  std::string text = absl::StrFormat(
      "%.0f instructions %s\n%10s %7s %10s %7s  function\n", profile.instructions,
      build.whole_run ? "a run of the test" : "an iteration", "itself", "", "with calls", "");
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

// The program that has a measurement.
struct Profiled {
  BenchmarkProgram program;
  // Whether it is a Google Benchmark function of it.
  bool benchmark = false;
};

class ProfiledSearch {
 public:
  ProfiledSearch(const Suite& suite, absl::Span<const SuiteTest> tests, const SuiteOptions& options,
                 const std::string& measurement, std::string scratch, Services& services)
      : suite_(suite),
        tests_(tests),
        options_(options),
        measurement_(measurement),
        scratch_(std::move(scratch)),
        services_(services) {}

  // NoSuchMeasurement if no test has it. A test that cannot be asked is an error if no other has
  // it.
  absl::StatusOr<Profiled> Find() {
    // Most measurements are of Google Benchmark functions, which say what they measure. Other tests
    // have to be run for that.
    for (const bool benchmarks : {true, false}) {
      absl::StatusOr<std::optional<Profiled>> found = FindAmong(benchmarks);
      if (!found.ok()) return found.status();
      if (found->has_value()) return **std::move(found);
    }
    return failed_.ok() ? NoSuchMeasurement(measurement_, seen_) : failed_;
  }

 private:
  absl::StatusOr<std::optional<Profiled>> FindAmong(bool benchmarks) {
    const std::vector<SuiteTest> tests = TestsToAsk(suite_, tests_, measurement_, benchmarks);
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests) labels.push_back(test.label());
    if (tests.empty()) return std::nullopt;
    const absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    const absl::StatusOr<std::string> bin = BuildTests(
        labels, options_.workspace, "the working tree", {.bazel = options_.bazel, .cache = *cache},
        services_.programs(), [&](absl::string_view line) { services_.Say(line); });
    if (!bin.ok()) return bin.status();
    for (const SuiteTest& test : tests) {
      absl::StatusOr<std::optional<Profiled>> found = Ask(test, *bin);
      if (absl::IsCancelled(found.status())) return found.status();
      if (!found.ok()) {
        failed_.Update(CannotAsk(test, found.status()));
        continue;
      }
      if (found->has_value()) return found;
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<Profiled>> Ask(const SuiteTest& test, const std::string& bin) {
    absl::StatusOr<TestProgram> found =
        FindTestProgram(test, bin, suite_.manifest.workspace_name());
    if (!found.ok()) return found.status();
    SetTestVariables(options_.profile, options_.load_overrides, /*filter=*/"", found->variables);
    const absl::StatusOr<bool> measures =
        Measures(test, *found, measurement_, scratch_, services_, seen_);
    if (!measures.ok()) return measures.status();
    if (!*measures) return std::nullopt;
    // The folder was cleared for the run that it was asked by, and is made again.
    Profiled profiled = {.program = test.benchmark() ? BenchmarkProgramOf(*found, scratch_)
                                                     : WholeProgramOf(*found, scratch_),
                         .benchmark = test.benchmark()};
    profiled.program.interrupted = [this] { return services_.Interrupted(); };
    return profiled;
  }

  const Suite& suite_;
  const absl::Span<const SuiteTest> tests_;
  const SuiteOptions& options_;
  const std::string& measurement_;
  const std::string scratch_;
  Services& services_;
  // The measurements that are there.
  std::vector<std::string> seen_;
  // Why the first of those tests could not be asked that could not.
  absl::Status failed_;
};

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
                                      const SuiteOptions& options,
                                      const ProfileCommandOptions& command_options,
                                      Services& services) {
  // From here on, an interrupt is noted, so that what was begun is cleaned up.
  if (services.Interrupted()) return absl::CancelledError("interrupted");
  const std::string& measurement = command_options.measurement;
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
  if (absl::Status valgrind = CheckValgrind(services.programs()); !valgrind.ok()) return valgrind;
  const absl::StatusOr<Profiled> profiled =
      ProfiledSearch(suite, tests, options, measurement, scratch->path() + "/profile-0", services)
          .Find();
  if (absl::IsNotFound(profiled.status())) {
    services.Print(absl::StrCat(profiled.status().message(), "\n"));
    return command::kNo;
  }
  if (!profiled.ok()) return profiled.status();
  std::vector<std::string> notes;
  const ProfileOptions profile_options = {
      .measurement = measurement,
      .scratch = scratch->path(),
      .programs = services.programs(),
      .progress = [&](absl::string_view line) { services.ShowProgress(line); },
      .interrupted = [&] { return services.Interrupted(); }};
  const absl::StatusOr<ProfiledBuild> build =
      profiled->benchmark ? ProfileBenchmark(profiled->program, profile_options, &notes)
                          : ProfileProgram(profiled->program, profile_options, &notes);
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
  if (is_file) services.Print(TopText(*build));
  for (const std::string& note : notes) services.Say(note);
  if (is_file) services.Say(absl::StrCat("the profile is in ", output));
  return command::kDone;
}

}  // namespace perf
