// What changed, as Markdown.
#include "perf/report/report_markdown.h"

#include <cstddef>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report_builder.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ReportTest, MarkdownShowsOnlyWhatChangedTheWorstFirst) {
  ReportInputs inputs = Inputs(RunWith("audio.a", "ms", LOWER, {10}), "");
  inputs.runs.push_back(RunWith("audio.b", "ms", LOWER, {11.5}));
  inputs.runs[1].mutable_measurements(0)->set_title("Yellow One");
  inputs.runs.push_back(RunWith("audio.c", "ms", LOWER, {13}));
  inputs.runs[2].mutable_measurements(0)->set_title("a|b");
  inputs.header.set_command("bazel run //a:suite");
  for (const char* name : {"audio.a", "audio.b", "audio.c"}) {
    AddBaseline(RunWith(name, "ms", LOWER, {10}), inputs);
  }
  const std::string markdown = MarkdownReport(BuildReport(inputs));
  EXPECT_THAT(markdown, StartsWith("**✗ Red: 1 red, 1 yellow**: 3 measured. Machine "));
  const size_t red = markdown.find(
      "| ✗ Red | a\\|b | -30.0% (between -30.0% and -30.0%) | 13.0 ms | 10.0 ms ( of 2026-11-24) "
      "|");
  const size_t yellow = markdown.find("| ⚠ Yellow | Yellow One |");
  ASSERT_NE(red, std::string::npos) << markdown;
  ASSERT_NE(yellow, std::string::npos) << markdown;
  EXPECT_LT(red, yellow);
  EXPECT_THAT(markdown, Not(HasSubstr("VAD Processing")));
  EXPECT_THAT(markdown, HasSubstr("\n    bazel run //a:suite -- --component audio --filter "));
}

TEST(ReportTest, MarkdownOfAnUnchangedResultIsOneLine) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  inputs.header.add_notes("a note");
  EXPECT_EQ(MarkdownReport(BuildReport(inputs)),
            "**- No baseline: 1 requirement met**: nothing to compare with, 1 measured, 1 of 1 "
            "requirements met, 1 without baseline. Machine , unknown commit,  loads, 1970-01-01 "
            "00:00:00 UTC.\n");
  AddBaseline(VadRun(1.02), inputs);
  EXPECT_EQ(MarkdownReport(BuildReport(inputs)),
            "**✓ Stable**: nothing changed, 1 measured, 1 of 1 requirements met. Machine , unknown "
            "commit,  loads, 1970-01-01 00:00:00 UTC.\n");
}

TEST(ReportTest, MarkdownShowsTextsOfOthersAsTheyAre) {
  ReportInputs inputs = Inputs(RunWith("audio.a", "ms", LOWER, {13}), "");
  inputs.runs[0].mutable_measurements(0)->set_title("<b>&`*_[a](http://b)\\ @somebody ~$\n# x\x1b");
  inputs.errors = {"<script>\n- x"};
  AddBaseline(RunWith("audio.a", "ms", LOWER, {10}), inputs);
  const std::string markdown = MarkdownReport(BuildReport(inputs));
  EXPECT_THAT(markdown,
              HasSubstr("| &lt;b&gt;&amp;\\`\\*\\_\\[a\\](http://b)\\\\ @<!-- -->somebody "
                        "\\~\\$ #<!-- --> x\\\\x1b |"));
  EXPECT_THAT(markdown, HasSubstr("\n- &lt;script&gt; - x\n"));
}

}  // namespace
}  // namespace perf
