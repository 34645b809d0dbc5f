#include "pipeline/conversation/interruption/echo_guard.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "pipeline/conversation/interruption/testing/echo_path.h"

namespace parlance::pipeline {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::Le;

constexpr size_t kFrame = EchoGuard::kFrame;
constexpr size_t kSecond = 16000;
constexpr double kAnswerDbfs = -20;
// -65 dBFS.
constexpr double kHiss = 18;

double Amplitude(double dbfs) { return 32768 * std::pow(10, dbfs / 20); }

// The level of each frame.
std::vector<double> Levels(absl::Span<const int16_t> samples) {
  std::vector<double> levels;
  for (size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    levels.push_back(audio::Level(samples.subspan(i, kFrame)));
  }
  return levels;
}

// Recordings one after the other, so that the louder half of the frames has the level `dbfs`.
std::vector<int16_t> Speech(const std::vector<std::string>& names, double dbfs) {
  std::vector<int16_t> samples;
  for (const std::string& name : names) {
    const std::vector<int16_t> more =
        audio::RecordedSpeech(absl::StrCat("pocketsphinx/", name, ".wav"), kSecond);
    samples.insert(samples.end(), more.begin(), more.end());
  }
  std::vector<double> levels = Levels(samples);
  std::sort(levels.rbegin(), levels.rend());
  levels.resize(levels.size() / 2);
  double energy = 0;
  for (const double level : levels) energy += level * level;
  const double gain = Amplitude(dbfs) / std::sqrt(energy / static_cast<double>(levels.size()));
  for (int16_t& sample : samples) {
    sample = static_cast<int16_t>(std::clamp(std::lround(gain * sample), -32768L, 32767L));
  }
  return samples;
}

// 15 s of prose.
std::vector<int16_t> Answer() {
  std::vector<std::string> names;
  for (const char* part : {"0870", "0880", "0890"}) {
    names.push_back(absl::StrCat("librivox/sense_and_sensibility_01_austen_64kb-", part));
  }
  return Speech(names, kAnswerDbfs);
}

// Another speaker names a playing card, which takes 1.5 s.
std::vector<int16_t> ACard(double dbfs) {
  std::vector<int16_t> card = Speech({"cards/001"}, dbfs);
  card.resize(3 * kSecond / 2);
  return card;
}

std::vector<int16_t> InHiss(absl::Span<const int16_t> samples) {
  return audio::Mix(samples, audio::WhiteNoise(samples.size(), kHiss, 5));
}

// Silence of so many samples, in which something is said at a moment.
std::vector<int16_t> SaidAt(size_t num_samples, size_t begin, absl::Span<const int16_t> said) {
  std::vector<int16_t> samples(begin);
  samples.insert(samples.end(), said.begin(), said.end());
  samples.resize(num_samples);
  return samples;
}

// The shares of the frames that are heard, while `played` is handed out so many samples at a time.
std::vector<float> Shares(EchoGuard& guard, absl::Span<const int16_t> played,
                          absl::Span<const int16_t> heard, size_t piece = kFrame) {
  std::vector<float> shares;
  size_t handed_out = 0;
  for (size_t i = 0; i + kFrame <= heard.size(); i += kFrame) {
    while (handed_out < i + kFrame && handed_out < played.size()) {
      const auto next = played.subspan(handed_out, piece);
      guard.Played(next);
      handed_out += next.size();
    }
    std::vector<int16_t> frame(heard.begin() + static_cast<ptrdiff_t>(i),
                               heard.begin() + static_cast<ptrdiff_t>(i + kFrame));
    shares.push_back(guard.Heard(absl::MakeSpan(frame)).explained);
  }
  return shares;
}

// How many percent have a share of `least` to `most`, of the frames from `begin` on in which
// `sound` is no more than 14 dB below its usual level `dbfs`.
double Percent(absl::Span<const float> shares, absl::Span<const int16_t> sound, double dbfs,
               size_t begin, float least, float most) {
  const std::vector<double> levels = Levels(sound);
  int num_frames = 0;
  int num_within = 0;
  for (size_t frame = begin; frame < std::min(shares.size(), levels.size()); ++frame) {
    if (levels[frame] < Amplitude(dbfs - 14)) continue;
    ++num_frames;
    num_within += shares[frame] >= least && shares[frame] <= most;
  }
  EXPECT_GE(num_frames, 40);
  return 100.0 * num_within / num_frames;
}

double PercentExplained(absl::Span<const float> shares, absl::Span<const int16_t> echo, double dbfs,
                        size_t begin = 0) {
  return Percent(shares, echo, dbfs, begin, 0.75F, 1);
}

// How much louder than the echo somebody speaks, in dB.
constexpr std::array kLouderDb = {0, 5, 10, 20};
using Percentages = std::array<double, kLouderDb.size()>;
constexpr Percentages kUsually = {40, 55, 65, 75};
// 15 dB above the hiss, even a lone voice is not all heard.
constexpr Percentages kInHiss = {15, 25, 50, 90};

double PercentTheirs(absl::Span<const float> shares, absl::Span<const int16_t> said, double dbfs) {
  return Percent(shares, said, dbfs, 0, 0, 0.4F);
}

struct Case {
  std::string name;
  EchoPath path;
  // For each kLouderDb, how many percent of the frames of somebody's speech have to be theirs.
  Percentages least_theirs = kUsually;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class EchoGuardCases : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    , EchoGuardCases,
    testing::Values(Case{"Usual", {}}, Case{"AtOnce", {.delay_ms = 0}},
                    Case{"BetweenFrames", {.delay_ms = 237}}, Case{"Late", {.delay_ms = 400}},
                    Case{"Loud", {.gain_db = -6}}, Case{"Faint", {.gain_db = -30}, kInHiss},
                    Case{"InARoom", {.room_decay_s = 0.25}},
                    Case{"InALiveRoom", {.room_decay_s = 0.4}},
                    Case{"OverATelephone", {.telephone = true}},
                    Case{"FaintInARoomOverATelephone",
                         {.delay_ms = 305, .gain_db = -30, .room_decay_s = 0.25, .telephone = true},
                         kInHiss}),
    [](const auto& info) { return info.param.name; });

TEST_P(EchoGuardCases, EchoIsExplained) {
  const EchoPath& path = GetParam().path;
  const std::vector<int16_t> played = Answer();
  const std::vector<int16_t> echo = Echo(played, path);
  EchoGuard guard;
  guard.Begin();
  const std::vector<float> shares = Shares(guard, played, InHiss(echo));
  EXPECT_THAT(shares, Each(AllOf(Ge(0), Le(1))));
  const double dbfs = kAnswerDbfs + path.gain_db;
  const double percent = PercentExplained(shares, echo, dbfs);
  std::printf("%-26s: %.1f %% of the echo's frames explained\n", GetParam().name.c_str(), percent);
  EXPECT_GE(percent, 98);
  // The windows of two sounds lie differently.
  ASSERT_TRUE(guard.delay_ms().has_value());
  EXPECT_NEAR(*guard.delay_ms(), path.delay_ms, 15);
}

// Somebody speaks over it, who is as loud as the echo or louder.
TEST_P(EchoGuardCases, TheUserIsNotExplained) {
  const EchoPath& path = GetParam().path;
  const std::vector<int16_t> played = Answer();
  const std::vector<int16_t> echo = Echo(played, path);
  for (size_t i = 0; i < kLouderDb.size(); ++i) {
    const double dbfs = kAnswerDbfs + path.gain_db + kLouderDb[i];
    const std::vector<int16_t> said = SaidAt(played.size(), 4 * kSecond, ACard(dbfs));
    EchoGuard guard;
    guard.Begin();
    const std::vector<float> shares = Shares(guard, played, InHiss(audio::Mix(echo, said)));
    const double percent = PercentTheirs(shares, said, dbfs);
    std::printf("%-26s: %.1f %% of the user's frames not explained, %d dB louder\n",
                GetParam().name.c_str(), percent, kLouderDb[i]);
    EXPECT_GE(percent, GetParam().least_theirs[i]) << kLouderDb[i];
  }
}

TEST(EchoGuardTest, OnAHeadsetThereIsNoEcho) {
  const std::vector<int16_t> played = Answer();
  const struct {
    double dbfs;
    double least_theirs;
  } cases[] = {{-20, 90}, {-35, 55}};
  for (const auto& [dbfs, least_theirs] : cases) {
    const std::vector<int16_t> said = SaidAt(played.size(), 4 * kSecond, ACard(dbfs));
    EchoGuard guard;
    guard.Begin();
    const double percent = PercentTheirs(Shares(guard, played, InHiss(said)), said, dbfs);
    EXPECT_GE(percent, least_theirs) << dbfs;
  }
}

TEST(EchoGuardTest, WithoutAnAnswerTheUserIsNotExplainedAndSilenceIs) {
  EchoGuard guard;
  guard.Begin();
  const std::vector<int16_t> said = SaidAt(4 * kSecond, 2 * kSecond, ACard(-20));
  std::vector<float> shares = Shares(guard, {}, InHiss(said));
  EXPECT_GE(PercentTheirs(shares, said, -20), 90);
  shares.resize(200);
  EXPECT_THAT(shares, Each(Ge(0.75F)));
}

// The mean over the frames from `begin` on that are no more than 14 dB below `dbfs`.
double MeanChange(absl::Span<const int16_t> played, absl::Span<const int16_t> heard, double dbfs,
                  size_t begin) {
  EchoGuard guard;
  guard.Begin();
  const std::vector<double> levels = Levels(heard);
  double sum = 0;
  int num_frames = 0;
  for (size_t frame = 0; frame < levels.size(); ++frame) {
    const size_t at = frame * kFrame;
    if (at < played.size()) guard.Played(played.subspan(at, kFrame));
    std::vector<int16_t> samples(heard.begin() + static_cast<ptrdiff_t>(at),
                                 heard.begin() + static_cast<ptrdiff_t>(at + kFrame));
    const float change = guard.Heard(absl::MakeSpan(samples)).change;
    if (frame < begin || levels[frame] < Amplitude(dbfs - 14)) continue;
    sum += change;
    ++num_frames;
  }
  EXPECT_GE(num_frames, 40);
  return sum / num_frames;
}

TEST(EchoGuardTest, SpeechChangesByMoreThanAHeldSound) {
  const std::vector<int16_t> silence(4 * kSecond);
  EXPECT_GE(MeanChange({}, InHiss(SaidAt(4 * kSecond, kSecond, ACard(-20))), -20, 100), 0.7);
  const std::vector<int16_t> hum = audio::Hum(3 * kSecond, kSecond, 220, Amplitude(-20));
  EXPECT_LE(MeanChange({}, InHiss(SaidAt(4 * kSecond, kSecond, hum)), -20, 105), 0.2);
  EXPECT_LE(MeanChange({}, InHiss(silence), -65, 100), 0.1);
}

// As far as echo explains what is heard, it changes nothing.
TEST(EchoGuardTest, EchoChangesByLessThanSpeech) {
  const std::vector<int16_t> played = Answer();
  EXPECT_LE(MeanChange(played, InHiss(Echo(played, {})), kAnswerDbfs - 20, 200), 0.2);
}

// After a jump some frames are not explained, until the new delay stands out.
TEST(EchoGuardTest, TheDelayMayJump) {
  const std::vector<int16_t> played = Answer();
  std::vector<int16_t> echo = Echo(played, {.delay_ms = 80});
  const std::vector<int16_t> later = Echo(played, {.delay_ms = 300});
  std::copy(later.begin() + 5 * kSecond, later.end(), echo.begin() + 5 * kSecond);
  EchoGuard guard;
  guard.Begin();
  const std::vector<float> shares = Shares(guard, played, InHiss(echo));
  EXPECT_GE(PercentExplained(shares, echo, kAnswerDbfs - 20, 600), 98);
  EXPECT_NEAR(guard.delay_ms().value_or(0), 300, 15);
}

// The loudspeaker's clock is 1 % fast: 150 ms in the end.
TEST(EchoGuardTest, TheDelayMayDrift) {
  const std::vector<int16_t> played = Answer();
  const std::vector<int16_t> echo = Echo(played, {.delay_ms = 200});
  std::vector<int16_t> drifting;
  for (size_t i = 0; i < echo.size(); ++i) {
    if (i % 100 != 0) drifting.push_back(echo[i]);
  }
  EchoGuard guard;
  guard.Begin();
  const std::vector<float> shares = Shares(guard, played, InHiss(drifting));
  EXPECT_GE(PercentExplained(shares, drifting, kAnswerDbfs - 20), 98);
}

// Frames of 20 ms, packets of 60 ms, a buffer of 200 ms, and no whole frames.
TEST(EchoGuardTest, ItMayBeHandedOutInPieces) {
  const std::vector<int16_t> played = Answer();
  const std::vector<int16_t> echo = Echo(played, {.delay_ms = 150});
  for (const size_t piece : {2 * kFrame, 6 * kFrame, 20 * kFrame, size_t{333}}) {
    EchoGuard guard;
    guard.Begin();
    const std::vector<float> shares = Shares(guard, played, InHiss(echo), piece);
    EXPECT_GE(PercentExplained(shares, echo, kAnswerDbfs - 20), 98) << piece;
  }
}

TEST(EchoGuardTest, TheNextAnswerIsKnownAtOnce) {
  const std::vector<int16_t> played = Answer();
  const EchoPath path = {.delay_ms = 250, .gain_db = 0};
  const std::vector<int16_t> echo = Echo(played, path);
  EchoGuard guard;
  guard.Begin();
  Shares(guard, played, InHiss(echo));
  guard.End();
  EXPECT_EQ(guard.memory(), 0);
  guard.Begin();
  std::vector<float> shares = Shares(guard, played, InHiss(echo));
  shares.resize(100);
  EXPECT_GE(PercentExplained(shares, echo, kAnswerDbfs), 98);
}

TEST(EchoGuardTest, TheEchoIsTakenOutAndTheUserIsNot) {
  const std::vector<int16_t> played = Answer();
  const std::vector<int16_t> echo = Echo(played, {});
  const std::vector<int16_t> said = SaidAt(played.size(), 4 * kSecond, ACard(-20));
  std::vector<int16_t> samples = InHiss(audio::Mix(echo, said));
  EchoGuard guard;
  guard.Begin();
  for (size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    guard.Played(absl::MakeConstSpan(played).subspan(i, kFrame));
    guard.Heard(absl::MakeSpan(samples).subspan(i, kFrame));
  }
  const auto level = [](absl::Span<const int16_t> sound, size_t begin, size_t end) {
    return audio::Level(sound.subspan(begin * kSecond, (end - begin) * kSecond));
  };
  EXPECT_GT(level(echo, 1, 4), 10 * kHiss);
  EXPECT_LT(level(samples, 1, 4), 3 * kHiss);
  EXPECT_NEAR(level(samples, 4, 6) / level(said, 4, 6), 1, 0.1);
}

TEST(EchoGuardTest, ItTakesMemoryOnlyBetweenBeginAndEnd) {
  EchoGuard guard;
  std::vector<int16_t> frame(kFrame, 1000);
  const std::vector<int16_t> played(kFrame, 1000);
  guard.Played(played);
  const GuardedSound unguarded = guard.Heard(absl::MakeSpan(frame));
  EXPECT_EQ(unguarded.explained, 0);
  EXPECT_EQ(unguarded.change, 0);
  EXPECT_THAT(frame, Each(1000));
  EXPECT_EQ(guard.memory(), 0);
  guard.Begin();
  EXPECT_THAT(guard.memory(), AllOf(Ge(1), Le(24 * 1024)));
  EXPECT_EQ(perf::CountAllocations([&] {
              for (int i = 0; i < 100; ++i) {
                guard.Played(played);
                guard.Heard(absl::MakeSpan(frame));
              }
            }),
            0);
  guard.End();
  EXPECT_EQ(guard.memory(), 0);
  EXPECT_LE(sizeof(EchoGuard), 200);
}

}  // namespace
}  // namespace parlance::pipeline
