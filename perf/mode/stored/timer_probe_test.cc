#include "perf/mode/stored/timer_probe.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(TimerProbeTest, TakesWhatFallsIntoTheRun) {
  std::vector<TimerLateness> timers;
  for (int i = 0; i < 300; ++i) {
    timers.push_back({.at_ns = i, .lateness_ms = i >= 100 && i < 200 ? 3.0 : 0.1});
  }
  Health health;
  health.set_begin_ns(100);
  health.set_end_ns(199);
  AddLateness(timers, health);
  EXPECT_EQ(health.timer_lateness_median_ms(), 3);
  EXPECT_EQ(health.timer_lateness_p99_ms(), 3);
  health.set_begin_ns(0);
  health.set_end_ns(299);
  AddLateness(timers, health);
  EXPECT_EQ(health.timer_lateness_median_ms(), 0.1);
}

TEST(TimerProbeTest, AFewTimersSayNothing) {
  Health health;
  health.set_end_ns(100);
  AddLateness({{.at_ns = 1, .lateness_ms = 50}}, health);
  EXPECT_EQ(health.timer_lateness_median_ms(), 0);
}

TEST(TimerProbeTest, NeverWakesEarly) {
  const TimerProbe probe;
  while (probe.Timers().size() < 3) std::this_thread::yield();
  for (const TimerLateness& timer : probe.Timers()) EXPECT_GE(timer.lateness_ms, 0);
}

}  // namespace
}  // namespace perf
