// Constants of the transforms, shared by the variants of vad_kernels.
#ifndef AUDIO_VAD_KERNELS_VAD_KERNELS_TABLES_H_
#define AUDIO_VAD_KERNELS_VAD_KERNELS_TABLES_H_

#include <cstddef>

namespace parlance::audio {

// The constants of a transform of kSize complex numbers, with w = exp(-2 pi j / kSize).
template <size_t kSize>
struct FftTable {
  // w^(column * k) at 16 * column + k, for the kSize / 16 columns and k below 16.
  alignas(64) float twiddle_re[kSize];
  alignas(64) float twiddle_im[kSize];
  // w^((k + 1) / 2), which separate the even samples' spectrum from the odd ones'.
  alignas(64) float split_re[kSize / 2];
  alignas(64) float split_im[kSize / 2];
};

extern const FftTable<128> kFftTable128;
extern const FftTable<256> kFftTable256;

}  // namespace parlance::audio

#endif  // AUDIO_VAD_KERNELS_VAD_KERNELS_TABLES_H_
