// Compiled for AVX2 and FMA; runs only where BestVadKernels has found both.
#if !defined(__AVX2__) || !defined(__FMA__)
#error "needs -mavx2 -mfma"
#endif

#include "audio/vad/kernels/vad_kernels_impl.inc"
#include "audio/vad/kernels/vad_kernels_variants.h"

namespace parlance::audio {

const VadKernels kAvx2VadKernels = {"avx2",     PowerSpectrum, Autocorrelation, BandEnergies,
                                    Log2Approx, GemvInt8,      GruStep};

}  // namespace parlance::audio
