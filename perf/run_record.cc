#include "perf/run_record.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/load.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/record/record_check.h"
#include "perf/record/record_file.h"
#include "perf/stats/statistics.h"
#include "re2/re2.h"

namespace perf {
namespace {

std::string EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int32_t IntegerVariable(const char* name, int32_t otherwise) {
  int32_t value = 0;
  return absl::SimpleAtoi(EnvironmentVariable(name), &value) ? value : otherwise;
}

Run ProcessHeader() {
  Run run;
  run.set_run_id(EnvironmentVariable("PERF_RUN_ID"));
  *run.mutable_environment() = CurrentEnvironment();
  Provenance& provenance = *run.mutable_provenance();
  provenance.set_target(EnvironmentVariable("TEST_TARGET"));
  provenance.set_shard_index(IntegerVariable("TEST_SHARD_INDEX", 0));
  provenance.set_total_shards(IntegerVariable("TEST_TOTAL_SHARDS", 1));
  provenance.set_profile(ProcessLoadTable().profile());
  for (const auto& [name, value] : ProcessLoadTable().overrides()) {
    (*provenance.mutable_load_overrides())[name] = value;
  }
  provenance.set_filter(ProcessFilter());
  run.set_num_measurements(0);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  run.mutable_start_time()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(now).count());
  return run;
}

}  // namespace

RunRecord& RunRecord::Process() {
  static RunRecord& record = *new RunRecord(ProcessHeader(), ReadHealth());
  return record;
}

absl::Status RunRecord::Add(Measurement measurement) {
  if (absl::Status checked = CheckMeasurement(measurement); !checked.ok()) return checked;
  annotated::MutexLock lock(mutex_);
  for (const Measurement& other : run_.measurements()) {
    if (other.name() == measurement.name()) {
      return absl::InvalidArgumentError(absl::StrCat("measurement '", measurement.name(),
                                                     "' was recorded before in this process"));
    }
  }
  *run_.add_measurements() = std::move(measurement);
  run_.set_num_measurements(run_.measurements_size());
  return absl::OkStatus();
}

Run RunRecord::Snapshot() const {
  annotated::MutexLock lock(mutex_);
  return run_;
}

absl::Status RunRecord::WriteTo(const std::string& directory) const {
  Run run = Snapshot();
  *run.mutable_health() = HealthBetween(begin_, ReadHealth());
  if (run.measurements().empty() && run.provenance().filter().empty()) {
    return absl::FailedPreconditionError(
        "nothing was measured: a shard without a test (is shard_count larger than the number of "
        "tests?) or a test without a perf::Recorder");
  }
  return WriteRunFile(run, directory);
}

std::string ProcessFilter() {
  const std::string filter = EnvironmentVariable("PERF_FILTER");
  return filter.empty() ? EnvironmentVariable("TESTBRIDGE_TEST_ONLY") : filter;
}

bool SelectedByPerfFilter(absl::string_view name) {
  const std::string filter = EnvironmentVariable("PERF_FILTER");
  if (filter.empty()) return true;
  static const re2::RE2& expression = *new re2::RE2(filter, re2::RE2::Quiet);
  if (!expression.ok()) {
    std::fprintf(stderr, "perf: filter '%s': %s\n", filter.c_str(), expression.error().c_str());
    std::exit(2);
  }
  return re2::RE2::PartialMatch(std::string(name), expression) ||
         re2::RE2::PartialMatch(EnvironmentVariable("TEST_TARGET"), expression);
}

int FinishRun(int tests_exit_code) {
  const Run run = RunRecord::Process().Snapshot();
  for (const Measurement& measurement : run.measurements()) {
    const Summary summary = Summarize(measurement.samples());
    std::printf(
        "[ MEASURED ] %s\n",
        absl::StrFormat("%s: median %.4g %s (min %.4g, max %.4g, %d samples)", measurement.name(),
                        summary.median, measurement.unit(), summary.min, summary.max, summary.count)
            .c_str());
  }
  const std::string directory = EnvironmentVariable("TEST_UNDECLARED_OUTPUTS_DIR");
  if (directory.empty() || tests_exit_code != 0) return tests_exit_code;
  if (absl::Status written = RunRecord::Process().WriteTo(directory); !written.ok()) {
    std::fprintf(stderr, "perf: %s: %s\n", run.provenance().target().c_str(),
                 std::string(written.message()).c_str());
    return 1;
  }
  return tests_exit_code;
}

}  // namespace perf
