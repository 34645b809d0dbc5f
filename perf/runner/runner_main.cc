// The command behind a perf_suite: `bazel run //perf`.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file/user_path.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "perf/history/open/open_history.h"
#include "perf/import/imported_results.h"
#include "perf/mode/mode.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/owners/target_owners.h"
#include "perf/process/scratch_folder.h"
#include "perf/report/forms/form.h"
#include "perf/runner/command/bisect_command.h"
#include "perf/runner/command/explain_command.h"
#include "perf/runner/command/history_command.h"
#include "perf/runner/command/profile_command.h"
#include "perf/runner/command/report_command.h"
#include "perf/runner/command/suite_selfcheck_command.h"
#include "perf/runner/owner_selection.h"
#include "perf/runner/suite_run.h"
#include "perf/selfcheck/selfcheck.h"
#include "perf/suite/load_table.h"
#include "perf/suite/suite_selection.h"
#include "re2/re2.h"

ABSL_FLAG(
    std::vector<std::string>, type, {"all"},
    "Kinds of tests to run, separated by commas: performance, stress, regression, integration "
    "or all.");
ABSL_FLAG(
    std::vector<std::string>, component, {},
    "Components whose tests to run, or, with history, whose measurements to show; separated by "
    "commas. If none is given, all are taken.");
ABSL_FLAG(std::vector<std::string>, owner, {},
          "Run only tests of these owners, separated by commas, as the repository's CODEOWNERS "
          "names them: "
          "@parlance/audio. A test belongs to the owners of its package's files.");
ABSL_FLAG(bool, quick, false,
          "Measure everything with small loads, in seconds. This is the same as --profile=quick.");
ABSL_FLAG(std::string, profile, "",
          "Sizes of load, as the requirements.textproto of each component states them: quick, "
          "default, long, or ab, which is one of many runs of an A/B comparison.");
ABSL_FLAG(std::string, load, "",
          "Single loads, NAME=VALUE or COMPONENT.NAME=VALUE, separated by commas: "
          "--load iterations=500,audio.stress_duration_ms=20000.");
ABSL_FLAG(std::string, filter, "",
          "Run only tests and benchmarks whose name (Suite.Test, or the measurement's), or whose "
          "target, this regular expression (RE2) is found in.");
ABSL_FLAG(bool, slow, true, "Also run tests with the tag slow; --noslow leaves them out.");
ABSL_FLAG(bool, verbose, false,
          "Print the tests' own output, and more of each measurement: median, tail, side figures.");
ABSL_FLAG(
    std::string, output_dir, "",
    "Where performance_report.txt, .html, .md and .json, performance_baseline.txt and the records "
    "go. "
    "Default: perf-results in the workspace.");
ABSL_FLAG(std::vector<std::string>, formats, {},
          absl::StrCat("Further forms of the report to write into the output directory, separated "
                       "by commas: ",
                       perf::FormNames(), "."));
ABSL_FLAG(std::string, from, "",
          "With report: the performance_report.json to render; - is standard input.");
ABSL_FLAG(std::vector<std::string>, format, {},
          absl::StrCat("With report: the forms to render, separated by commas: ", perf::FormNames(),
                       "; default: summary. With profile: svg, which is a flame graph and the "
                       "default, folded or pprof."));
ABSL_FLAG(std::string, output, "",
          "With report: the file to write, or, for several forms, the folder. Default: standard "
          "output. With profile: the file to write. Default: profile.svg, profile.folded or "
          "profile.pb.gz in the output directory.");
ABSL_FLAG(bool, update_baselines, false,
          "Store this run's figures as the baselines of this machine; prints what changes, and "
          "writes it to baseline_changes.md in the output directory. "
          "Refused if the working tree has changes that are in no commit, if something could not "
          "be measured or if a requirement is missed.");
ABSL_FLAG(std::string, why, "",
          "With --update_baselines: why the figures change, in one line. It is stored with each "
          "that does, and stands in baseline_changes.md, which is for whoever reviews it.");
