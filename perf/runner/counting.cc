#include "perf/runner/counting.h"

#include <sys/utsname.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/program.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_program.h"
#include "perf/counts/count_benchmarks.h"
#include "perf/process/hardware_counters.h"
#include "perf/process/scratch_folder.h"
#include "perf/runner/test_build.h"
#include "perf/suite/load_table.h"
#include "re2/re2.h"

namespace perf {
namespace {

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
  Counting(const Suite& suite, const Environment& environment, const RunnerOptions& options)
      : suite_(suite), environment_(environment), options_(options), filter_(options.filter) {}

  absl::StatusOr<CountingResult> Execute(absl::Span<const SuiteTest> tests) {
    std::vector<SuiteTest> benchmarks;
    for (const SuiteTest& test : tests) {
      if (test.benchmark()) benchmarks.push_back(test);
    }
    if (benchmarks.empty()) {
      return absl::FailedPreconditionError(
          "--counts: none of the selected tests has Google Benchmark functions, and only those can "
          "be counted");
    }
    const absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    const absl::StatusOr<std::string> bin =
        BuildTests(benchmarks, options_.workspace, "the working tree", *cache, options_);
    if (!bin.ok()) return bin.status();
    const auto hardware = HardwareCounters::Create(UsualHardwareEvents());
    hardware_ = hardware.ok();
    result_.notes.push_back(
        hardware_ ? "the processor's own counters are side figures: --verbose shows them"
                  : absl::StrCat("this machine has no hardware counters (",
                                 hardware.status().message(), ")"));
    for (const SuiteTest& test : benchmarks) {
      if (absl::Status counted = CountTest(test, *bin); !counted.ok()) {
        if (absl::IsNotFound(counted)) return counted;
        result_.errors.push_back(absl::StrCat(test.label(), ": ", counted.message()));
        result_.failed.insert(test.label());
      }
    }
    return std::move(result_);
  }

 private:
  absl::Status CountTest(const SuiteTest& test, const std::string& bin) {
    const absl::StatusOr<TestProgram> program =
        FindTestProgram(test, bin, suite_.manifest.workspace_name());
    if (!program.ok()) return absl::InternalError(program.status().message());
    // Its path is always of the same length, because programs copy the paths they are given.
    const absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create("/tmp/perf-counts-");
    if (!scratch.ok()) return scratch.status();
    BenchmarkProgram counted{.path = program->executable,
                             .directory = program->directory,
                             .variables = program->variables,
                             .patience = absl::Minutes(10)};
    counted.variables["TEST_TMPDIR"] = scratch->path();
    counted.variables["PERF_PROFILE"] = options_.profile;
    counted.variables["PERF_OVERRIDES"] = options_.load_overrides;
    auto last_said = std::chrono::steady_clock::now() - std::chrono::hours(1);
    const absl::StatusOr<std::vector<BenchmarkCounts>> counts = CountBenchmarks(
        counted,
        {.scratch = scratch->path(),
         .hardware = hardware_,
         .selected =
             [&](const std::string& name) {
               return re2::RE2::PartialMatch(test.label(), filter_) ||
                      re2::RE2::PartialMatch(name, filter_);
             },
         .progress =
             [&](const std::string& name, int process) {
               const auto now = std::chrono::steady_clock::now();
               if (now - last_said < std::chrono::seconds(2)) return;
               last_said = now;
               command::Say(absl::StrCat("counting ", name, " (process ", process + 1, ")"));
             }});
    if (!counts.ok()) return counts.status();
    Record(test.label(), *counts);
    return absl::OkStatus();
  }

  void Record(const std::string& label, const std::vector<BenchmarkCounts>& all) {
    const std::string& component = suite_.component_of.at(label);
    Run run;
    *run.mutable_environment() = environment_;
    run.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    Provenance& provenance = *run.mutable_provenance();
    provenance.set_target(label);
    provenance.set_total_shards(1);
    provenance.set_profile(options_.profile);
    provenance.set_filter(options_.filter);
    // Checked before anything ran.
    const absl::StatusOr<LoadTable> loads = LoadTable::Create(
        suite_.requirements.at(component), options_.profile, options_.load_overrides);
    if (loads.ok()) {
      for (const auto& [name, value] : loads->overrides()) {
        (*provenance.mutable_load_overrides())[name] = value;
      }
    }
    for (const BenchmarkCounts& counts : all) {
      if (!counts.status.ok()) {
        result_.errors.push_back(
            absl::StrCat(label, ": ", counts.name, ": ", counts.status.message()));
        result_.failed.insert(label);
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
    if (run.measurements_size() > 0) result_.runs.push_back(std::move(run));
  }

  const Suite& suite_;
  const Environment& environment_;
  const RunnerOptions& options_;
  const re2::RE2 filter_;
  bool hardware_ = false;
  CountingResult result_;
};

}  // namespace

std::string CountsSlug() {
  utsname name{};
  return absl::StrCat("counts-", uname(&name) == 0 ? name.machine : "unknown");
}

absl::StatusOr<CountingResult> CountSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                                          const Environment& environment,
                                          const RunnerOptions& options) {
  return Counting(suite, environment, options).Execute(tests);
}

}  // namespace perf
