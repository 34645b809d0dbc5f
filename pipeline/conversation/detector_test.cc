#include "pipeline/conversation/detector.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::StatusIs;

TEST(DetectorTest, LooksAheadByWhatItsNameSays) {
  EXPECT_EQ((*CreateDetector())->look_ahead_frames(), 3);
  EXPECT_EQ((*CreateDetector("neural_30ms"))->look_ahead_frames(), 3);
}

TEST(DetectorTest, OlderRecordsHaveTheirs) {
  EXPECT_EQ((*CreateDetector("neural"))->look_ahead_frames(), 0);
}

TEST(DetectorTest, OtherNamesAreNone) {
  for (const char* name : {"", "neural ", "neural_10ms", "loudness"}) {
    EXPECT_THAT(CreateDetector(name), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
}

}  // namespace
}  // namespace parlance::pipeline
