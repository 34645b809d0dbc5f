// The kernels of vad_kernels.h as their definitions read, in double precision: what the fast ones
// are compared with.
#ifndef AUDIO_VAD_KERNELS_TESTING_REFERENCE_KERNELS_H_
#define AUDIO_VAD_KERNELS_TESTING_REFERENCE_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "audio/vad/kernels/vad_kernels_bands.h"

namespace parlance::audio {

// The power spectrum of input.size() samples: input.size() / 2 + 1 bins.
std::vector<double> ReferencePowerSpectrum(absl::Span<const float> input);

// The autocorrelation that belongs to n / 2 + 1 bins: as many lags.
std::vector<double> ReferenceAutocorrelation(absl::Span<const float> power);

std::vector<double> ReferenceBandEnergies(absl::Span<const Band> bands,
                                          absl::Span<const float> power);

double ReferenceLog2(float x);

// One row of input.size() weights after the other.
std::vector<double> ReferenceGemv(absl::Span<const double> weights, absl::Span<const float> bias,
                                  absl::Span<const float> input);

// The gates are 3 * hidden.size() each.
std::vector<double> ReferenceGruStep(absl::Span<const float> input_gates,
                                     absl::Span<const float> hidden_gates,
                                     absl::Span<const float> hidden);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_KERNELS_TESTING_REFERENCE_KERNELS_H_
