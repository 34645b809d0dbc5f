#include "pipeline/conversation/interruption/echo_eraser.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parlance::pipeline {
namespace {

using audio::kNumVadBands;

// The noise is the least of the smoothed energy, and may rise by 3 dB in a second.
constexpr float kSmoothing = 0.8F;
constexpr float kNoiseRise = 1.007F;

// The bands of VadFeatures: equally far apart on the mel scale.
constexpr double kMinHz = 80;
constexpr double kMaxHz = 7800;
double Mel(double hz) { return 1127 * std::log1p(hz / 700); }

}  // namespace

// For each band, the taps of a filter that passes this band alone. All together pass everything.
class EchoEraser::Tables {
 public:
  Tables() {
    // A filter is made of waves of these many frequencies, from 0 to half the rate.
    constexpr size_t kNumWaves = 512;
    const double low = Mel(kMinHz);
    const double step = (Mel(kMaxHz) - low) / (kNumVadBands + 1);
    for (size_t wave = 0; wave <= kNumWaves; ++wave) {
      const double frequency = static_cast<double>(wave) / kNumWaves;
      // Between the middles of two bands it belongs to both, in parts.
      const double place = std::clamp((Mel(frequency * audio::kVadRateHz / 2) - low) / step - 1,
                                      0.0, kNumVadBands - 1.0);
      const size_t band = std::min(static_cast<size_t>(place), kNumVadBands - 2);
      const double part = place - static_cast<double>(band);
      const double weight = (wave == 0 || wave == kNumWaves ? 0.5 : 1.0) / kNumWaves;
      for (size_t tap = 0; tap < kNumTaps; ++tap) {
        const double at = static_cast<double>(tap) - static_cast<double>(kDelay);
        const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * at / (kDelay + 1));
        const double sample = weight * window * std::cos(std::numbers::pi * frequency * at);
        taps[band][tap] += static_cast<float>((1 - part) * sample);
        taps[band + 1][tap] += static_cast<float>(part * sample);
      }
    }
  }

  std::array<Taps, kNumVadBands> taps{};
};

EchoEraser::EchoEraser() {
  static const Tables& tables = *new Tables;
  tables_ = &tables;
  Bands all;
  all.fill(1);
  taps_ = Design(all);
}

void EchoEraser::Erase(const Bands& kept, absl::Span<int16_t> frame) {
  FollowNoise(frame);
  for (size_t i = 0; i < kFrame; ++i) {
    const float noise = Noise();
    noise_[2 * kDelay + i] = noise;
    difference_[2 * kDelay + i] = static_cast<float>(frame[i]) - noise;
  }
  const Taps taps = Design(kept);
  std::array<float, kFrame> old_filter{};
  std::array<float, kFrame> new_filter{};
  for (size_t tap = 0; tap < kNumTaps; ++tap) {
    for (size_t i = 0; i < kFrame; ++i) {
      old_filter[i] += taps_[tap] * difference_[i + tap];
      new_filter[i] += taps[tap] * difference_[i + tap];
    }
  }
  taps_ = taps;
  for (size_t i = 0; i < kFrame; ++i) {
    const float part = static_cast<float>(i) / kFrame;
    const float sample =
        noise_[kDelay + i] + old_filter[i] + part * (new_filter[i] - old_filter[i]);
    frame[i] = static_cast<int16_t>(std::lround(std::clamp(sample, -32768.0F, 32767.0F)));
  }
  std::copy_n(difference_.begin() + kFrame, 2 * kDelay, difference_.begin());
  std::copy_n(noise_.begin() + kFrame, 2 * kDelay, noise_.begin());
}

EchoEraser::Taps EchoEraser::Design(const Bands& gains) const {
  Taps taps{};
  for (size_t band = 0; band < kNumVadBands; ++band) {
    for (size_t tap = 0; tap < kNumTaps; ++tap) {
      taps[tap] += gains[band] * tables_->taps[band][tap];
    }
  }
  return taps;
}

void EchoEraser::FollowNoise(absl::Span<const int16_t> frame) {
  float energy = 0;
  for (const int16_t sample : frame) {
    const auto value = static_cast<float>(sample);
    energy += value * value;
  }
  energy /= kFrame;
  if (energy_ < 0) energy_ = noise_energy_ = energy;
  energy_ = kSmoothing * energy_ + (1 - kSmoothing) * energy;
  noise_energy_ = std::min(energy_, kNoiseRise * noise_energy_);
}

float EchoEraser::Noise() {
  // W. H. Press et al., "Numerical Recipes", 3rd ed., 7.1: the quick and dirty generator. Uniform
  // numbers have a third of the energy of the greatest.
  random_ = 1664525 * random_ + 1013904223;
  return std::sqrt(3 * noise_energy_) * 0x1p-31F *
         static_cast<float>(static_cast<int32_t>(random_));
}

}  // namespace parlance::pipeline
