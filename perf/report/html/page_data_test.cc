#include "perf/report/html/page_data.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "perf/explain/explanation.pb.h"
#include "perf/record/result.pb.h"
#include "perf/report/html/page.pb.h"
#include "perf/report/html/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ResultOf;
using ::testing::SizeIs;

PageData DataOf(const SampleReport& sample) {
  return MakePageData(sample.Build(), {.records = sample.records, .history = sample.history});
}

const PageMeasurement& Find(const PageData& data, absl::string_view name) {
  for (const PageMeasurement& measurement : data.measurements()) {
    if (measurement.name() == name) return measurement;
  }
  ADD_FAILURE() << name << " is not there";
  return PageMeasurement::default_instance();
}

TEST(DistributionOfTest, FewSamplesAreAllDrawnInOrder) {
  const PageDistribution distribution = DistributionOf({3, 1, 2});
  EXPECT_TRUE(distribution.complete());
  EXPECT_EQ(distribution.count(), 3);
  EXPECT_THAT(distribution.values(), ElementsAre(1, 2, 3));
}

TEST(DistributionOfTest, ManySamplesAreThinnedToQuantiles) {
  std::vector<double> samples;
  for (int i = 0; i <= 1000; ++i) samples.push_back(1000 - i);
  const PageDistribution distribution = DistributionOf(samples);
  EXPECT_FALSE(distribution.complete());
  EXPECT_EQ(distribution.count(), 1001);
  ASSERT_THAT(distribution.values(), SizeIs(101));
  EXPECT_EQ(distribution.values(0), 0);
  EXPECT_EQ(distribution.values(50), 500);
  EXPECT_EQ(distribution.values(100), 1000);
}

TEST(DistributionOfTest, HasFourDigitsAndMoreWhereFourWouldBeAllEqual) {
  EXPECT_THAT(DistributionOf({0.123456789, 1.23456789}).values(), ElementsAre(0.1235, 1.235));
  EXPECT_THAT(DistributionOf({1234567, 1234568}).values(), ElementsAre(1234567, 1234568));
}

TEST(DistributionOfTest, OfHardValues) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kMaxValue = std::numeric_limits<double>::max();
  EXPECT_THAT(DistributionOf({}).values(), IsEmpty());
  EXPECT_THAT(DistributionOf({kInfinity, 1, std::nan("")}).values(), ElementsAre(1));
  EXPECT_THAT(DistributionOf({-kMaxValue, kMaxValue}).values(),
              Each(ResultOf([](double value) { return std::isfinite(value); }, true)));
}

TEST(PageDataTest, TheGravestComeFirst) {
  const PageData data = DataOf(VariedReport());
  EXPECT_EQ(data.measurements(0).verdict(), "red");
  EXPECT_EQ(data.measurements(data.measurements_size() - 1).verdict(), "stable");
  EXPECT_EQ(Find(data, "audio.gone").verdict(), "missing");
  EXPECT_TRUE(Find(data, "audio.vad.red").misses_requirement());
  EXPECT_EQ(Find(data, "audio.test.noisy").kind(), "test");
  EXPECT_EQ(Find(data, "audio.vad.red").kind(), "benchmark");
}

TEST(PageDataTest, HasTheDistributionsOfBothSides) {
  const PageData stored = DataOf(VariedReport());
  const PageMeasurement& red = Find(stored, "audio.vad.red");
  EXPECT_EQ(red.current().count(), 1000);
  EXPECT_EQ(red.baseline().count(), 1000);
  EXPECT_THAT(red.baseline().values(), SizeIs(21));
  EXPECT_FALSE(red.baseline().complete());
  EXPECT_THAT(Find(stored, "audio.hard.all_equal").baseline().values(), ElementsAre(5));

  const PageData beside = DataOf(BesideReport());
  EXPECT_THAT(Find(beside, "audio.slower").baseline().values(), SizeIs(101));
  EXPECT_THAT(Find(beside, "audio.unresolved").baseline().values(), ElementsAre(1.9, 2, 2.1));
}

