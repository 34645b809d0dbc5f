#include "perf/process/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using ::testing::ElementsAre;
using ::testing::Not;

// A process number that Linux never gives.
constexpr pid_t kNobody = 1 << 30;

CpuUse Used(double main_thread_ms, double waited_ms, double process_ms) {
  return {.main_thread = absl::Milliseconds(main_thread_ms),
          .main_thread_waited = absl::Milliseconds(waited_ms),
          .process = absl::Milliseconds(process_ms)};
}

TEST(RunOnCpus, KeepsAProcessOnTheCpusNamed) {
  const std::vector<int> before = AllowedCpus();
  ASSERT_FALSE(before.empty());
  ASSERT_THAT(RunOnCpus(getpid(), {before.back()}), IsOk());
  EXPECT_THAT(AllowedCpus(), ElementsAre(before.back()));
  EXPECT_EQ(sched_getcpu(), before.back());
  ASSERT_THAT(RunOnCpus(getpid(), before), IsOk());
  EXPECT_EQ(AllowedCpus(), before);
}

TEST(RunOnCpus, RefusesCpusThatAreNotThereAndProcessesToo) {
  const std::vector<int> before = AllowedCpus();
  EXPECT_THAT(RunOnCpus(getpid(), {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(RunOnCpus(getpid(), {-1, CPU_SETSIZE}), Not(IsOk()));
  EXPECT_THAT(RunOnCpus(kNobody, before), Not(IsOk()));
  EXPECT_THAT(RunOnCpus(0, {before.front()}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(AllowedCpus(), before);
}

TEST(CpuUseOf, CountsTheMainThreadApartFromTheOthers) {
  const absl::StatusOr<CpuUse> before = CpuUseOf(getpid());
  if (absl::IsNotFound(before.status())) GTEST_SKIP() << before.status();
  ASSERT_THAT(before, IsOk());
  // The other thread works for 20 ms of its own time, however long that takes.
  std::thread([] {
    timespec used = {};
    do {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    } while (absl::DurationFromTimespec(used) < absl::Milliseconds(20));
  }).join();
  const absl::StatusOr<CpuUse> after = CpuUseOf(getpid());
  ASSERT_THAT(after, IsOk());
  EXPECT_GE((after->process - before->process) - (after->main_thread - before->main_thread),
            absl::Milliseconds(19));
  EXPECT_GE(after->main_thread, before->main_thread);
}

TEST(CpuUseOf, SaysThatThereIsNoSuchProcess) {
  EXPECT_THAT(CpuUseOf(kNobody), StatusIs(absl::StatusCode::kNotFound));
}

TEST(WorkedOnMainThreadOnly, WhereTheMainThreadRanOrWasReadyTo) {
  EXPECT_TRUE(WorkedOnMainThreadOnly(Used(1, 2, 3), Used(6, 2, 8), absl::Milliseconds(5)));
  // A neighbour had the CPU for most of the time.
  EXPECT_TRUE(WorkedOnMainThreadOnly(Used(1, 2, 3), Used(3, 10, 5), absl::Milliseconds(10)));
}

TEST(WorkedOnMainThreadOnly, NotWhereItSleptOrOthersWorked) {
  EXPECT_FALSE(WorkedOnMainThreadOnly(Used(1, 2, 3), Used(3, 2, 5), absl::Milliseconds(10)));
  EXPECT_FALSE(WorkedOnMainThreadOnly(Used(1, 2, 3), Used(6, 2, 9), absl::Milliseconds(5)));
}

}  // namespace
}  // namespace perf
