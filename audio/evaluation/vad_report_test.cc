#include "audio/evaluation/vad_report.h"

#include <cstdint>
#include <string>

#include "audio/evaluation/listening.h"
#include "audio/evaluation/vad_metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

using testing::HasSubstr;

TEST(VadReportTest, AFrameIsALineOfCsv) {
  EXPECT_EQ(FrameLine(0, 0, 0.5F), "0.00,0,0\n");
  EXPECT_EQ(FrameLine(7, 0.5F, 0.5F), "0.07,0.5,1\n");
  EXPECT_EQ(FrameLine(12345, 0.123456789F, 0.1F), "123.45,0.123457,1\n");
}

Heard Recording(double seconds) {
  Heard heard;
  heard.sample_rate_hz = 16000;
  heard.num_samples = static_cast<int64_t>(seconds * 16000);
  heard.peak_dbfs = -6;
  return heard;
}

TEST(VadReportTest, SegmentsAreATable) {
  Heard heard = Recording(12);
  EXPECT_EQ(SegmentsText("call.wav", heard), "call.wav: 12.00 s, 16000 Hz, mono; no speech\n");
  heard.num_channels = 2;
  heard.segments = {{0.534, 7.18}};
  EXPECT_EQ(SegmentsText("call.wav", heard),
            "call.wav: 12.00 s, 16000 Hz, stereo; 1 segment, 6.65 s of speech (55 %)\n"
            "     BEGIN        END     LENGTH\n"
            "      0.53       7.18       6.65\n");
  heard.segments.push_back({9.84, 12});
  EXPECT_THAT(SegmentsText("call.wav", heard), HasSubstr("2 segments, 8.81 s of speech (73 %)"));
}

TEST(VadReportTest, RemarksOnALevelThatCannotBeUsed) {
  const struct {
    float peak_dbfs;
    int64_t num_clipped;
    const char* remark;
  } cases[] = {
      {-6, 0, ""},
      {-49, 0, ""},
      {-51, 0, "it is almost silent: its loudest sample is at -51 dBFS"},
      {-128, 0, "it is silent: all its samples are 0"},
      {0, 0, ""},
      {0, 16, ""},
      {0, 160, "it is clipped: 1.0 % of its samples are cut off at full scale"},
  };
  for (const auto& test : cases) {
    Heard heard = Recording(1);
    heard.peak_dbfs = test.peak_dbfs;
    heard.num_clipped = test.num_clipped;
    EXPECT_EQ(LevelRemark(heard), test.remark);
  }
  EXPECT_EQ(LevelRemark(Heard()), "");
}

TEST(VadReportTest, MetricsAreATable) {
  VadMetrics metrics;
  metrics.auc = Estimate{.value = 0.99414, .interval = Estimate::Interval{0.98463, 0.99961}};
  metrics.precision = Estimate{.value = 0.992, .interval = {}};
  metrics.onset_delay_p50_ms = Estimate{.value = 30, .interval = Estimate::Interval{30, 80}};
  metrics.num_frames = 1200;
  metrics.num_speech_frames = 799;
  metrics.num_segments = 4;
  metrics.num_gaps = 1;
  metrics.num_resampled_units = 12;
  const MetricsContext one{.detector = "neural", .num_files = 1, .seconds = 12};
  const std::string text = MetricsText(one, metrics);
  EXPECT_THAT(text, HasSubstr("\nDetector neural against the labels of 1 file: 4 segments, 7.99 s "
                              "of speech in 12.00 s\n\n"));
  for (const char* line : {
           "                                           VALUE   95 % INTERVAL\n",
           "Area under the ROC curve                  0.9941   0.9846 to 0.9996\n",
           "Precision at 0.5                          99.2 %\n",
           "Recall at 0.5                                  -\n",
           "Onset delay, median                        30 ms   30 ms to 80 ms\n",
           "Gaps bridged, of 1 of 200 ms or more           -\n",
           "\nIntervals are by drawing 12 blocks of 1 s 1000 times.\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const MetricsContext three{.detector = "classic",
                             .num_files = 3,
                             .seconds = 36,
                             .threshold = 0.25F,
                             .collar_frames = 10};
  const std::string of_three = MetricsText(three, metrics);
  EXPECT_THAT(of_three, HasSubstr("Detector classic against the labels of 3 files"));
  EXPECT_THAT(of_three, HasSubstr("12.00 s, without 100 ms around each border\n"));
  EXPECT_THAT(of_three, HasSubstr("Recall at 0.25"));
  EXPECT_THAT(of_three, HasSubstr("Intervals are by drawing the 3 files 1000 times.\n"));
  metrics.num_resampled_units = 1;
  EXPECT_THAT(MetricsText(one, metrics),
              HasSubstr("There are no intervals, because there is only one second to draw.\n"));
}

}  // namespace
}  // namespace parlance::audio
