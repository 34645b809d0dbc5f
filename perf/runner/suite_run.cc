#include "perf/runner/suite_run.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file/file_kind.h"
#include "command/file/output_file.h"
#include "perf/history/history.h"
#include "perf/history/history_baseline.h"
#include "perf/history/history_series.h"
#include "perf/history/open/open_history.h"
#include "perf/history/runs_in_history.h"
#include "perf/mode/ab/ab_mode.h"
#include "perf/mode/counts/counts_mode.h"
#include "perf/mode/stored/imported_mode.h"
#include "perf/mode/stored/stored_mode.h"
#include "perf/mode/stored_baselines.h"
#include "perf/owners/target_owners.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"
#include "perf/report/forms/form.h"
#include "perf/report/html/page_data.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_summary.h"
#include "perf/report/report_text.h"
#include "perf/report/text/safe_text.h"
#include "perf/runner/confirmation.h"
#include "perf/runner/report_files.h"
#include "perf/suite/baseline_lines.h"
#include "perf/suite/load_table.h"
#include "re2/re2.h"

namespace perf {
namespace {

class SuiteRun {
 public:
  SuiteRun(const Suite& suite, absl::Span<const SuiteTest> tests, const SuiteOptions& options,
           Mode& mode, Services& services)
      : context_{.suite = suite,
                 .tests = {tests.begin(), tests.end()},
                 .options = options,
                 .services = services,
                 .environment = services.CurrentEnvironment(),
                 .machine = ""},
        options_(options),
        mode_(mode) {
    context_.machine = mode.BaselineKey(options, context_.environment);
  }

  absl::StatusOr<int> Execute() {
    std::vector<Form> forms;
    if (!options_.formats.empty()) {
      absl::StatusOr<std::vector<Form>> found = FindForms(options_.formats);
      if (!found.ok()) return found.status();
      forms = *std::move(found);
    }
    absl::StatusOr<ReportFiles> files =
        ReportFiles::Create(options_.output_dir, mode_.FilesOfMeasure(), FilesToKeep(), forms);
    if (!files.ok()) return files.status();
    absl::StatusOr<std::optional<command::OutputFile>> changes = CreateChangesFile();
    if (!changes.ok()) return changes.status();
    if (absl::Status prepared = Prepare(); !prepared.ok()) return prepared;

    absl::StatusOr<Findings> findings = Measure(context_.tests);
    if (!findings.ok()) return findings.status();
    Take(*std::move(findings));
    ReadHistory();
    Report report = BuildReport(inputs_);
    if (absl::Status confirmed = Confirm(report); !confirmed.ok()) return confirmed;

    // All is kept before anything is printed: a reader who has gone (`| head`) ends the program.
    if (absl::Status written = files->Write(report, inputs_, options_.verbose); !written.ok()) {
      return written;
    }
    const absl::Status added = AddToHistory();
    if (absl::Status written = files->WritePage(report, inputs_, ByName(std::move(series_)));
        !written.ok()) {
      return written;
    }
    const absl::StatusOr<std::string> stored = Store(report, *changes);
    context_.services.Print(options_.verbose ? TextReport(report, {.verbose = true})
                                             : SummaryReport(report));
    if (stored.ok()) context_.services.Print(*stored);
    context_.services.Say(absl::StrCat("the report is in ", files->ForPeople()));
    if (!added.ok()) return added;
    if (!stored.ok()) return stored.status();
    if (!options_.update_baselines) return report.exit_code();
    context_.services.Say("the baselines are written; review and commit them");
    context_.services.Say(absl::StrCat("what changes is in ", ChangesPath(), ", for the review"));
    // What was missing is so no longer: the new baselines have not got it.
    return report.exit_code() == command::kNo ? command::kNo : command::kDone;
  }

 private:
  // What the run reads, or adds to, and no report may be written over.
  std::vector<std::string> FilesToKeep() const {
    std::vector<std::string> keep;
    for (const std::string& input : {options_.baseline_file, options_.build_event_file}) {
      if (!input.empty()) keep.push_back(input);
    }
    if (!options_.history.empty() && !IsOnServer(options_.history)) {
      for (std::string& file : command::DatabaseFiles(options_.history)) {
        keep.push_back(std::move(file));
      }
    }
    return keep;
  }

