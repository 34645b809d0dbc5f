// Mu-law, resampling, framing: what happens to samples before anything listens to them.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numbers>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "audio/framer.h"
#include "audio/mu_law.h"
#include "audio/resampler.h"
#include "audio/testing/sounds.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

TEST(MuLawTest, KnowsTheEndsOfTheScale) {
  EXPECT_EQ(DecodeMuLaw(0x80), 32124);
  EXPECT_EQ(DecodeMuLaw(0x00), -32124);
  EXPECT_EQ(DecodeMuLaw(0xFF), 0);
  EXPECT_EQ(DecodeMuLaw(0x7F), 0);
  EXPECT_EQ(EncodeMuLaw(0), 0xFF);
  EXPECT_EQ(EncodeMuLaw(32767), 0x80);
  EXPECT_EQ(EncodeMuLaw(-32768), 0x00);
}

TEST(MuLawTest, EveryCodeComesBack) {
  for (int code = 0; code < 256; ++code) {
    const int16_t sample = DecodeMuLaw(static_cast<uint8_t>(code));
    EXPECT_EQ(EncodeMuLaw(sample), code == 0x7F ? 0xFF : code);
  }
}

TEST(MuLawTest, EverySampleComesBackNearly) {
  for (int sample = -32768; sample <= 32767; ++sample) {
    const int decoded = DecodeMuLaw(EncodeMuLaw(static_cast<int16_t>(sample)));
    // Half a step, which is a sixteenth of the segment; the top is cut.
    ASSERT_LE(std::abs(decoded - sample),
              std::max(4, (std::abs(sample) + 132) / 32 + 1) + (std::abs(sample) > 32124 ? 700 : 0))
        << sample;
  }
}

TEST(MuLawTest, SpansAreSampleBySample) {
  const std::vector<int16_t> samples = WhiteNoise(100, 5000, 1);
  std::vector<uint8_t> codes(100);
  std::vector<int16_t> decoded(100);
  EncodeMuLaw(samples, absl::MakeSpan(codes));
  DecodeMuLaw(codes, absl::MakeSpan(decoded));
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(decoded[i], DecodeMuLaw(EncodeMuLaw(samples[i])));
}

std::vector<int16_t> Sine(int rate_hz, double hz, size_t count) {
  std::vector<int16_t> samples(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = static_cast<int16_t>(
        10000 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz));
  }
  return samples;
}

TEST(ResamplerTest, ASineKeepsItsPlace) {
  for (const auto& [from_hz, to_hz] : std::vector<std::pair<int, int>>{{8000, 16000},
                                                                       {48000, 16000},
                                                                       {44100, 16000},
                                                                       {16000, 8000},
                                                                       {22050, 48000},
                                                                       {16000, 16000}}) {
    auto resampler = Resampler::Create(from_hz, to_hz);
    ASSERT_TRUE(resampler.ok()) << resampler.status();
    std::vector<int16_t> output;
    resampler->Process(Sine(from_hz, 440, static_cast<size_t>(from_hz)), output);
    resampler->Flush(output);
    ASSERT_NEAR(static_cast<double>(output.size()), to_hz, to_hz / 200.0)
        << from_hz << " " << to_hz;
    const std::vector<int16_t> expected = Sine(to_hz, 440, output.size());
    // The first and the last milliseconds have half of the filter in silence.
    for (size_t i = output.size() / 50; i < output.size() * 49 / 50; ++i) {
      ASSERT_NEAR(output[i], expected[i], 200) << from_hz << " " << to_hz << " at " << i;
    }
  }
}

TEST(ResamplerTest, ChunksMakeNoDifference) {
  const std::vector<int16_t> input = WhiteNoise(8000, 5000, 5);
  auto whole = Resampler::Create(8000, 16000);
  std::vector<int16_t> expected;
  whole->Process(input, expected);
  whole->Flush(expected);
  constexpr uint64_t kSeed = 6;
  std::mt19937_64 random(kSeed);
  auto pieces = Resampler::Create(8000, 16000);
  std::vector<int16_t> output;
  absl::Span<const int16_t> rest = input;
  while (!rest.empty()) {
    const size_t count = std::min<size_t>(rest.size(), 1 + random() % 300);
    pieces->Process(rest.first(count), output);
    rest.remove_prefix(count);
  }
  pieces->Flush(output);
  EXPECT_EQ(output, expected) << "seed " << kSeed;
}

TEST(ResamplerTest, AfterFlushItIsAsNew) {
  const std::vector<int16_t> input = WhiteNoise(1000, 5000, 5);
  auto resampler = Resampler::Create(8000, 16000);
  std::vector<int16_t> first;
  resampler->Process(input, first);
  resampler->Flush(first);
  std::vector<int16_t> second;
  resampler->Process(input, second);
  resampler->Flush(second);
  EXPECT_EQ(first, second);
}

TEST(ResamplerTest, RefusesOtherRates) {
  EXPECT_FALSE(Resampler::Create(7999, 16000).ok());
  EXPECT_FALSE(Resampler::Create(16000, 96000).ok());
  EXPECT_FALSE(Resampler::Create(8000, 16000, 11).ok());
}

TEST(FramerTest, CutsWhateverComes) {
  std::vector<int16_t> input(1000);
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<int16_t>(i);
  constexpr uint64_t kSeed = 8;
  std::mt19937_64 random(kSeed);
  Framer framer(160);
  std::vector<int16_t> output;
  int num_frames = 0;
  const auto collect = [&](absl::Span<const int16_t> frame) {
    ASSERT_EQ(frame.size(), 160u);
    output.insert(output.end(), frame.begin(), frame.end());
    ++num_frames;
  };
  absl::Span<const int16_t> rest = input;
  while (!rest.empty()) {
    const size_t count = std::min<size_t>(rest.size(), 1 + random() % 400);
    framer.Push(rest.first(count), collect);
    rest.remove_prefix(count);
  }
  EXPECT_EQ(num_frames, 6);
  framer.Flush(collect);
  framer.Flush(collect);
  EXPECT_EQ(num_frames, 7) << "seed " << kSeed;
  input.resize(1120, 0);
  EXPECT_EQ(output, input);
}

}  // namespace
}  // namespace parlance::audio
