// Cases small enough to be computed by hand.
#include "audio/evaluation/vad_metrics.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

// "0.25", or "-" for none.
std::string Value(const std::optional<Estimate>& estimate) {
  return estimate.has_value() ? absl::StrCat(estimate->value) : "-";
}

// Frames whose truth is '#' for speech, and whose probability is the digit, in tenths.
ScoredFrames Frames(const std::string& truth, const std::string& tenths) {
  ScoredFrames frames;
  for (const char c : truth) frames.speech.push_back(c == '#');
  for (const char c : tenths) frames.probabilities.push_back(static_cast<float>(c - '0') / 10);
  return frames;
}

VadMetrics Measured(const std::vector<ScoredFrames>& files, const VadMetricsOptions& options = {}) {
  const auto metrics = MeasureVad(files, options);
  EXPECT_THAT(metrics, IsOk());
  return metrics.ok() ? *metrics : VadMetrics();
}

TEST(VadMetricsTest, OfFrames) {
  const struct {
    const char* name;
    const char* truth;
    const char* tenths;
    const char* auc;
    const char* precision;
    const char* recall;
    const char* f1;
    const char* false_positive_rate;
  } cases[] = {
      {"perfect", "..##", "0199", "1", "1", "1", "1", "0"},
      {"the wrong way round", "..##", "9901", "0", "0", "0", "0", "1"},
      // Pairs of speech 6, 2 with 4, 1: three of four are in order.
      {"one pair out of order", ".#.#", "4612", "0.75", "1", "0.5", "0.666667", "0.5"},
      {"all the same", "..##", "7777", "0.5", "0.5", "1", "0.666667", "1"},
      // Speech 5, 8 with 5, 2: one tie, three in order.
      {"a tie", ".##.", "5582", "0.875", "0.666667", "1", "0.8", "0.5"},
      {"only speech", "####", "9919", "-", "1", "0.75", "0.857143", "-"},
      {"no speech", "....", "1911", "-", "0", "-", "0", "-"},
      {"no speech, and none found", "....", "1111", "-", "-", "-", "-", "-"},
      {"nothing", "", "", "-", "-", "-", "-", "-"},
      {"at the threshold", "#.", "54", "1", "1", "1", "1", "0"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const VadMetrics metrics = Measured({Frames(test.truth, test.tenths)});
    EXPECT_EQ(Value(metrics.auc), test.auc);
    EXPECT_EQ(Value(metrics.precision), test.precision);
    EXPECT_EQ(Value(metrics.recall), test.recall);
    EXPECT_EQ(Value(metrics.f1), test.f1);
    EXPECT_EQ(Value(metrics.false_positive_rate_at_recall), test.false_positive_rate);
  }
}

TEST(VadMetricsTest, FalsePositivesAtARecall) {
  // Twenty frames of speech, nineteen of them high: .95 is reached without the one at 2, and all
  // only with what lies at 2 and 3.
  const ScoredFrames frames = Frames("####################....", "999999999999999999928931");
  EXPECT_EQ(Value(Measured({frames}).false_positive_rate_at_recall), "0.25");
  EXPECT_EQ(Value(Measured({frames}, {.recall = 1}).false_positive_rate_at_recall), "0.75");
  EXPECT_EQ(Value(Measured({frames}, {.recall = 0.01}).false_positive_rate_at_recall), "0.25");
}

TEST(VadMetricsTest, OfSegments) {
  const std::string gap(20, '.');
  const std::string on(20, '9');
  const std::string off(20, '0');
  const struct {
    const char* name;
    std::string truth;
    std::string tenths;
    const char* missed;
    const char* onset;
    const char* offset;
    const char* bridged;
  } cases[] = {
      {"at once", "..###..", "0099900", "0", "0", "0", "-"},
      {"late by two, and by one", "..###..", "0000990", "0", "20", "10", "-"},
      {"before it begins", "..###..", "9999900", "0", "0", "0", "-"},
      {"stops early", "..###..", "0099000", "0", "0", "-10", "-"},
      {"stops in the middle of it, and says more", "..###....", "009000090", "0", "0", "30", "-"},
      {"missed", "..###..", "0000000", "1", "-", "-", "-"},
      {"missed, though speech came before and after", "..###..", "9900099", "1", "-", "-", "-"},
      {"one of two is missed", "#..#..", "900000", "0.5", "0", "0", "-"},
      {"from the first frame to the last", "###", "009", "0", "20", "-", "-"},
      {"no speech", "...", "999", "-", "-", "-", "-"},
      {"a gap that is seen", "#" + gap + "#", "9" + off + "9", "0", "0", "0", "0"},
      {"a gap that is bridged", "#" + gap + "#", "9" + on + "9", "0", "0", "200", "1"},
      {"one frame of it is seen", "#" + gap + "#.", "9" + on.substr(1) + "099", "0", "0", "10",
       "0"},
      {"a gap that is too short to count", "#" + gap.substr(1) + "#", "9" + on.substr(1) + "9", "0",
       "0", "190", "-"},
      {"silence at either end is no gap", gap + "#" + gap, on + "9" + on, "0", "0", "200", "-"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const VadMetrics metrics = Measured({Frames(test.truth, test.tenths)});
    EXPECT_EQ(Value(metrics.missed), test.missed);
    EXPECT_EQ(Value(metrics.onset_delay_p50_ms), test.onset);
    EXPECT_EQ(Value(metrics.offset_delay_p50_ms), test.offset);
    EXPECT_EQ(Value(metrics.bridged), test.bridged);
  }
}

TEST(VadMetricsTest, PercentilesAreOfTheValues) {
  // Segments that are heard 0, 1, ... 19 frames late.
  ScoredFrames file;
  for (int late = 0; late < 20; ++late) {
    const auto one = Frames(std::string(20, '#') + ".",
                            std::string(static_cast<size_t>(late), '0') +
                                std::string(static_cast<size_t>(20 - late), '9') + "0");
    file.speech.insert(file.speech.end(), one.speech.begin(), one.speech.end());
    file.probabilities.insert(file.probabilities.end(), one.probabilities.begin(),
                              one.probabilities.end());
  }
  const VadMetrics metrics = Measured({file});
  EXPECT_EQ(metrics.num_segments, 20);
  EXPECT_EQ(Value(metrics.onset_delay_p50_ms), "90");
  EXPECT_EQ(Value(metrics.onset_delay_p95_ms), "180");
}

TEST(VadMetricsTest, FilesArePooled) {
  // Alone each has an AUC of 1; together the second's silence is above the first's speech.
  const std::vector<ScoredFrames> files = {Frames(".#", "02"), Frames(".#", "79")};
  const VadMetrics metrics = Measured(files);
  EXPECT_EQ(Value(metrics.auc), "0.75");
  EXPECT_EQ(metrics.num_frames, 4);
  EXPECT_EQ(metrics.num_speech_frames, 2);
  EXPECT_EQ(metrics.num_segments, 2);
  // The end of one file and the begin of the next are no gap.
  EXPECT_EQ(metrics.num_gaps, 0);
  EXPECT_EQ(metrics.num_resampled_units, 2);
}

TEST(VadMetricsTest, TheCollarLeavesFramesOut) {
  const ScoredFrames frames = Frames("...###...", "009009000");
  EXPECT_EQ(Value(Measured({frames}).precision), "0.5");
  const VadMetrics metrics = Measured({frames}, {.collar_frames = 1});
  EXPECT_EQ(metrics.num_frames, 5);
  EXPECT_EQ(metrics.num_speech_frames, 1);
  EXPECT_EQ(Value(metrics.precision), "-");
  // Delays are of the labels as they are.
  EXPECT_EQ(Value(metrics.onset_delay_p50_ms), "20");
  EXPECT_EQ(Measured({frames}, {.collar_frames = 1000}).num_frames, 0);
}

TEST(VadMetricsTest, FramesAreLeftOut) {
  // The second frame of speech and the last one are what the detector gets wrong.
  ScoredFrames frames = Frames("..##..", "009009");
  EXPECT_EQ(Value(Measured({frames}).precision), "0.5");
  frames.left_out = {0, 0, 0, 1, 0, 1};
  const VadMetrics metrics = Measured({frames});
  EXPECT_EQ(metrics.num_frames, 4);
  EXPECT_EQ(metrics.num_speech_frames, 1);
  EXPECT_EQ(Value(metrics.auc), "1");
  EXPECT_EQ(Value(metrics.precision), "1");
  EXPECT_EQ(Value(metrics.recall), "1");
  // Segments are those of the labels as they are: it ends after its second frame.
  EXPECT_EQ(metrics.num_segments, 1);
  EXPECT_EQ(Value(metrics.offset_delay_p50_ms), "20");
  frames.left_out.assign(6, 1);
  EXPECT_EQ(Measured({frames}).num_frames, 0);
  EXPECT_EQ(Value(Measured({frames}).auc), "-");
}

// Speech of 0.5 s after silence of 0.5 s, `seconds` times, with probabilities that overlap.
ScoredFrames Noisy(int seconds, uint64_t seed) {
  std::mt19937_64 random(seed);
  ScoredFrames frames;
  for (int i = 0; i < 100 * seconds; ++i) {
    const bool speech = i % 100 >= 50;
    const auto uniform = static_cast<float>(random() % 100000) / 100000;
    frames.speech.push_back(speech);
    frames.probabilities.push_back(speech ? 0.3F + 0.7F * uniform : 0.7F * uniform);
  }
  return frames;
}

TEST(VadMetricsTest, IntervalsHoldTheValueAndRepeat) {
  const std::vector<std::vector<ScoredFrames>> inputs = {
      {Noisy(60, 1)}, {Noisy(5, 1), Noisy(5, 2), Noisy(9, 3), Noisy(5, 4)}};
  for (const auto& files : inputs) {
    const VadMetrics metrics = Measured(files);
    const VadMetrics again = Measured(files);
    // Speech is above 0.3 + 0.7 u with u uniform, silence is 0.7 v: 1 - (4/7)^2 / 2.
    EXPECT_NEAR(metrics.auc->value, 1 - 16.0 / 98, 0.02);
    for (const auto member :
         {&VadMetrics::auc, &VadMetrics::precision, &VadMetrics::recall, &VadMetrics::f1,
          &VadMetrics::false_positive_rate_at_recall, &VadMetrics::onset_delay_p95_ms}) {
      const Estimate& estimate = *(metrics.*member);
      ASSERT_TRUE(estimate.interval.has_value());
      EXPECT_LE(estimate.interval->low, estimate.value);
      EXPECT_GE(estimate.interval->high, estimate.value);
      EXPECT_EQ(estimate.interval->low, (again.*member)->interval->low);
      EXPECT_EQ(estimate.interval->high, (again.*member)->interval->high);
    }
    EXPECT_LT(metrics.auc->interval->low, metrics.auc->interval->high);
    const VadMetrics other_seed = Measured(files, {.seed = 2});
    EXPECT_EQ(other_seed.auc->value, metrics.auc->value);
    EXPECT_NEAR(other_seed.auc->interval->low, metrics.auc->interval->low, 0.01);
  }
  EXPECT_EQ(Measured(inputs[0]).num_resampled_units, 60);
}

// The AUC of independent frames has a standard error that is known: of Hanley and McNeil's, with
// the two probabilities of triples computed for these distributions.
TEST(VadMetricsTest, TheIntervalIsAsWideAsTheoryHasIt) {
  const VadMetrics metrics = Measured({Noisy(100, 7)}, {.num_resamples = 2000});
  // With a = 4/7, the chance that a frame of silence is above one of speech is a^2 / 2, and that it
  // is above both of two, or two above it, a^3 / 3.
  const double a = 4.0 / 7;
  const double below = a * a / 2;
  const double triples = a * a * a / 3;
  const double n = 5000;
  const double variance = (below * (1 - below) + 2 * (n - 1) * (triples - below * below)) / (n * n);
  const double width = metrics.auc->interval->high - metrics.auc->interval->low;
  EXPECT_NEAR(width, 2 * 1.96 * std::sqrt(variance), 0.25 * width);
}

TEST(VadMetricsTest, ManyDistinctProbabilitiesAreRankedForTheInterval) {
  // 60,000 frames, nearly all distinct, squeezed to the top of the scale: equal steps would not
  // tell them apart.
  ScoredFrames frames = Noisy(600, 9);
  const VadMetrics plain = Measured({frames});
  for (float& probability : frames.probabilities) probability = 0.999F + probability / 1000;
  const VadMetrics squeezed = Measured({frames});
  EXPECT_NEAR(squeezed.auc->value, plain.auc->value, 1e-4);
  EXPECT_NEAR(squeezed.auc->interval->low, plain.auc->interval->low, 1e-3);
  EXPECT_NEAR(squeezed.auc->interval->high, plain.auc->interval->high, 1e-3);
}

TEST(VadMetricsTest, NoIntervalWithoutSomethingToDraw) {
  // A block alone.
  EXPECT_FALSE(Measured({Noisy(1, 1)}).auc->interval.has_value());
  EXPECT_FALSE(Measured({Noisy(9, 1)}, {.num_resamples = 0}).auc->interval.has_value());
  // One of the two files has no speech: half of the draws of two are of one alone.
  const VadMetrics metrics = Measured({Frames("##..", "9900"), Frames("....", "1000")});
  EXPECT_TRUE(metrics.auc.has_value());
  EXPECT_FALSE(metrics.auc->interval.has_value());
}

TEST(VadMetricsTest, RefusesWhatCannotBeMeasured) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ScoredFrames good = Frames("#.", "90");
  const struct {
    const char* name;
    std::vector<ScoredFrames> files;
    VadMetricsOptions options;
  } cases[] = {
      {"no file", {}, {}},
      {"lengths that differ", {Frames("#.", "9")}, {}},
      {"too few that are left out",
       {{.probabilities = {0, 0}, .speech = {1, 0}, .left_out = {1}}},
       {}},
      {"no number", {{.probabilities = {nan}, .speech = {1}}}, {}},
      {"above one", {{.probabilities = {1.5F}, .speech = {1}}}, {}},
      {"threshold", {good}, {.threshold = nan}},
      {"recall", {good}, {.recall = 0}},
      {"collar", {good}, {.collar_frames = -1}},
      {"resamples", {good}, {.num_resamples = -1}},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(MeasureVad(test.files, test.options), StatusIs(absl::StatusCode::kInvalidArgument))
        << test.name;
  }
}

}  // namespace
}  // namespace parlance::audio