  // All that is known before anything runs, so that a bad baseline is said at once.
  absl::Status Prepare() {
    const Suite& suite = context_.suite;
    for (const SuiteTest& test : context_.tests) {
      const std::string& component = suite.component_of.at(test.label());
      inputs_.requirements[component] = suite.requirements.at(component);
      // A filter that is found in a target's label takes no part of the target away.
      if (re2::RE2::PartialMatch(test.label(), options_.filter)) {
        inputs_.whole_tests.insert(test.label());
      }
    }
    inputs_.owners = TargetOwners::Read(options_.workspace);
    for (const std::string& note : inputs_.owners.notes()) inputs_.header.add_notes(note);
    if (absl::Status read = ReadBaselineFile(); !read.ok()) return read;
    if (absl::Status prepared = mode_.Prepare(context_, inputs_); !prepared.ok()) return prepared;
    if (absl::Status set = SetHeader(); !set.ok()) return set;
    FindAskedMeasurements();
    return FindCommit();
  }

  // The lines that the figures are compared with instead of stored baselines.
  absl::Status ReadBaselineFile() {
    if (options_.baseline_file.empty()) return absl::OkStatus();
    const absl::StatusOr<std::string> text = ReadFile(options_.baseline_file);
    if (!text.ok()) return text.status();
    auto lines = ParseBaselineLines(*text, options_.baseline_file);
    if (!lines.ok()) return lines.status();
    inputs_.baseline_lines = *std::move(lines);
    inputs_.baseline_lines_source = options_.baseline_file;
    // Where all was to be measured, a line that no component states is of something that vanished.
    const auto& components = context_.suite.requirements;
    if (!options_.selection.empty() || inputs_.requirements.size() < components.size()) {
      return absl::OkStatus();
    }
    for (const auto& line : inputs_.baseline_lines) {
      const std::string& key = line.first;
      const bool known = absl::c_any_of(components, [&](const auto& component) {
        return absl::c_any_of(component.second.baseline_lines(),
                              [&](const BaselineLine& stated) { return stated.key() == key; });
      });
      if (!known) inputs_.unknown_baseline_lines.push_back(key);
    }
    return absl::OkStatus();
  }

  // A filter that names benchmarks asks for the stored ones, too: one that is not measured is
  // missing. GoogleTest bodies are selected by other names than their measurements'.
  void FindAskedMeasurements() {
    if (options_.filter.empty()) return;
    const re2::RE2 filter(options_.filter);
    for (const auto* baselines : {&inputs_.baselines, &inputs_.deterministic_baselines}) {
      for (const auto& [component, baseline] : *baselines) {
        for (const BaselineMeasurement& stored : baseline.measurements()) {
          const std::string name = mode_.BenchmarkOf(stored.name());
          // The filter sees more at the name's end: how the benchmark is timed.
          if (inputs_.benchmarks.contains(stored.target()) &&
              re2::RE2::PartialMatch(name, filter) &&
              re2::RE2::PartialMatch(name + "/real_time", filter)) {
            inputs_.asked_measurements.insert(stored.name());
          }
        }
      }
    }
  }

  absl::Status SetHeader() {
    Report& header = inputs_.header;
    *header.mutable_environment() = context_.environment;
    header.set_machine(context_.machine);
    header.set_profile(options_.profile);
    header.set_selection(options_.selection);
    SetCommand(header);
    for (const auto& [component, requirements] : inputs_.requirements) {
      const auto loads = LoadTable::Create(requirements, options_.profile, options_.load_overrides);
      if (!loads.ok()) return loads.status();
      for (const auto& [name, value] : loads->overrides()) {
        (*header.mutable_load_overrides())[name] = value;
      }
    }
    if (!options_.baseline_file.empty()) {
      header.add_notes(absl::StrCat("compared with ", options_.baseline_file,
                                    ", which does not say on which machine it was measured"));
    } else if (inputs_.baselines.empty()) {
      if (std::string note = mode_.NoBaselineNote(context_); !note.empty()) {
        header.add_notes(std::move(note));
      }
    }
    return absl::OkStatus();
  }