ABSL_FLAG(std::string, baseline_dir, "",
          "Where stored baselines are. Default: the folder of the suite, in the workspace.");
ABSL_FLAG(std::string, machine, "",
          "Name of a pool of equal machines that this one belongs to, of the characters a-z, 0-9 "
          "and -. Baselines and history are read and stored under it instead of the key that is "
          "derived from the machine's hardware. The variable PERF_MACHINE does the same, and so "
          "does `build --//perf/runner:machine=NAME` in user.bazelrc. Where workers of a remote "
          "executor measure, it is their pool.");
ABSL_FLAG(
    std::string, baseline_file, "",
    "Compare with the lines of this performance_baseline.txt (\"VAD_BASELINE: 2.5x\") instead "
    "of the stored baselines.");
ABSL_FLAG(std::string, build_event_file, "",
          "Run nothing; judge the records of the `bazel test` that wrote this file by "
          "--build_event_json_file; - is standard input.");
ABSL_FLAG(
    int, confirm, 4,
    "How often to measure a test again whose result is red, before it counts. The best run is "
    "taken.");
ABSL_FLAG(std::string, against, "",
          "Measure this tree beside a revision: a commit, tag or branch, or `baseline` for the one "
          "that the stored baselines name. Both are built, and run in turns; loads are those "
          "of --profile ab unless another is named.");
ABSL_FLAG(absl::Duration, time_budget, absl::Minutes(10),
          "With --against: how long to go on measuring what is not yet clear.");
ABSL_FLAG(bool, measure_identical, false,
          "With --against: also measure tests whose code is the same in both revisions.");
ABSL_FLAG(bool, explain, true,
          "With --against: look into the five gravest slower measurements, and say which function "
          "is the cause; --noexplain leaves that out. It needs valgrind, and takes some seconds "
          "for each.");
ABSL_FLAG(bool, counts, false,
          "Count instructions, allocations, bytes and system calls of the benchmarks' iterations "
          "instead of measuring times. Counts are compared with stored ones on any machine.");
ABSL_FLAG(
    std::string, history, "",
    "The history that the run is added to, and `history` reads: a file, or "
    "postgresql://USER@HOST/DATABASE, which machines may share, with the password in ~/.pgpass "
    "or PGPASSWORD, as Bazel prints command lines; `none` keeps no history. Default: history.db in "
    "the output directory.");
ABSL_FLAG(std::string, import, "",
          "With history: what to add first: a folder with records (perf_run.pb), such as "
          "perf-results/records of another machine; a JSON file of Google Benchmark, hyperfine or "
          "pytest-benchmark, for which - is standard input; or a folder of criterion "
          "(target/criterion). Results of other tools "
          "become those of --component, or of `imported`, on --machine, or on the one that they "
          "name.");
ABSL_FLAG(bool, json, false, "With history: print the series as JSON, one a line.");
ABSL_FLAG(std::string, since, "",
          "With history: show only runs of this day (2026-11-24, UTC) or time "
          "(2026-11-24T10:15:00Z), and later ones.");
ABSL_FLAG(int, minutes, 20, "With selfcheck: how long to measure.");
ABSL_FLAG(bool, suite, false,
          "With selfcheck: check verdicts over the whole suite. Rounds of its tests compared with "
          "themselves are recorded, half of the minutes beside a busy neighbour, and suites with "
          "planted changes are drawn from them.");
ABSL_FLAG(std::string, rounds, "",
          "With selfcheck --suite: a file for the recorded rounds. If it is there, they are read "
          "from it, and nothing is measured.");
ABSL_FLAG(std::string, good, "",
          "With bisect: a revision in which the measurement was as it should be.");
ABSL_FLAG(std::string, bad, "HEAD", "With bisect: a revision in which it is not.");
ABSL_FLAG(bool, allow_any_mode, false,
          "Also report records of builds that are not opt, or that have a sanitizer.");
ABSL_FLAG(bool, list, false, "Print the tests that the other flags select, and end.");
ABSL_FLAG(
    std::string, bazel, "",
    "How to call Bazel, with start-up options if need be, separated by spaces. The default is "
    "what the variable PERF_BAZEL says, which bazelw sets to how it calls it, or else 'bazel'.");
