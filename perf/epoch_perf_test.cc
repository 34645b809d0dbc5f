// What running epochs on request costs.
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/ab/whole_process.h"
#include "perf/gbench/epoch_child.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "perf/stats/statistics.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;

constexpr char kEmpty[] = "sample.empty";

// The same program, with the same empty body: an iteration as its epochs have it, and as Google
// Benchmark's own main loop and calibration do, in turns. The number does not say what starting an
// epoch costs, as no time of it lies within one.
TEST(PerfPerformance, EmptyBodyInEpochs) {
  const std::string directory = get_current_dir_name();
  const std::string path = absl::StrCat(directory, "/perf/gbench/testing/sample_benchmarks");
  absl::StatusOr<EpochChild> child = EpochChild::Start({.path = path, .directory = directory});
  ASSERT_THAT(child, IsOk());
  const absl::StatusOr<Calibration> calibration = child->Calibrate(kEmpty, absl::Milliseconds(5));
  ASSERT_THAT(calibration, IsOk());
  const TestProgram plain{.label = kEmpty,
                          .executable = path,
                          .directory = directory,
                          .variables = {{"PERF_PROFILE", "quick"},
                                        {"PERF_REQUIREMENTS",
                                         directory + "/perf/gbench/testing/sample_loads.textproto"},
                                        {"PERF_OVERRIDES", ""},
                                        {"PERF_FILTER", absl::StrCat("^", kEmpty, "$")}}};
  Recorder in_epochs({.name = "perf.epoch.empty_body",
                      .title = "Empty Body in Epochs",
                      .unit = "ns",
                      .better = LOWER});
  Recorder added({.name = "perf.epoch.added_to_empty_body",
                  .title = "Empty Body, Added by Epochs",
                  .unit = "ns",
                  .better = LOWER});
  for (int64_t i = 0; i < Load("epoch_pairs"); ++i) {
    const absl::StatusOr<Epoch> epoch = child->Run(kEmpty, calibration->iterations());
    ASSERT_THAT(epoch, IsOk());
    const absl::StatusOr<perf::Run> run =
        RunTestProgram(plain, absl::StrCat(testing::TempDir(), "/plain"));
    ASSERT_THAT(run, IsOk());
    ASSERT_EQ(run->measurements_size(), 1);
    ASSERT_EQ(run->measurements(0).unit(), "ns");
    const double own =
        static_cast<double>(epoch->cpu_ns()) / static_cast<double>(epoch->iterations());
    EXPECT_GT(own, 0);
    in_epochs.Add(own);
    added.Add(own - Summarize(run->measurements(0).samples()).median);
  }
}

}  // namespace
}  // namespace perf
