#include "audio/scenes/scene.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Frames from the first on, up to but without the second.
using Span = std::pair<size_t, size_t>;

constexpr size_t kFrames = 200;

bool IsIn(size_t frame, const std::vector<Span>& spans) {
  for (const auto& [begin, end] : spans) {
    if (frame >= begin && frame < end) return true;
  }
  return false;
}

// Two seconds of a square wave: 10,000 in `loud`, and `quiet` elsewhere.
Recording Sounding(const std::vector<Span>& loud, int16_t quiet = 3) {
  Recording recording{.speaker = "a", .samples = {}, .speech = {}};
  for (size_t i = 0; i < kFrames * kSceneFrame; ++i) {
    const int16_t level = IsIn(i / kSceneFrame, loud) ? int16_t{10'000} : quiet;
    recording.samples.push_back(i % 32 < 16 ? level : static_cast<int16_t>(-level));
  }
  return recording;
}

std::vector<float> Heard(const std::vector<Span>& spans) {
  std::vector<float> probabilities;
  for (size_t i = 0; i < kFrames; ++i) probabilities.push_back(IsIn(i, spans) ? 0.9F : 0.1F);
  return probabilities;
}

std::vector<Span> Speech(const Recording& recording) {
  std::vector<Span> spans;
  for (size_t i = 0; i < recording.speech.size(); ++i) {
    if (recording.speech[i] == 0) continue;
    if (!spans.empty() && spans.back().second == i) {
      ++spans.back().second;
    } else {
      spans.emplace_back(i, i + 1);
    }
  }
  return spans;
}

TEST(SceneTest, WhatATeacherHearsBeginsAndEndsByItsLevel) {
  const struct {
    std::string name;
    std::vector<Span> loud;
    std::vector<Span> heard;
    std::vector<Span> speech;
  } cases[] = {
      // What ends at once sounds in the high pass for another frame.
      {"HeardLateAndForLonger", {{50, 100}}, {{56, 110}}, {{50, 101}}},
      {"BeganLongBefore", {{30, 100}}, {{56, 100}}, {{46, 101}}},
      {"EndsLongAfter", {{50, 140}}, {{50, 100}}, {{50, 103}}},
      {"AGapBelow150Ms", {{50, 80}, {95, 120}}, {{50, 120}}, {{50, 121}}},
      {"AGapOf150Ms", {{50, 80}, {96, 120}}, {{50, 120}}, {{50, 81}, {96, 121}}},
      {"ABurst", {{50, 80}, {120, 122}}, {{50, 80}, {110, 130}}, {{50, 81}}},
      {"LoudWithoutSpeech", {{20, 60}, {100, 140}}, {{100, 140}}, {{100, 141}}},
      {"AtTheEdges", {{0, 40}, {170, 200}}, {{0, 40}, {170, 200}}, {{0, 41}, {170, 200}}},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    Recording recording = Sounding(test.loud);
    EXPECT_TRUE(LabelByTeacher(Heard(test.heard), recording));
    EXPECT_EQ(Speech(recording), test.speech);
    EXPECT_EQ(recording.num_margin_frames, 40u);
  }
}

TEST(SceneTest, ATeacherCannotLabelEverything) {
  Recording nothing_heard = Sounding({{50, 100}});
  EXPECT_FALSE(LabelByTeacher(Heard({}), nothing_heard));
  Recording little_heard = Sounding({{50, 100}});
  EXPECT_FALSE(LabelByTeacher(Heard({{60, 65}}), little_heard));
  Recording too_noisy = Sounding({{50, 100}}, 3000);
  EXPECT_FALSE(LabelByTeacher(Heard({{50, 100}}), too_noisy));
  Recording too_short = {.speaker = "a", .samples = std::vector<int16_t>(1600), .speech = {}};
  EXPECT_FALSE(LabelByTeacher({}, too_short));
  Recording more_frames_than_probabilities = Sounding({{50, 100}, {150, 200}});
  EXPECT_TRUE(LabelByTeacher(std::vector<float>(110, 0.9F), more_frames_than_probabilities));
  EXPECT_THAT(Speech(more_frames_than_probabilities), ElementsAre(Pair(50, 101)));
}

}  // namespace
}  // namespace parlance::audio
