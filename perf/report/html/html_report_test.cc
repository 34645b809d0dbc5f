#include "perf/report/html/html_report.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/html/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::Not;
using ::testing::StartsWith;

std::string PageOf(const SampleReport& sample) {
  return HtmlReport(sample.Build(), {.records = sample.records, .history = sample.history});
}

int CountOf(absl::string_view text, absl::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// What is there without the script: all before it.
std::string Static(const std::string& page) { return page.substr(0, page.find("<script")); }

TEST(HtmlReportTest, SaysFirstWhatWasFoundAndWhatNeedsSomebody) {
  const std::string page = PageOf(VariedReport());
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("<title>✗ Red: "));
  const std::string html = Static(page);
  EXPECT_THAT(html, HasSubstr("</span> Requirement missed</span> <a href=\"#m=audio.vad.red\">VAD "
                              "Processing</a>"));
  EXPECT_THAT(html, HasSubstr("A frame has to be done before the next one comes."));
  EXPECT_THAT(html, HasSubstr("</span> Red</span> <a href=\"#m=audio.vad.red\">VAD Processing</a> "
                              "<span class=\"change\">-31."));
  EXPECT_THAT(html, HasSubstr("</span> Missing</span> <a href=\"#m=audio.gone\">"));
  EXPECT_THAT(html, HasSubstr("<code>bazel run //perf -- --component audio --filter "));
  EXPECT_THAT(html, HasSubstr("</span> Noisy</span> <a href=\"#verdict=noisy\">1 measurement</a>"));
  EXPECT_THAT(html, HasSubstr("<li>a note of the run</li>"));
  // The gravest first.
  EXPECT_LT(html.find("Requirement missed"), html.find("Resampling"));
  EXPECT_THAT(html, Not(HasSubstr("Nothing needs you")));
}

TEST(HtmlReportTest, WhatIsSlowerSaysWhyInWhatNeedsSomebody) {
  EXPECT_THAT(Static(PageOf(BesideReport())),
              HasSubstr("<p class=\"why\">why: +380 instructions an iteration (+38.0 %), of which "
                        "380 in a::Push</p>"));
}

TEST(HtmlReportTest, WhatIsAcceptedIsAListOfItsOwnAndNeedsSomebodyWhenItEnds) {
  const std::string html = Static(PageOf(VariedReport()));
  EXPECT_THAT(html, HasSubstr("<h2 id=\"accepted-title\">Accepted</h2>"));
  EXPECT_THAT(html,
              HasSubstr("<p class=\"reason\">accepted until 2026-11-25: It hears whispers; it "
                        "is 13."));
  EXPECT_THAT(html, HasSubstr("</span> Acceptance</span> <a href=\"#m=audio.vad.accepted\">"));
  EXPECT_THAT(html, HasSubstr("accepted until 2026-11-25, which is in 7 days: make it fast again"));
  EXPECT_THAT(html, HasSubstr("href=\"#verdict=accepted\" data-verdict=\"accepted\">"));
}

TEST(HtmlReportTest, NamesOwnersWhereTheyAreKnown) {
  const std::string page = PageOf(VariedReport());
  const std::string html = Static(page);
  EXPECT_THAT(html, HasSubstr("<p class=\"ask\">ask @parlance/audio</p>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">Owners</th>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"#owner=%40parlance/audio\">@parlance/audio</a>, <a "
                              "href=\"#owner=%40parlance/room\">@parlance/room</a>"));
  EXPECT_THAT(page, HasSubstr("\"owners\":[\"@parlance/room\",\"@parlance/audio\"]"));
  EXPECT_THAT(Static(PageOf(QuietReport())), Not(HasSubstr("Owners")));
}

TEST(HtmlReportTest, OwnersOfAReportThatWasReadAreText) {
  const SampleReport sample = VariedReport();
  Report report = sample.Build();
  const std::string evil = absl::StrCat("\"><img src=x>", std::string(3000, 'L'));
  for (MeasurementResult& result : *report.mutable_measurements()) result.add_owners(evil);
  for (RequirementResult& result : *report.mutable_requirements()) result.add_owners(evil);
  report.mutable_components(0)->add_owners(evil);
  const std::string page =
      HtmlReport(report, {.records = sample.records, .history = sample.history});
  EXPECT_THAT(page, Not(AnyOf(HasSubstr("<img"), HasSubstr(std::string(1001, 'L')))));
  EXPECT_THAT(page, HasSubstr("&quot;&gt;&lt;img src=x&gt;"));
}

