// The command behind a perf_suite: `bazel run //perf`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "perf/command_line.h"
#include "perf/history_command.h"
#include "perf/live/selfcheck.h"
#include "perf/runner.h"
#include "perf/suite_selection.h"
#include "re2/re2.h"

ABSL_FLAG(
    std::vector<std::string>, type, {"all"},
    "Kinds of tests to run, separated by commas: performance, stress, regression, integration "
    "or all.");
ABSL_FLAG(std::vector<std::string>, component, {},
          "Components whose tests to run, separated by commas. All if not given.");
ABSL_FLAG(bool, quick, false,
          "Small loads: everything is measured, in seconds. Same as --profile=quick.");
ABSL_FLAG(std::string, profile, "",
          "Sizes of load: quick, default or long, as the requirements.textproto of each component "
          "states them.");
ABSL_FLAG(std::string, load, "",
          "Single loads, NAME=VALUE or COMPONENT.NAME=VALUE, separated by commas: "
          "--load iterations=500,audio.stress_duration_s=20.");
ABSL_FLAG(std::string, filter, "",
          "Run only tests and benchmarks whose name (Suite.Test, or the measurement's), or whose "
          "target, this regular expression (RE2) is found in.");
ABSL_FLAG(bool, slow, true, "Also run tests with the tag slow; --noslow leaves them out.");
ABSL_FLAG(bool, verbose, false,
          "Print the tests' own output, and more of each measurement: median, tail, side figures.");
ABSL_FLAG(
    std::string, output_dir, "",
    "Where performance_report.txt, .md and .json, performance_baseline.txt and the records go. "
    "Default: perf-results in the workspace.");
ABSL_FLAG(bool, update_baselines, false,
          "Store this run's figures as the baselines of this machine; first prints what changes. "
          "Refused if something could not be measured or a requirement is missed.");
ABSL_FLAG(std::string, baseline_dir, "",
          "Where stored baselines are. Default: the folder of the suite, in the workspace.");
ABSL_FLAG(
    std::string, baseline_file, "",
    "Compare with the lines of this performance_baseline.txt (\"VAD_BASELINE: 2.5x\") instead "
    "of the stored baselines.");
ABSL_FLAG(std::string, build_event_file, "",
          "Run nothing; judge the records of the `bazel test` that wrote this file by "
          "--build_event_json_file.");
ABSL_FLAG(
    int, confirm, 2,
    "How often to measure a test again whose result is red, before it counts. The best run is "
    "taken.");
ABSL_FLAG(std::string, against, "",
          "Measure this tree beside a revision: a commit, tag or branch, or `baseline` for the one "
          "that the stored baselines name. Both are built, and run in turns; loads are quick "
          "unless --profile says otherwise.");
ABSL_FLAG(absl::Duration, time_budget, absl::Minutes(10),
          "With --against: how long to go on measuring what is not yet clear.");
ABSL_FLAG(bool, measure_identical, false,
          "With --against: also measure tests whose builds are the same in both revisions.");
ABSL_FLAG(bool, counts, false,
          "Count instructions, allocations, bytes and system calls of the benchmarks' iterations "
          "instead of measuring times. Counts are compared with stored ones on any machine.");
ABSL_FLAG(std::string, history, "",
          "The database that the run is added to, and `history` reads; `none` for none. Default: "
          "history.db in the output directory.");
ABSL_FLAG(std::string, import, "",
          "With history: a folder with records (perf_run.pb) to add first, such as "
          "perf-results/records of another machine.");
ABSL_FLAG(int, minutes, 20, "With selfcheck: how long.");
ABSL_FLAG(bool, allow_any_mode, false,
          "Also report records of builds that are not opt, or that have a sanitizer.");
ABSL_FLAG(bool, list, false, "Print the tests that the other flags select, and end.");
ABSL_FLAG(std::string, bazel, "bazel",
          "How to call Bazel, with start-up options if need be, separated by spaces.");
ABSL_FLAG(
    std::string, bazel_flags, "",
    "What to add to `bazel test`, separated by spaces: --bazel_flags='--config=ci --jobs=1'.");
ABSL_FLAG(std::string, manifest, "", "Set by the perf_suite rule.");

