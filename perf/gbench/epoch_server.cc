#include "perf/gbench/epoch_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "perf/gbench/benchmark_names.h"
#include "perf/gbench/benchmark_run.h"
#include "perf/gbench/callgrind_requests.h"
#include "perf/gbench/epoch.pb.h"
#include "perf/gbench/measured_region.h"
#include "perf/gbench/registered_benchmarks.h"
#include "perf/process/allocations.h"
#include "perf/process/hardware_counters.h"

namespace perf {
namespace {

// Reads what the process used just outside of the timed loop.
class UsageObserver : public RegionObserver {
 public:
  void Begin() override {
    complete_ = false;
    getrusage(RUSAGE_SELF, &begin_);
  }
  void End() override {
    getrusage(RUSAGE_SELF, &end_);
    complete_ = true;
  }
  void Fill(Epoch& epoch) const {
    if (!complete_) return;
    epoch.set_involuntary_context_switches(end_.ru_nivcsw - begin_.ru_nivcsw);
    epoch.set_minor_page_faults(end_.ru_minflt - begin_.ru_minflt);
    epoch.set_major_page_faults(end_.ru_majflt - begin_.ru_majflt);
  }

 private:
  rusage begin_ = {};
  rusage end_ = {};
  bool complete_ = false;
};

// Counts what happens in the timed loop.
class CountingObserver : public RegionObserver {
 public:
  CountingObserver() : hardware_(HardwareCounters::Create(UsualHardwareEvents())) {}

  // Callgrind's toggle comes last and goes first, so that it counts nothing of ours.
  void Begin() override {
    open_ = true;
    CountProcessAllocations(true);
    begin_ = ProcessAllocations();
    if (hardware_.ok()) hardware_->Start();
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_TOGGLE_COLLECT;
  }
  void End() override {
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_STOP_INSTRUMENTATION;
    if (hardware_.ok()) hardware_->Stop();
    end_ = ProcessAllocations();
    CountProcessAllocations(false);
    open_ = false;
    complete_ = true;
  }

  // False if the body left its loop before the end; what it counted until then is forgotten.
  bool Finish() {
    if (!open_) return complete_;
    End();
    CALLGRIND_ZERO_STATS;
    return false;
  }

  void Fill(Counts& counts) const {
    counts.set_allocations(end_.count - begin_.count);
    counts.set_allocated_bytes(end_.bytes - begin_.bytes);
    if (!hardware_.ok()) return;
    for (const auto& [name, value] : hardware_->Read()) (*counts.mutable_hardware())[name] = value;
  }

 private:
  absl::StatusOr<HardwareCounters> hardware_;
  Allocations begin_;
  Allocations end_;
  bool open_ = false;
  bool complete_ = false;
};

// Adds up what Google Benchmark reports of one call.
class EpochReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate) continue;
      if (const std::optional<std::string> why = WhyNotMeasured(run)) error_ = *why;
      title_ = run.report_label;
      time_unit_ = benchmark::GetTimeUnitString(run.time_unit);
      iterations_ += run.iterations;
      wall_s_ += run.real_accumulated_time;
      cpu_s_ += run.cpu_accumulated_time;
    }
  }

  const std::string& error() const { return error_; }
  const std::string& title() const { return title_; }
  const std::string& time_unit() const { return time_unit_; }
  int64_t iterations() const { return iterations_; }
  double wall_s() const { return wall_s_; }
  double cpu_s() const { return cpu_s_; }

 private:
  std::string error_;
  std::string title_;
  std::string time_unit_;
  int64_t iterations_ = 0;
  double wall_s_ = 0;
  double cpu_s_ = 0;
};

class EpochServer {
 public:
  EpochServer(const std::vector<std::string>& names, const MeasurementNames& measurements)
      : names_(names), measurements_(measurements) {}

  Response Answer(const Request& request) {
    Response response;
    switch (request.kind_case()) {
      case Request::kList:
        response.mutable_list()->mutable_names()->Add(names_.begin(), names_.end());
        break;
      case Request::kCalibrate:
        Calibrate(request.calibrate(), response);
        break;
      case Request::kEpoch:
        RunEpoch(request.epoch(), response);
        break;
      case Request::kCount:
        Count(request.count(), response);
        break;
      default:
        response.set_error("this program does not know the request; it is of another version");
    }
    return response;
  }

 private:
  // False, with an error in the response, if the body did not run to its end.
  bool Run(const std::string& name, int64_t iterations, EpochReporter& reporter,
           Response& response) {
    if (!absl::c_linear_search(names_, name)) {
      response.set_error(absl::StrCat("there is no benchmark '", name, "'"));
      return false;
    }
    if (iterations < 1) {
      response.set_error(absl::StrCat(name, ": ", iterations, " iterations are too few"));
      return false;
    }
    FixIterations(iterations);
    benchmark::RunSpecifiedBenchmarks(&reporter, FixedIterationsPattern(name));
    if (!reporter.error().empty()) {
      response.set_error(absl::StrCat(name, ": ", reporter.error()));
      return false;
    }
    if (reporter.iterations() == 0) {
      response.set_error(absl::StrCat(name, ": did not run"));
      return false;
    }
    return true;
  }

