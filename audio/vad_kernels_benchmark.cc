// The detectors' inner loops, each in the fastest variant and in the portable one. Inputs are warm
// in the cache, which they are not between the frames of many streams.
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "audio/vad/kernels/vad_kernels.h"
#include "audio/vad/kernels/vad_kernels_bands.h"
#include "benchmark/benchmark.h"

namespace parlance::audio {
namespace {

std::vector<float> Random(size_t n, float low, float high) {
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(random);
  return values;
}

void FinishOf(benchmark::State& state, const VadKernels& kernels, const char* what,
              const std::vector<float>& out) {
  state.SetLabel(std::string(what) + ", " + kernels.name);
  for (const float value : out) {
    if (!(value > -1e9F && value < 1e9F)) return state.SkipWithError("no result");
  }
}

void BM_PowerSpectrum(benchmark::State& state, const VadKernels& kernels, size_t n) {
  const std::vector<float> input = Random(n, -1, 1);
  std::vector<float> power(n / 2 + 1);
  for (auto _ : state) {
    kernels.power_spectrum(input.data(), n, power.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, n == 512 ? "Power Spectrum of 512" : "Power Spectrum of 256", power);
}

void BM_Autocorrelation(benchmark::State& state, const VadKernels& kernels, size_t n) {
  const std::vector<float> power = Random(n / 2 + 1, 0, 1);
  std::vector<float> lags(n / 2 + 1);
  for (auto _ : state) {
    kernels.autocorrelation(power.data(), n, lags.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, n == 512 ? "Autocorrelation of 512" : "Autocorrelation of 256", lags);
}

void BM_BandEnergies(benchmark::State& state, const VadKernels& kernels) {
  // Widths of 3 to 22 bins, as mel bands have, overlapping by half.
  std::vector<Band> bands;
  for (size_t b = 0; b < 40; ++b) {
    bands.push_back({.first = b * b / 7 + b / 4, .weights = std::vector<float>(3 + b / 2, 0.5F)});
  }
  const PackedBands packed = *PackedBands::Create(bands, 257);
  const BandTable table = packed.table();
  const std::vector<float> power = Random(257, 0, 1);
  std::vector<float> energies(40);
  for (auto _ : state) {
    kernels.band_energies(table, power.data(), energies.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, "40 Band Energies", energies);
}

void BM_Log2(benchmark::State& state, const VadKernels& kernels) {
  const std::vector<float> in = Random(40, 1e-3F, 1e9F);
  std::vector<float> out(40);
  for (auto _ : state) {
    kernels.log2_approx(in.data(), in.size(), out.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, "40 Logarithms", out);
}

// The products of a gated recurrent unit with 64 units and 40 features: 19,968 weights.
void BM_GemvInt8(benchmark::State& state, const VadKernels& kernels) {
  std::vector<int8_t> weights(192 * (64 + 40));
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<int8_t>(i * 7919 % 255);
  const std::vector<float> scales = Random(192, 0.001F, 0.01F);
  const std::vector<float> bias = Random(192, -1, 1);
  const std::vector<float> input = Random(64, -1, 1);
  std::vector<float> out(192);
  for (auto _ : state) {
    kernels.gemv_int8(weights.data(), scales.data(), bias.data(), input.data(), 64, 192,
                      out.data());
    kernels.gemv_int8(weights.data() + 192 * 64, scales.data(), bias.data(), input.data(), 40, 192,
                      out.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, "8-bit Products, 192 x 64 and 192 x 40", out);
}

void BM_GruStep(benchmark::State& state, const VadKernels& kernels) {
  const std::vector<float> gates = Random(384, -3, 3);
  std::vector<float> hidden(64);
  for (auto _ : state) {
    kernels.gru_step(gates.data(), gates.data() + 192, 64, hidden.data());
    benchmark::ClobberMemory();
  }
  FinishOf(state, kernels, "Gates of 64 Units", hidden);
}

// Google Benchmark's captures are of the functions' results, so that each variant is chosen here.
BENCHMARK_CAPTURE(BM_PowerSpectrum, best_512, BestVadKernels(), 512)
    ->Name("audio.kernels.power_spectrum_512");
BENCHMARK_CAPTURE(BM_PowerSpectrum, portable_512, PortableVadKernels(), 512)
    ->Name("audio.kernels.portable.power_spectrum_512");
BENCHMARK_CAPTURE(BM_PowerSpectrum, best_256, BestVadKernels(), 256)
    ->Name("audio.kernels.power_spectrum_256");
BENCHMARK_CAPTURE(BM_PowerSpectrum, portable_256, PortableVadKernels(), 256)
    ->Name("audio.kernels.portable.power_spectrum_256");
BENCHMARK_CAPTURE(BM_Autocorrelation, best_256, BestVadKernels(), 256)
    ->Name("audio.kernels.autocorrelation_256");
BENCHMARK_CAPTURE(BM_Autocorrelation, portable_256, PortableVadKernels(), 256)
    ->Name("audio.kernels.portable.autocorrelation_256");
BENCHMARK_CAPTURE(BM_BandEnergies, best, BestVadKernels())->Name("audio.kernels.band_energies_40");
BENCHMARK_CAPTURE(BM_BandEnergies, portable, PortableVadKernels())
    ->Name("audio.kernels.portable.band_energies_40");
BENCHMARK_CAPTURE(BM_Log2, best, BestVadKernels())->Name("audio.kernels.log2_40");
BENCHMARK_CAPTURE(BM_Log2, portable, PortableVadKernels())->Name("audio.kernels.portable.log2_40");
BENCHMARK_CAPTURE(BM_GemvInt8, best, BestVadKernels())->Name("audio.kernels.gemv_int8_20k");
BENCHMARK_CAPTURE(BM_GemvInt8, portable, PortableVadKernels())
    ->Name("audio.kernels.portable.gemv_int8_20k");
BENCHMARK_CAPTURE(BM_GruStep, best, BestVadKernels())->Name("audio.kernels.gru_step_64");
BENCHMARK_CAPTURE(BM_GruStep, portable, PortableVadKernels())
    ->Name("audio.kernels.portable.gru_step_64");

}  // namespace
}  // namespace parlance::audio
