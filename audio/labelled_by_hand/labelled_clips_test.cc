#include "audio/labelled_by_hand/labelled_clips.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audio/scenes/scene.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;

std::vector<double> Levels(const std::vector<int16_t>& samples) {
  std::vector<double> levels;
  for (size_t begin = 0; begin + kSceneFrame <= samples.size(); begin += kSceneFrame) {
    double power = 0.1;
    for (size_t i = begin; i < begin + kSceneFrame; ++i) {
      power += static_cast<double>(samples[i]) * samples[i];
    }
    levels.push_back(10 * std::log10(power));
  }
  return levels;
}

TEST(LabelledClipsTest, ClipsAreWhole) {
  const absl::StatusOr<std::vector<LabelledClip>> clips = ReadLabelledClips();
  ASSERT_THAT(clips, IsOk());
  EXPECT_EQ(clips->size(), 111);
  size_t num_frames = 0;
  std::map<LabelledAs, size_t> counts;
  std::map<std::string, int> peaks;
  for (const LabelledClip& clip : *clips) {
    SCOPED_TRACE(clip.name);
    EXPECT_EQ(clip.samples.size(), kSceneFrame * clip.frames.size());
    num_frames += clip.frames.size();
    for (const LabelledAs frame : clip.frames) ++counts[frame];
    int& peak = peaks[clip.source];
    for (const int16_t sample : clip.samples) peak = std::max<int>(peak, std::abs(sample));
  }
  EXPECT_EQ(num_frames, 60838);
  EXPECT_EQ(counts[LabelledAs::kDisputed], 448);
  EXPECT_EQ(peaks.size(), 22);
  for (const auto& [source, peak] : peaks) EXPECT_EQ(peak, 22937) << source;
}

// Where labels say that somebody begins, the level rises within 10 ms, and nowhere near does it
// rise more: labels that were shifted against the sound would be seen.
TEST(LabelledClipsTest, LabelsAreWhereTheSoundIs) {
  const absl::StatusOr<std::vector<LabelledClip>> clips = ReadLabelledClips();
  ASSERT_THAT(clips, IsOk());
  constexpr int kReach = 8;
  std::map<int, double> rise;
  for (const LabelledClip& clip : *clips) {
    const std::vector<double> levels = Levels(clip.samples);
    const std::vector<uint8_t> speech = SettledSpeech(clip.frames);
    for (size_t i = kReach + 1; i + kReach + 1 < speech.size(); ++i) {
      if (speech[i] == 0 || speech[i - 1] != 0) continue;
      for (int shift = -kReach; shift <= kReach; ++shift) {
        const size_t at = i + static_cast<size_t>(shift + kReach) - kReach;
        rise[shift] += levels[at + 1] - levels[at - 1];
      }
    }
  }
  int steepest = 0;
  for (const auto& [shift, sum] : rise) {
    if (sum > rise[steepest]) steepest = shift;
  }
  EXPECT_LE(std::abs(steepest), 1);
  EXPECT_GT(rise[steepest], 2 * rise[steepest - 3]);
  EXPECT_GT(rise[steepest], 2 * rise[steepest + 3]);
}

}  // namespace
}  // namespace parlance::audio