namespace perf {
namespace {

constexpr absl::string_view kFlags[] = {
    "type",         "component",      "quick",
    "profile",      "load",           "filter",
    "slow",         "list",           "verbose",
    "output_dir",   "confirm",        "update_baselines",
    "baseline_dir", "baseline_file",  "build_event_file",
    "against",      "time_budget",    "measure_identical",
    "counts",       "allow_any_mode", "bazel",
    "bazel_flags",  "history",
};

constexpr int kExitCouldNotMeasure = 2;

int Fail(const std::string& message) {
  std::fprintf(stderr, "perf: %s\n", message.c_str());
  return kExitCouldNotMeasure;
}

int Help() {
  std::printf(
      "Runs the performance tests, compares their records with requirements and baselines, and\n"
      "writes the report.\n\n"
      "  bazel run //perf -- [flags]\n"
      "  bazel run //perf -- history [NAME] [--history FILE] [--import FOLDER]\n"
      "  bazel run //perf -- selfcheck [--minutes N]\n\n"
      "Examples:\n"
      "  bazel run //perf -- --quick                        everything, in a minute\n"
      "  bazel run //perf -- --component audio --verbose    one component, in detail\n"
      "  bazel run //perf -- --type stress --profile long   sustained load\n"
      "  bazel run //perf -- --update_baselines             make this state the baseline\n"
      "  bazel run //perf -- --against main                 what changed since main, measured now\n"
      "  bazel run //perf -- --counts                       instructions and allocations, exact\n"
      "  bazel run //perf -- history                        what runs found, and where levels "
      "changed\n"
      "  bazel run //perf -- selfcheck                      may its verdicts be believed here?\n\n"
      "Flags:\n%s\n"
      "Exit code: 0 green or yellow; 1 a requirement is missed or a measurement is red; 2 "
      "something\n"
      "could not be measured, or the command line is wrong.\n",
      FlagsHelp(kFlags).c_str());
  return 0;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Of a path that the user typed.
std::string Absolute(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(Variable("BUILD_WORKING_DIRECTORY")) / path).lexically_normal();
}

std::vector<std::string> Words(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

// What narrows the suite, as typed.
std::string Selection() {
  std::vector<std::string> parts;
  const std::vector<std::string> kinds = absl::GetFlag(FLAGS_type);
  if (std::find(kinds.begin(), kinds.end(), "all") == kinds.end()) {
    parts.push_back(absl::StrCat("--type ", absl::StrJoin(kinds, ",")));
  }
  if (!absl::GetFlag(FLAGS_filter).empty()) {
    parts.push_back(absl::StrCat("--filter ", absl::GetFlag(FLAGS_filter)));
  }
  if (!absl::GetFlag(FLAGS_slow)) parts.emplace_back("--noslow");
  return absl::StrJoin(parts, " ");
}

int List(const std::vector<SuiteTest>& tests) {
  for (const SuiteTest& test : tests) {
    std::printf("%s  %s%s  %d %s\n", test.label().c_str(), absl::StrJoin(test.kinds(), ",").c_str(),
                test.slow() ? ",slow" : "", test.shard_count(),
                test.shard_count() == 1 ? "shard" : "shards");
  }
  return 0;
}

// Of what a run writes.
std::string OutputDirectory() {
  return absl::GetFlag(FLAGS_output_dir).empty()
             ? absl::StrCat(Variable("BUILD_WORKSPACE_DIRECTORY"), "/perf-results")
             : Absolute(absl::GetFlag(FLAGS_output_dir));
}

std::string HistoryFile() {
  const std::string& file = absl::GetFlag(FLAGS_history);
  if (file == "none") return "";
  return file.empty() ? absl::StrCat(OutputDirectory(), "/history.db") : Absolute(file);
}

int HistoryMain(const std::vector<std::string>& arguments) {
  constexpr absl::string_view kHistoryFlags[] = {"history", "import", "output_dir", "manifest"};
  std::vector<std::string> names;
  if (absl::Status parsed = ParseFlags(arguments, kHistoryFlags, &names); !parsed.ok()) {
    return Fail(absl::StrCat("history: ", parsed.message(), "; see --help"));
  }
  if (names.size() > 1) return Fail("history: more than one name; see --help");
  if (HistoryFile().empty()) return Fail("history: --history names no file");
  const absl::StatusOr<int> exit_code =
      RunHistoryCommand({.file = HistoryFile(),
                         .import = Absolute(absl::GetFlag(FLAGS_import)),
                         .name = names.empty() ? "" : names.front()});
  return exit_code.ok() ? *exit_code : Fail(std::string(exit_code.status().message()));
}

// Whether verdicts of live comparisons may be believed on this machine.
int Selfcheck(const std::vector<std::string>& arguments) {
  constexpr absl::string_view kSelfcheckFlags[] = {"minutes", "manifest"};
  if (absl::Status parsed = ParseFlags(arguments, kSelfcheckFlags); !parsed.ok()) {
    return Fail(absl::StrCat("selfcheck: ", parsed.message(), "; see --help"));
  }
  if (absl::GetFlag(FLAGS_minutes) < 1) return Fail("--minutes has to be at least 1");
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Fail(absl::StrCat("cannot find this program: ", error.message()));
  const absl::StatusOr<int> exit_code =
      RunSelfcheck({.program = self.parent_path() / "live" / "selfcheck_benchmarks",
                    .length = absl::Minutes(absl::GetFlag(FLAGS_minutes)),
                    .seed = std::random_device{}()});
  return exit_code.ok() ? *exit_code : Fail(std::string(exit_code.status().message()));
}

int Main(std::vector<std::string> arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") return Help();
  }
  // The launcher's own argument comes first.
  if (arguments.size() > 1 && arguments[1] == "selfcheck") {
    arguments.erase(arguments.begin() + 1);
    return Selfcheck(arguments);
  }
  if (arguments.size() > 1 && arguments[1] == "history") {
    arguments.erase(arguments.begin() + 1);
    return HistoryMain(arguments);
  }
  std::vector<absl::string_view> names(std::begin(kFlags), std::end(kFlags));
  names.push_back("manifest");
  if (absl::Status parsed = ParseFlags(arguments, names); !parsed.ok()) {
    return Fail(absl::StrCat(parsed.message(), "; see --help"));
  }
  if (absl::GetFlag(FLAGS_manifest).empty() || Variable("BUILD_WORKSPACE_DIRECTORY").empty()) {
    return Fail("run this through Bazel: bazel run //perf");
  }
  const re2::RE2 filter(absl::GetFlag(FLAGS_filter), re2::RE2::Quiet);
  if (!filter.ok()) return Fail(absl::StrCat("--filter: ", filter.error()));

  absl::StatusOr<Suite> suite = ReadSuite(absl::GetFlag(FLAGS_manifest));
  if (!suite.ok()) return Fail(std::string(suite.status().message()));
  absl::StatusOr<std::vector<SuiteTest>> tests =
      SelectTests(*suite, {.kinds = absl::GetFlag(FLAGS_type),
                           .components = absl::GetFlag(FLAGS_component),
                           .slow = absl::GetFlag(FLAGS_slow)});
  if (!tests.ok()) return Fail(std::string(tests.status().message()));
  if (absl::Status known = CheckOverrides(*suite, absl::GetFlag(FLAGS_load)); !known.ok()) {
    return Fail(absl::StrCat("--load: ", known.message()));
  }
  if (absl::GetFlag(FLAGS_list)) return List(*tests);

  RunnerOptions options;
  options.workspace = Variable("BUILD_WORKSPACE_DIRECTORY");
  options.output_dir = OutputDirectory();
  options.history = HistoryFile();
  options.baseline_dir =
      absl::GetFlag(FLAGS_baseline_dir).empty()
          ? absl::StrCat(options.workspace, "/", suite->manifest.baseline_directory())
          : Absolute(absl::GetFlag(FLAGS_baseline_dir));
  options.bazel = Words(absl::GetFlag(FLAGS_bazel));
  options.bazel_flags = Words(absl::GetFlag(FLAGS_bazel_flags));
  options.update_baselines = absl::GetFlag(FLAGS_update_baselines);
  options.against = absl::GetFlag(FLAGS_against);
  options.time_budget = absl::GetFlag(FLAGS_time_budget);
  options.measure_identical = absl::GetFlag(FLAGS_measure_identical);
  if (options.update_baselines && !options.against.empty()) {
    return Fail("--update_baselines and --against exclude each other");
  }
  options.counts = absl::GetFlag(FLAGS_counts);
  for (const auto& [name, given] :
       {std::pair<const char*, bool>{"--against", !options.against.empty()},
        {"--baseline_file", !absl::GetFlag(FLAGS_baseline_file).empty()},
        {"--build_event_file", !absl::GetFlag(FLAGS_build_event_file).empty()}}) {
    if (options.counts && given) {
      return Fail(absl::StrCat("--counts and ", name, " exclude each other"));
    }
  }
  // Many short runs of both sides say more than a few long ones.
  const bool quick = absl::GetFlag(FLAGS_quick) ||
                     (absl::GetFlag(FLAGS_profile).empty() && !options.against.empty());
  options.profile = quick                                  ? "quick"
                    : absl::GetFlag(FLAGS_profile).empty() ? "default"
                                                           : absl::GetFlag(FLAGS_profile);
  options.load_overrides = absl::GetFlag(FLAGS_load);
  options.filter = absl::GetFlag(FLAGS_filter);
  options.selection = Selection();
  options.verbose = absl::GetFlag(FLAGS_verbose);
  options.allow_any_mode = absl::GetFlag(FLAGS_allow_any_mode);
  options.confirmations = std::max(0, absl::GetFlag(FLAGS_confirm));
  options.build_event_file = Absolute(absl::GetFlag(FLAGS_build_event_file));
  options.baseline_file = Absolute(absl::GetFlag(FLAGS_baseline_file));
  // Bazel finds the workspace from where it is started.
  std::error_code error;
  std::filesystem::current_path(options.workspace, error);
  if (error) return Fail(absl::StrCat("cannot enter ", options.workspace, ": ", error.message()));

  absl::StatusOr<int> exit_code = RunSuite(*suite, *tests, options);
  if (!exit_code.ok()) return Fail(std::string(exit_code.status().message()));
  return *exit_code;
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) {
  return perf::Main(std::vector<std::string>(argv + 1, argv + argc));
}
