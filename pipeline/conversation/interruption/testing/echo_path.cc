#include "pipeline/conversation/interruption/testing/echo_path.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "audio/scenes/noises.h"
#include "audio/signal/g711.h"
#include "audio/signal/resampler.h"

namespace parlance::pipeline {
namespace {

constexpr int kRateHz = 16000;

void AddRoom(std::vector<float>& samples, double decay_s) {
  audio::Random random(20261129);
  struct Reflection {
    size_t delay;
    float gain;
  };
  std::vector<Reflection> reflections;
  double energy = 0;
  // The first comes after 3 ms, or a metre.
  for (double at_s = 0.003; at_s < decay_s; at_s += random.Uniform(0.0005, 0.0015)) {
    const double gain = (random.Chance(0.5) ? 1 : -1) * std::pow(10, -3 * at_s / decay_s);
    reflections.push_back({static_cast<size_t>(at_s * kRateHz), static_cast<float>(gain)});
    energy += gain * gain;
  }
  const std::vector<float> direct = samples;
  const auto scale = static_cast<float>(std::sqrt(0.5 / energy));
  for (const Reflection& reflection : reflections) {
    for (size_t i = reflection.delay; i < samples.size(); ++i) {
      samples[i] += scale * reflection.gain * direct[i - reflection.delay];
    }
  }
}

std::vector<int16_t> Rounded(absl::Span<const float> samples) {
  std::vector<int16_t> rounded;
  rounded.reserve(samples.size());
  for (const float sample : samples) {
    rounded.push_back(static_cast<int16_t>(std::clamp(std::lround(sample), -32768L, 32767L)));
  }
  return rounded;
}

}  // namespace

std::vector<int16_t> Echo(absl::Span<const int16_t> played, const EchoPath& path) {
  const auto delay = static_cast<size_t>(path.delay_ms) * kRateHz / 1000;
  const double gain = std::pow(10, path.gain_db / 20);
  std::vector<float> samples(played.size());
  for (size_t i = delay; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(gain * played[i - delay]);
  }
  if (path.room_decay_s > 0) AddRoom(samples, path.room_decay_s);
  if (!path.telephone) return Rounded(samples);

  audio::Biquad::HighPass(300, 0.7).Process(samples);
  std::vector<int16_t> narrow = *audio::Resample(Rounded(samples), kRateHz, 8000);
  for (int16_t& sample : narrow) sample = audio::DecodeMuLaw(audio::EncodeMuLaw(sample));
  std::vector<int16_t> wide = *audio::Resample(narrow, 8000, kRateHz);
  wide.resize(played.size());
  return wide;
}

}  // namespace parlance::pipeline
