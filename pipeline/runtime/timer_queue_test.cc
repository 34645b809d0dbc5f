#include "pipeline/runtime/timer_queue.h"

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/runtime/testing/gate.h"

namespace parlance::pipeline {
namespace {

using testing::ElementsAre;

TEST(TimerQueueTest, RunsInTheOrderInWhichTheyAreDue) {
  TimerQueue timers;
  // Nothing else begins while one runs.
  const Gate began;
  const Gate may_end;
  timers.RunAfter(absl::ZeroDuration(), [began, may_end] {
    began.Open();
    may_end.Wait();
  });
  began.Wait();
  std::vector<int> ran;
  const Gate done;
  timers.RunAfter(absl::Milliseconds(20), [&ran, done] {
    ran.push_back(3);
    done.Open();
  });
  timers.RunAfter(absl::Milliseconds(1), [&ran] { ran.push_back(2); });
  timers.RunAfter(-absl::Hours(1), [&ran] { ran.push_back(1); });
  may_end.Open();
  done.Wait();
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(TimerQueueTest, AFunctionMaySetATimer) {
  TimerQueue timers;
  const Gate done;
  timers.RunAfter(absl::Milliseconds(1), [&timers, done] {
    timers.RunAfter(absl::Milliseconds(1), [done] { done.Open(); });
  });
  done.Wait();
}

TEST(TimerQueueTest, WhatIsDueSoonDoesNotWaitForWhatIsDueLater) {
  TimerQueue timers;
  timers.RunAfter(absl::Hours(1000000), [] { ADD_FAILURE() << "much too early"; });
  const Gate done;
  timers.RunAfter(absl::Milliseconds(1), [done] { done.Open(); });
  done.Wait();
}

TEST(TimerQueueTest, WhatWaitsIsDroppedAtItsEnd) {
  const auto kept = std::make_shared<int>(1);
  {
    TimerQueue timers;
    timers.RunAfter(absl::Hours(1), [kept] { ADD_FAILURE() << "much too early"; });
    timers.RunAfter(absl::InfiniteDuration(), [kept] { ADD_FAILURE() << "never"; });
  }
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace parlance::pipeline
