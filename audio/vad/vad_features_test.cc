// What the features say of sounds whose bands, pitch and noise are known.
#include "audio/vad/vad_features.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/vad/kernels/vad_kernels.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"

namespace parlance::audio {
namespace {

constexpr size_t kSecond = kVadRateHz;
// Frames that the window reaches over.
constexpr size_t kWindowFrames = 4;

std::vector<VadFrame> Features(absl::Span<const int16_t> samples,
                               const VadKernels& kernels = BestVadKernels()) {
  VadFeatures features(kernels);
  Framer framer(kVadFrame);
  std::vector<VadFrame> frames;
  framer.Push(samples, [&](int64_t, absl::Span<const int16_t> frame) {
    features.Process(frame, frames.emplace_back());
  });
  return frames;
}

// The features without those of frames whose window reaches before the sound.
std::vector<VadFrame> Settled(absl::Span<const int16_t> samples) {
  std::vector<VadFrame> frames = Features(samples);
  frames.erase(frames.begin(), frames.begin() + kWindowFrames);
  return frames;
}

std::vector<int16_t> Sine(size_t num_samples, double hz, double amplitude) {
  std::vector<int16_t> samples(num_samples);
  for (size_t i = 0; i < num_samples; ++i) {
    samples[i] = static_cast<int16_t>(std::lround(
        amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kVadRateHz)));
  }
  return samples;
}

// A voice's source: short pulses, at the nearest samples.
std::vector<int16_t> Pulses(size_t num_samples, double hz) {
  std::vector<int16_t> samples(num_samples);
  for (double at = 0; at < static_cast<double>(num_samples - 4); at += kVadRateHz / hz) {
    for (size_t i = 0; i < 4; ++i) samples[static_cast<size_t>(at) + i] = 8000;
  }
  return samples;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// The middles of the bands, as the header says where they are.
double MiddleHz(size_t band) {
  const auto mel = [](double hz) { return 1127 * std::log1p(hz / 700); };
  const double step = (mel(7800) - mel(80)) / 33;
  return 700 * std::expm1((mel(80) + step * static_cast<double>(band + 1)) / 1127);
}

TEST(VadFeaturesTest, ASineIsInItsBand) {
  for (const size_t band : {4u, 8u, 12u, 16u, 20u, 24u, 28u, 31u}) {
    const double hz = MiddleHz(band);
    for (const VadFrame& frame : Settled(Sine(kSecond, hz, 16000))) {
      const auto greatest = std::max_element(frame.log_energy.begin(), frame.log_energy.end());
      ASSERT_EQ(greatest - frame.log_energy.begin(), static_cast<ptrdiff_t>(band)) << hz;
    }
  }
}

// In the full middle of a band and where differentiation neither lifts nor lowers, at about a sixth
// of the rate, a sine at full scale has an energy of about 1, and one at half of it a quarter.
TEST(VadFeaturesTest, EnergiesAreRelativeToFullScale) {
  const size_t band = 19;
  ASSERT_NEAR(MiddleHz(band), 2600, 150);
  for (const int halvings : {0, 1, 4}) {
    for (const VadFrame& frame :
         Settled(Sine(kSecond, MiddleHz(band), std::ldexp(32767, -halvings)))) {
      ASSERT_NEAR(frame.log_energy[band], -2 * halvings, 1);
    }
  }
}

TEST(VadFeaturesTest, SilenceIsTheFloorAndNeitherHarmonicNorAboveNoise) {
  for (const VadFrame& frame : Features(std::vector<int16_t>(kSecond, 0))) {
    for (size_t band = 0; band < kNumVadBands; ++band) {
      ASSERT_NEAR(frame.log_energy[band], -28, 0.2);
      ASSERT_EQ(frame.above_noise[band], 0);
    }
    ASSERT_EQ(frame.harmonicity, 0);
  }
}

// An offset of 1 % of full scale, beside speech in faint noise. Differentiation leaves 3 % of it,
// which the window's main lobe lets into the lowest band. Measured: 0.36 there, 0.044 in the others
// and 0.012 of harmonicity.
TEST(VadFeaturesTest, AnOffsetChangesLittle) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kVadRateHz);
  const std::vector<int16_t> sound = Mix(speech, WhiteNoise(speech.size(), 30, 1));
  const std::vector<VadFrame> expected = Settled(sound);
  for (const int16_t offset : {int16_t{300}, int16_t{-300}}) {
    const std::vector<VadFrame> frames =
        Settled(Mix(sound, std::vector<int16_t>(sound.size(), offset)));
    ASSERT_EQ(frames.size(), expected.size());
    for (size_t i = 0; i < frames.size(); ++i) {
      for (size_t band = 0; band < kNumVadBands; ++band) {
        ASSERT_NEAR(frames[i].log_energy[band], expected[i].log_energy[band],
                    band == 0 ? 0.6 : 0.08)
            << i << " " << band;
      }
      ASSERT_NEAR(frames[i].harmonicity, expected[i].harmonicity, 0.025) << i;
    }
  }
}

