#include "pipeline/door/wyoming/sound_input.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SoundInputTest, EachWidthAndNumberOfChannels) {
  struct Case {
    SoundFormat format;
    std::string bytes;
  };
  const std::vector<Case> cases = {
      {{16000, 1, 1}, {'\x10', '\xF0'}},
      {{16000, 2, 1}, {'\x00', '\x10', '\x00', '\xF0'}},
      {{16000, 3, 1}, {'\xFF', '\x00', '\x10', '\xFF', '\x00', '\xF0'}},
      {{16000, 4, 1}, {'\xFF', '\xFF', '\x00', '\x10', '\xFF', '\xFF', '\x00', '\xF0'}},
      {{16000, 2, 2}, {'\x00', '\x20', '\x00', '\x00', '\x00', '\xE0', '\x00', '\x00'}},
      {{16000, 1, 4}, {'\x10', '\x10', '\x10', '\x10', '\xF0', '\xF0', '\xF0', '\xF0'}},
  };
  for (const Case& each : cases) {
    auto input = SoundInput::Create(each.format);
    ASSERT_THAT(input, IsOk());
    std::vector<int16_t> samples;
    EXPECT_THAT(input->Add(each.bytes, samples), IsOk());
    EXPECT_THAT(samples, ElementsAre(0x1000, -0x1000)) << each.format.width;
  }
}

TEST(SoundInputTest, EveryRateBecomesOne) {
  for (const int64_t rate : {8000, 11025, 22050, 44100, 48000}) {
    auto input = SoundInput::Create({.rate_hz = rate, .width = 2, .channels = 1});
    ASSERT_THAT(input, IsOk());
    std::vector<int16_t> samples;
    for (int i = 0; i < 10; ++i) {
      EXPECT_THAT(input->Add(std::string(static_cast<size_t>(rate) / 10 * 2, '\0'), samples),
                  IsOk());
    }
    input->End(samples);
    EXPECT_NEAR(samples.size(), 16000, 16) << rate;
  }
}

TEST(SoundInputTest, WhatCannotBeHeardSaysWhy) {
  struct Case {
    SoundFormat format;
    const char* why;
  };
  for (const Case& each : std::vector<Case>{{{16000, 0, 1}, "width 0"},
                                            {{16000, 8, 1}, "1 to 4 bytes"},
                                            {{16000, 2, 0}, "0 channels"},
                                            {{16000, 2, 9}, "1 to 8"},
                                            {{4000, 2, 1}, "8000 to 48000"},
                                            {{INT64_MAX, 2, 1}, "8000 to 48000"},
                                            {{-1, 2, 1}, "-1 Hz"}}) {
    EXPECT_THAT(SoundInput::Create(each.format),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(each.why)));
  }
  auto input = SoundInput::Create({.rate_hz = 16000, .width = 2, .channels = 2});
  ASSERT_THAT(input, IsOk());
  std::vector<int16_t> samples;
  EXPECT_THAT(input->Add("abcdef", samples),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("6 bytes")));
}

}  // namespace
}  // namespace parlance::pipeline::door
