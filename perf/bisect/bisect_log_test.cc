#include "perf/bisect/bisect_log.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
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

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Path(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

TEST(BisectLogTest, KeepsStepsForTheNextRun) {
  const std::string path = Path("kept.textproto");
  {
    auto log = BisectLog::Open(path, "audio.vad", "aaaa", "bbbb", "profile ab");
    ASSERT_THAT(log, IsOk());
    EXPECT_THAT(log->Steps(), IsEmpty());
    ASSERT_THAT(log->Add({.commit = "bbbb",
                          .outcome = BisectStep::Outcome::kBad,
                          .change = 0.25,
                          .low = 0.2,
                          .high = 0.3,
                          .rounds = 24,
                          .why = ""}),
                IsOk());
    ASSERT_THAT(log->Add({.commit = "cccc",
                          .outcome = BisectStep::Outcome::kSkipped,
                          .change = 0,
                          .low = -std::numeric_limits<double>::infinity(),
                          .high = std::numeric_limits<double>::infinity(),
                          .rounds = 0,
                          .why = "it does not \"build\""}),
                IsOk());
  }
  const auto log = BisectLog::Open(path, "audio.vad", "aaaa", "bbbb", "profile ab");
  ASSERT_THAT(log, IsOk());
  const std::vector<BisectStep> steps = log->Steps();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].commit, "bbbb");
  EXPECT_EQ(steps[0].outcome, BisectStep::Outcome::kBad);
  EXPECT_EQ(steps[0].change, 0.25);
  EXPECT_EQ(steps[0].low, 0.2);
  EXPECT_EQ(steps[0].high, 0.3);
  EXPECT_EQ(steps[0].rounds, 24);
  EXPECT_EQ(steps[1].outcome, BisectStep::Outcome::kSkipped);
  EXPECT_TRUE(std::isinf(steps[1].low) && std::isinf(steps[1].high));
  EXPECT_EQ(steps[1].why, "it does not \"build\"");
}

TEST(BisectLogTest, AnotherSearchIsNotGoneOnWith) {
  const std::string path = Path("other.textproto");
  ASSERT_THAT(
      BisectLog::Open(path, "audio.vad", "aaaa", "bbbb", "profile ab")->Add({.commit = "bbbb"}),
      IsOk());
  EXPECT_THAT(BisectLog::Open(path, "audio.vad", "aaaa", "dddd", "profile ab"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is of a search for 'audio.vad' from aaaa to bbbb")));
  // Steps that were measured with other loads or flags say nothing beside these.
  EXPECT_THAT(BisectLog::Open(path, "audio.vad", "aaaa", "bbbb", "profile long"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("other loads, flags or another machine (profile ab; now: profile "
                                 "long); remove it")));
}

TEST(BisectLogTest, WhatIsNoLogIsRefused) {
  const std::string path = Path("broken.textproto");
  std::ofstream(path) << "measurement: 'audio.vad' steps {";
  EXPECT_THAT(BisectLog::Open(path, "audio.vad", "aaaa", "bbbb", "profile ab"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("broken.textproto:1:")));
}

}  // namespace
}  // namespace perf
