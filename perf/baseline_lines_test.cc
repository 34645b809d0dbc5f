#include "perf/baseline_lines.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

BaselineLine Line(const std::string& key, const std::string& suffix) {
  BaselineLine line;
  line.set_key(key);
  line.set_suffix(suffix);
  return line;
}

TEST(BaselineLinesTest, FormatsAsTeamsKeepThem) {
  EXPECT_EQ(FormatBaselineLine(Line("VAD_BASELINE", "x"), 2.5), "VAD_BASELINE: 2.5x");
  EXPECT_EQ(FormatBaselineLine(Line("TOOL_BASELINE", " exec/sec"), 150),
            "TOOL_BASELINE: 150.0 exec/sec");
}

TEST(BaselineLinesTest, ReadsThem) {
  const auto lines = ParseBaselineLines(
      "# ours\nVAD_BASELINE: 2.5x\n\n  TOOL_BASELINE:150.0 exec/sec\r\nSESSION_BASELINE: 75\n",
      "f");
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 3u);
  EXPECT_DOUBLE_EQ(lines->at("VAD_BASELINE").value, 2.5);
  EXPECT_EQ(lines->at("VAD_BASELINE").suffix, "x");
  EXPECT_DOUBLE_EQ(lines->at("TOOL_BASELINE").value, 150);
  EXPECT_EQ(lines->at("TOOL_BASELINE").suffix, " exec/sec");
  EXPECT_EQ(lines->at("SESSION_BASELINE").suffix, "");
}

TEST(BaselineLinesTest, RefusesWhatIsNone) {
  for (const std::string text : {"VAD_BASELINE", "VAD_BASELINE: fast", "VAD_BASELINE: -1x", ": 3x",
                                 "VAD_BASELINE: 0x", "VAD_BASELINE: 1.2.3x", "A: 1x\nA: 2x"}) {
    const auto lines = ParseBaselineLines("# first\n" + text, "baseline.txt");
    ASSERT_FALSE(lines.ok()) << text;
    EXPECT_EQ(lines.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StartsWith(lines.status().message(), text.find('\n') == std::string::npos
                                                               ? "baseline.txt:2: "
                                                               : "baseline.txt:3: "))
        << lines.status();
  }
}

}  // namespace
}  // namespace perf
