// The variants that vad_kernels chooses from, besides the portable one.
#ifndef AUDIO_VAD_KERNELS_VAD_KERNELS_VARIANTS_H_
#define AUDIO_VAD_KERNELS_VAD_KERNELS_VARIANTS_H_

#include "audio/vad/kernels/vad_kernels.h"

namespace parlance::audio {

#if defined(__x86_64__)
// Needs AVX2 and FMA.
extern const VadKernels kAvx2VadKernels;
#endif

extern const VadKernels kPortableVadKernels;

}  // namespace parlance::audio

#endif  // AUDIO_VAD_KERNELS_VAD_KERNELS_VARIANTS_H_
