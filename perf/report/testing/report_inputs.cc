#include "perf/report/testing/report_inputs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/baseline/baseline_file.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {

using ::absl_testing::IsOk;

Run RunWith(const std::string& name, const std::string& unit, Better better,
            const std::vector<double>& samples) {
  Run run;
  run.mutable_provenance()->set_target("//audio:vad_perf_test");
  run.mutable_provenance()->set_profile("default");
  run.mutable_environment()->set_compiler("gcc 12");
  Measurement& measurement = *run.add_measurements();
  measurement.set_component("audio");
  measurement.set_name(name);
  measurement.set_title("VAD Processing");
  measurement.set_unit(unit);
  measurement.set_better(better);
  for (const double sample : samples) measurement.add_samples(sample);
  return run;
}

Run VadRun(double factor) {
  return RunWith("audio.vad.process_1s", "ms", LOWER,
                 {20.1 * factor, 24 * factor, 25 * factor, 26 * factor, 35.2 * factor});
}

Run CountRun(const std::string& counted, double count) {
  Run run =
      RunWith(absl::StrCat("audio.vad.frame.", counted), counted, LOWER, {count, count, count});
  run.mutable_measurements(0)->set_title(absl::StrCat("VAD Frame, ", counted));
  run.mutable_measurements(0)->set_counted(counted);
  return run;
}

ReportInputs Inputs(const Run& run, const std::string& requirements) {
  ReportInputs inputs;
  inputs.runs = {run};
  auto parsed = ParseRequirements(absl::StrCat("component: 'audio' ", requirements), "test");
  EXPECT_THAT(parsed, IsOk());
  if (parsed.ok()) inputs.requirements["audio"] = *std::move(parsed);
  return inputs;
}

void AddBaseline(const Run& run, ReportInputs& inputs) {
  ComponentBaseline& baseline = inputs.baselines["audio"];
  baseline.set_component("audio");
  baseline.mutable_environment()->set_compiler("gcc 12");
  PutBaseline(ToBaseline(run.measurements(0), run, "2026-11-24"), baseline);
}

}  // namespace perf