ABSL_FLAG(
    std::string, bazel_flags, "",
    "What to add to `bazel test`, separated by spaces: --bazel_flags='--config=ci --jobs=1'.");
namespace perf {
namespace {

// What only a run takes, not its subcommands.
constexpr absl::string_view kSelectionFlags[] = {"type",   "component", "owner",
                                                 "filter", "slow",      "list"};
constexpr absl::string_view kLoadFlags[] = {"quick", "profile", "load"};
constexpr absl::string_view kJudgingFlags[] = {
    "confirm",          "update_baselines", "why",     "baseline_dir", "baseline_file",
    "build_event_file", "allow_any_mode",   "against", "time_budget",  "measure_identical",
    "explain",          "counts",           "machine"};
constexpr absl::string_view kOutputFlags[] = {"verbose", "output_dir", "formats", "history"};
constexpr absl::string_view kBazelFlags[] = {"bazel", "bazel_flags"};
constexpr absl::string_view kSubcommandFlags[] = {"from",   "format", "output",  "import",
                                                  "json",   "since",  "minutes", "suite",
                                                  "rounds", "good",   "bad"};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> Words(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

// The program that is Bazel and its start-up options.
std::vector<std::string> BazelProgram() {
  for (const std::string& text : {absl::GetFlag(FLAGS_bazel), Variable("PERF_BAZEL")}) {
    if (std::vector<std::string> words = Words(text); !words.empty()) return words;
  }
  return {"bazel"};
}

// What narrows the suite, as typed.
std::string Selection() {
  std::vector<std::string> parts;
  const std::vector<std::string> kinds = absl::GetFlag(FLAGS_type);
  if (std::find(kinds.begin(), kinds.end(), "all") == kinds.end()) {
    parts.push_back(absl::StrCat("--type ", absl::StrJoin(kinds, ",")));
  }
  if (const std::vector<std::string> owners = absl::GetFlag(FLAGS_owner); !owners.empty()) {
    parts.push_back(absl::StrCat("--owner ", absl::StrJoin(owners, ",")));
  }
  if (!absl::GetFlag(FLAGS_filter).empty()) {
    parts.push_back(absl::StrCat("--filter ", absl::GetFlag(FLAGS_filter)));
  }
  if (!absl::GetFlag(FLAGS_slow)) parts.emplace_back("--noslow");
  return absl::StrJoin(parts, " ");
}

int List(const std::vector<SuiteTest>& tests) {
  for (const SuiteTest& test : tests) {
    command::Print(command::Printable(absl::StrCat(
        test.label(), "  ", absl::StrJoin(test.kinds(), ","), test.slow() ? ",slow" : "", "  ",
        test.shard_count(), test.shard_count() == 1 ? " shard\n" : " shards\n")));
  }
  return command::kDone;
}

// The folder that a run writes into.
std::string OutputDirectory() {
  return absl::GetFlag(FLAGS_output_dir).empty()
             ? absl::StrCat(Variable("BUILD_WORKSPACE_DIRECTORY"), "/perf-results")
             : command::UserPath(absl::GetFlag(FLAGS_output_dir));
}

std::string HistoryLocation() {
  const std::string& typed = absl::GetFlag(FLAGS_history);
  if (typed == "none") return "";
  return typed.empty() ? absl::StrCat(OutputDirectory(), "/history.db") : command::UserPath(typed);
}

// What is wrong with it, or "". It is not shown, as it may have a password.
std::string WrongHistory() {
  // As it was typed, too: in an absolute path, what it begins with no longer does.
  absl::Status checked = CheckHistoryLocation(absl::GetFlag(FLAGS_history));
  if (checked.ok()) checked = CheckHistoryLocation(HistoryLocation());
  return checked.ok() ? "" : absl::StrCat("--history: ", checked.message());
}

int Exit(const absl::StatusOr<int>& exit_code) {
  return exit_code.ok() ? *exit_code : command::Fail(exit_code.status());
}

// The time that --since names; nothing if it names none.
std::optional<absl::Time> ParseSince(const std::string& text) {
  absl::Time time;
  std::string error;
  for (const char* format : {"%Y-%m-%d", absl::RFC3339_full}) {
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) return time;
  }
  return std::nullopt;
}

int HistoryMain(const command::Arguments& names) {
  if (HistoryLocation().empty()) return command::WrongUse("history: --history names no history");
  if (const std::string wrong = WrongHistory(); !wrong.empty()) return command::WrongUse(wrong);
  HistoryCommandOptions options;
  options.location = HistoryLocation();
  options.import = command::UserPath(absl::GetFlag(FLAGS_import));
  options.json = absl::GetFlag(FLAGS_json);
  options.filter.name = names.empty() ? "" : names.front();
  options.filter.components = absl::GetFlag(FLAGS_component);
  options.filter.machine = absl::GetFlag(FLAGS_machine);
  if (const std::string& since = absl::GetFlag(FLAGS_since); !since.empty()) {
    const std::optional<absl::Time> time = ParseSince(since);
    if (!time.has_value()) {
      return command::WrongUse(
          absl::StrCat("--since: '", since,
                       "' is neither a day, such as 2026-11-24, nor a time, such as "
                       "2026-11-24T10:15:00Z"));
    }
    options.filter.since = *time;
  }
  if (!options.import.empty()) {
    if (options.filter.components.size() > 1) {
      return command::WrongUse("history: with --import, --component takes one name");
    }
    if (!options.filter.components.empty()) {
      options.import_options.component = options.filter.components.front();
    }
    options.import_options.machine = options.filter.machine;
    if (absl::Status checked = CheckImportOptions(options.import_options); !checked.ok()) {
      return command::WrongUse(checked.message());
    }
  }
  return Exit(RunHistoryCommand(options));
}

// Renders a result of earlier. What it found is no answer of this command.
int ReportMain() {
  if (absl::GetFlag(FLAGS_from).empty()) {
    return command::WrongUse("report: --from is missing: the performance_report.json to render");
  }
  std::vector<std::string> names = absl::GetFlag(FLAGS_format);
  if (!command::WasGiven("format")) names = {"summary"};
  const absl::StatusOr<std::vector<Form>> forms = FindForms(names);
  if (!forms.ok()) return command::WrongUse(absl::StrCat("--format: ", forms.status().message()));
  const std::unique_ptr<Services> services = SystemServices();
  const absl::Status rendered = RunReportCommand({.from = absl::GetFlag(FLAGS_from),
                                                  .forms = *forms,
                                                  .output = absl::GetFlag(FLAGS_output),
                                                  .verbose = absl::GetFlag(FLAGS_verbose)},
                                                 *services);
  return rendered.ok() ? command::kDone : command::Fail(rendered);
}

// What is wrong with the flags of a run by themselves, or "".
std::string WrongFlags(const SuiteOptions& options) {
  for (const absl::string_view name : kSubcommandFlags) {
    if (command::WasGiven(name)) return absl::StrCat("--", name, " has no meaning for a run");
  }
  if (!options.formats.empty()) {
    const absl::StatusOr<std::vector<Form>> forms = FindForms(options.formats);
    if (!forms.ok()) return absl::StrCat("--formats: ", forms.status().message());
  }
  if (std::string wrong = WrongHistory(); !wrong.empty()) return wrong;
  return std::string(CheckOptions(options).message());
}

// What the flags say. Where the baselines are, the suite may say.
SuiteOptions Options() {
  SuiteOptions options;
  options.workspace = Variable("BUILD_WORKSPACE_DIRECTORY");
  options.output_dir = OutputDirectory();
  options.history = HistoryLocation();
  options.baseline_dir = command::UserPath(absl::GetFlag(FLAGS_baseline_dir));
  options.machine = absl::GetFlag(FLAGS_machine).empty() ? Variable("PERF_MACHINE")
                                                         : absl::GetFlag(FLAGS_machine);
  options.bazel = {.program = BazelProgram(), .flags = Words(absl::GetFlag(FLAGS_bazel_flags))};
  options.update_baselines = absl::GetFlag(FLAGS_update_baselines);
  options.why = absl::GetFlag(FLAGS_why);
  options.against = absl::GetFlag(FLAGS_against);
  options.time_budget = absl::GetFlag(FLAGS_time_budget);
  options.measure_identical = absl::GetFlag(FLAGS_measure_identical);
  options.explain = absl::GetFlag(FLAGS_explain);
  options.counts = absl::GetFlag(FLAGS_counts);
  if (absl::GetFlag(FLAGS_quick)) {
    options.profile = kQuickProfile;
  } else if (!absl::GetFlag(FLAGS_profile).empty()) {
    options.profile = absl::GetFlag(FLAGS_profile);
  } else if (!options.against.empty()) {
    // Many short runs of both sides say more than a few long ones.
    options.profile = kAbProfile;
  }
  options.load_overrides = absl::GetFlag(FLAGS_load);
  options.filter = absl::GetFlag(FLAGS_filter);
  options.selection = Selection();
  options.formats = absl::GetFlag(FLAGS_formats);
  options.verbose = absl::GetFlag(FLAGS_verbose);
  options.allow_any_mode = absl::GetFlag(FLAGS_allow_any_mode);
  options.confirmations = absl::GetFlag(FLAGS_confirm);
  options.build_event_file = command::UserPath(absl::GetFlag(FLAGS_build_event_file));
  options.baseline_file = command::UserPath(absl::GetFlag(FLAGS_baseline_file));
  return options;
}

// The suite, and those of its tests that the flags select.
struct Selected {
  Suite suite;
  std::vector<SuiteTest> tests;
};

absl::StatusOr<Selected> Select(const std::string& manifest, const std::string& workspace) {
  absl::StatusOr<Suite> suite = ReadSuite(manifest);
  if (!suite.ok()) return suite.status();
  absl::StatusOr<std::vector<SuiteTest>> tests =
      SelectTests(*suite, {.kinds = absl::GetFlag(FLAGS_type),
                           .components = absl::GetFlag(FLAGS_component),
                           .slow = absl::GetFlag(FLAGS_slow)});
  if (!tests.ok()) return tests.status();
  const std::vector<std::string> owners = absl::GetFlag(FLAGS_owner);
  if (!owners.empty()) {
    tests = SelectOwned(*tests, TargetOwners::Read(workspace), owners);
    if (!tests.ok()) return tests.status();
  }
  return Selected{.suite = *std::move(suite), .tests = *std::move(tests)};
}

// Bazel finds the workspace from where it is started.
absl::Status EnterWorkspace(const std::string& workspace) {
  std::error_code error;
  std::filesystem::current_path(workspace, error);
  return error ? absl::UnavailableError(
                     absl::StrCat("cannot enter ", workspace, ": ", error.message()))
               : absl::OkStatus();
}

// Does something with the selected tests, in the workspace, if the flags name any and Bazel started
// this program.
int WithTests(const std::string& manifest, const SuiteOptions& options,
              absl::FunctionRef<int(const Selected&)> body) {
  if (manifest.empty() || options.workspace.empty()) {
    return command::Fail("run this through Bazel: bazel run //perf");
  }
  const re2::RE2 filter(options.filter, re2::RE2::Quiet);
  if (!filter.ok()) return command::WrongUse(absl::StrCat("--filter: ", filter.error()));
  const absl::StatusOr<Selected> selected = Select(manifest, options.workspace);
  if (!selected.ok()) return command::Fail(selected.status());
  if (absl::Status entered = EnterWorkspace(options.workspace); !entered.ok()) {
    return command::Fail(entered);
  }
  return body(*selected);
}

int SuiteSelfcheckMain(const std::string& manifest, absl::Duration length) {
  SuiteOptions options = Options();
  // The loads that comparisons have.
  if (absl::GetFlag(FLAGS_profile).empty()) options.profile = kAbProfile;
  return WithTests(manifest, options, [&](const Selected& selected) {
    const std::unique_ptr<Services> services = SystemServices();
    return Exit(RunSuiteSelfcheckCommand(
        selected.suite, selected.tests, options,
        {.length = length, .rounds_file = absl::GetFlag(FLAGS_rounds)}, *services));
  });
}

// Measures whether verdicts of A/B comparisons may be believed on this machine: of single
// benchmarks, or over the suite.
int SelfcheckMain(const std::string& manifest) {
  if (absl::GetFlag(FLAGS_minutes) < 1) {
    return command::WrongUse("--minutes has to be at least 1");
  }
  const absl::Duration length = absl::Minutes(absl::GetFlag(FLAGS_minutes));
  if (absl::GetFlag(FLAGS_suite)) return SuiteSelfcheckMain(manifest, length);
  if (!absl::GetFlag(FLAGS_rounds).empty()) {
    return command::WrongUse("--rounds has a meaning only with --suite");
  }
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return command::Fail(absl::StrCat("cannot find this program: ", error.message()));
  const absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create(
      absl::StrCat(std::filesystem::temp_directory_path(error).string(), "/perf-selfcheck-"));
  if (!scratch.ok()) return command::Fail(scratch.status());
  // Bazel puts both programs into one output tree, this one in perf/runner.
  const std::filesystem::path perf_folder = self.parent_path().parent_path();
  const absl::StatusOr<SelfcheckResult> result =
      RunSelfcheck({.program = perf_folder / "selfcheck" / "selfcheck_benchmarks",
                    .scratch = scratch->path(),
                    .length = length,
                    .seed = std::random_device{}(),
                    .progress = command::Say});
  if (!result.ok()) return command::Fail(result.status());
  command::Print(command::Printable(result->text));
  return result->held ? command::kDone : command::kNo;
}

// The tests that may have a measurement: by convention, its name begins with its component's.
std::vector<SuiteTest> LikelyTests(const Selected& selected, const std::string& measurement) {
  const std::string component(measurement.substr(0, measurement.find('.')));
  std::vector<SuiteTest> likely;
  for (const SuiteTest& test : selected.tests) {
    if (selected.suite.component_of.at(test.label()) == component) likely.push_back(test);
  }
  return likely.empty() ? selected.tests : likely;
}

// Says why a measurement takes longer than in another revision.
int ExplainMain(const std::string& manifest, const std::string& measurement) {
  SuiteOptions options = Options();
  if (absl::GetFlag(FLAGS_profile).empty()) options.profile = kAbProfile;
  return WithTests(manifest, options, [&](const Selected& selected) {
    const std::unique_ptr<Services> services = SystemServices();
    return Exit(RunExplainCommand(selected.suite, LikelyTests(selected, measurement), options,
                                  measurement, *services));
  });
}

// Says where a measurement's instructions go.
int ProfileMain(const std::string& manifest, const std::string& measurement) {
  SuiteOptions options = Options();
  if (absl::GetFlag(FLAGS_profile).empty()) options.profile = kAbProfile;
  const absl::StatusOr<ProfileFormat> format = FindProfileFormat(
      command::WasGiven("format") ? absl::StrJoin(absl::GetFlag(FLAGS_format), ",") : "svg");
  if (!format.ok()) return command::WrongUse(absl::StrCat("--format: ", format.status().message()));
  return WithTests(manifest, options, [&](const Selected& selected) {
    const std::unique_ptr<Services> services = SystemServices();
    return Exit(RunProfileCommand(
        selected.suite, LikelyTests(selected, measurement), options,
        {.measurement = measurement, .format = *format, .output = absl::GetFlag(FLAGS_output)},
        *services));
  });
}

// Finds the commit that changed a measurement.
int BisectMain(const std::string& manifest, const std::string& measurement) {
  if (absl::GetFlag(FLAGS_good).empty()) {
    return command::WrongUse(
        "bisect: --good has to name a revision in which the measurement was as it should be");
  }
  SuiteOptions options = Options();
  if (absl::GetFlag(FLAGS_profile).empty()) options.profile = kAbProfile;
  return WithTests(manifest, options, [&](const Selected& selected) {
    const std::unique_ptr<Services> services = SystemServices();
    return Exit(RunBisectCommand(selected.suite, LikelyTests(selected, measurement), options,
                                 {.measurement = measurement,
                                  .good = absl::GetFlag(FLAGS_good),
                                  .bad = absl::GetFlag(FLAGS_bad)},
                                 *services));
  });
}

int RunMain(const std::string& manifest) {
  SuiteOptions options = Options();
  if (const std::string wrong = WrongFlags(options); !wrong.empty()) {
    return command::WrongUse(wrong);
  }
  return WithTests(manifest, options, [&](const Selected& selected) {
    const auto& [suite, tests] = selected;
    if (absl::Status known = CheckOverrides(suite, options.load_overrides); !known.ok()) {
      return command::Fail(absl::StrCat("--load: ", known.message()));
    }
    if (absl::GetFlag(FLAGS_list)) return List(tests);
    // What is left out is missing as little as what nobody asked for.
    if (const std::string left_out = LeftOut(suite.manifest); !left_out.empty()) {
      absl::StrAppend(&options.selection, options.selection.empty() ? "" : " ", left_out);
    }
    if (options.baseline_dir.empty()) {
      options.baseline_dir =
          absl::StrCat(options.workspace, "/", suite.manifest.baseline_directory());
    }
    const std::unique_ptr<Mode> mode = MakeMode(options);
    const std::unique_ptr<Services> services = SystemServices();
    return Exit(RunSuite(suite, tests, options, *mode, *services));
  });
}

std::vector<absl::string_view> Names(absl::Span<const absl::string_view> names) {
  return {names.begin(), names.end()};
}

command::Program Perf(const std::string& manifest) {
  return {
      .name = "perf",
      .summary =
          "Runs the performance tests, compares their records with requirements and baselines, "
          "and writes the report.",
      .synopsis = {"bazel run //perf -- [FLAG...]",
                   "bazel run //perf -- history [NAME] [--json] [--import PATH] [FLAG...]",
                   "bazel run //perf -- report --from FILE [--format FORM,...] [--output PATH]",
                   "bazel run //perf -- explain NAME [--against REVISION]",
                   "bazel run //perf -- profile NAME [--format svg|folded|pprof] [--output PATH]",
                   "bazel run //perf -- bisect NAME --good REVISION [--bad REVISION]",
                   "bazel run //perf -- selfcheck [--minutes N] [--suite [--rounds FILE]]"},
      .details = "",
      .flag_groups = {{"Which tests", Names(kSelectionFlags)},
                      {"How much work", Names(kLoadFlags)},
                      {"What figures are compared with", Names(kJudgingFlags)},
                      {"What is written", Names(kOutputFlags)},
                      {"Bazel", Names(kBazelFlags)},
                      {"Only for report, history, profile, bisect and selfcheck",
                       Names(kSubcommandFlags)}},
      .common_flags = {},
      .may_be_empty = {"filter", "load", "bazel_flags"},
      .examples =
          {"bazel run //perf -- --quick                       everything, in a minute",
           "bazel run //perf -- --component audio --verbose   one component, in detail",
           "bazel run //perf -- --owner @parlance/audio       the tests of one team",
           "bazel run //perf -- --type stress --profile long  sustained load",
           "bazel run //perf -- --update_baselines            make this the baseline",
           "bazel run //perf -- --against main                what changed since main",
           "bazel run //perf -- --counts                      instructions, allocations",
           "bazel run //perf -- history                       what runs found",
           "bazel run //perf -- history --import results.json  add what another tool measured",
           "bazel run //perf -- report --from perf-results/performance_report.json --format junit",
           "bazel run //perf -- explain NAME --against main   which function makes it slower",
           "bazel run //perf -- profile NAME                  where its instructions go",
           "bazel run //perf -- bisect NAME --good HEAD~20    which commit changed it",
           "bazel run //perf -- selfcheck                     how often verdicts are wrong"},
      .no_means =
          "a requirement is missed, a measurement is red, no measurement has the given name, or "
          "there is no change to bisect or to explain",
      .failed_means =
          "something could not be measured, or is missing: a baseline has it, and the run has not",
      .subcommands =
          {{.name = "history",
            .arguments = "[NAME]",
            .description = "Lists what the history has, or plots the measurements of that "
                           "name, or with it in their names; --json prints their series. "
                           "--import adds records, and results of other tools.",
            .min_arguments = 0,
            .max_arguments = 1,
            .flags = {"history", "import", "output_dir", "json", "component", "machine", "since"},
            .run = HistoryMain},
           {.name = "explain",
            .arguments = "NAME",
            .description = "Says why the measurement of that name takes longer than in another "
                           "revision: builds both, runs its Google Benchmark function under "
                           "callgrind, and compares the instructions of one iteration, by "
                           "function. --against names the revision; without it, that is HEAD if "
                           "the working tree has changes, and otherwise the commit before.",
            .min_arguments = 1,
            .max_arguments = 1,
            .flags = {"against", "component", "type", "slow", "quick", "profile", "load",
                      "output_dir", "bazel", "bazel_flags"},
            .run =
                [manifest](const command::Arguments& arguments) {
                  return ExplainMain(manifest, arguments.front());
                }},
           {.name = "profile",
            .arguments = "NAME",
            .description = "Says where the instructions of one iteration of the measurement of "
                           "that name go: runs its Google Benchmark function under callgrind, "
                           "prints the functions that cost most, and writes a flame graph (svg), "
                           "folded stacks, or a profile for pprof.",
            .min_arguments = 1,
            .max_arguments = 1,
            .flags = {"format", "output", "component", "type", "slow", "quick", "profile", "load",
                      "output_dir", "bazel", "bazel_flags"},
            .run =
                [manifest](const command::Arguments& arguments) {
                  return ProfileMain(manifest, arguments.front());
                }},
           {.name = "bisect",
            .arguments = "NAME",
            .description = "Finds the commit that changed the measurement of that name: builds "
                           "commits between two revisions, and compares each with the good one "
                           "until it is clear. What was found so far is kept in bisect.textproto "
                           "in the output directory, and the same command goes on from there.",
            .min_arguments = 1,
            .max_arguments = 1,
            .flags = {"good", "bad", "component", "type", "slow", "quick", "profile", "load",
                      "output_dir", "bazel", "bazel_flags"},
            .run =
                [manifest](const command::Arguments& arguments) {
                  return BisectMain(manifest, arguments.front());
                }},
           {.name = "report",
            .arguments = "",
            .description = "Renders a result of earlier (performance_report.json) in other forms. "
                           "Records beside it give their samples.",
            .min_arguments = 0,
            .max_arguments = 0,
            .flags = {"from", "format", "output", "verbose"},
            .run = [](const command::Arguments&) { return ReportMain(); }},
           {.name = "selfcheck",
            .arguments = "",
            .description = "Measures how often verdicts of A/B comparisons are wrong on "
                           "this machine, of single benchmarks or of the suite.",
            .min_arguments = 0,
            .max_arguments = 0,
            .flags = {"minutes", "suite", "rounds", "component", "filter", "type", "slow",
                      "profile", "time_budget", "output_dir", "bazel", "bazel_flags", "machine"},
            .run = [manifest](const command::Arguments&) { return SelfcheckMain(manifest); }}},
      .run = [manifest](const command::Arguments&) { return RunMain(manifest); },
      .max_arguments = 0};
}

// The perf_suite rule's launcher names the suite in the first word, which is not the user's.
int Main(int argc, char** argv) {
  absl::string_view first = argc > 1 ? argv[1] : "";
  std::string manifest;
  if (absl::ConsumePrefix(&first, "--manifest=")) {
    manifest = std::string(first);
    argv[1] = argv[0];
    --argc;
    ++argv;
  }
  return command::Main(Perf(manifest), argc, argv);
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) { return perf::Main(argc, argv); }
