#include "perf/report/forms/junit.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(JunitTest, AMeasurementIsATestCase) {
  const std::string text = JunitForm(StableReport(1));
  EXPECT_THAT(text, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<testsuites name=\"performance\" tests=\"1\" failures=\"0\" "
                               "errors=\"0\" skipped=\"0\" time=\"0.01\">\n"
                               "  <testsuite name=\"audio\" tests=\"1\" "));
  EXPECT_THAT(text, HasSubstr("<property name=\"machine\" value=\"here-2-cpus\"/>"));
  EXPECT_THAT(text, HasSubstr("<property name=\"commit\" value=\"0123456789abcdef\"/>"));
  EXPECT_THAT(text, HasSubstr("    <testcase classname=\"audio\" name=\"audio.m0\" time=\"0.01\">\n"
                              "      <system-out>Measurement 0\n"));
}

TEST(JunitTest, FailuresAreWhatIsRedMissingOrMissesARequirement) {
  const std::string text = JunitForm(SampleReport());
  EXPECT_THAT(text, HasSubstr("<failure type=\"red\" message=\"✗ Red: -25.0% vs baseline\"/>"));
  EXPECT_THAT(text, HasSubstr("<failure type=\"missing\" message=\"missing: audio.m7: the baseline "
                              "has it"));
  EXPECT_THAT(text, HasSubstr("<failure type=\"requirement\" message=\"requirement missed: average "
                              "10.5 ms, required at most 5.00 ms: a frame is due every 10 ms\"/>"));
  EXPECT_THAT(text, HasSubstr("<testcase classname=\"could not be measured\" "
                              "name=\"//audio:other_test\">\n      <error type=\"not measured\" "
                              "message=\"//audio:other_test: exited with 3\"/>"));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"? Unresolved, probably red"));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"- No baseline: this machine"));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"- Not comparable: the baseline was built"));
}

TEST(JunitTest, WhatIsAcceptedPassesAndSaysSo) {
  Report report = StableReport(1);
  SetVerdict(report, 0, ACCEPTED, -12.3);
  const std::string text = JunitForm(report);
  EXPECT_THAT(text, HasSubstr("failures=\"0\" errors=\"0\" skipped=\"0\""));
  EXPECT_THAT(text, HasSubstr("~ Accepted: -12.3% vs baseline; accepted until 2027-01-24: it is "
                              "safer; it is 12.3 % worse, and at most 15 % is accepted\n"));
  EXPECT_THAT(text, HasSubstr("accepted until 2027-01-24, which is in 9 days: "));
}

TEST(JunitTest, OwnersAreAProperty) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->add_owners("@parlance/audio");
  report.mutable_measurements(0)->add_owners("<b>\"@x\"");
  EXPECT_THAT(JunitForm(report),
              HasSubstr("      <properties><property name=\"owner\" value=\"@parlance/audio, "
                        "&lt;b&gt;&quot;@x&quot;\"/></properties>\n      <system-out>"));
}

TEST(JunitTest, ARedThatMissesItsRequirementSaysBoth) {
  Report report = StableReport(1);
  SetVerdict(report, 0, RED, -25);
  AddMissedRequirement(report, 0);
  const std::string text = JunitForm(report);
  EXPECT_THAT(text, HasSubstr("failures=\"1\""));
  EXPECT_THAT(text, HasSubstr("message=\"✗ Red: -25.0% vs baseline; requirement missed: average"));
}

TEST(JunitTest, ARequirementThatIsNotMetInNoiseIsSkipped) {
  Report report = StableReport(1);
  MakeNoisy(AddMissedRequirement(report, 0), report);
  const std::string text = JunitForm(report);
  EXPECT_THAT(text, HasSubstr("failures=\"0\" errors=\"0\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"requirement unresolved: average 10.5 ms, "
                              "required at most 5.00 ms; noisy: others used 40 % of the CPUs"));
}

TEST(JunitTest, ARedSaysWhy) {
  EXPECT_THAT(JunitForm(SampleReport()),
              HasSubstr("✗ Red: -25.0% vs baseline\nwhy: +410 instructions an iteration\n"));
}

// testing/check_forms.py parses the whole.
TEST(JunitTest, WhatXmlForbidsIsShownAsEscapes) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_title("<a> & \"b\" 😀 \x01 \xEF\xBF\xBF ]]>");
  const std::string text = JunitForm(report);
  EXPECT_THAT(text, HasSubstr("&lt;a&gt; &amp; &quot;b&quot; 😀 \\x01 \\uffff ]]&gt;"));
  EXPECT_THAT(text, Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace perf
