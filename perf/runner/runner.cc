#include "perf/runner/runner.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file_kind.h"
#include "command/output_file.h"
#include "command/output_folder.h"
#include "command/printable.h"
#include "command/program.h"
#include "google/protobuf/util/json_util.h"
#include "perf/baseline/baseline_file.h"
#include "perf/baseline/baseline_update.h"
#include "perf/baseline/written_together.h"
#include "perf/bazel/build_events.h"
#include "perf/bazel/collector.h"
#include "perf/bazel/git.h"
#include "perf/history/history.h"
#include "perf/process/scratch_folder.h"
#include "perf/process/subprocess.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_text.h"
#include "perf/runner/against.h"
#include "perf/runner/counting.h"
#include "perf/runner/timer_probe.h"
#include "perf/stats/statistics.h"
#include "perf/suite/baseline_lines.h"
#include "perf/suite/label.h"
#include "perf/suite/load_table.h"
#include "re2/re2.h"

namespace perf {
namespace {

constexpr int kBazelInterrupted = 8;

using command::Say;

// The files of the report.
constexpr absl::string_view kReportText = "performance_report.txt";
constexpr absl::string_view kReportMarkdown = "performance_report.md";
constexpr absl::string_view kReportJson = "performance_report.json";
constexpr absl::string_view kReportLines = "performance_baseline.txt";
// What Bazel said of the run, and the records of the tests.
constexpr absl::string_view kEvents = "build_events.json";
constexpr absl::string_view kRecords = "records";
constexpr absl::string_view kProgram = "perf";

absl::Status MakeDirectory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", path.string()));
  return absl::OkStatus();
}

std::string Nonce() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

const Measurement* FindMeasurement(const std::vector<Run>& runs, const std::string& name,
                                   const Run** of) {
  for (const Run& run : runs) {
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.name() != name) continue;
      *of = &run;
      return &measurement;
    }
  }
  return nullptr;
}

double Median(const Measurement& measurement) { return Summarize(measurement.samples()).median; }

class SuiteRun {
 public:
  SuiteRun(const Suite& suite, absl::Span<const SuiteTest> tests, const RunnerOptions& options)
      : suite_(suite),
        options_(options),
        tests_(tests.begin(), tests.end()),
        baseline_directory_(options.baseline_dir) {}

  absl::StatusOr<int> Execute() {
    if (absl::Status made = MakeDirectory(options_.output_dir); !made.ok()) return made;
    if (absl::Status opened = OpenOutputs(); !opened.ok()) return opened;
    if (absl::Status prepared = Prepare(); !prepared.ok()) return prepared;
    absl::Status measured = options_.counts            ? CountSuiteRun()
                            : options_.against.empty() ? MeasureSuite()
                                                       : MeasureAgainst();
    if (!measured.ok()) return measured;
    if (options_.against.empty() && !options_.counts) ReadHistory();
    Report report = BuildReport(inputs_);
    if (absl::Status confirmed = Confirm(report); !confirmed.ok()) return confirmed;

    // All is kept before anything is printed: a reader who has gone (`| head`) ends the program.
    if (absl::Status written = WriteOutputs(report); !written.ok()) return written;
    const absl::Status added = AddToHistory();
    absl::StatusOr<std::string> update = options_.update_baselines ? Update(report) : "";
    command::Print(command::Printable(TextReport(report, {.verbose = options_.verbose})));
    if (update.ok()) command::Print(command::Printable(*update));
    std::fflush(stdout);
    Say(absl::StrCat("the report is in ", options_.output_dir, "/", kReportText));
    if (!added.ok()) return added;
    if (!update.ok()) return update.status();
    if (!options_.update_baselines) return report.exit_code();
    Say("the baselines are written; review and commit them");
    // What is missing is so no longer: the new baselines have not got it.
    return report.exit_code() == command::kNo ? command::kNo : command::kDone;
  }

