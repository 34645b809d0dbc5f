#include "perf/record/health.h"

#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace perf {
namespace {

// What a machine with two CPUs reads `seconds` after it started.
HealthReading At(double seconds) {
  HealthReading reading;
  reading.steady_ns = static_cast<int64_t>(seconds * 1e9);
  reading.system_ns = reading.steady_ns + 1'700'000'000'000'000'000;
  reading.all_cpu_s = 2 * seconds;
  reading.idle_cpu_s = 2 * seconds;
  return reading;
}

TEST(HealthTest, ReadsProcStat) {
  HealthReading reading;
  ParseProcStat("cpu  100 20 30 4000 50 6 7 80 9 10\ncpu0 1 2 3\n", reading);
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(reading.all_cpu_s, 4293 / ticks);
  EXPECT_DOUBLE_EQ(reading.idle_cpu_s, 4050 / ticks);
  EXPECT_DOUBLE_EQ(reading.steal_cpu_s, 80 / ticks);
}

TEST(HealthTest, WhatIsNoProcStatIsNothing) {
  for (const std::string text : {"", "cpu  1 2 3\n", "cpu  a b c d e f g h\n", "intr 1 2 3\n"}) {
    HealthReading reading;
    ParseProcStat(text, reading);
    EXPECT_EQ(reading.all_cpu_s, 0) << text;
  }
}

TEST(HealthTest, AQuietRunIsNotNoisy) {
  HealthReading end = At(20);
  end.own_cpu_s = 9;
  end.idle_cpu_s -= 9.5;
  const Health health = HealthBetween(At(10), end);
  EXPECT_NEAR(health.others_percent(), 2.5, 1e-9);
  EXPECT_EQ(health.steal_percent(), 0);
  EXPECT_EQ(WhyNoisy(health), "");
  EXPECT_EQ(ClockJump(health), 0);
}

TEST(HealthTest, ANeighbourIsNoise) {
  HealthReading end = At(20);
  end.own_cpu_s = 9;
  end.idle_cpu_s -= 15;
  EXPECT_EQ(WhyNoisy(HealthBetween(At(10), end)), "other processes used 30 % of the CPU time");
}

TEST(HealthTest, StealIsNoise) {
  HealthReading end = At(20);
  end.own_cpu_s = 9;
  end.steal_cpu_s = 2;
  end.idle_cpu_s -= 11;
  EXPECT_EQ(WhyNoisy(HealthBetween(At(10), end)), "the hypervisor took 10 % of the CPU time");
}

TEST(HealthTest, LateTimersAreNoise) {
  Health health;
  health.set_timer_lateness_median_ms(0.2);
  EXPECT_EQ(WhyNoisy(health), "");
  health.set_timer_lateness_median_ms(2.5);
  EXPECT_EQ(WhyNoisy(health), "half of the timers were more than 2.5 ms late");
}

TEST(HealthTest, AShortRunIsNotJudgedByTicks) {
  HealthReading end = At(10.1);
  end.idle_cpu_s -= 0.2;
  EXPECT_EQ(WhyNoisy(HealthBetween(At(10), end)), "");
}

TEST(HealthTest, SeesAClockThatWasSet) {
  HealthReading end = At(20);
  end.system_ns -= 3'600'000'000'000;
  EXPECT_DOUBLE_EQ(ClockJump(HealthBetween(At(10), end)), -3600);
  end = At(20);
  end.system_ns += 100'000'000;
  EXPECT_EQ(ClockJump(HealthBetween(At(10), end)), 0) << "a tenth of a second is a correction";
}

TEST(HealthTest, ReadsThisMachine) {
  const HealthReading begin = ReadHealth();
  const HealthReading end = ReadHealth();
  EXPECT_GT(begin.all_cpu_s, 0);
  EXPECT_GE(end.steady_ns, begin.steady_ns);
  EXPECT_GE(end.own_cpu_s, begin.own_cpu_s);
}

}  // namespace
}  // namespace perf
