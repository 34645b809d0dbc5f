#include "perf/history/testing/sample_run.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace perf {

Run DayRun(int day, double median) {
  Run run;
  run.set_run_id(absl::StrCat("run", day));
  run.mutable_start_time()->set_seconds(1'780'000'000 + day * 86400);
  run.mutable_environment()->set_cpu_model("A CPU");
  run.mutable_environment()->set_num_cpus(2);
  Provenance& provenance = *run.mutable_provenance();
  provenance.set_target("//audio:vad_perf_test");
  provenance.set_profile("default");
  provenance.set_commit(absl::StrCat(day, std::string(39, '0')));
  Measurement& measurement = *run.add_measurements();
  measurement.set_name("audio.vad.process_1s");
  measurement.set_title("VAD Processing");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  for (const double factor : {0.9, 1.0, 1.1}) measurement.add_samples(median * factor);
  return run;
}

}  // namespace perf