 private:
  // What the run will write, before it takes its time: so that nothing of somebody else's is in the
  // way at its end.
  absl::Status OpenOutputs() {
    std::vector<std::string> keep;
    for (const std::string& input : {options_.baseline_file, options_.build_event_file}) {
      if (!input.empty()) keep.push_back(input);
    }
    if (!options_.history.empty()) {
      for (std::string& file : command::DatabaseFiles(options_.history)) {
        keep.push_back(std::move(file));
      }
    }
    for (const auto& [name, kind] : {std::pair(kReportText, command::kTextFile),
                                     std::pair(kReportMarkdown, command::kTextFile),
                                     std::pair(kReportJson, command::kJsonFile),
                                     std::pair(kReportLines, command::kTextFile)}) {
      absl::StatusOr<command::OutputFile> file = command::OutputFile::Create(
          absl::StrCat(options_.output_dir, "/", name), {.kind = kind, .keep = keep});
      if (!file.ok()) return file.status();
      outputs_.emplace(name, *std::move(file));
    }
    if (const bool runs_bazel_test =
            options_.build_event_file.empty() && options_.against.empty() && !options_.counts;
        runs_bazel_test) {
      const auto events =
          command::OutputFile::Create(absl::StrCat(options_.output_dir, "/", kEvents),
                                      {.kind = command::kJsonFile, .keep = keep});
      if (!events.ok()) return events.status();
    }
    return command::CheckOwnFolder(absl::StrCat(options_.output_dir, "/", kRecords), kProgram);
  }

  absl::Status WriteOutput(absl::string_view name, const std::string& content) {
    command::OutputFile& file = outputs_.at(name);
    if (absl::Status written = file.Write(content); !written.ok()) return written;
    return file.Commit();
  }

  // What is known before anything runs: so that a bad baseline is said at once.
  absl::Status Prepare() {
    environment_ = CurrentEnvironment();
    machine_ = options_.counts ? CountsSlug() : MachineSlug(environment_);
    for (const SuiteTest& test : tests_) {
      const std::string& component = suite_.component_of.at(test.label());
      inputs_.requirements[component] = suite_.requirements.at(component);
      // A filter that is found in a target's label takes nothing of it away.
      if (re2::RE2::PartialMatch(test.label(), options_.filter)) {
        inputs_.whole_tests.insert(test.label());
      }
      // They are of times and throughputs.
      if (options_.counts) inputs_.requirements[component].clear_requirements();
    }
    if (!options_.baseline_file.empty()) {
      absl::StatusOr<std::string> text = ReadFile(options_.baseline_file);
      if (!text.ok()) return text.status();
      auto lines = ParseBaselineLines(*text, options_.baseline_file);
      if (!lines.ok()) return lines.status();
      inputs_.baseline_lines = *std::move(lines);
      inputs_.baseline_lines_source = options_.baseline_file;
      AddUnknownLines();
    }
    bool any_baseline = false;
    for (const auto& [component, requirements] : inputs_.requirements) {
      absl::StatusOr<ComponentBaseline> baseline =
          ReadBaseline(baseline_directory_, machine_, component);
      if (baseline.ok()) {
        inputs_.baselines[component] = *std::move(baseline);
        any_baseline = true;
      } else if (!absl::IsNotFound(baseline.status())) {
        return baseline.status();
      }
      // Counts are no such measurements.
      if (options_.counts) continue;
      baseline = ReadBaseline(baseline_directory_, kAnyMachine, component);
      if (baseline.ok()) {
        inputs_.deterministic_baselines[component] = *std::move(baseline);
      } else if (!absl::IsNotFound(baseline.status())) {
        return baseline.status();
      }
    }
    Report& header = inputs_.header;
    *header.mutable_environment() = environment_;
    header.set_machine(machine_);
    header.set_profile(options_.profile);
    for (const auto& [component, requirements] : inputs_.requirements) {
      auto loads = LoadTable::Create(requirements, options_.profile, options_.load_overrides);
      if (!loads.ok()) return loads.status();
      for (const auto& [name, value] : loads->overrides()) {
        (*header.mutable_load_overrides())[name] = value;
      }
    }
    header.set_selection(options_.selection);
    const absl::StatusOr<WorkingTreeState> tree = StateOfWorkingTree(options_.workspace);
    if (tree.ok()) {
      commit_ = tree->commit;
      dirty_ = tree->dirty;
    } else if (options_.against.empty()) {
      Say(absl::StrCat(tree.status().message(), "; the records name no commit"));
    }
    header.set_commit(commit_);
    header.set_dirty(dirty_);
    if (!options_.baseline_file.empty()) {
      header.add_notes(absl::StrCat("compared with ", options_.baseline_file,
                                    ", which does not say on which machine it was measured"));
    } else if (!any_baseline && options_.against.empty()) {
      header.add_notes(NoBaselineNote());
    }
    return absl::OkStatus();
  }

