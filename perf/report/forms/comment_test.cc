#include "perf/report/forms/comment.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CommentTest, BeginsWithTheMarkerOfItsSuite) {
  EXPECT_THAT(CommentForm(SampleReport()),
              StartsWith("<!-- parlance-perf: //a:suite -->\n**✗ Red: 1 red, "));
}

TEST(CommentTest, AnUnchangedResultIsOneLine) {
  EXPECT_EQ(
      CommentForm(StableReport(214)),
      "<!-- parlance-perf: //a:suite -->\n"
      "**✓ Stable**: nothing changed, 214 measured. Machine here-2-cpus, 0123456789ab, default "
      "loads, 2027-01-15 08:00:00 UTC.\n");
}

TEST(CommentTest, NoSuiteEndsTheMarker) {
  Report report = StableReport(1);
  report.set_command("bazel run //a--b:c --> <script>");
  EXPECT_EQ(CommentMarker(report), "<!-- parlance-perf: //a-_b:c_-____script_ -->");
  report.clear_command();
  EXPECT_EQ(CommentMarker(report), "<!-- parlance-perf: unknown -->");
}

TEST(CommentTest, FitsIntoACommentWhateverThereIs) {
  Report report = StableReport(500);
  for (int i = 0; i < 500; ++i) {
    MeasurementResult& result = SetVerdict(report, i, RED, -25);
    result.set_title(WorstTitle());
    result.set_note(WorstTitle());
    report.add_errors(WorstTitle());
    report.add_notes(WorstTitle());
  }
  const std::string text = CommentForm(report);
  EXPECT_LE(text.size(), 65'536u);
  EXPECT_THAT(text, HasSubstr("more, in the report's files"));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, EndsWith("\n"));
}

}  // namespace
}  // namespace perf
