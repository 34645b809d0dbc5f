#include "audio/vad/kernels/testing/reference_kernels.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <numbers>

namespace parlance::audio {
namespace {

// An angle of i k / n turns, reduced exactly.
double Angle(size_t i, size_t k, size_t n) {
  return 2 * std::numbers::pi * static_cast<double>(i * k % n) / static_cast<double>(n);
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

std::vector<double> ReferencePowerSpectrum(absl::Span<const float> input) {
  const size_t n = input.size();
  std::vector<double> power(n / 2 + 1);
  for (size_t k = 0; k < power.size(); ++k) {
    double re = 0;
    double im = 0;
    for (size_t i = 0; i < n; ++i) {
      re += input[i] * std::cos(Angle(i, k, n));
      im -= input[i] * std::sin(Angle(i, k, n));
    }
    power[k] = re * re + im * im;
  }
  return power;
}

std::vector<double> ReferenceAutocorrelation(absl::Span<const float> power) {
  const size_t n = 2 * (power.size() - 1);
  std::vector<double> lags(power.size());
  for (size_t lag = 0; lag < lags.size(); ++lag) {
    for (size_t k = 0; k < n; ++k) {
      lags[lag] += power[std::min(k, n - k)] * std::cos(Angle(lag, k, n));
    }
    lags[lag] /= static_cast<double>(n);
  }
  return lags;
}

std::vector<double> ReferenceBandEnergies(absl::Span<const Band> bands,
                                          absl::Span<const float> power) {
  std::vector<double> energies;
  for (const Band& band : bands) {
    double energy = 0;
    for (size_t i = 0; i < band.weights.size(); ++i) {
      energy += static_cast<double>(band.weights[i]) * power[band.first + i];
    }
    energies.push_back(energy);
  }
  return energies;
}

double ReferenceLog2(float x) { return std::log2(static_cast<double>(std::max(x, FLT_MIN))); }

std::vector<double> ReferenceGemv(absl::Span<const double> weights, absl::Span<const float> bias,
                                  absl::Span<const float> input) {
  std::vector<double> out(bias.begin(), bias.end());
  for (size_t row = 0; row < out.size(); ++row) {
    for (size_t i = 0; i < input.size(); ++i)
      out[row] += weights[row * input.size() + i] * input[i];
  }
  return out;
}

std::vector<double> ReferenceGruStep(absl::Span<const float> input_gates,
                                     absl::Span<const float> hidden_gates,
                                     absl::Span<const float> hidden) {
  const size_t units = hidden.size();
  std::vector<double> next(units);
  for (size_t i = 0; i < units; ++i) {
    const auto input_gate = [&](size_t gate) -> double { return input_gates[gate * units + i]; };
    const auto hidden_gate = [&](size_t gate) -> double { return hidden_gates[gate * units + i]; };
    const double r = Sigmoid(input_gate(0) + hidden_gate(0));
    const double z = Sigmoid(input_gate(1) + hidden_gate(1));
    const double n = std::tanh(input_gate(2) + r * hidden_gate(2));
    next[i] = (1 - z) * n + z * hidden[i];
  }
  return next;
}

}  // namespace parlance::audio