  // Where all was to be measured, a line that no component states is of something that vanished.
  void AddUnknownLines() {
    if (!options_.selection.empty() || inputs_.requirements.size() < suite_.requirements.size()) {
      return;
    }
    for (const auto& entry : inputs_.baseline_lines) {
      const std::string& key = entry.first;
      const bool known = absl::c_any_of(suite_.requirements, [&](const auto& component) {
        return absl::c_any_of(component.second.baseline_lines(),
                              [&](const BaselineLine& stated) { return stated.key() == key; });
      });
      if (!known) inputs_.unknown_baseline_lines.push_back(key);
    }
  }

  void AddFailed(const std::set<std::string>& labels) {
    for (const std::string& label : labels) inputs_.failed[label] = suite_.component_of.at(label);
  }

  std::string NoBaselineNote() const {
    if (options_.counts) {
      return "there are no stored counts. To store those of a state you trust, run with --counts "
             "--update_baselines.";
    }
    std::string others;
    std::error_code error;
    std::filesystem::directory_iterator entry(baseline_directory_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      std::error_code unknown;
      if (entry->is_directory(unknown)) {
        absl::StrAppend(&others, others.empty() ? "" : ", ", entry->path().filename().string());
      }
    }
    return absl::StrCat(
        "there is no baseline of this machine, ", machine_,
        others.empty() ? "" : absl::StrCat(" (there are of: ", others, ")"),
        ", and figures of different machines are not compared. To make one from a state "
        "you trust, run with --update_baselines.");
  }

  absl::Status MeasureSuite() {
    absl::StatusOr<Collection> collection = Measure(tests_);
    if (!collection.ok()) return collection.status();
    inputs_.runs = std::move(collection->runs);
    inputs_.errors = std::move(collection->errors);
    AddFailed(collection->failed);
    return absl::OkStatus();
  }

  absl::Status CountSuiteRun() {
    absl::StatusOr<CountingResult> result = CountSuite(suite_, tests_, environment_, options_);
    if (!result.ok()) return result.status();
    for (const std::string& note : result->notes) inputs_.header.add_notes(note);
    inputs_.runs = std::move(result->runs);
    inputs_.errors = std::move(result->errors);
    AddFailed(result->failed);
    StampCommit();
    return absl::OkStatus();
  }

  void StampCommit() {
    const std::string run_id = Nonce();
    for (Run& run : inputs_.runs) {
      run.set_run_id(run_id);
      run.mutable_provenance()->set_commit(commit_);
      run.mutable_provenance()->set_dirty(dirty_);
    }
  }

  absl::Status MeasureAgainst() {
    absl::StatusOr<std::string> revision = options_.against == kBaselineRevision
                                               ? RevisionOfBaselines()
                                               : absl::StatusOr<std::string>(options_.against);
    if (!revision.ok()) return revision.status();
    absl::StatusOr<AgainstResult> result =
        MeasureBeside(suite_, tests_, *revision, environment_, options_);
    if (!result.ok()) return result.status();
    for (const std::string& note : result->notes) inputs_.header.add_notes(note);
    inputs_.runs = std::move(result->runs);
    inputs_.errors = std::move(result->errors);
    inputs_.ab = std::move(result->ab);
    inputs_.ab_revision = result->commit.substr(0, 12);
    inputs_.identical = std::move(result->identical);
    inputs_.gone = std::move(result->gone);
    StampCommit();
    return absl::OkStatus();
  }

  // The one commit that this machine's baselines of the components were measured at.
  absl::StatusOr<std::string> RevisionOfBaselines() const {
    std::set<std::string> commits;
    for (const auto& [component, baseline] : inputs_.baselines) {
      for (const BaselineMeasurement& measurement : baseline.measurements()) {
        commits.insert(measurement.commit());
      }
    }
    if (commits.empty()) {
      return absl::NotFoundError(
          absl::StrCat("--against=baseline: there is no baseline of this machine, ", machine_));
    }
    if (commits.size() > 1 || commits.begin()->empty() || commits.begin()->back() == '+') {
      return absl::FailedPreconditionError(
          absl::StrCat("--against=baseline: the baselines are of ", absl::StrJoin(commits, ", "),
                       ", which is not one commit (+ means with uncommitted changes). Name one, or "
                       "narrow the run by --component"));
    }
    return *commits.begin();
  }

