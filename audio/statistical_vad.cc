#include "audio/statistical_vad.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr size_t kMaxFrame = 160;
constexpr size_t kMaxFft = 512;
constexpr size_t kNumBands = 16;
constexpr double kLowestHz = 100;
constexpr double kHighestHz = 4000;

// Of the smoothed band energies.
constexpr float kEnergySmoothing = 0.7F;
// The window of the minimum, in pieces that are forgotten one by one: 10 x 15 frames.
constexpr size_t kNumPieces = 10;
constexpr int kPieceFrames = 15;
// The mean of the smoothed energy over its minimum in that window, for noise.
constexpr float kMinimumBias = 1.8F;
// Decision direction.
constexpr float kSnrSmoothing = 0.9F;
constexpr float kMinPriorSnr = 0.003F;
constexpr float kMaxPriorSnr = 1000;
// One loud band must not decide alone.
constexpr float kMaxLogLikelihood = 8;
// From the mean log-likelihood ratio to a probability.
constexpr float kScoreAtEvenOdds = 0.85F;
constexpr float kScoreSlope = 5;
// Speech is followed by speech.
constexpr float kScoreDecay = 0.75F;
// Of a band, in squares of samples at full scale 1: about -75 dBFS in each.
constexpr float kEnergyFloor = 3e-8F;

