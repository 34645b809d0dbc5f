#include "perf/mode/counts/counts_mode.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/counts/count_benchmarks.h"
#include "perf/mode/counts_key.h"
#include "perf/mode/stored_baselines.h"
#include "perf/process/hardware_counters.h"
#include "perf/process/scratch_folder.h"
#include "perf/suite/load_table.h"
#include "re2/re2.h"

namespace perf {
namespace {

// How long to wait for one answer of a benchmark: callgrind makes it some fifty times slower.
constexpr absl::Duration kPatience = absl::Minutes(10);

void AddCount(const BenchmarkCounts& counts, const std::string& what, const std::string& unit,
              const std::vector<double>& figures, const std::string& component, Run& run) {
  Measurement& measurement = *run.add_measurements();
  measurement.set_name(absl::StrCat(counts.name, ".", what));
  measurement.set_title(absl::StrCat(counts.title, ", ", absl::StrReplaceAll(what, {{"_", " "}})));
  measurement.set_unit(unit);
  measurement.set_better(LOWER);
  measurement.set_component(component);
  measurement.set_counted(what);
  measurement.set_iterations(counts.iterations);
  measurement.mutable_samples()->Add(figures.begin(), figures.end());
}

class Counting {
 public:
  explicit Counting(const RunContext& context)
      : context_(context),
        options_(context.options),
        filter_(context.options.filter),
        run_id_(context.services.NewRunId()) {}

  absl::StatusOr<Findings> Execute(absl::Span<const SuiteTest> tests) {
    std::vector<SuiteTest> benchmarks;
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests) {
      if (!test.benchmark()) continue;
      benchmarks.push_back(test);
      labels.push_back(test.label());
    }
    if (benchmarks.empty()) {
      return absl::FailedPreconditionError(
          "--counts: none of the selected tests has Google Benchmark functions, and only those can "
          "be counted");
    }
    const absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    const absl::StatusOr<std::string> bin =
        BuildTests(labels, options_.workspace, "the working tree",
                   {.bazel = options_.bazel, .cache = *cache}, context_.services.programs(),
                   [this](absl::string_view line) { context_.services.Say(line); });
    if (!bin.ok()) return bin.status();
    const auto hardware = HardwareCounters::Create(UsualHardwareEvents());
    hardware_ = hardware.ok();
    findings_.notes.push_back(
        hardware_ ? "the processor's own counters are side figures: --verbose shows them"
                  : absl::StrCat("this machine has no hardware counters (",
                                 hardware.status().message(), ")"));
    for (const SuiteTest& test : benchmarks) {
      if (absl::Status counted = CountTest(test, *bin); !counted.ok()) {
        // There is no valgrind, which the next test would miss, too.
        if (absl::IsNotFound(counted)) return counted;
        findings_.errors.push_back(absl::StrCat(test.label(), ": ", counted.message()));
        findings_.failed.insert(test.label());
      }
    }
    return std::move(findings_);
  }

 private:
  absl::Status CountTest(const SuiteTest& test, const std::string& bin) {
    const absl::StatusOr<TestProgram> program =
        FindTestProgram(test, bin, context_.suite.manifest.workspace_name());
    if (!program.ok()) return absl::InternalError(program.status().message());
    // Its path is always of the same length, because programs copy the paths they are given.
    const absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create("/tmp/perf-counts-");
    if (!scratch.ok()) return scratch.status();
    BenchmarkProgram counted{.path = program->executable,
                             .directory = program->directory,
                             .variables = program->variables,
                             .patience = kPatience};
    counted.variables["TEST_TMPDIR"] = scratch->path();
    // Which benchmarks are counted is said below.
    SetTestVariables(options_.profile, options_.load_overrides, "", counted.variables);
    const absl::StatusOr<std::vector<BenchmarkCounts>> counts = CountBenchmarks(
        counted,
        {.scratch = scratch->path(),
         .hardware = hardware_,
         .selected = [&](const std::string& name) { return AsksFor(filter_, test.label(), name); },
         .progress =
             [&](const std::string& name, int process) {
               context_.services.ShowProgress(
                   absl::StrCat("counting ", name, " (process ", process + 1, ")"));
             }});
    if (!counts.ok()) return counts.status();
    AddRun(test.label(), *counts);
    return absl::OkStatus();
  }

  void AddRun(const std::string& label, const std::vector<BenchmarkCounts>& all) {
    const std::string& component = context_.suite.component_of.at(label);
    Run run;
    run.set_run_id(run_id_);
    *run.mutable_environment() = context_.environment;
    run.mutable_start_time()->set_seconds(absl::ToUnixSeconds(context_.services.Now()));
    Provenance& provenance = *run.mutable_provenance();
    provenance.set_target(label);
    provenance.set_total_shards(1);
    provenance.set_profile(options_.profile);
    provenance.set_filter(options_.filter);
    // Whether the overrides are well-formed was checked before anything ran.
    const absl::StatusOr<LoadTable> loads = LoadTable::Create(
        context_.suite.requirements.at(component), options_.profile, options_.load_overrides);
    if (loads.ok()) {
      for (const auto& [name, value] : loads->overrides()) {
        (*provenance.mutable_load_overrides())[name] = value;
      }
    }
    for (const BenchmarkCounts& counts : all) {
      if (!counts.status.ok()) {
        findings_.errors.push_back(
            absl::StrCat(label, ": ", counts.name, ": ", counts.status.message()));
        findings_.failed.insert(label);
        continue;
      }
      AddCount(counts, "instructions", "instructions", counts.instructions, component, run);
      auto& side_figures = *run.mutable_measurements()->rbegin()->mutable_counters();
      for (const auto& [event, value] : counts.hardware) side_figures[event] = value;
      AddCount(counts, "allocations", "allocations", counts.allocations, component, run);
      AddCount(counts, "allocated_bytes", "bytes", counts.allocated_bytes, component, run);
      AddCount(counts, "system_calls", "calls", counts.system_calls, component, run);
    }
    run.set_num_measurements(run.measurements_size());
    if (run.measurements_size() > 0) findings_.runs.push_back(std::move(run));
  }

  const RunContext& context_;
  const SuiteOptions& options_;
  const re2::RE2 filter_;
  const std::string run_id_;
  bool hardware_ = false;
  Findings findings_;
};

}  // namespace

std::string CountsMode::BaselineKey(const SuiteOptions& /*options*/,
                                    const Environment& /*environment*/) const {
  return CountsKey();
}

absl::Status CountsMode::Prepare(const RunContext& context, ReportInputs& inputs) {
  for (auto& entry : inputs.requirements) entry.second.clear_requirements();
  auto baselines =
      ReadBaselines(context.options.baseline_dir, context.machine, inputs.requirements);
  if (!baselines.ok()) return baselines.status();
  inputs.baselines = *std::move(baselines);
  return absl::OkStatus();
}

std::string CountsMode::BenchmarkOf(const std::string& measurement) const {
  return measurement.substr(0, measurement.rfind('.'));
}

std::string CountsMode::NoBaselineNote(const RunContext& /*context*/) const {
  return "there are no stored counts. To store those of a state you trust, run with --counts "
         "--update_baselines.";
}

absl::StatusOr<Findings> CountsMode::Measure(const RunContext& context,
                                             absl::Span<const SuiteTest> tests) {
  return Counting(context).Execute(tests);
}

}  // namespace perf
