#include "perf/recorder.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "perf/run_record.h"

namespace perf {
namespace {

bool IsRecorded(const std::string& name) {
  const Run run = RunRecord::Process().Snapshot();
  return std::any_of(run.measurements().begin(), run.measurements().end(),
                     [&](const Measurement& measurement) { return measurement.name() == name; });
}

void Measure(const std::string& name) {
  Recorder recorder({.name = name, .title = "A measurement", .unit = "ns", .better = LOWER});
  recorder.Add(1);
}

bool has_skipped = false;

TEST(RecorderTest, SkipsItself) {
  Recorder recorder(
      {.name = "perf.test.skipped", .title = "Skipped", .unit = "ns", .better = LOWER});
  recorder.Add(1);
  has_skipped = true;
  GTEST_SKIP() << "so that the next test finds no measurement";
}

// The baseline has it then, and the run has not, so the report says that it is missing.
TEST(RecorderTest, ATestThatSkipsItselfMeasuresNothing) {
  if (!has_skipped) GTEST_SKIP() << "a filter leaves out the test before this one";
  EXPECT_FALSE(IsRecorded("perf.test.skipped"));
  Measure("perf.test.measured");
  EXPECT_TRUE(IsRecorded("perf.test.measured"));
}

}  // namespace
}  // namespace perf