  // Runs the tests, or takes what --build_event_file says, and collects their records.
  absl::StatusOr<Collection> Measure(const std::vector<SuiteTest>& tests) {
    const TimerProbe timers;
    std::string events_file = options_.build_event_file;
    CollectOptions collect{
        .run_id = "", .machine = machine_, .allow_any_mode = options_.allow_any_mode};
    int bazel_exit_code = 0;
    absl::StatusOr<std::string> json;
    if (events_file.empty()) {
      collect.run_id = Nonce();
      events_file = absl::StrCat(options_.output_dir, "/", kEvents);
      // Bazel writes where nothing of the user's or of an earlier turn can be; what it wrote is
      // kept beside the report.
      const absl::StatusOr<ScratchFolder> scratch =
          ScratchFolder::Create(absl::StrCat(options_.output_dir, "/scratch-"));
      if (!scratch.ok()) return scratch.status();
      const std::string written = absl::StrCat(scratch->path(), "/", kEvents);
      absl::StatusOr<int> exit_code = RunBazel(tests, collect.run_id, written);
      if (!exit_code.ok()) return exit_code.status();
      bazel_exit_code = *exit_code;
      json = ReadFile(written);
      if (!json.ok() && bazel_exit_code != 0) {
        return absl::InternalError(
            absl::StrCat("bazel ended with exit code ", bazel_exit_code, " before it ran a test"));
      }
      if (!json.ok()) return json.status();
      if (absl::Status kept =
              command::WriteOutput(events_file, {.kind = command::kJsonFile, .keep = {}}, *json);
          !kept.ok()) {
        return kept;
      }
    } else {
      json = ReadFile(events_file);
      if (!json.ok()) return json.status();
    }
    absl::StatusOr<BuildEvents> events = ParseBuildEvents(*json);
    if (!events.ok()) {
      return absl::Status(events.status().code(),
                          absl::StrCat(events_file, ": ", events.status().message()));
    }
    if (events->cut_line > 0) {
      inputs_.header.add_notes(absl::StrCat(events_file, " is cut in line ", events->cut_line,
                                            ", its last, and that line is lost"));
    }
    Collection collection = Collect(tests, *events, collect, ReadRecord);
    if (bazel_exit_code == kBazelInterrupted)
      collection.errors.emplace_back("bazel: was interrupted");
    if (bazel_exit_code != 0 && collection.errors.empty()) {
      collection.errors.push_back(absl::StrCat("bazel: ended with exit code ", bazel_exit_code));
    }
    const std::vector<TimerLateness> lateness = timers.Timers();
    for (Run& run : collection.runs) {
      AddLateness(lateness, *run.mutable_health());
      run.mutable_provenance()->set_commit(commit_);
      run.mutable_provenance()->set_dirty(dirty_);
    }
    return collection;
  }

  absl::StatusOr<int> RunBazel(const std::vector<SuiteTest>& tests, const std::string& run_id,
                               const std::string& events_file) {
    // What an earlier turn left would be read as this one's, if Bazel ended before it wrote its
    // own.
    std::remove(events_file.c_str());
    std::vector<std::string> command = options_.bazel;
    command.insert(command.end(),
                   {"test", "--keep_going", "--runs_per_test=1", "--flaky_test_attempts=1",
                    "--test_summary=none", absl::StrCat("--build_event_json_file=", events_file)});
    if (options_.verbose) command.emplace_back("--test_output=all");
    command.insert(command.end(), options_.bazel_flags.begin(), options_.bazel_flags.end());
    command.emplace_back("--");
    for (const SuiteTest& test : tests) command.push_back(test.label());
    Say(absl::StrCat("running ", tests.size(), tests.size() == 1 ? " test" : " tests", " with ",
                     options_.profile, " loads, one at a time"));
    absl::StatusOr<SubprocessResult> result =
        RunProgram({.arguments = command,
                    .variables = {{"PERF_RUN_ID", run_id},
                                  {"PERF_PROFILE", options_.profile},
                                  {"PERF_OVERRIDES", options_.load_overrides},
                                  {"PERF_FILTER", options_.filter}}},
                   SubprocessOutput::kInherit);
    if (!result.ok()) return result.status();
    return result->exit_code;
  }