TEST(PageDataTest, TheRatioIsOfThisRunOverTheBaseline) {
  const PageData stored = DataOf(VariedReport());
  EXPECT_THAT(Find(stored, "audio.vad.red").ratio(), DoubleNear(1.31, 0.01));
  EXPECT_LT(Find(stored, "audio.vad.red").ratio_low(), 1.31);
  EXPECT_GT(Find(stored, "audio.vad.red").ratio_high(), 1.31);
  // More is better, and it is less.
  const PageMeasurement& speed = Find(stored, "audio.vad.speed");
  EXPECT_TRUE(speed.higher_is_better());
  EXPECT_THAT(speed.ratio(), DoubleNear(0.667, 0.001));
  EXPECT_FALSE(Find(stored, "audio.hard.worse_than_zero").has_ratio());
  const PageData beside = DataOf(BesideReport());
  EXPECT_THAT(Find(beside, "audio.slower").ratio(), DoubleNear(1.3, 0.001));
  // Too few rounds.
  EXPECT_TRUE(Find(beside, "audio.unresolved").has_ratio());
  EXPECT_FALSE(Find(beside, "audio.unresolved").has_ratio_low());
  EXPECT_FALSE(Find(beside, "audio.unresolved").has_ratio_high());
}

TEST(PageDataTest, TrendsShareTheirRunsAndShowChanges) {
  const PageData data = DataOf(VariedReport());
  EXPECT_THAT(data.runs(), SizeIs(60));
  const PageTrend& trend = Find(data, "audio.vad.red").trend();
  EXPECT_THAT(trend.medians(), SizeIs(60));
  EXPECT_EQ(trend.runs(59), 59);
  EXPECT_THAT(trend.noisy(), SizeIs(6));
  ASSERT_THAT(trend.changes(), SizeIs(1));
  EXPECT_EQ(trend.changes(0).point(), 48);
  EXPECT_THAT(trend.changes(0).text(), HasSubstr("% worse since "));
  EXPECT_EQ(data.runs(0).commit(), "100000000059");
  EXPECT_EQ(data.runs(59).commit(), "100000000000+");
  // The one run of a new measurement is the last of all.
  EXPECT_THAT(Find(data, "audio.vad.stable").trend().runs(), ElementsAre(59));
}

TEST(PageDataTest, OfLongHistoriesTheLastRunsAreDrawn) {
  SampleReport sample = BigReport(2, 3, 1000, 10);
  // Another's runs were at other times.
  for (HistoryPoint& point : sample.history["audio.component_number.measurement_1"].points) {
    point.run_id += " of another";
  }
  const PageData data = DataOf(sample);
  EXPECT_THAT(data.runs(), SizeIs(400));
  for (const PageMeasurement& measurement : data.measurements()) {
    EXPECT_THAT(measurement.trend().medians(), SizeIs(200));
  }
}

TEST(PageDataTest, CountsAndTimesOfABenchmarkAreRelated) {
  const PageData data = DataOf(VariedReport());
  const PageMeasurement& times = Find(data, "audio.vad.yellow");
  ASSERT_THAT(times.related(), SizeIs(1));
  EXPECT_EQ(data.measurements(times.related(0)).name(), "audio.vad.yellow.instructions");
}

TEST(PageDataTest, ChainsAreOfWhatWasMeasured) {
  const PageData data = DataOf(VariedReport());
  ASSERT_THAT(data.chains(), SizeIs(1));
  EXPECT_THAT(data.chains(0).stages(), SizeIs(3));
  EXPECT_EQ(data.measurements(data.chains(0).total()).name(), "audio.turn.all");
  // Nothing of it was measured.
  SampleReport none(
      "latency_chains { title: 'T' total: 'audio.all' stages: 'audio.a' stages: 'audio.b' }");
  none.Add("audio.a", "A", {1});
  none.Add("audio.b", "B", {1});
  EXPECT_THAT(DataOf(none).chains(), IsEmpty());
}

TEST(PageDataTest, WhatWasExplainedIsDrawn) {
  const PageData data = DataOf(BesideReport());
  const PageMeasurement& slower = Find(data, "audio.slower");
  ASSERT_THAT(slower.frames(), SizeIs(5));
  EXPECT_EQ(slower.frames(2).name(), "a::Push");
  EXPECT_EQ(slower.frames(2).full(), "a::Push(int)");
  EXPECT_EQ(slower.frames(2).parent(), 1);
  EXPECT_EQ(slower.frames(2).after(), 880);
  EXPECT_TRUE(slower.frames(4).inlined());
  ASSERT_THAT(slower.functions(), SizeIs(1));
  EXPECT_EQ(slower.functions(0).name(), "a::Push");
  EXPECT_EQ(slower.functions(0).full(), "a::Push(int)");
  EXPECT_THAT(slower.functions(0).notes(),
              ElementsAre("inlined: a::Dot16 +390", "calls: 2, before 1; by BM_Push"));
  EXPECT_THAT(Find(data, "audio.same").frames(), IsEmpty());
  EXPECT_THAT(slower.reasons(), Contains(HasSubstr("What it executes: +380 instructions")));
}