// Measured: medians of 0.29 at 80 Hz, where the window holds two periods, to 0.84 at 400 Hz; 0.11
// of noise.
TEST(VadFeaturesTest, PulsesAreHarmonicAtTheirPeriod) {
  const struct {
    double hz;
    double least_harmonicity;
  } cases[] = {{80, 0.25}, {100, 0.25}, {150, 0.35}, {220, 0.35}, {300, 0.35}, {400, 0.35}};
  for (const auto& test : cases) {
    SCOPED_TRACE(test.hz);
    std::vector<double> harmonicities;
    const double period = 8000 / test.hz;
    for (const VadFrame& frame : Settled(Pulses(kSecond, test.hz))) {
      harmonicities.push_back(frame.harmonicity);
      // The period or, where they fit in, several: each as good.
      const double num_periods = std::max(1.0, std::round(frame.lag / period));
      ASSERT_NEAR(frame.lag, num_periods * period, 1.5);
      if (test.hz == 150) {
        ASSERT_NEAR(frame.lag, period, 1);
      }
    }
    EXPECT_GT(Median(harmonicities), test.least_harmonicity);
  }
}

TEST(VadFeaturesTest, NoiseIsNotHarmonic) {
  for (const double level : {30.0, 1000.0, 10000.0}) {
    std::vector<double> harmonicities;
    for (const VadFrame& frame : Settled(WhiteNoise(20 * kSecond, level, 1))) {
      harmonicities.push_back(frame.harmonicity);
    }
    EXPECT_LT(Median(harmonicities), 0.15) << level;
  }
}

// The least of a fluctuating energy is below its mean: by more where a band is of fewer bins, and
// at any level by as much. Measured: 1.2 in narrow bands, 0.29 in the widest. (In the lowest ones,
// noise that is fainter than this is partly below the floor.)
TEST(VadFeaturesTest, SteadyNoiseIsALittleAboveItself) {
  constexpr double kLevels[] = {1000, 3000, 10000};
  std::vector<std::vector<double>> above;
  for (const double level : kLevels) {
    const std::vector<VadFrame> frames = Features(WhiteNoise(30 * kSecond, level, 1));
    constexpr size_t kSettled = 500;
    std::vector<double>& means = above.emplace_back(kNumVadBands);
    for (size_t band = 0; band < kNumVadBands; ++band) {
      for (size_t i = kSettled; i < frames.size(); ++i) means[band] += frames[i].above_noise[band];
      means[band] /= static_cast<double>(frames.size() - kSettled);
    }
  }
  for (size_t band = 0; band < kNumVadBands; ++band) {
    for (size_t i = 0; i < above.size(); ++i) {
      EXPECT_GT(above[i][band], 0.2) << band << " at " << kLevels[i];
      EXPECT_LT(above[i][band], 1.6) << band << " at " << kLevels[i];
      if (band >= 3) {
        EXPECT_NEAR(above[i][band], above[1][band], 0.1) << band << " at " << kLevels[i];
      }
    }
  }
  EXPECT_GT(above[1][3], 3 * above[1][kNumVadBands - 1]);
}

