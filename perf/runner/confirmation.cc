#include "perf/runner/confirmation.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "perf/record/health.h"
#include "perf/report/series_growth.h"
#include "perf/stats/statistics.h"
#include "perf/suite/label.h"
#include "perf/suite/requirements_file.h"

namespace perf {
namespace {

bool IsQuiet(const Run& run) { return WhyNoisy(run.health()).empty(); }

// How many requirements of its component the measurement does not meet, other than those that
// limit a growth: no noise makes memory grow.
int NumUnmet(const Measurement& measurement, const ReportInputs& inputs) {
  const auto component = inputs.requirements.find(measurement.component());
  if (component == inputs.requirements.end()) return 0;
  const Summary summary = Summarize(measurement.samples());
  return static_cast<int>(
      absl::c_count_if(component->second.requirements(), [&](const Requirement& requirement) {
        return requirement.measurement() == measurement.name() &&
               requirement.statistic() != GROWTH &&
               !IsWithin(requirement, Value(summary, requirement.statistic()));
      }));
}

// Whether what is occupied grows with the work, which the report makes red whatever the level.
bool Grows(const Measurement& measurement, const ReportInputs& inputs) {
  const auto component = inputs.requirements.find(measurement.component());
  return GrowthOfSeries(measurement, component == inputs.requirements.end()
                                         ? 0
                                         : MinEffectOf(component->second, measurement.name()))
      .grows;
}

// Whether `other` of `other_run` counts instead of `one` of `one_run`.
bool IsBetter(const Measurement& other, const Run& other_run, const Measurement& one,
              const Run& one_run, const ReportInputs& inputs) {
  const bool quiet = IsQuiet(other_run);
  if (quiet != IsQuiet(one_run)) return quiet;
  const int other_unmet = NumUnmet(other, inputs);
  const int unmet = NumUnmet(one, inputs);
  if (other_unmet != unmet) return other_unmet < unmet;
  const bool grows = Grows(one, inputs);
  if (Grows(other, inputs) != grows) return grows;
  const double other_median = Median(other.samples());
  const double median = Median(one.samples());
  return other.better() == LOWER ? other_median < median : other_median > median;
}

struct Found {
  const Run* run = nullptr;
  const Measurement* measurement = nullptr;
};

Found Find(const std::string& name, absl::Span<const Run> runs) {
  for (const Run& run : runs) {
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.name() == name) return {.run = &run, .measurement = &measurement};
    }
  }
  return {};
}

// Adds the measurement to what is kept of its run, which says where and when it was measured.
void AddToRunOf(const Run& origin, const Measurement& measurement, std::vector<Run>& runs) {
  Run* kept = nullptr;
  for (Run& run : runs) {
    if (run.run_id() == origin.run_id() &&
        run.provenance().target() == origin.provenance().target() &&
        run.provenance().shard_index() == origin.provenance().shard_index()) {
      kept = &run;
    }
  }
  if (kept == nullptr) {
    kept = &runs.emplace_back(origin);
    kept->clear_measurements();
  }
  *kept->add_measurements() = measurement;
  kept->set_num_measurements(kept->measurements_size());
}

}  // namespace

std::set<std::string> DoubtfulMeasurements(const Report& report, bool noisy_too) {
  std::set<std::string> doubtful;
  for (const MeasurementResult& result : report.measurements()) {
    const bool noisy = noisy_too && result.verdict() == UNRESOLVED && !result.noise().empty();
    if (result.verdict() == RED || noisy) doubtful.insert(result.name());
  }
  for (const RequirementResult& result : report.requirements()) {
    if (result.measured() && !result.met() && result.requirement().statistic() != GROWTH) {
      doubtful.insert(result.requirement().measurement());
    }
  }
  return doubtful;
}

std::vector<SuiteTest> TestsThatMeasured(const std::set<std::string>& measurements,
                                         const Report& report, absl::Span<const SuiteTest> tests) {
  std::set<std::string> targets;
  for (const MeasurementResult& result : report.measurements()) {
    if (measurements.contains(result.name())) targets.insert(CanonicalLabel(result.target()));
  }
  std::vector<SuiteTest> found;
  for (const SuiteTest& test : tests) {
    if (targets.contains(test.label())) found.push_back(test);
  }
  return found;
}

void TakeBetterRun(const std::string& name, absl::Span<const Run> again, ReportInputs& inputs) {
  const Found other = Find(name, again);
  if (other.measurement == nullptr) return;
  inputs.attempts.try_emplace(name, 1).first->second++;
  for (Run& run : inputs.runs) {
    auto& measurements = *run.mutable_measurements();
    for (int i = 0; i < measurements.size(); ++i) {
      if (measurements[i].name() != name) continue;
      if (!IsBetter(*other.measurement, *other.run, measurements[i], run, inputs)) return;
      measurements.DeleteSubrange(i, 1);
      run.set_num_measurements(measurements.size());
      AddToRunOf(*other.run, *other.measurement, inputs.runs);
      return;
    }
  }
}

absl::Status ConfirmDoubtful(const ConfirmOptions& options, ReportInputs& inputs, Report& report) {
  // A machine that was noisy three times stays so for a while, and may have made everything noisy.
  constexpr int kMaxOfNoisy = 2;
  for (int i = 0; i < options.confirmations; ++i) {
    const std::set<std::string> doubtful = DoubtfulMeasurements(report, i < kMaxOfNoisy);
    if (doubtful.empty()) return absl::OkStatus();
    options.say(absl::StrCat(doubtful.size(),
                             doubtful.size() == 1 ? " measurement is" : " measurements are",
                             " red, noisy or beyond a requirement; measuring again to be sure (",
                             i + 1, " of ", options.confirmations, ")"));
    absl::StatusOr<Findings> again =
        options.measure(TestsThatMeasured(doubtful, report, options.tests));
    if (!again.ok()) return again.status();
    for (const std::string& note : again->notes) inputs.header.add_notes(note);
    for (const std::string& error : again->errors) {
      inputs.errors.push_back(absl::StrCat(error, " (when measured again)"));
    }
    for (const std::string& name : doubtful) {
      TakeBetterRun(name, again->runs, inputs);
    }
    report = BuildReport(inputs);
  }
  return absl::OkStatus();
}

}  // namespace perf
