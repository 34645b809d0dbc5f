#include "perf/report/baseline_changes_markdown.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report_markdown.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Updates = std::vector<std::pair<std::string, BaselineUpdate>>;

BaselineMeasurement Stored(const std::string& name, double median) {
  BaselineMeasurement stored;
  stored.set_name(name);
  stored.set_unit("ms");
  stored.set_better(LOWER);
  stored.set_profile("default");
  stored.set_count(1);
  stored.set_median(median);
  stored.set_commit("0123456789abcdef");
  stored.set_date("2026-11-24");
  return stored;
}

std::string Page(const Updates& updates, const std::string& why = "a safer codec") {
  return BaselineChangesMarkdown(
      {.updates = updates, .why = why, .commit = "fedcba9876543210", .date = "2026-11-28"});
}

TEST(BaselineChangesMarkdownTest, SaysWhyAndShowsTheWorstFirst) {
  BaselineUpdate update;
  BaselineMeasurement spread = Stored("audio.better", 8);
  spread.set_median_low(7);
  spread.set_median_high(9);
  update.changes = {
      {.component = "audio", .before = Stored("audio.better", 10), .after = spread},
      {.component = "audio", .before = Stored("audio.gone", 5), .why_dropped = "no test"},
      {.component = "audio", .after = Stored("audio.new", 1)},
      {.component = "audio",
       .before = Stored("audio.worse", 10),
       .after = Stored("audio.worse", 15)}};
  update.unchanged = 3;
  update.remarks = {"audio: all figures of gcc 11 go"};
  EXPECT_EQ(
      Page({{"here", update}}),
      "# Changed baselines\n\n"
      "Why: a safer codec\n\n"
      "Measured at fedcba987654 on 2026-11-28. In the last column `-` is worse and `+` better; "
      "the range of a ratio follows from the 99 % intervals of both medians, and exact figures "
      "have none.\n\n"
      "## here: 2 changed, 1 of them is worse, 1 new, 1 dropped, 3 as stored\n\n"
      "> audio: all figures of gcc 11 go\n\n"
      "| Measurement | Loads | Before | After | Ratio | Change |\n"
      "| --- | --- | --- | --- | --- | --- |\n"
      "| audio.worse | default | 10.0 ms, 0123456789ab of 2026-11-24 | 15.0 ms | 1.50 times | "
      "-50.0% |\n"
      "| audio.better | default | 10.0 ms, 0123456789ab of 2026-11-24 | 8.00 ms | 0.8 times "
      "(0.7 to 0.9) | +20.0% |\n"
      "| audio.new | default | new | 1.00 ms |  |  |\n"
      "| audio.gone | default | 5.00 ms, 0123456789ab of 2026-11-24 | dropped: no test |  |  "
      "|\n");
}

TEST(BaselineChangesMarkdownTest, SaysThatNobodySaidWhy) {
  EXPECT_THAT(Page({}, ""), HasSubstr("Why: nobody said. `--why` tells the reviewer.\n"));
}

TEST(BaselineChangesMarkdownTest, TextsOfOthersAreTextsAndBounded) {
  const std::string evil =
      absl::StrCat("<img src=x>|`a` @somebody\n# heading ", std::string(3000, 'L'));
  BaselineUpdate update;
  for (int i = 0; i < 300; ++i) {
    BaselineMeasurement before = Stored(evil, 10);
    before.set_unit(evil);
    update.changes.push_back({.component = "a", .before = before, .why_dropped = evil});
  }
  const std::string text =
      BaselineChangesMarkdown({.updates = {{evil, update}, {"b", update}},
                               .why = evil,
                               .commit = evil,
                               .date = evil,
                               .remarks = std::vector<std::string>(300, evil)});
  EXPECT_LE(text.size(), kMaxMarkdownBytes);
  EXPECT_THAT(text, HasSubstr(" more, in the stored files\n"));
  for (const char* part : {"<img", "@somebody", "\n# heading"}) {
    EXPECT_THAT(text, Not(HasSubstr(part)));
  }
}

}  // namespace
}  // namespace perf
