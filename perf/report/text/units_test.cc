#include "perf/report/text/units.h"

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(DependsOnSpeedTest, TimesAndRatesDo) {
  for (const char* unit : {"ns", "us", "ms", "s", "min", "msgs/sec", "exec/s", "sessions/min"}) {
    EXPECT_TRUE(DependsOnSpeed(unit)) << unit;
  }
  for (const char* unit : {"", "MB", "%", "ratio", "AUC", "x", "instructions", "sessions"}) {
    EXPECT_FALSE(DependsOnSpeed(unit)) << unit;
  }
}

}  // namespace
}  // namespace perf
