#include "perf/gbench/epoch_child.h"

#include <csignal>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using ::testing::Contains;
using ::testing::HasSubstr;

BenchmarkProgram Sample() {
  return {.path = absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                               "/perf/gbench/testing/sample_benchmarks"),
          .directory = {}};
}

EpochChild Start() { return *EpochChild::Start(Sample()); }

TEST(EpochChild, ListsTheBenchmarks) {
  EpochChild child = Start();
  const auto names = child.Names();
  ASSERT_THAT(names, IsOk());
  EXPECT_THAT(*names, Contains("sample.count"));
  EXPECT_THAT(*names, Contains("sample.count_timed/5/real_time"));
}

TEST(EpochChild, RunsExactlyTheIterationsItIsAskedFor) {
  EpochChild child = Start();
  for (const char* name :
       {"sample.count", "sample.count_timed/5/real_time", "sample.count_fixed/iterations:3"}) {
    for (const int64_t iterations : {1, 1000, 7}) {
      const auto epoch = child.Run(name, iterations);
      ASSERT_THAT(epoch, IsOk());
      EXPECT_EQ(epoch->iterations(), iterations);
      EXPECT_GT(epoch->wall_ns(), 0);
    }
  }
}

TEST(EpochChild, CalibratesToTheTarget) {
  EpochChild child = Start();
  const auto calibration = child.Calibrate("sample.count_timed/5/real_time", absl::Milliseconds(2));
  ASSERT_THAT(calibration, IsOk());
  EXPECT_EQ(calibration->measurement_name(), "sample.count_timed/5");
  EXPECT_EQ(calibration->title(), "Counting");
  EXPECT_EQ(calibration->time_unit(), "us");
  // However long an iteration took: so many come closest to the target.
  const double planned_ns =
      static_cast<double>(calibration->iterations()) * calibration->iteration_ns();
  if (calibration->iterations() > 1 || planned_ns < 2e6) {
    EXPECT_NEAR(planned_ns, 2e6, calibration->iteration_ns() / 2 * 1.001);
  }
}

TEST(EpochChild, CountsPageFaultsOfTheLoop) {
  EpochChild child = Start();
  ASSERT_THAT(child.Run("sample.fault", 1), IsOk());
  const auto none = child.Run("sample.count", 1000);
  const auto many = child.Run("sample.fault", 4);
  ASSERT_THAT(none, IsOk());
  ASSERT_THAT(many, IsOk());
  // Not none: sanitizers have faults of their own.
  EXPECT_LT(none->minor_page_faults(), 256);
  EXPECT_GE(many->minor_page_faults(), 4 * 256);
}

TEST(EpochChild, ABodyThatFailsSaysWhyAndTheProcessGoesOn) {
  EpochChild child = Start();
  const auto failed = child.Run("sample.fail", 10);
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("the result is wrong"));
  EXPECT_THAT(child.Run("sample.missing", 1), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(child.Run("sample.count", 0), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(child.Run("sample.count", 1), IsOk());
}

TEST(EpochChild, AKilledProcessIsAnErrorThatNamesTheSignal) {
  EpochChild child = Start();
  ASSERT_THAT(child.Names(), IsOk());
  const auto died = child.Run("sample.die", 1);
  EXPECT_THAT(died, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(died.status().message()), HasSubstr("signal 9"));
  EXPECT_THAT(child.Run("sample.count", 1), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(EpochChild, AProcessKilledFromOutsideIsAnError) {
  EpochChild child = Start();
  ASSERT_THAT(child.Names(), IsOk());
  kill(child.pid(), SIGKILL);
  EXPECT_THAT(child.Run("sample.count", 1), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(EpochChild, AHungProcessIsEnded) {
  BenchmarkProgram program = Sample();
  program.patience = absl::Milliseconds(200);
  EpochChild child = *EpochChild::Start(program);
  EXPECT_THAT(child.Run("sample.hang", 1), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(child.pid(), 0);
}

TEST(EpochChild, AnInterruptEndsTheProcessWhileItIsBusy) {
  BenchmarkProgram program = Sample();
  int asked = 0;
  // It comes while the answer is awaited.
  program.interrupted = [&] { return ++asked > 1; };
  auto child = EpochChild::Start(program);
  ASSERT_THAT(child, IsOk());
  const pid_t process = child->pid();
  EXPECT_THAT(child->Run("sample.hang", 1), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(kill(process, 0), -1);
}

TEST(EpochChild, AProgramWithoutTheDriverIsSaidToBeOne) {
  EpochChild child = *EpochChild::Start({.path = "/bin/true", .directory = {}});
  EXPECT_THAT(child.Names(), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(EpochChild::Start({.path = "/no/such/program", .directory = {}}),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace perf