// Noise that becomes 12 dB louder is forgotten by 3 dB a second, quieter noise is known at once.
TEST(VadFeaturesTest, NoiseIsForgottenAtItsRate) {
  std::vector<int16_t> sound = WhiteNoise(5 * kSecond, 500, 1);
  const std::vector<int16_t> louder = WhiteNoise(6 * kSecond, 2000, 2);
  const std::vector<int16_t> quieter = WhiteNoise(2 * kSecond, 500, 3);
  sound.insert(sound.end(), louder.begin(), louder.end());
  sound.insert(sound.end(), quieter.begin(), quieter.end());
  const std::vector<VadFrame> frames = Features(sound);
  // The mean of the widest band over half a second.
  const auto above = [&](size_t begin) {
    double sum = 0;
    for (size_t i = begin; i < begin + 50; ++i) sum += frames[i].above_noise[31];
    return sum / 50;
  };
  const double steady = above(450);
  EXPECT_NEAR(above(500) - steady, 3.75, 0.4);
  EXPECT_NEAR(above(600) - steady, 2.75, 0.4);
  EXPECT_NEAR(above(700) - steady, 1.75, 0.4);
  EXPECT_NEAR(above(1050) - steady, 0, 0.4);
  EXPECT_NEAR(above(1110) - steady, 0, 0.4);
}

bool SameBits(const VadFrame& a, const VadFrame& b) {
  const auto same = [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  };
  return std::equal(a.log_energy.begin(), a.log_energy.end(), b.log_energy.begin(), same) &&
         std::equal(a.above_noise.begin(), a.above_noise.end(), b.above_noise.begin(), same) &&
         same(a.harmonicity, b.harmonicity) && same(a.lag, b.lag);
}

TEST(VadFeaturesTest, ResetForgets) {
  const std::vector<int16_t> sound = RecordedSpeech("pocketsphinx/goforward.raw", kVadRateHz);
  const std::vector<VadFrame> expected = Features(sound);
  VadFeatures features;
  VadFrame frame;
  for (size_t i = 0; i < 30; ++i) features.Process(WhiteNoise(kVadFrame, 9000, i), frame);
  features.Reset();
  for (size_t i = 0; i < expected.size(); ++i) {
    features.Process(absl::MakeConstSpan(sound).subspan(i * kVadFrame, kVadFrame), frame);
    ASSERT_TRUE(SameBits(frame, expected[i])) << i;
  }
}

// Compares them in all recordings, in noise of three levels. Measured: 6e-5 of energies, near the
// floor; 2e-7 of harmonicity; no other lag, though there may be one where two peaks are as good.
TEST(VadFeaturesTest, PortableKernelsAgree) {
  double energy = 0;
  double above = 0;
  double harmonicity = 0;
  size_t num_frames = 0;
  size_t num_other_lags = 0;
  for (const double noise : {0.0, 30.0, 1000.0}) {
    for (const std::string& name : SpeechRecordings()) {
      std::vector<int16_t> sound = RecordedSpeech(name, kVadRateHz);
      sound = Mix(sound, WhiteNoise(sound.size(), noise, 4));
      const std::vector<VadFrame> best = Features(sound);
      const std::vector<VadFrame> portable = Features(sound, PortableVadKernels());
      ASSERT_EQ(best.size(), portable.size());
      num_frames += best.size();
      for (size_t i = 0; i < best.size(); ++i) {
        for (size_t band = 0; band < kNumVadBands; ++band) {
          energy = std::max<double>(
              energy, std::abs(best[i].log_energy[band] - portable[i].log_energy[band]));
          above = std::max<double>(
              above, std::abs(best[i].above_noise[band] - portable[i].above_noise[band]));
        }
        harmonicity =
            std::max<double>(harmonicity, std::abs(best[i].harmonicity - portable[i].harmonicity));
        num_other_lags += best[i].lag != portable[i].lag;
      }
    }
  }
  EXPECT_LT(energy, 1e-3);
  EXPECT_LT(above, 1e-3);
  EXPECT_LT(harmonicity, 1e-5);
  EXPECT_LE(num_other_lags, num_frames / 1000);
}

TEST(VadFeaturesTest, AllocatesNothing) {
  const std::vector<int16_t> noise = WhiteNoise(kSecond, 1000, 1);
  VadFeatures features;
  VadFrame frame;
  EXPECT_EQ(perf::CountAllocations([&] {
              for (size_t i = 0; i < 100; ++i) {
                features.Process(absl::MakeConstSpan(noise).subspan(i * kVadFrame, kVadFrame),
                                 frame);
              }
            }),
            0);
}

}  // namespace
}  // namespace parlance::audio