  void RunEpoch(const EpochRequest& request, Response& response) {
    UsageObserver usage;
    ObserveRegions(&usage);
    EpochReporter reporter;
    const bool complete = Run(request.name(), request.iterations(), reporter, response);
    ObserveRegions(nullptr);
    if (!complete) return;
    Epoch& epoch = *response.mutable_epoch();
    epoch.set_iterations(reporter.iterations());
    epoch.set_wall_ns(std::llround(reporter.wall_s() * 1e9));
    epoch.set_cpu_ns(std::llround(reporter.cpu_s() * 1e9));
    usage.Fill(epoch);
  }

  void Count(const CountRequest& request, Response& response) {
    CountingObserver counting;
    ObserveRegions(&counting);
    EpochReporter reporter;
    const bool ran = Run(request.name(), request.iterations(), reporter, response);
    ObserveRegions(nullptr);
    const bool counted = counting.Finish();
    if (!ran) return;
    if (!counted) {
      response.set_error(absl::StrCat(request.name(), ": left its loop before the end"));
      return;
    }
    CALLGRIND_DUMP_STATS;
    Counts& counts = *response.mutable_counts();
    counts.set_iterations(reporter.iterations());
    counts.set_measurement_name(measurements_.Of(request.name()));
    counts.set_title(reporter.title().empty() ? request.name() : reporter.title());
    counting.Fill(counts);
  }

  // Increases the iterations by at most ten times until a call takes a third of the target, and
  // scales from there.
  void Calibrate(const CalibrateRequest& request, Response& response) {
    constexpr int64_t kMaxIterations = 1'000'000'000;
    const double target_s = static_cast<double>(request.target_ns()) / 1e9;
    int64_t iterations = 1;
    for (;;) {
      EpochReporter reporter;
      const auto start = std::chrono::steady_clock::now();
      if (!Run(request.name(), iterations, reporter, response)) return;
      const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;
      const double iteration_s = reporter.wall_s() / static_cast<double>(reporter.iterations());
      const double wanted = iteration_s > 0 ? target_s / iteration_s : kMaxIterations;
      if (reporter.wall_s() * 3 >= target_s || iterations >= kMaxIterations) {
        Calibration& calibration = *response.mutable_calibration();
        calibration.set_iterations(std::clamp<int64_t>(std::llround(wanted), 1, kMaxIterations));
        calibration.set_iteration_ns(iteration_s * 1e9);
        calibration.set_setup_ns(
            std::max<int64_t>(0, std::llround((whole.count() - reporter.wall_s()) * 1e9)));
        calibration.set_measurement_name(measurements_.Of(request.name()));
        calibration.set_title(reporter.title().empty() ? request.name() : reporter.title());
        calibration.set_time_unit(reporter.time_unit());
        return;
      }
      iterations = static_cast<int64_t>(std::clamp(
          wanted, static_cast<double>(iterations) * 2,
          std::min(static_cast<double>(iterations) * 10, static_cast<double>(kMaxIterations))));
    }
  }

  const std::vector<std::string>& names_;
  const MeasurementNames& measurements_;
};

}  // namespace

bool EpochsAreAsked() { return std::getenv(kEpochDescriptorsVariable) != nullptr; }

int ServeEpochs(const std::vector<std::string>& names, const MeasurementNames& measurements) {
  const std::pair<std::string, std::string> numbers =
      absl::StrSplit(std::getenv(kEpochDescriptorsVariable), ',');
  int requests_from = -1;
  int responses_to = -1;
  if (!absl::SimpleAtoi(numbers.first, &requests_from) ||
      !absl::SimpleAtoi(numbers.second, &responses_to)) {
    std::fprintf(stderr, "perf: %s is not two numbers\n", kEpochDescriptorsVariable);
    return 1;
  }
  EpochServer server(names, measurements);
  google::protobuf::io::FileInputStream requests(requests_from);
  for (;;) {
    Request request;
    bool clean_end = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&request, &requests,
                                                                  &clean_end)) {
      if (clean_end) return 0;
      std::fprintf(stderr, "perf: a request for an epoch is malformed\n");
      return 1;
    }
    const Response response = server.Answer(request);
    // The other side is gone.
    if (!google::protobuf::util::SerializeDelimitedToFileDescriptor(response, responses_to)) {
      return 1;
    }
  }
}

}  // namespace perf