  // A busy neighbour makes one run red; a regression makes all of them red. So tests with a red
  // measurement, or one that would be but for noise, are measured again, and the best run
  // of it counts.
  absl::Status Confirm(Report& report) {
    if (!options_.build_event_file.empty() || options_.update_baselines ||
        !options_.against.empty() || options_.counts) {
      return absl::OkStatus();
    }
    for (int i = 0; i < options_.confirmations; ++i) {
      std::set<std::string> red;
      std::set<std::string> targets;
      for (const MeasurementResult& result : report.measurements()) {
        const bool noisy = result.verdict() == UNRESOLVED && !result.noise().empty();
        if (result.verdict() != RED && !noisy) continue;
        red.insert(result.name());
        targets.insert(CanonicalLabel(result.target()));
      }
      if (red.empty()) return absl::OkStatus();
      std::vector<SuiteTest> again;
      for (const SuiteTest& test : tests_) {
        if (targets.contains(test.label())) again.push_back(test);
      }
      Say(absl::StrCat(red.size(), red.size() == 1 ? " measurement is" : " measurements are",
                       " red or noisy; measuring again to be sure (", i + 1, " of ",
                       options_.confirmations, ")"));
      absl::StatusOr<Collection> collection = Measure(again);
      if (!collection.ok()) return collection.status();
      for (std::string& error : collection->errors) {
        inputs_.errors.push_back(absl::StrCat(error, " (when measured again)"));
      }
      for (const std::string& name : red) TakeBetter(name, collection->runs);
      report = BuildReport(inputs_);
    }
    return absl::OkStatus();
  }

  // Replaces the measurement by the new one if that is better, or was less noisy.
  void TakeBetter(const std::string& name, const std::vector<Run>& runs) {
    const Run* other_run = nullptr;
    const Measurement* other = FindMeasurement(runs, name, &other_run);
    if (other == nullptr) return;
    inputs_.attempts.try_emplace(name, 1).first->second++;
    const bool quiet = WhyNoisy(other_run->health()).empty();
    for (Run& run : inputs_.runs) {
      auto& measurements = *run.mutable_measurements();
      for (int i = 0; i < measurements.size(); ++i) {
        if (measurements[i].name() != name) continue;
        const bool was_quiet = WhyNoisy(run.health()).empty();
        const bool better = other->better() == LOWER ? Median(*other) < Median(measurements[i])
                                                     : Median(*other) > Median(measurements[i]);
        if (quiet != was_quiet ? was_quiet : !better) return;
        measurements.DeleteSubrange(i, 1);
        run.set_num_measurements(measurements.size());
        AddToRunOf(*other_run, *other);
        return;
      }
    }
  }

  // Adds the measurement with what is said of its run: where and when it was measured.
  void AddToRunOf(const Run& origin, const Measurement& measurement) {
    Run* of = nullptr;
    for (Run& run : inputs_.runs) {
      if (run.run_id() == origin.run_id() &&
          run.provenance().target() == origin.provenance().target() &&
          run.provenance().shard_index() == origin.provenance().shard_index()) {
        of = &run;
      }
    }
    if (of == nullptr) {
      inputs_.runs.push_back(origin);
      of = &inputs_.runs.back();
      of->clear_measurements();
    }
    *of->add_measurements() = measurement;
    of->set_num_measurements(of->measurements_size());
  }

  absl::Status WriteOutputs(Report& report) {
    report.mutable_generated()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    if (absl::Status status =
            WriteOutput(kReportText, TextReport(report, {.verbose = options_.verbose}));
        !status.ok()) {
      return status;
    }
    if (absl::Status status = WriteOutput(kReportMarkdown, MarkdownReport(report)); !status.ok()) {
      return status;
    }
    std::string json;
    google::protobuf::util::JsonPrintOptions json_options;
    json_options.add_whitespace = true;
    json_options.preserve_proto_field_names = true;
    json_options.always_print_primitive_fields = true;
    if (!google::protobuf::util::MessageToJsonString(report, &json, json_options).ok()) {
      return absl::InternalError("cannot write the report as JSON");
    }
    if (absl::Status status = WriteOutput(kReportJson, json); !status.ok()) return status;
    absl::StatusOr<std::string> lines =
        UpdateBaselineLines(inputs_.runs, inputs_.requirements, "", "");
    // A figure that no line can state is no reason to lose the report.
    const std::string text =
        lines.ok() ? *lines : absl::StrCat("# ", lines.status().message(), "\n");
    if (absl::Status status = WriteOutput(kReportLines, text); !status.ok()) return status;
    return WriteRecords(absl::StrCat(options_.output_dir, "/", kRecords));
  }