TEST(HtmlReportTest, NoiseIsSaidOnceWithItsReasons) {
  SampleReport sample = VariedReport();
  sample.records.runs[0].mutable_health()->set_others_percent(40);
  const std::string html = Static(PageOf(sample));
  EXPECT_EQ(CountOf(html, "</span> Noisy</span> <a href=\"#verdict=noisy\">"), 1);
  EXPECT_THAT(html, AllOf(HasSubstr("<p class=\"reason\">1: other processes used 60 %"),
                          HasSubstr(": other processes used 40 %")));
}

TEST(HtmlReportTest, SaysPlainlyThatNothingNeedsAnybody) {
  EXPECT_THAT(Static(PageOf(QuietReport())),
              HasSubstr("Nothing needs you: of 3 measurements that were compared, none is worse "
                        "beyond its line.</p>"));
  SampleReport first;
  first.records.baselines.clear();
  first.Add("audio.one", "One", {1, 2, 3});
  EXPECT_THAT(Static(PageOf(first)),
              AllOf(HasSubstr("Nothing needs you: nothing was compared, as there is no baseline "
                              "yet.</p>"),
                    HasSubstr("<code>bazel run //perf -- --update_baselines</code>")));
}

TEST(HtmlReportTest, HasARowForEachMeasurement) {
  const SampleReport sample = VariedReport();
  EXPECT_EQ(CountOf(PageOf(sample), "<tr id=\"m="), sample.Build().measurements_size());
}

TEST(HtmlReportTest, LongListsAreCutAndSaySo) {
  SampleReport sample;
  for (int i = 0; i < 40; ++i) {
    const std::string name = absl::StrCat("audio.m", i);
    sample.Add(name, name, {2, 2, 2});
    sample.AddBaseline(name, {1, 1, 1});
  }
  const std::string html = Static(PageOf(sample));
  EXPECT_EQ(CountOf(html, "<li class=\"card v-red\""), 25);
  EXPECT_THAT(html, HasSubstr("<a href=\"#verdict=red\">… and 15 more red</a>"));
}

TEST(HtmlReportTest, LoadsNothingAndRunsNothingElse) {
  const std::string page = PageOf(VariedReport());
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(page, Not(AnyOf(HasSubstr(" src="), HasSubstr("url("), HasSubstr("@import"))));
  EXPECT_EQ(CountOf(page, "http"),
            CountOf(page, "http://www.w3.org/2000/svg") + CountOf(page, "http-equiv"));
  EXPECT_THAT(page, Not(AnyOf(HasSubstr("innerHTML"), HasSubstr("eval("))));
}

TEST(HtmlReportTest, TextOfOthersIsText) {
  const std::string page = PageOf(HostileReport());
  // The page's own, and no other.
  EXPECT_EQ(CountOf(page, "<script"), 2);
  EXPECT_EQ(CountOf(page, "</script"), 2);
  EXPECT_EQ(CountOf(page, "<style"), 1);
  EXPECT_THAT(page, Not(AnyOf(HasSubstr("<img"), HasSubstr("<svg"), HasSubstr("<b>ms"))));
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;script&gt;alert(3)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("\\u003c/script"));
  EXPECT_THAT(page, HasSubstr("emoji 🚀 and \\u202e turned"));
  EXPECT_THAT(page, HasSubstr("control \\x01\\x1b[31m and a\nline"));
  EXPECT_THAT(page, Not(HasSubstr(std::string(1001, 'L'))));
}

// 500 measurements with 1000 samples and 200 points of history each.
TEST(HtmlReportTest, ABigReportStaysSmall) {
  const std::string page = PageOf(BigReport(500, 1000, 200, 40));
  EXPECT_GT(page.size(), 1'000'000u);
  EXPECT_THAT(page.size(), Lt(3'000'000u));
  // More samples and titles of any length add little.
  EXPECT_THAT(PageOf(BigReport(50, 4000, 1000, 3000)).size(), Lt(500'000u));
}

TEST(HtmlReportTest, AnEmptyReportIsAPage) {
  const SampleReport empty;
  EXPECT_THAT(PageOf(empty),
              AllOf(HasSubstr("Could not measure"), HasSubstr("nothing was measured")));
}

}  // namespace
}  // namespace perf
