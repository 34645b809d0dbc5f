#include "audio/vad/vad_features.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "audio/vad/kernels/vad_kernels.h"
#include "audio/vad/kernels/vad_kernels_bands.h"

namespace parlance::audio {
namespace {

constexpr size_t kWindow = 512;
constexpr size_t kRise = 384;
constexpr float kPreEmphasis = 0.97F;
constexpr double kMinHz = 80;
constexpr double kMaxHz = 7800;
// The least energy of a band: about -85 dBFS, below what 16 bits resolve.
constexpr float kEnergyFloor = 4e-9F;
// The smoothing of the energies of which the least is taken for noise.
constexpr float kSmoothing = 0.6F;
constexpr float kNoiseRise = 0.01F;
// Sums of magnitudes below are silence.
constexpr float kSilentMagnitude = 1e-6F;
constexpr size_t kHarmonicFft = 256;
constexpr size_t kMinLag = 19;
constexpr size_t kMaxLag = 113;

double Mel(double hz) { return 1127 * std::log1p(hz / 700); }
double Hertz(double mel) { return 700 * std::expm1(mel / 1127); }

}  // namespace

// What is the same for all streams.
class VadFeatures::Tables {
 public:
  Tables() : bands(MelBands()) { PlaceWindow(); }

  // Scaled so that a sine at full scale has an energy of about 1 in its band.
  std::array<float, kWindow> window{};
  // 0 below 62.5 Hz, where there is no voice.
  std::array<float, kHarmonicFft / 2 + 1> harmonic_weight{};
  // 1 / the autocorrelation of the window.
  std::array<float, kMaxLag + 1> lag_weight{};
  const PackedBands bands;

 private:
  void PlaceWindow() {
    std::array<double, kWindow> shape{};
    double sum = 0;
    for (size_t i = 0; i < kWindow; ++i) {
      const double t = i < kRise ? (static_cast<double>(i) + 0.5) / kRise
                                 : (static_cast<double>(kWindow - i) - 0.5) / (kWindow - kRise);
      shape[i] = 0.5 - 0.5 * std::cos(std::numbers::pi * t);
      sum += shape[i];
    }
    for (size_t i = 0; i < kWindow; ++i) window[i] = static_cast<float>(2 * shape[i] / sum / 32768);
    double energy = 0;
    for (const double w : shape) energy += w * w;
    // A lag at 8 kHz is two samples at 16 kHz. What is left of the window there is not trusted
    // wholly: to the half power, a tone's peak at a late lag is not lifted above 1.
    for (size_t lag = 0; lag <= kMaxLag; ++lag) {
      double product = 0;
      for (size_t i = 2 * lag; i < kWindow; ++i) product += shape[i] * shape[i - 2 * lag];
      lag_weight[lag] = static_cast<float>(std::sqrt(energy / product));
    }
    for (size_t bin = 2; bin <= kHarmonicFft / 2; ++bin) harmonic_weight[bin] = 1;
  }

  static PackedBands MelBands() {
    constexpr double kHertzPerBin = static_cast<double>(kVadRateHz) / kWindow;
    const double low = Mel(kMinHz);
    const double step = (Mel(kMaxHz) - low) / (kNumVadBands + 1);
    std::vector<Band> bands(kNumVadBands);
    for (size_t i = 0; i < kNumVadBands; ++i) {
      const double begin = Hertz(low + step * static_cast<double>(i)) / kHertzPerBin;
      const double middle = Hertz(low + step * static_cast<double>(i + 1)) / kHertzPerBin;
      const double end = Hertz(low + step * static_cast<double>(i + 2)) / kHertzPerBin;
      bands[i].first = static_cast<size_t>(std::ceil(begin));
      for (auto bin = static_cast<double>(bands[i].first); bin < end; ++bin) {
        bands[i].weights.push_back(static_cast<float>(
            bin < middle ? (bin - begin) / (middle - begin) : (end - bin) / (end - middle)));
      }
    }
    return *PackedBands::Create(bands, kWindow / 2 + 1);
  }
};

VadFeatures::VadFeatures(const VadKernels& kernels) : kernels_(&kernels) {
  static const Tables& tables = *new Tables;
  tables_ = &tables;
  Reset();
}

void VadFeatures::Reset() {
  history_.fill(0);
  num_unsettled_ = kWindow / kVadFrame + 1;
}

void VadFeatures::Process(absl::Span<const int16_t> frame, VadFrame& features) {
  std::array<int16_t, kWindow + 1> samples;
  std::copy(history_.begin(), history_.end(), samples.begin());
  std::copy(frame.begin(), frame.begin() + kVadFrame, samples.end() - kVadFrame);
  std::copy(samples.begin() + kVadFrame, samples.end(), history_.begin());
  std::array<float, kWindow> windowed;
  for (size_t i = 0; i < kWindow; ++i) {
    windowed[i] =
        (static_cast<float>(samples[i + 1]) - kPreEmphasis * static_cast<float>(samples[i])) *
        tables_->window[i];
  }
  std::array<float, kWindow / 2 + 1> power;
  kernels_->power_spectrum(windowed.data(), kWindow, power.data());
  kernels_->band_energies(tables_->bands.table(), power.data(), features.log_energy.data());
  for (float& energy : features.log_energy) energy += kEnergyFloor;
  kernels_->log2_approx(features.log_energy.data(), kNumVadBands, features.log_energy.data());

  // A window that reaches back before the stream has heard too little to be the least of anything.
  if (num_unsettled_ > 0) {
    --num_unsettled_;
    smoothed_ = noise_ = features.log_energy;
  }
  for (size_t band = 0; band < kNumVadBands; ++band) {
    const float energy = features.log_energy[band];
    smoothed_[band] = kSmoothing * smoothed_[band] + (1 - kSmoothing) * energy;
    noise_[band] = std::min(smoothed_[band], noise_[band] + kNoiseRise);
    features.above_noise[band] = energy - noise_[band];
  }

  std::array<float, kHarmonicFft / 2 + 1> magnitude;
  for (size_t bin = 0; bin <= kHarmonicFft / 2; ++bin) {
    magnitude[bin] = std::sqrt(power[bin]) * tables_->harmonic_weight[bin];
  }
  std::array<float, kHarmonicFft / 2 + 1> lags;
  kernels_->autocorrelation(magnitude.data(), kHarmonicFft, lags.data());
  float greatest = 0;
  size_t place = kMinLag;
  for (size_t lag = kMinLag; lag <= kMaxLag; ++lag) {
    const float value = lags[lag] * tables_->lag_weight[lag];
    if (value > greatest) {
      greatest = value;
      place = lag;
    }
  }
  // Silence is not harmonic.
  features.harmonicity = std::min(greatest / (lags[0] + kSilentMagnitude), 1.0F);
  features.lag = static_cast<float>(place);
}

}  // namespace parlance::audio
