#include "perf/report/forms/github_commands.h"

#include <string>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(GithubCommandsTest, ErrorsComeFirstThenWarningsAndTheResult) {
  EXPECT_EQ(
      GithubCommandsForm(SampleReport()),
      "::error title=Could not measure:://audio:other_test: exited with 3\n"
      "::error title=Requirement missed%3A Measurement 0::average 10.5 ms, required at most "
      "5.00 ms; ask @parlance/audio; look closer: bazel run //a:suite -- --filter 'audio\\.m0'\n"
      "::error title=Red%3A Session Creation::✗ Red: -25.0%25 vs baseline; why: +410 "
      "instructions an iteration; ask @parlance/audio; look "
      "closer: bazel run //a:suite -- --filter 'audio\\.m3'\n"
      "::error title=Missing%3A audio.m7::audio.m7: the baseline has it, and "
      "//audio:vad_perf_test did not measure it (10.0 ms, 0123456789ab of 2026-11-24); ask "
      "@parlance/audio\n"
      "::warning title=Yellow%3A Measurement 2::⚠ Yellow: -13.0%25 vs baseline; ask "
      "@parlance/audio; "
      "look closer: bazel run //a:suite -- --filter 'audio\\.m2'\n"
      "::warning title=Acceptance%3A Measurement 8::accepted until 2027-01-24, which is in 9 days: "
      "make it fast again, or accept it for longer, in the component's requirements.textproto; "
      "ask @parlance/audio\n"
      "::notice title=Accepted%3A Measurement 8::~ Accepted: -12.3%25 vs baseline; accepted until "
      "2027-01-24: it is safer; it is 12.3 %25 worse, and at most 15 %25 is accepted; ask "
      "@parlance/audio; look closer: bazel run //a:suite -- --filter 'audio\\.m8'\n"
      "::notice title=Performance::Red: 1 red, 1 requirement missed, 1 could not be measured, "
      "1 missing, 1 yellow, 1 unresolved, 1 not comparable, 1 accepted, 1 improved\n");
}

TEST(GithubCommandsTest, ARequirementThatIsNotMetInNoiseIsAWarning) {
  Report report = StableReport(1);
  MakeNoisy(AddMissedRequirement(report, 0), report);
  EXPECT_EQ(GithubCommandsForm(report),
            "::warning title=Requirement unresolved%3A Measurement 0::average 10.5 ms, required at "
            "most 5.00 ms; noisy: others used 40 %25 of the CPUs; look closer: bazel run //a:suite "
            "-- --filter 'audio\\.m0'\n"
            "::notice title=Performance::Unresolved: 1 requirement unresolved\n");
}

TEST(GithubCommandsTest, AnUnchangedResultIsOneNotice) {
  EXPECT_EQ(GithubCommandsForm(StableReport(3)), "::notice title=Performance::Stable\n");
}

TEST(GithubCommandsTest, NoTextIsACommandOfItsOwn) {
  Report report = StableReport(1);
  MeasurementResult& result = SetVerdict(report, 0, RED, -25);
  result.set_title("a: b, c\n::error::mine%0A");
  result.set_note("x\r\n::stop-commands::x");
  const std::string text = GithubCommandsForm(report);
  EXPECT_THAT(text, StartsWith("::error title=Red%3A a%3A b%2C c %3A%3Aerror%3A%3Amine%250A::"));
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    EXPECT_THAT(std::string(line),
                AnyOf(StartsWith("::error title="), StartsWith("::notice title=")));
  }
}

TEST(GithubCommandsTest, TheResultIsAmongTheTenNoticesThatAreShown) {
  Report report = StableReport(25);
  for (int i = 0; i < 25; ++i) SetVerdict(report, i, ACCEPTED, -13);
  const std::string text = GithubCommandsForm(report);
  EXPECT_THAT(text, HasSubstr("::notice title=Performance::and 17 more, in the report's files\n"));
  EXPECT_THAT(text, EndsWith("::notice title=Performance::Accepted: 25 accepted\n"));
}

TEST(GithubCommandsTest, TheTenthSaysHowManyAreNotShown) {
  Report report = StableReport(25);
  for (int i = 0; i < 25; ++i) SetVerdict(report, i, YELLOW, -13);
  const std::string text = GithubCommandsForm(report);
  EXPECT_THAT(text, HasSubstr("::warning title=Performance::and 16 more, in the report's files\n"));
  EXPECT_THAT(text, EndsWith("::notice title=Performance::Yellow: 25 yellow\n"));
}

}  // namespace
}  // namespace perf