  // How measurements are measured again, as this run did it.
  void SetCommand(Report& header) {
    header.set_command(absl::StrCat("bazel run ", context_.suite.manifest.suite()));
    for (const SuiteTest& test : context_.tests) {
      if (test.benchmark()) inputs_.benchmarks.insert(test.label());
    }
    std::vector<std::string>& flags = inputs_.repeated_flags;
    if (options_.counts) flags.emplace_back("--counts");
    // Comparisons with a revision have loads of their own.
    if (options_.against.empty() && options_.profile != SuiteOptions().profile) {
      flags.push_back(absl::StrCat("--profile ", options_.profile));
    }
  }

  // Said before anything is measured, which may take long.
  absl::Status MayStore(const absl::StatusOr<WorkingTreeState>& tree) const {
    if (!mode_.MayStore()) {
      return absl::FailedPreconditionError(
          "--update_baselines: an A/B comparison cannot be stored as a baseline; measure without "
          "--against");
    }
    return CheckTraceable(tree);
  }

  // What the records are stamped with.
  absl::Status FindCommit() {
    const absl::StatusOr<WorkingTreeState> tree =
        context_.services.StateOfWorkingTree(options_.workspace);
    if (options_.update_baselines) {
      if (absl::Status may = MayStore(tree); !may.ok()) return may;
    }
    if (tree.ok()) {
      tree_ = *tree;
    } else if (!mode_.MayLackCommit()) {
      return tree.status();
    } else {
      context_.services.Say(absl::StrCat(tree.status().message(), "; the records name no commit"));
    }
    inputs_.header.set_commit(tree_.commit);
    inputs_.header.set_dirty(tree_.dirty);
    return absl::OkStatus();
  }

  absl::StatusOr<Findings> Measure(absl::Span<const SuiteTest> tests) {
    absl::StatusOr<Findings> findings = mode_.Measure(context_, tests);
    if (!findings.ok()) return findings.status();
    // The report is of the time of its last figures, by which also what is accepted is judged.
    inputs_.header.mutable_generated()->set_seconds(absl::ToUnixSeconds(context_.services.Now()));
    KeepWorker(*findings);
    for (Run& run : findings->runs) {
      run.mutable_provenance()->set_commit(tree_.commit);
      run.mutable_provenance()->set_dirty(tree_.dirty);
      if (!options_.machine.empty()) run.mutable_environment()->set_pool(options_.machine);
    }
    return findings;
  }

  // The report is of the machine that measured. What is measured again has to be so on an equal
  // one, and a pool may have given the test to another.
  void KeepWorker(Findings& findings) {
    if (!findings.worker.has_value()) return;
    const std::string machine = MachineSlug(*findings.worker);
    if (worker_.empty()) {
      worker_ = machine;
      *inputs_.header.mutable_environment() = *findings.worker;
    } else if (machine != worker_) {
      findings.errors.push_back(absl::StrCat("the remote workers of ", options_.machine,
                                             " are not the same kind of machine: ", worker_,
                                             " and ", machine));
      findings.runs.clear();
    }
  }

  void Take(Findings findings) {
    for (const std::string& note : findings.notes) inputs_.header.add_notes(note);
    for (const std::string& label : findings.failed) {
      inputs_.failed[label] = context_.suite.component_of.at(label);
    }
    inputs_.runs = std::move(findings.runs);
    inputs_.errors = std::move(findings.errors);
    inputs_.ab = std::move(findings.ab);
    inputs_.ab_revision = std::move(findings.ab_revision);
    if (!inputs_.ab_revision.empty()) {
      inputs_.repeated_flags.push_back(absl::StrCat("--against ", inputs_.ab_revision));
    }
    inputs_.unchanged = std::move(findings.unchanged);
    inputs_.gone = std::move(findings.gone);
    inputs_.accepted_before = std::move(findings.accepted_before);
    inputs_.explanations = std::move(findings.explanations);
  }

  absl::Status Confirm(Report& report) {
    if (!mode_.MayConfirm()) return absl::OkStatus();
    return ConfirmDoubtful(
        {.tests = context_.tests,
         .confirmations = options_.confirmations,
         .measure = [this](absl::Span<const SuiteTest> tests) { return Measure(tests); },
         .say = [this](absl::string_view line) { context_.services.Say(line); }},
        inputs_, report);
  }

