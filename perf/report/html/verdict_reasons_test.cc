#include "perf/report/html/verdict_reasons.h"

#include <limits>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report.pb.h"

namespace perf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

MeasurementResult Result(Verdict verdict, double change, double low, double high) {
  MeasurementResult result;
  result.set_unit("ms");
  result.set_count(10);
  result.set_median(10 * (1 - change / 100));
  result.set_baseline_median(10);
  result.set_baseline("0123456789ab of 2026-11-24");
  result.set_verdict(verdict);
  result.set_change_percent(change);
  result.set_change_percent_low(low);
  result.set_change_percent_high(high);
  return result;
}

std::string Said(const MeasurementResult& result, bool beside = false) {
  return absl::StrJoin(VerdictReasons(result, beside), " ");
}

TEST(VerdictReasonsTest, LeadFromTheFiguresToTheVerdict) {
  EXPECT_EQ(Said(Result(RED, -30, -33, -25)),
            "The median is 13.0 ms; that of the baseline, 0123456789ab of 2026-11-24, is 10.0 ms. "
            "That is 30.0 % worse. With 99 % confidence the change lies between -33.0% and -25.0%; "
            "- is worse, and + is better. It is red because the median is more than 20 % worse, "
            "and the kinder end of the range is more than 10 % worse.");
  EXPECT_THAT(Said(Result(YELLOW, -15, -17, -12)), HasSubstr("It is yellow because"));
  EXPECT_THAT(Said(Result(IMPROVED, 15, 12, 17)), HasSubstr("the whole range is better."));
  EXPECT_THAT(Said(Result(STABLE, -3, -4, -2)), HasSubstr("the median is within 10 %."));
  EXPECT_THAT(Said(Result(STABLE, 0, -1, 1)), HasSubstr("That is the same."));
}

TEST(VerdictReasonsTest, StableBeyondALineSaysWhyOnce) {
  MeasurementResult result = Result(STABLE, -30, -40, 5);
  result.set_note("less than 4 ms, which does not matter here");
  const std::string said = Said(result);
  EXPECT_THAT(said, HasSubstr("It is stable all the same: less than 4 ms"));
  EXPECT_EQ(said.find("less than 4 ms"), said.rfind("less than 4 ms"));
}

TEST(VerdictReasonsTest, BesideAnotherRevision) {
  EXPECT_THAT(Said(Result(RED, -30, -33, -25), /*beside=*/true),
              HasSubstr("which is made wider because many measurements are compared at once"));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  MeasurementResult result = Result(UNRESOLVED, -30, -kInfinity, kInfinity);
  result.mutable_unresolved()->set_reason(NOT_REACHED);
  result.mutable_unresolved()->set_rounds(2);
  EXPECT_THAT(Said(result, /*beside=*/true),
              AllOf(HasSubstr("too few rounds for a range"),
                    HasSubstr("It is unresolved: the comparison ended after 2 rounds."),
                    HasSubstr("run the command below")));
}

TEST(VerdictReasonsTest, OfWhatWasNotCompared) {
  MeasurementResult result;
  result.set_verdict(NO_BASELINE);
  result.set_note("this machine has no baseline of the component");
  EXPECT_EQ(Said(result), "No baseline: this machine has no baseline of the component.");
  result.set_note("");
  EXPECT_EQ(Said(result), "No baseline.");
}

TEST(VerdictReasonsTest, AGrowthIsRedWhateverTheBaseline) {
  MeasurementResult result = Result(RED, -1, -2, 0);
  result.mutable_growth()->set_work_unit("session");
  result.mutable_growth()->set_grows(true);
  result.set_note("it grows with every session");
  EXPECT_THAT(Said(result), AllOf(HasSubstr("It is red because it grows with every session"),
                                  Not(HasSubstr("more than 20 % worse"))));
}

TEST(VerdictReasonsTest, AnAcceptanceSaysWhatItWouldBeOtherwise) {
  MeasurementResult result = Result(ACCEPTED, -25, -27, -23);
  Acceptance& acceptance = *result.mutable_acceptance();
  acceptance.mutable_stated()->set_at_most_percent(30);
  acceptance.mutable_stated()->set_why("It is safer.");
  acceptance.mutable_stated()->set_until("2027-01-31");
  acceptance.set_days_left(1);
  acceptance.set_otherwise(RED);
  EXPECT_THAT(Said(result),
              AllOf(HasSubstr("It would be red, and its owners accept that."),
                    HasSubstr("Acceptance: accepted until 2027-01-31: It is safer; it is 25.0 % "
                              "worse, and at most 30 % is accepted."),
                    HasSubstr("Needed: accepted until 2027-01-31, which is tomorrow: ")));
}

TEST(VerdictReasonsTest, NoiseAndRunsAreSaid) {
  MeasurementResult result = Result(UNRESOLVED, -30, -33, -25);
  result.set_noise("other processes used 60 % of the CPUs");
  result.set_attempts(3);
  EXPECT_THAT(Said(result), AllOf(HasSubstr("beside such noise it is unresolved instead."),
                                  HasSubstr("The machine was noisy: other processes used 60 %"),
                                  HasSubstr("It was measured 3 times")));
}

}  // namespace
}  // namespace perf