TEST(PageDataTest, ATreeThatIsNoneIsNotDrawn) {
  for (const int parent : {-1, 1, 7}) {
    SampleReport sample = BesideReport();
    sample.records.explanations["audio.slower"].mutable_frames(1)->set_parent(parent);
    EXPECT_THAT(Find(DataOf(sample), "audio.slower").frames(), IsEmpty()) << parent;
  }
  SampleReport big = BesideReport();
  for (int i = 0; i < 10'000; ++i) {
    *big.records.explanations["audio.slower"].add_frames() =
        big.records.explanations["audio.slower"].frames(1);
    *big.records.explanations["audio.slower"].add_functions() =
        big.records.explanations["audio.slower"].functions(0);
  }
  EXPECT_THAT(Find(DataOf(big), "audio.slower").frames(), SizeIs(kMaxDrawnFrames));
  EXPECT_THAT(Find(DataOf(big), "audio.slower").functions(), SizeIs(kMaxDrawnFunctions));
}

TEST(PageDataTest, WhoAllocatesAndWhatToLookAtNextIsThere) {
  SampleReport sample = BesideReport();
  Explanation& explanation = sample.records.explanations["audio.slower"];
  explanation.clear_allocations();
  explanation.clear_notes();
  AllocationChange change;
  change.set_caller("a::Push(int)");
  change.set_before(1);
  change.set_after(4);
  explanation.add_notes("Look next at cache misses.");
  for (int i = 0; i < 1000; ++i) {
    *explanation.add_allocations() = change;
    explanation.add_notes(std::string(5000, 'x'));
  }
  const PageData data = DataOf(sample);
  const PageMeasurement& slower = Find(data, "audio.slower");
  ASSERT_THAT(slower.allocations(), SizeIs(kMaxDrawnAllocations));
  EXPECT_EQ(slower.allocations(0).caller(), "a::Push");
  EXPECT_EQ(slower.allocations(0).before(), 1);
  EXPECT_EQ(slower.allocations(0).after(), 4);
  ASSERT_THAT(slower.explanation_notes(), SizeIs(kMaxExplanationNotes));
  EXPECT_EQ(slower.explanation_notes(0), "Look next at cache misses.");
  EXPECT_LE(slower.explanation_notes(1).size(), kMaxExplanationText + 3);
}

TEST(PageDataTest, ExplanationsAreBoundedOverTheWholePage) {
  SampleReport sample = BigReport(40, 1, 10, 10);
  sample.records.ab_revision = "0123456789ab";
  for (const perf::Run& run : sample.records.runs) {
    for (const Measurement& measurement : run.measurements()) {
      Explanation& explanation = sample.records.explanations[measurement.name()];
      explanation.set_line("+1 instruction");
      AbResult& result = sample.records.ab[measurement.name()];
      result.effect.verdict = RED;
      result.rounds = 30;
      for (int i = 0; i < 300; ++i) {
        CallFrame& frame = *explanation.add_frames();
        frame.set_function("a::Template<" + std::string(1000, i % 2 == 0 ? '<' : 'x'));
        frame.set_after(1234567);
        explanation.add_functions()->set_function(frame.function());
      }
    }
  }
  size_t bytes = 0;
  int drawn = 0;
  int left_out = 0;
  const PageData data = DataOf(sample);
  for (const PageMeasurement& measurement : data.measurements()) {
    PageMeasurement explained;
    *explained.mutable_frames() = measurement.frames();
    *explained.mutable_functions() = measurement.functions();
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string json;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(explained, &json, options).ok());
    bytes += json.size();
    for (const PageFrame& frame : measurement.frames()) {
      EXPECT_LE(frame.full().size(), kMaxExplanationText + 3);
    }
    if (measurement.frames_size() > 0) ++drawn;
    if (measurement.explanation_notes_size() > 0) {
      EXPECT_THAT(measurement.explanation_notes(0), HasSubstr("has no room"));
      ++left_out;
    }
  }
  EXPECT_LE(bytes, kMaxExplanationBytes);
  EXPECT_GT(drawn, 0);
  EXPECT_GT(left_out, 0);
}

TEST(PageDataTest, ANameIsOneWordForAShell) {
  SampleReport sample;
  sample.Add("audio.$(reboot) it's", "Evil", {1});
  EXPECT_EQ(DataOf(sample).measurements(0).history_command(),
            R"(bazel run //perf -- history 'audio.$(reboot) it'\''s')");
}

}  // namespace
}  // namespace perf
