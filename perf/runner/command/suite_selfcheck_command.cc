#include "perf/runner/command/suite_selfcheck_command.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/exit_code.h"
#include "command/file/output_file.h"
#include "command/file/user_path.h"
#include "google/protobuf/text_format.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/mode/ab/round_sources.h"
#include "perf/process/scratch_folder.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"
#include "perf/selfcheck/busy_neighbour.h"
#include "perf/selfcheck/recorded_rounds.pb.h"
#include "perf/selfcheck/suite_selfcheck.h"

namespace perf {
namespace {

// What is planted has to leave something unchanged.
constexpr int kMinMeasurements = 14;

int CountMeasurements(const google::protobuf::RepeatedPtrField<RecordedSource>& sources) {
  int count = 0;
  for (const RecordedSource& source : sources) count += source.measurements_size();
  return count;
}

absl::Status CheckRounds(const RecordedRounds& recorded) {
  for (const auto* sources : {&recorded.quiet(), &recorded.neighbour()}) {
    if (const int count = CountMeasurements(*sources); count < kMinMeasurements) {
      return absl::FailedPreconditionError(
          absl::StrCat("there are rounds of ", count, " measurements, and at least ",
                       kMinMeasurements, " are needed to plant changes in some of them"));
    }
    for (const RecordedSource& source : *sources) {
      for (const RecordedMeasurement& measurement : source.measurements()) {
        if (measurement.log_ratios().empty()) {
          return absl::InvalidArgumentError(
              absl::StrCat("'", measurement.name(), "' has no rounds"));
        }
      }
    }
  }
  return absl::OkStatus();
}

class Recording {
 public:
  Recording(const Suite& suite, const SuiteOptions& options, Services& services)
      : suite_(suite), options_(options), services_(services) {}

  absl::StatusOr<RecordedRounds> Record(absl::Span<const SuiteTest> tests, absl::Duration length) {
    std::error_code error;
    std::filesystem::create_directories(options_.output_dir, error);
    if (error) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", options_.output_dir));
    }
    const absl::StatusOr<ScratchFolder> scratch =
        ScratchFolder::Create(absl::StrCat(options_.output_dir, "/scratch-"));
    if (!scratch.ok()) return scratch.status();
    if (absl::Status added = AddSources(tests, scratch->path()); !added.ok()) return added;
    RecordedRounds recorded;
    const Environment environment = services_.CurrentEnvironment();
    recorded.set_machine(options_.machine.empty() ? MachineSlug(environment) : options_.machine);
    const absl::StatusOr<WorkingTreeState> tree = services_.StateOfWorkingTree(options_.workspace);
    recorded.set_commit(tree.ok() ? absl::StrCat(tree->commit, tree->dirty ? "+" : "")
                                  : "no commit");
    std::mt19937_64 random(std::random_device{}());
    const auto record = [&](const char* condition) {
      return RecordRounds(sources_, length / 2, random, [&](absl::string_view line) {
        services_.Say(absl::StrCat(condition, ", ", line));
      });
    };
    *recorded.mutable_quiet() = record("quiet");
    // Their figures and costs are not to be mixed.
    for (const auto& source : sources_) source->Forget();
    const BusyNeighbour neighbour(random());
    *recorded.mutable_neighbour() = record("beside a busy neighbour");
    return recorded;
  }

 private:
  absl::Status AddSources(absl::Span<const SuiteTest> tests, const std::string& scratch) {
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests) labels.push_back(test.label());
    const absl::StatusOr<std::string> bin =
        BuildTests(labels, options_.workspace, "the working tree",
                   {.bazel = options_.bazel, .cache = *std::move(cache)}, services_.programs(),
                   [this](absl::string_view line) { services_.Say(line); });
    if (!bin.ok()) return bin.status();
    for (const SuiteTest& test : tests) {
      absl::StatusOr<TestProgram> program =
          FindTestProgram(test, *bin, suite_.manifest.workspace_name());
      if (!program.ok()) return program.status();
      SetTestVariables(options_.profile, options_.load_overrides, options_.filter,
                       program->variables);
      const std::string& component = suite_.component_of.at(test.label());
      std::vector<std::string> notes;
      auto source = MakeRoundSource({.baseline = *program,
                                     .current = *program,
                                     .benchmark = test.benchmark(),
                                     .component = component,
                                     .filter = options_.filter,
                                     .requirements = suite_.requirements.at(component),
                                     .scratch = scratch},
                                    &notes);
      if (!source.ok()) {
        return absl::Status(source.status().code(),
                            absl::StrCat(test.label(), ": ", source.status().message()));
      }
      services_.Say(
          absl::StrCat(test.label(), ": ", (*source)->compared().size(), " measurements"));
      sources_.push_back(*std::move(source));
    }
    return absl::OkStatus();
  }

  const Suite& suite_;
  const SuiteOptions& options_;
  Services& services_;
  std::vector<std::unique_ptr<RoundSource>> sources_;
};

}  // namespace

absl::StatusOr<int> RunSuiteSelfcheckCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                             const SuiteOptions& options,
                                             const SuiteSelfcheckCommandOptions& command_options,
                                             Services& services) {
  const std::string path = command::UserPath(command_options.rounds_file);
  std::error_code error;
  RecordedRounds recorded;
  if (!path.empty() && std::filesystem::exists(path, error)) {
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    if (absl::Status parsed = ParseTextProto(*text, path, recorded); !parsed.ok()) return parsed;
  } else {
    // A wrong path is refused before the work.
    std::optional<command::OutputFile> file;
    if (!path.empty()) {
      absl::StatusOr<command::OutputFile> created = command::OutputFile::Create(
          command_options.rounds_file, {.kind = command::kTextFile, .may_replace = false});
      if (!created.ok()) return created.status();
      file = *std::move(created);
    }
    absl::StatusOr<RecordedRounds> made =
        Recording(suite, options, services).Record(tests, command_options.length);
    if (!made.ok()) return made.status();
    recorded = *std::move(made);
    if (file.has_value()) {
      std::string text;
      // Writing into a string cannot fail.
      static_cast<void>(google::protobuf::TextFormat::PrintToString(recorded, &text));
      if (absl::Status written = file->Write(text); !written.ok()) return written;
      if (absl::Status committed = file->Commit(); !committed.ok()) return committed;
    }
  }
  if (absl::Status checked = CheckRounds(recorded); !checked.ok()) return checked;
  const SuiteSelfcheckResult result = RunSuiteSelfcheck(
      recorded, {.seed = std::random_device{}(),
                 .time_budget = options.time_budget,
                 .progress = [&](absl::string_view line) { services.ShowProgress(line); }});
  services.Print(result.text);
  return result.held ? command::kDone : command::kNo;
}

}  // namespace perf