  // What is compared with where no baseline is stored, and shown on the page; a run that stores a
  // baseline is accepted as it is. A history that cannot be read ends nothing that was measured:
  // the report says what it lacks, and why.
  void ReadHistory() {
    const absl::StatusOr<std::unique_ptr<History>> history = OpenHistoryIfThere(options_.history);
    if (history.ok() && *history == nullptr) return;
    const bool compares = mode_.ComparesWithHistory() && !options_.update_baselines;
    auto series = history.ok() ? ReadSeriesOf(inputs_.runs, kMaxTrendPoints, **history)
                               : absl::StatusOr<std::vector<HistorySeries>>(history.status());
    if (!series.ok()) {
      inputs_.header.add_notes(absl::StrCat(
          compares ? "not compared with earlier runs: " : "earlier runs are not shown: ",
          series.status().message()));
      return;
    }
    series_ = *std::move(series);
    if (compares) inputs_.history = HistoryBaselines(series_, inputs_.runs);
  }

  // After an error, the records of the report are there to be added later.
  absl::Status AddToHistory() {
    if (options_.history.empty() || !mode_.AddsToHistory() || inputs_.runs.empty()) {
      return absl::OkStatus();
    }
    const absl::StatusOr<std::unique_ptr<History>> history = OpenHistory(options_.history);
    absl::Status added = history.ok() ? (*history)->Add(inputs_.runs).status() : history.status();
    if (!added.ok()) {
      return absl::Status(
          added.code(), absl::StrCat(added.message(), "; add the run later with history --import ",
                                     options_.output_dir, "/records"));
    }
    AddPoints(inputs_.runs, kMaxTrendPoints, series_);
    return absl::OkStatus();
  }

  std::string ChangesPath() const {
    return absl::StrCat(options_.output_dir, "/baseline_changes.md");
  }

  // The file that says what changes in the baselines, if they are to be stored: that it can be
  // written is known before anything is measured.
  absl::StatusOr<std::optional<command::OutputFile>> CreateChangesFile() const {
    if (!options_.update_baselines) return std::nullopt;
    absl::StatusOr<command::OutputFile> file = command::OutputFile::Create(
        ChangesPath(), {.kind = command::kTextFile, .keep = FilesToKeep()});
    if (!file.ok()) return file.status();
    return std::optional<command::OutputFile>(*std::move(file));
  }

  // Stores the baselines, if they are to be, writes what changed for its review, and returns it.
  absl::StatusOr<std::string> Store(const Report& report,
                                    std::optional<command::OutputFile>& changes_file) const {
    if (!changes_file.has_value()) return "";
    absl::StatusOr<StoredChanges> stored = StoreBaselines(report, inputs_,
                                                          {.directory = options_.baseline_dir,
                                                           .machine = context_.machine,
                                                           .complete = options_.selection.empty(),
                                                           .now = context_.services.Now(),
                                                           .why = options_.why});
    // What an earlier run changed is not to be taken for this one's.
    absl::Status written = changes_file->Write(
        stored.ok() ? stored->markdown
                    : absl::StrCat("# Changed baselines\n\n",
                                   MarkdownText(stored.status().message()), "\n"));
    if (written.ok()) written = changes_file->Commit();
    if (!stored.ok()) return stored.status();
    if (!written.ok()) {
      return absl::Status(written.code(),
                          absl::StrCat("the baselines are written, and what changes in them is "
                                       "not, which git shows: ",
                                       written.message()));
    }
    return std::move(stored->text);
  }

  RunContext context_;
  const SuiteOptions& options_;
  Mode& mode_;
  // The machine of the remote workers; empty while none measured anything.
  std::string worker_;
  WorkingTreeState tree_;
  ReportInputs inputs_;
  // The series of the history that the measurements are points of.
  std::vector<HistorySeries> series_;
};

}  // namespace

std::unique_ptr<Mode> MakeMode(const SuiteOptions& options) {
  if (options.counts) return std::make_unique<CountsMode>();
  if (!options.against.empty()) return std::make_unique<AbMode>(options.against);
  if (!options.build_event_file.empty()) return std::make_unique<ImportedMode>();
  return std::make_unique<StoredMode>(/*confirms=*/!options.update_baselines);
}

absl::StatusOr<int> RunSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                             const SuiteOptions& options, Mode& mode, Services& services) {
  return SuiteRun(suite, tests, options, mode, services).Execute();
}

}  // namespace perf