class StatisticalVad : public VoiceActivityDetector {
 public:
  explicit StatisticalVad(int sample_rate_hz)
      : sample_rate_hz_(sample_rate_hz), fft_size_(sample_rate_hz == 8000 ? 256 : 512) {
    const size_t window = 2 * frame_samples();
    double sum_of_squares = 0;
    for (size_t i = 0; i < window; ++i) {
      const double hann =
          0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) /
                               static_cast<double>(window));
      window_[i] = static_cast<float>(hann / 32768);
      sum_of_squares += hann * hann;
    }
    energy_scale_ = static_cast<float>(2 / (sum_of_squares * static_cast<double>(fft_size_)));
    // At [span + k]: the k-th of the 2 * span roots of one.
    for (size_t span = 1; span < fft_size_; span <<= 1) {
      for (size_t k = 0; k < span; ++k) {
        const double angle = -std::numbers::pi * static_cast<double>(k) / static_cast<double>(span);
        cosine_[span + k] = static_cast<float>(std::cos(angle));
        sine_[span + k] = static_cast<float>(std::sin(angle));
      }
    }
    const size_t num_points = fft_size_ / 2;
    for (size_t i = 1; i < num_points; ++i) {
      reversed_[i] =
          static_cast<uint16_t>(reversed_[i / 2] / 2 | (i % 2 == 0 ? 0 : num_points / 2));
    }
    PlaceBands();
    Reset();
  }

  int sample_rate_hz() const override { return sample_rate_hz_; }

  void Reset() override {
    previous_.fill(0);
    smoothed_.fill(0);
    clean_snr_.fill(0);
    num_frames_ = 0;
    score_ = 0;
  }

  float Process(absl::Span<const int16_t> frame) override {
    Transform(frame);
    std::array<float, kNumBands> energy{};
    for (size_t band = 0; band < kNumBands; ++band) energy[band] = BandEnergy(band);
    TrackNoise(energy);

    float sum = 0;
    for (size_t band = 0; band < kNumBands; ++band) {
      const float noise = noise_[band];
      const float posterior = std::min(energy[band] / noise, kMaxPriorSnr);
      const float prior = std::clamp(
          kSnrSmoothing * clean_snr_[band] + (1 - kSnrSmoothing) * std::max(posterior - 1, 0.0F),
          kMinPriorSnr, kMaxPriorSnr);
      const float gain = prior / (1 + prior);
      clean_snr_[band] = gain * gain * posterior;
      sum += std::min(posterior * gain - std::log1p(prior), kMaxLogLikelihood);
    }
    const float score = sum / kNumBands;
    score_ = std::max(score, kScoreDecay * score_ + (1 - kScoreDecay) * score);
    return 1 / (1 + std::exp(-kScoreSlope * (score_ - kScoreAtEvenOdds)));
  }

 private:
  // Edges equally far apart on the mel scale (O'Shaughnessy 1987), each band at least one bin wide.
  void PlaceBands() {
    const auto mel = [](double hz) { return 1127 * std::log1p(hz / 700); };
    const auto hz_of = [](double m) { return 700 * std::expm1(m / 1127); };
    const double hz_per_bin = static_cast<double>(sample_rate_hz_) / static_cast<double>(fft_size_);
    for (size_t i = 0; i <= kNumBands; ++i) {
      const double m = mel(kLowestHz) + (mel(kHighestHz) - mel(kLowestHz)) *
                                            static_cast<double>(i) / static_cast<double>(kNumBands);
      auto bin = static_cast<size_t>(std::lround(hz_of(m) / hz_per_bin));
      if (i > 0) bin = std::max(bin, edges_[i - 1] + 1);
      edges_[i] = std::clamp<size_t>(bin, 1, fft_size_ / 2);
    }
  }

  // The spectrum of this frame and the one before. Real samples are transformed by half as many
  // complex points (Sorensen et al., "Real-valued fast Fourier transform algorithms", IEEE Trans.
  // ASSP 35(6), 1987): even samples are real parts, odd ones imaginary.
  void Transform(absl::Span<const int16_t> frame) {
    const size_t half = frame_samples();
    const size_t num_points = fft_size_ / 2;
    std::array<float, kMaxFft> input{};
    for (size_t i = 0; i < half; ++i) {
      const auto sample = static_cast<float>(frame[i]);
      input[i] = previous_[i] * window_[i];
      input[half + i] = sample * window_[half + i];
      previous_[i] = sample;
    }
    for (size_t i = 0; i < num_points; ++i) {
      real_[reversed_[i]] = input[2 * i];
      imaginary_[reversed_[i]] = input[2 * i + 1];
    }
    // Cooley and Tukey, radix 2, in place. The twiddles of a stage lie side by side, for vector
    // units.
    for (size_t span = 1; span < num_points; span <<= 1) {
      const float* const cosine = &cosine_[span];
      const float* const sine = &sine_[span];
      for (size_t start = 0; start < num_points; start += 2 * span) {
        float* const even_real = &real_[start];
        float* const even_imaginary = &imaginary_[start];
        float* const odd_real = &real_[start + span];
        float* const odd_imaginary = &imaginary_[start + span];
        for (size_t k = 0; k < span; ++k) {
          const float turned_real = odd_real[k] * cosine[k] - odd_imaginary[k] * sine[k];
          const float turned_imaginary = odd_real[k] * sine[k] + odd_imaginary[k] * cosine[k];
          odd_real[k] = even_real[k] - turned_real;
          odd_imaginary[k] = even_imaginary[k] - turned_imaginary;
          even_real[k] += turned_real;
          even_imaginary[k] += turned_imaginary;
        }
      }
    }
    for (size_t bin = edges_.front(); bin < edges_.back(); ++bin) {
      // The lowest band begins above 0, and the highest ends below half the rate.
      const size_t mirror = num_points - bin;
      const float even_real = real_[bin] + real_[mirror];
      const float even_imaginary = imaginary_[bin] - imaginary_[mirror];
      const float odd_real = imaginary_[bin] + imaginary_[mirror];
      const float odd_imaginary = real_[mirror] - real_[bin];
      const float c = cosine_[num_points + bin];
      const float s = sine_[num_points + bin];
      const float x = even_real + odd_real * c - odd_imaginary * s;
      const float y = even_imaginary + odd_real * s + odd_imaginary * c;
      power_[bin] = 0.25F * (x * x + y * y);
    }
  }

  float BandEnergy(size_t band) const {
    float sum = 0;
    for (size_t bin = edges_[band]; bin < edges_[band + 1]; ++bin) sum += power_[bin];
    return sum * energy_scale_ + kEnergyFloor;
  }

  void TrackNoise(const std::array<float, kNumBands>& energy) {
    if (num_frames_ == 0) {
      // Half of the first frame's window is silence that was never heard.
      smoothed_ = energy;
      for (auto& piece : pieces_) piece.fill(std::numeric_limits<float>::max());
    }
    // The window's transition from silence to the first frame is no minimum either.
    const bool settled = num_frames_ >= 2;
    if (num_frames_ == 2) smoothed_ = energy;
    const auto piece = static_cast<size_t>(num_frames_ / kPieceFrames) % kNumPieces;
    if (num_frames_ % kPieceFrames == 0) pieces_[piece].fill(std::numeric_limits<float>::max());
    for (size_t band = 0; band < kNumBands; ++band) {
      smoothed_[band] = kEnergySmoothing * smoothed_[band] + (1 - kEnergySmoothing) * energy[band];
      if (settled) pieces_[piece][band] = std::min(pieces_[piece][band], smoothed_[band]);
      float minimum = std::numeric_limits<float>::max();
      for (const auto& one : pieces_) minimum = std::min(minimum, one[band]);
      if (!settled) minimum = smoothed_[band];
      noise_[band] = std::max(kMinimumBias * minimum, kEnergyFloor);
    }
    ++num_frames_;
  }

  const int sample_rate_hz_;
  const size_t fft_size_;
  float energy_scale_ = 0;
  std::array<float, 2 * kMaxFrame> window_{};
  std::array<float, kMaxFft> cosine_{};
  std::array<float, kMaxFft> sine_{};
  // Places with their bits in the reverse order.
  std::array<uint16_t, kMaxFft / 2> reversed_{};
  std::array<size_t, kNumBands + 1> edges_{};

  std::array<float, kMaxFrame> previous_{};
  std::array<float, kMaxFft / 2> real_{};
  std::array<float, kMaxFft / 2> imaginary_{};
  // Squared magnitudes of the bins that bands cover.
  std::array<float, kMaxFft / 2> power_{};
  std::array<float, kNumBands> smoothed_{};
  std::array<std::array<float, kNumBands>, kNumPieces> pieces_{};
  std::array<float, kNumBands> noise_{};
  // The SNR of what the last frame's speech is believed to have been.
  std::array<float, kNumBands> clean_snr_{};
  int64_t num_frames_ = 0;
  float score_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateStatisticalVad(int sample_rate_hz) {
  if (sample_rate_hz != 8000 && sample_rate_hz != 16000) {
    return absl::InvalidArgumentError(
        absl::StrCat("the detector needs 8000 or 16000 Hz, not ", sample_rate_hz));
  }
  return std::make_unique<StatisticalVad>(sample_rate_hz);
}

}  // namespace parlance::audio
