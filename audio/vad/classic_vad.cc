#include "audio/vad/classic_vad.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numbers>

#include "audio/vad/classic_vad_weights.h"

namespace parlance::audio {
namespace {

namespace weights = classic_vad_weights;

constexpr size_t kLanes = 8;
constexpr size_t kNumFeatures = ClassicFeatures::kCount;
static_assert(std::size(weights::kInput) == std::size(weights::kBias) * kNumFeatures);
// This is within a frame of the median of the frames for which the probability stays at the
// endpointer's threshold or above after the end of spoken vowels cut to 80 to 200 ms, at -20 dBFS
// in hiss at -60 dBFS: quartiles 10, 11 and 13. Bursts of white and pink noise are outlasted by two
// frames at most. vad_turns_test measures it.
constexpr int kHangoverFrames = 10;
// One loud band must not count for all.
constexpr float kMaxAboveNoise = 10;
// Lags that differ so much are those of different sounds.
constexpr float kLagJump = 4;
// The first band of each region of the spectrum, and the end of the last region.
constexpr std::array<size_t, 7> kRegions = {0, 5, 10, 15, 20, 26, 32};
constexpr size_t kNumRegions = kRegions.size() - 1;
static_assert(ClassicFeatures::kRegion1AboveNoise + kNumRegions == ClassicFeatures::kHarmonicity);

// The mean of `term` over the bands. The sums lie side by side, so that the compiler makes one
// vector of them.
template <typename Term>
float Mean(Term term) {
  std::array<float, kLanes> sums{};
  for (size_t band = 0; band < kNumVadBands; band += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(band + lane);
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum / kNumVadBands;
}

// The hyperbolic tangent, which the library takes twice as long for.
float Tanh(float x) { return 1 - 2 / (1 + std::exp(2 * x)); }

void Follow(float& mean, float decay, float value) { mean = decay * mean + (1 - decay) * value; }

// Cosines of the first cepstra: [c][band].
using Cosines = std::array<std::array<float, kNumVadBands>, 5>;
const Cosines& CepstralCosines() {
  static const Cosines cosines = [] {
    Cosines table{};
    for (size_t c = 0; c < table.size(); ++c) {
      for (size_t band = 0; band < kNumVadBands; ++band) {
        table[c][band] = static_cast<float>(std::cos(std::numbers::pi * static_cast<double>(c + 1) *
                                                     (static_cast<double>(band) + 0.5) /
                                                     static_cast<double>(kNumVadBands)));
      }
    }
    return table;
  }();
  return cosines;
}

class ClassicVad : public VoiceActivityDetector {
 public:
  explicit ClassicVad(const VadKernels& kernels) : spectrum_(kernels) { Reset(); }

  int sample_rate_hz() const override { return kVadRateHz; }
  int hangover_frames() const override { return kHangoverFrames; }

  void Reset() override {
    spectrum_.Reset();
    features_.Reset();
    integrators_.fill(0);
  }

  float Process(absl::Span<const int16_t> frame) override {
    VadFrame heard;
    spectrum_.Process(frame, heard);
    const std::array<float, kNumFeatures> features = features_.Next(heard);
    float score = weights::kOutputBias;
    for (size_t i = 0; i < integrators_.size(); ++i) {
      std::array<float, 4> parts = {weights::kBias[i], 0, 0, 0};
      for (size_t k = 0; k < kNumFeatures; k += 4) {
        for (size_t lane = 0; lane < 4; ++lane)
          parts[lane] += weights::kInput[i * kNumFeatures + k + lane] * features[k + lane];
      }
      Follow(integrators_[i], weights::kDecay[i], Tanh(parts[0] + parts[1] + parts[2] + parts[3]));
      score += weights::kOutput[i] * integrators_[i];
    }
    return 1 / (1 + std::exp(-score));
  }

 private:
  VadFeatures spectrum_;
  ClassicFeatures features_;
  std::array<float, std::size(weights::kBias)> integrators_;
};

}  // namespace

void ClassicFeatures::Reset() {
  place_ = 0;
  is_first_ = true;
  harmonicity_ = 0;
  mean_above_noise_.fill(0);
  mean_level_ = level_deviation_ = band_deviation_ = gliding_ = steady_ = steady_share_ =
      quiet_share_ = harmonicity_change_ = mean_harmonicity_ = 0;
}

std::array<float, ClassicFeatures::kCount> ClassicFeatures::Next(const VadFrame& frame) {
  const Bands& energy = frame.log_energy;
  const Bands& above = frame.above_noise;
  Past now;
  now.log_energy = energy;
  now.lag = frame.lag;
  const Cosines& cosines = CepstralCosines();
  for (size_t c = 0; c < kNumCepstra; ++c) {
    now.cepstra[c] = Mean([&](size_t band) { return energy[band] * cosines[c][band]; });
  }
  // A stream begins as if it had always been so.
  if (is_first_) {
    is_first_ = false;
    past_.fill(now);
    harmonicity_ = frame.harmonicity;
  }
  const Past& before = past_[(place_ + 3) % 4];
  const Past& three_before = past_[(place_ + 1) % 4];
  const float four_before_lag = past_[place_].lag;

  const float level = Mean([&](size_t band) { return std::min(above[band], kMaxAboveNoise); });
  const float mean_energy = Mean([&](size_t band) { return energy[band]; });
  const float squares = Mean(
      [&](size_t band) { return (energy[band] - mean_energy) * (energy[band] - mean_energy); });
  const float flux =
      Mean([&](size_t band) { return std::abs(energy[band] - before.log_energy[band]); });
  const float rise = Mean(
      [&](size_t band) { return std::max(energy[band] - three_before.log_energy[band], 0.0F); });
  float cepstral_change = 0;
  for (size_t c = 0; c < kNumCepstra; ++c) {
    cepstral_change += std::abs(now.cepstra[c] - three_before.cepstra[c]);
  }
  const float lag_change = std::abs(frame.lag - before.lag);
  const float harmonicity = frame.harmonicity;

  Follow(mean_level_, 0.97F, level);
  Follow(level_deviation_, 0.97F, std::abs(level - mean_level_));
  for (size_t band = 0; band < kNumVadBands; ++band)
    Follow(mean_above_noise_[band], 0.97F, above[band]);
  Follow(band_deviation_, 0.97F,
         Mean([&](size_t band) { return std::abs(above[band] - mean_above_noise_[band]); }));
  Follow(gliding_, 0.95F, lag_change >= 1 && lag_change <= kLagJump ? harmonicity : 0);
  Follow(steady_, 0.95F, lag_change == 0 ? harmonicity : 0);
  Follow(steady_share_, 0.98F, lag_change == 0 && harmonicity > 0.5F ? 1 : 0);
  Follow(quiet_share_, 0.98F, level < 0.5F * mean_level_ ? 1 : 0);
  Follow(harmonicity_change_, 0.96F, std::abs(harmonicity - harmonicity_));
  Follow(mean_harmonicity_, 0.95F, harmonicity);

  std::array<float, kCount> features;
  for (size_t region = 0; region < kNumRegions; ++region) {
    float sum = 0;
    for (size_t band = kRegions[region]; band < kRegions[region + 1]; ++band) {
      sum += std::min(above[band], kMaxAboveNoise);
    }
    features[kRegion1AboveNoise + region] =
        sum / static_cast<float>(kRegions[region + 1] - kRegions[region]) / 3 - 1;
  }
  features[kHarmonicity] = harmonicity * 4 - 2;
  features[kLagChange] = std::min(lag_change, 10.0F) / 5 - 1;
  features[kSpectralDeviation] = std::sqrt(squares * kNumVadBands / (kNumVadBands - 1)) - 2;
  features[kSpectralFlux] = flux - 1;
  features[kPeakAboveNoise] = *std::max_element(above.begin(), above.end()) / 4 - 1;
  features[kMeanEnergy] = mean_energy / 4 + 3;
  features[kLag] = frame.lag / 40 - 1.5F;
  features[kLevelDeviation] = level_deviation_ - 1;
  features[kGlidingHarmonicity] = gliding_ * 8 - 1;
  features[kSteadyHarmonicity] = steady_ * 4 - 1;
  features[kQuietShare] = quiet_share_ * 2 - 1;
  features[kHarmonicityChange] = harmonicity_change_ * 10 - 1;
  features[kCepstralChange] = cepstral_change - 1;
  features[kMeanHarmonicity] = mean_harmonicity_ * 4 - 2;
  features[kBandDeviation] = band_deviation_ - 1;
  features[kSteadyShare] = steady_share_ * 3 - 1;
  features[kCepstrum1] = now.cepstra[0];
  features[kCepstrum2] = now.cepstra[1] * 2;
  features[kCepstrum3] = now.cepstra[2] * 2;
  features[kSpectralRise] = rise - 1;
  features[kLagChangeOverFour] = std::min(std::abs(frame.lag - four_before_lag), 20.0F) / 10 - 1;
  features[kMeanLevel] = mean_level_ / 3 - 1;

  past_[place_] = now;
  place_ = (place_ + 1) % past_.size();
  harmonicity_ = harmonicity;
  return features;
}

std::unique_ptr<VoiceActivityDetector> CreateClassicVad(const VadKernels& kernels) {
  return std::make_unique<ClassicVad>(kernels);
}

}  // namespace parlance::audio
