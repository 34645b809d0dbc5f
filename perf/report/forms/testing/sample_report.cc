#include "perf/report/forms/testing/sample_report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "perf/report/report_json.h"

namespace perf {

std::string WorstTitle() {
  constexpr size_t kLength = 3000;
  // The mark that turns the direction of text is in two parts, so that it does not turn this line.
  std::string title = absl::StrCat(
      "</script><img src=x onerror=alert(1)> \"quoted\" 'single' & 😀 ]]> ::error::x %0A\r\n"
      "\x01\x1b[31m\x7f\xEF\xBF\xBF\xE2\x80",
      "\xAE|`*_[a](http://b) @somebody =1+1,;");
  title.resize(kLength, 'x');
  return title;
}

Report StableReport(int measurements) {
  Report report;
  report.set_version(kReportVersion);
  report.mutable_generated()->set_seconds(1'800'000'000);
  report.set_command("bazel run //a:suite");
  report.set_machine("here-2-cpus");
  report.mutable_environment()->set_cpu_model("AMD EPYC");
  report.mutable_environment()->set_num_cpus(2);
  report.mutable_environment()->set_compiler("gcc 12.2.0");
  report.set_commit("0123456789abcdef");
  report.set_profile("default");
  ComponentStatus& status = *report.add_components();
  status.set_component("audio");
  status.set_status(STATUS_STABLE);
  status.set_num_measurements(measurements);
  for (int i = 0; i < measurements; ++i) {
    MeasurementResult& result = *report.add_measurements();
    result.set_component("audio");
    result.set_target("//audio:vad_perf_test");
    result.set_name(absl::StrCat("audio.m", i));
    result.set_title(absl::StrCat("Measurement ", i));
    result.set_unit("ms");
    result.set_better(LOWER);
    result.set_count(30);
    result.set_iterations(300);
    result.set_mean(10.5);
    result.set_min(9);
    result.set_max(12);
    result.set_median(10);
    result.set_p95(11.5);
    result.set_p99(11.75);
    result.set_attempts(1);
    result.set_verdict(STABLE);
    result.set_baseline("0123456789ab of 2026-11-24");
    result.set_baseline_median(10);
    result.set_command(absl::StrCat("bazel run //a:suite -- --filter 'audio\\.m", i, "'"));
  }
  return report;
}

MeasurementResult& SetVerdict(Report& report, int index, Verdict verdict, double percent) {
  ComponentStatus& status = *report.mutable_components(0);
  MeasurementResult& result = *report.mutable_measurements(index);
  result.set_verdict(verdict);
  result.set_change_percent(percent);
  result.set_change_percent_low(percent - 2);
  result.set_change_percent_high(percent + 2);
  status.set_num_red(status.num_red() + (verdict == RED));
  status.set_num_yellow(status.num_yellow() + (verdict == YELLOW));
  status.set_num_improved(status.num_improved() + (verdict == IMPROVED));
  status.set_num_unresolved(status.num_unresolved() + (verdict == UNRESOLVED));
  status.set_num_accepted(status.num_accepted() + (verdict == ACCEPTED));
  status.set_num_missing(status.num_missing() + (verdict == MISSING));
  status.set_num_measurements(status.num_measurements() - (verdict == MISSING));
  status.set_num_not_comparable(status.num_not_comparable() + (verdict == NOT_COMPARABLE));
  const bool has_none = verdict == NOT_COMPARABLE || verdict == NO_BASELINE;
  status.set_num_without_baseline(status.num_without_baseline() + has_none);
  if (verdict == NO_BASELINE) {
    result.clear_baseline();
    result.clear_baseline_median();
    result.set_note("this machine has no baseline of the component");
  }
  if (verdict == NOT_COMPARABLE)
    result.set_note("the baseline was built by gcc 11, this by gcc 12");
  if (verdict == UNRESOLVED) {
    result.mutable_unresolved()->set_reason(LOOKS_CHANGED);
    result.mutable_unresolved()->set_likely(RED);
    result.mutable_unresolved()->set_rounds(7);
    result.mutable_unresolved()->set_seconds_to_settle(2.5);
  }
  if (verdict == ACCEPTED) {
    Acceptance& acceptance = *result.mutable_acceptance();
    acceptance.mutable_stated()->set_measurement(result.name());
    acceptance.mutable_stated()->set_at_most_percent(15);
    acceptance.mutable_stated()->set_why("it is safer");
    acceptance.mutable_stated()->set_until("2027-01-24");
    acceptance.set_days_left(9);
    acceptance.set_otherwise(YELLOW);
  }
  if (verdict == MISSING) {
    result.set_title(result.name());
    result.set_note("the baseline has it, and //audio:vad_perf_test did not measure it");
    for (const auto clear : {&MeasurementResult::clear_mean, &MeasurementResult::clear_min,
                             &MeasurementResult::clear_max, &MeasurementResult::clear_median,
                             &MeasurementResult::clear_p95, &MeasurementResult::clear_p99,
                             &MeasurementResult::clear_count, &MeasurementResult::clear_iterations,
                             &MeasurementResult::clear_command}) {
      (result.*clear)();
    }
  }
  if (verdict == RED) {
    report.set_exit_code(1);
    status.set_status(STATUS_RED);
  }
  if (verdict == MISSING && report.exit_code() == 0) report.set_exit_code(2);
  return result;
}

RequirementResult& AddMissedRequirement(Report& report, int index) {
  const MeasurementResult& measurement = report.measurements(index);
  RequirementResult& result = *report.add_requirements();
  result.set_component(measurement.component());
  result.set_title(measurement.title());
  result.set_command(measurement.command());
  result.set_measured(true);
  result.set_value(measurement.mean());
  result.mutable_requirement()->set_measurement(measurement.name());
  result.mutable_requirement()->set_statistic(MEAN);
  result.mutable_requirement()->set_unit(measurement.unit());
  result.mutable_requirement()->set_at_most(5);
  result.mutable_requirement()->set_why("a frame is due every 10 ms");
  ComponentStatus& status = *report.mutable_components(0);
  status.set_num_requirements(status.num_requirements() + 1);
  status.set_status(STATUS_RED);
  report.set_exit_code(1);
  return result;
}

void MakeNoisy(RequirementResult& result, Report& report) {
  result.set_noise("others used 40 % of the CPUs");
  ComponentStatus& status = *report.mutable_components(0);
  status.set_num_requirements_unresolved(status.num_requirements_unresolved() + 1);
  status.set_status(STATUS_UNRESOLVED);
  report.set_exit_code(0);
}

Report SampleReport() {
  Report report = StableReport(9);
  SetVerdict(report, 1, IMPROVED, 30);
  SetVerdict(report, 2, YELLOW, -13);
  MeasurementResult& red = SetVerdict(report, 3, RED, -25);
  red.set_title("Session Creation");
  red.mutable_explanation()->set_cause(CAUSE_FUNCTION);
  red.mutable_explanation()->set_line("+410 instructions an iteration");
  SetVerdict(report, 4, UNRESOLVED, -30);
  SetVerdict(report, 5, NO_BASELINE, 0).set_unit("MB");
  SetVerdict(report, 6, NOT_COMPARABLE, 0).set_unit("msgs/sec");
  SetVerdict(report, 7, MISSING, 0);
  SetVerdict(report, 8, ACCEPTED, -12.3);
  AddMissedRequirement(report, 0);
  for (MeasurementResult& result : *report.mutable_measurements()) {
    result.add_owners("@parlance/audio");
  }
  report.mutable_requirements(0)->add_owners("@parlance/audio");
  report.mutable_components(0)->add_owners("@parlance/audio");
  report.add_errors("//audio:other_test: exited with 3");
  report.add_notes("a note");
  return report;
}

}  // namespace perf
