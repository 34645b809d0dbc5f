#include "pipeline/conversation/interruption/echo_eraser.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/vad/vad_features.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"

namespace parlance::pipeline {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::Lt;

constexpr size_t kFrame = audio::kVadFrame;
constexpr size_t kSecond = 16000;

EchoEraser::Bands All(float kept) {
  EchoEraser::Bands bands;
  bands.fill(kept);
  return bands;
}

std::vector<int16_t> Sine(double hz, double level) {
  std::vector<int16_t> samples;
  for (size_t i = 0; i < kSecond; ++i) {
    const double phase = 2 * std::numbers::pi * hz * static_cast<double>(i) / kSecond;
    samples.push_back(
        static_cast<int16_t>(std::lround(std::numbers::sqrt2 * level * std::sin(phase))));
  }
  return samples;
}

// Half a second of hiss, so that the room is known, then the sound with the hiss. Returns the
// latter, as it comes out.
std::vector<int16_t> Erased(const EchoEraser::Bands& kept, absl::Span<const int16_t> sound,
                            double hiss) {
  EchoEraser eraser;
  std::vector<int16_t> samples(kSecond / 2);
  samples.insert(samples.end(), sound.begin(), sound.end());
  samples = audio::Mix(samples, audio::WhiteNoise(samples.size(), hiss, 1));
  for (size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    eraser.Erase(i < kSecond / 2 ? All(1) : kept, absl::MakeSpan(samples).subspan(i, kFrame));
  }
  // Without the change of the filter.
  samples.erase(samples.begin(), samples.begin() + kSecond / 2 + 4 * kFrame);
  return samples;
}

TEST(EchoEraserTest, WhatIsKeptIsOnlyLate) {
  const std::vector<int16_t> sound = audio::WhiteNoise(kSecond, 1000, 2);
  std::vector<int16_t> erased = sound;
  EchoEraser eraser;
  for (size_t i = 0; i + kFrame <= erased.size(); i += kFrame) {
    eraser.Erase(All(1), absl::MakeSpan(erased).subspan(i, kFrame));
  }
  int greatest = 0;
  for (size_t i = EchoEraser::kDelay; i < erased.size(); ++i) {
    greatest = std::max(greatest, std::abs(erased[i] - sound[i - EchoEraser::kDelay]));
  }
  EXPECT_LE(greatest, 1);
}

TEST(EchoEraserTest, WhatIsTakenOutBecomesTheNoiseOfTheRoom) {
  for (const double hiss : {10, 30, 300}) {
    const std::vector<int16_t> erased =
        Erased(All(0), audio::WhiteNoise(kSecond, 10 * hiss, 3), hiss);
    // The least of the smoothed energy is somewhat less than the room's, and rises by 3 dB in the
    // second.
    EXPECT_THAT(audio::Level(erased), AllOf(Gt(0.8 * hiss), Lt(1.4 * hiss))) << hiss;
  }
}

TEST(EchoEraserTest, OneBandIsTakenOut) {
  // From 500 to 1900 Hz.
  EchoEraser::Bands kept = All(1);
  for (size_t band = 6; band <= 18; ++band) kept[band] = 0;
  EXPECT_LT(audio::Level(Erased(kept, Sine(1000, 1000), 10)), 30);
  EXPECT_NEAR(audio::Level(Erased(kept, Sine(200, 1000), 10)), 1000, 30);
  EXPECT_NEAR(audio::Level(Erased(kept, Sine(4000, 1000), 10)), 1000, 30);
}

TEST(EchoEraserTest, AFrameAllocatesNothing) {
  EchoEraser eraser;
  std::vector<int16_t> frame = audio::WhiteNoise(kFrame, 1000, 4);
  EXPECT_EQ(perf::CountAllocations([&] { eraser.Erase(All(0.5), absl::MakeSpan(frame)); }), 0);
}

}  // namespace
}  // namespace parlance::pipeline