  // Keeps the records beside the report; those of an earlier run go.
  absl::Status WriteRecords(const std::string& directory) {
    if (absl::Status cleared = command::PrepareOwnFolder(directory, kProgram); !cleared.ok()) {
      return cleared;
    }
    std::map<std::string, int> attempts;
    for (const Run& run : inputs_.runs) {
      if (run.measurements().empty() && !inputs_.attempts.empty()) continue;
      const std::string target =
          absl::StrReplaceAll(CanonicalLabel(run.provenance().target()), {{"//", ""}, {":", "/"}});
      std::string place =
          absl::StrCat(directory, "/", target, "/shard_", run.provenance().shard_index() + 1,
                       "_of_", run.provenance().total_shards());
      if (const int attempt = ++attempts[place]; attempt > 1) {
        absl::StrAppend(&place, "_attempt_", attempt);
      }
      if (absl::Status made = MakeDirectory(place); !made.ok()) return made;
      if (absl::Status written = WriteRunFile(run, place); !written.ok()) return written;
    }
    return absl::OkStatus();
  }

  // What is compared with where no baseline is stored. A history that cannot be read is said when
  // the run is added to it, after the report.
  void ReadHistory() {
    auto baselines = ReadHistoryBaselines(options_.history, inputs_.runs);
    if (baselines.ok()) inputs_.history = *std::move(baselines);
  }

  // What was measured beside another revision is of short, broken runs: no point of a series.
  absl::Status AddToHistory() {
    if (options_.history.empty() || !options_.against.empty() || inputs_.runs.empty()) {
      return absl::OkStatus();
    }
    const absl::StatusOr<std::unique_ptr<History>> history = History::Open(options_.history);
    if (!history.ok()) return history.status();
    return (*history)->Add(inputs_.runs).status();
  }

  // Stores the baselines, and returns what changed.
  absl::StatusOr<std::string> Update(const Report& report) {
    if (!report.errors().empty()) {
      return absl::FailedPreconditionError(
          "the baselines stay as they are, because not everything could be measured");
    }
    for (const RequirementResult& requirement : report.requirements()) {
      if (requirement.measured() && !requirement.met()) {
        return absl::FailedPreconditionError(
            "the baselines stay as they are, because a requirement is missed");
      }
    }
    const std::string lines_path =
        absl::StrCat(baseline_directory_, "/", machine_, "/", kBaselineLinesFile);
    absl::StatusOr<std::string> previous = ReadFile(lines_path);
    if (!previous.ok() && !absl::IsNotFound(previous.status())) return previous.status();
    const absl::StatusOr<PreparedUpdate> update =
        PrepareUpdate({.runs = inputs_.runs,
                       .requirements = inputs_.requirements,
                       .baselines = inputs_.baselines,
                       .deterministic_baselines = inputs_.deterministic_baselines,
                       .directory = baseline_directory_,
                       .machine = machine_,
                       .complete = options_.selection.empty(),
                       .date = absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()),
                       .previous_lines = previous.ok() ? *previous : ""});
    if (!update.ok()) {
      return absl::Status(update.status().code(), absl::StrCat("the baselines stay as they are: ",
                                                               update.status().message()));
    }
    if (absl::Status written = WriteTogether(update->files); !written.ok()) return written;
    return update->description;
  }

  const Suite& suite_;
  const RunnerOptions& options_;
  const std::vector<SuiteTest> tests_;
  const std::string baseline_directory_;
  Environment environment_;
  std::string machine_;
  std::string commit_;
  bool dirty_ = false;
  std::map<absl::string_view, command::OutputFile> outputs_;
  ReportInputs inputs_;
};

}  // namespace

absl::StatusOr<int> RunSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                             const RunnerOptions& options) {
  return SuiteRun(suite, tests, options).Execute();
}

}  // namespace perf
