// The main of performance tests whose bodies are Google Benchmark functions.
//
// A benchmark's name is its measurement's name (perf/gbench/benchmark_names.h), with the component
// as a prefix if it names none, its label the title:
//
//   void BM_Vad(benchmark::State& state) { …; state.SetLabel("VAD Processing"); }
//   BENCHMARK(BM_Vad)->Name("audio.vad.process_1s")->Unit(benchmark::kMillisecond);
//
// A sample is the wall time of one iteration, averaged over one repetition of the loads
// `benchmark_min_time_ms` and `benchmark_repetitions`. Repetitions of different benchmarks are
// interleaved at random, so that a slow minute of the machine does not fall on one of them. Shards
// take every n-th benchmark. Asked to serve epochs (perf/gbench/epoch_server.h), it does only that.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "perf/gbench/benchmark_names.h"
#include "perf/gbench/benchmark_run.h"
#include "perf/gbench/epoch_server.h"
#include "perf/gbench/registered_benchmarks.h"
#include "perf/load.h"
#include "perf/run_record.h"
#include "re2/re2.h"

namespace {

// Turns repetitions into samples.
class RecordReporter : public benchmark::BenchmarkReporter {
 public:
  explicit RecordReporter(const perf::MeasurementNames& names) : names_(names) {}

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate) continue;
      const std::string name = names_.Of(perf::ListedName(run));
      reported_.insert(name);
      if (const std::optional<std::string> why = perf::WhyNotMeasured(run)) {
        std::fprintf(stderr, "perf: %s failed: %s\n", name.c_str(), why->c_str());
        failed_ = true;
        continue;
      }
      perf::Measurement& measurement = measurements_[name];
      measurement.set_name(name);
      measurement.set_title(run.report_label.empty() ? name : run.report_label);
      measurement.set_unit(benchmark::GetTimeUnitString(run.time_unit));
      measurement.set_better(perf::LOWER);
      measurement.set_component(perf::ProcessComponent());
      measurement.add_samples(run.GetAdjustedRealTime());
      measurement.set_iterations(measurement.iterations() + run.iterations);
      for (const auto& [counter, value] : run.counters) {
        (*measurement.mutable_counters())[counter] = value;
      }
    }
  }

  // Records what was measured. Returns the exit code: 1 if a benchmark failed, or if one of
  // `selected` has reported nothing, as those do that are told to report aggregates only.
  int Commit(const std::vector<std::string>& selected) {
    for (const std::string& listed : selected) {
      if (reported_.contains(names_.Of(listed))) continue;
      std::fprintf(stderr,
                   "perf: %s was not measured; a benchmark that reports aggregates only has no "
                   "samples\n",
                   listed.c_str());
      failed_ = true;
    }
    for (auto& [name, measurement] : measurements_) {
      const absl::Status added = perf::RunRecord::Process().Add(std::move(measurement));
      if (!added.ok()) {
        std::fprintf(stderr, "perf: %s\n", std::string(added.message()).c_str());
        failed_ = true;
      }
    }
    return failed_ ? 1 : 0;
  }

 private:
  const perf::MeasurementNames& names_;
  // The names of measurements.
  std::set<std::string> reported_;
  std::map<std::string, perf::Measurement> measurements_;
  bool failed_ = false;
};

void InitializeBenchmark(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> owned = {program};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : owned) argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1) {
    std::fprintf(stderr, "perf: unknown argument '%s'; see --help\n", argv[1]);
    std::exit(2);
  }
}

int Variable(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> names = perf::ListBenchmarks();
  // The component's file is read only where it is needed: a comparison with an earlier build, whose
  // file may be wrong, has loads of its own.
  if (absl::c_any_of(names, perf::NamesNoComponent)) {
    perf::NameInComponent(perf::ProcessComponent());
    names = perf::ListBenchmarks();
  }
  const absl::StatusOr<perf::MeasurementNames> measurements = perf::MeasurementNames::Create(names);
  if (!measurements.ok()) {
    std::fprintf(stderr, "perf: %s\n", std::string(measurements.status().message()).c_str());
    return 1;
  }
  if (perf::EpochsAreAsked()) return perf::ServeEpochs(names, *measurements);
  // The record begins here.
  perf::RunRecord::Process();
  // Tells Bazel that this test knows of shards; one that does not would run everything in each.
  if (const char* status_file = std::getenv("TEST_SHARD_STATUS_FILE")) {
    std::ofstream(status_file, std::ios::app).flush();
  }
  const int shard = Variable("TEST_SHARD_INDEX", 0);
  const int total_shards = Variable("TEST_TOTAL_SHARDS", 1);
  const char* test_filter = std::getenv("TESTBRIDGE_TEST_ONLY");
  std::vector<std::string> selected;
  for (size_t i = 0; i < names.size(); ++i) {
    if (static_cast<int>(i % total_shards) != shard) continue;
    if (!perf::SelectedByPerfFilter(names[i])) continue;
    if (test_filter != nullptr && !re2::RE2::PartialMatch(names[i], test_filter)) continue;
    selected.push_back(names[i]);
  }

  std::vector<std::string> arguments = {
      absl::StrCat("--benchmark_repetitions=", perf::Load("benchmark_repetitions")),
      absl::StrCat("--benchmark_min_time=", perf::LoadValue("benchmark_min_time_ms") / 1e3),
      "--benchmark_enable_random_interleaving=true",
  };
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  InitializeBenchmark(argv[0], arguments);
  RecordReporter reporter(*measurements);
  if (!selected.empty()) {
    benchmark::RunSpecifiedBenchmarks(&reporter, perf::NamesPattern(selected));
  }
  return perf::FinishRun(reporter.Commit(selected));
}
