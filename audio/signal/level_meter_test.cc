#include "audio/signal/level_meter.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::StatusIs;

constexpr int kRateHz = 16000;
constexpr int16_t kMax = 32767;
constexpr int16_t kMin = -32768;

std::vector<int16_t> Sine(double hz, double amplitude, size_t count) {
  std::vector<int16_t> samples(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = static_cast<int16_t>(std::lround(
        amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kRateHz)));
  }
  return samples;
}

TEST(LevelMeterTest, KnowsLevels) {
  std::vector<int16_t> square(320);
  for (size_t i = 0; i < square.size(); ++i) square[i] = i % 16 < 8 ? 16384 : -16384;
  std::vector<int16_t> click(320, 0);
  click[100] = 3277;
  struct Case {
    const char* name;
    std::vector<int16_t> frame;
    double rms_dbfs;
    double peak_dbfs;
  };
  for (const Case& c : std::vector<Case>{
           {"silence", std::vector<int16_t>(320, 0), -128, -128},
           {"nothing", {}, -128, -128},
           {"the lowest", std::vector<int16_t>(320, kMin), 0, 0},
           {"a square at half", square, -6.02, -6.02},
           {"a sine at full scale", Sine(1000, 32767, 320), -3.01, 0},
           {"a sine at a tenth", Sine(500, 3276.8, 320), -23.01, -20},
           {"a click", click, -20 - 10 * std::log10(320), -20},
           {"one sample", {1}, -90.31, -90.31},
       }) {
    auto meter = *LevelMeter::Create({});
    const FrameLevel level = meter.Process(c.frame);
    EXPECT_NEAR(level.rms_dbfs, c.rms_dbfs, 0.01) << c.name;
    EXPECT_NEAR(level.peak_dbfs, c.peak_dbfs, 0.01) << c.name;
  }
}

TEST(LevelMeterTest, CountsRunsAtTheSameEndOfTheScale) {
  struct Case {
    const char* name;
    std::vector<std::vector<int16_t>> frames;
    std::vector<int> num_clipped;
    int full_scale = kMax;
  };
  for (const Case& c : std::vector<Case>{
           {"two are a peak", {{0, kMax, kMax, 0}}, {0}},
           {"three are a run", {{0, kMax, kMax, kMax, 0}}, {3}},
           {"five", {{kMin, kMin, kMin, kMin, kMin}}, {5}},
           {"the lowest but one is an end too", {{-32767, kMin, -32767}}, {3}},
           {"two runs", {{kMax, kMax, kMax, 0, kMin, kMin, kMin, kMin}}, {7}},
           {"from end to end is no run", {{kMax, kMax, kMin, kMin, kMax, kMax}}, {0}},
           {"over a border", {{0, kMax, kMax}, {kMax, kMax, 0}}, {0, 4}},
           {"over two borders", {{kMax}, {kMax}, {kMax}, {kMax}}, {0, 0, 3, 1}},
           {"an empty frame ends nothing", {{kMax, kMax}, {}, {kMax}}, {0, 0, 3}},
           {"a quiet frame ends it", {{kMax, kMax}, {5}, {kMax, kMax}}, {0, 0, 0}},
           {"decoded mu-law", {{32124, 32124, 32124, 32124}}, {4}, 32124},
       }) {
    auto meter = *LevelMeter::Create({.full_scale = c.full_scale});
    for (size_t i = 0; i < c.frames.size(); ++i) {
      const FrameLevel level = meter.Process(c.frames[i]);
      EXPECT_EQ(level.num_clipped, c.num_clipped[i]) << c.name << " " << i;
      EXPECT_EQ(level.is_clipping, c.num_clipped[i] > 0) << c.name << " " << i;
    }
  }
}

TEST(LevelMeterTest, FollowsAnOffset) {
  auto meter = *LevelMeter::Create({});
  const std::vector<int16_t> tone = Sine(100, 3000, 320);
  std::vector<int16_t> shifted = tone;
  for (int16_t& sample : shifted) sample = static_cast<int16_t>(sample - 656);
  FrameLevel level;
  const auto listen = [&](const std::vector<int16_t>& frame, int num_frames) {
    for (int i = 0; i < num_frames; ++i) level = meter.Process(frame);
  };
  listen(tone, 100);
  EXPECT_NEAR(level.dc_offset, 0, 0.0001);
  EXPECT_FALSE(level.has_dc_offset);
  listen(shifted, 25);
  EXPECT_FALSE(level.has_dc_offset) << "half a second of it is not half of it";
  listen(shifted, 500);
  EXPECT_NEAR(level.dc_offset, -0.02, 0.0005);
  EXPECT_TRUE(level.has_dc_offset);
  listen(tone, 500);
  EXPECT_FALSE(level.has_dc_offset);
  meter.Reset();
  listen(shifted, 49);
  EXPECT_NEAR(level.dc_offset, -0.02, 0.0005) << "the first second is a plain mean";
  EXPECT_FALSE(level.has_dc_offset) << "too early to say";
  listen(shifted, 1);
  EXPECT_TRUE(level.has_dc_offset);
}

TEST(LevelMeterTest, SpeechHasNeither) {
  for (const std::string& name : SpeechRecordings()) {
    auto meter = *LevelMeter::Create({});
    const std::vector<int16_t> speech = RecordedSpeech(name, kRateHz);
    for (size_t i = 0; i + 320 <= speech.size(); i += 320) {
      const FrameLevel level = meter.Process(absl::MakeConstSpan(speech).subspan(i, 320));
      ASSERT_FALSE(level.has_dc_offset) << name << " at " << i;
      ASSERT_FALSE(level.is_clipping) << name << " at " << i;
    }
  }
}

TEST(LevelMeterTest, AllocatesNothing) {
  auto meter = *LevelMeter::Create({});
  const std::vector<int16_t> noise = WhiteNoise(320, 20000, 1);
  EXPECT_EQ(perf::CountAllocations([&] {
              for (int i = 0; i < 100; ++i) meter.Process(noise);
            }),
            0);
}

TEST(LevelMeterTest, RefusesWhatMakesNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const LevelMeter::Options& options : std::vector<LevelMeter::Options>{
           {.sample_rate_hz = 7999},
           {.sample_rate_hz = 48001},
           {.full_scale = 0},
           {.full_scale = 32768},
           {.dc_seconds = 0},
           {.dc_seconds = nan},
           {.dc_limit = -0.1},
           {.dc_limit = 1.1},
           {.dc_limit = nan},
       }) {
    EXPECT_THAT(LevelMeter::Create(options), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace parlance::audio
