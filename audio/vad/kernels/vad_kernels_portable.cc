#include "audio/vad/kernels/vad_kernels_impl.inc"
#include "audio/vad/kernels/vad_kernels_variants.h"

namespace parlance::audio {

const VadKernels kPortableVadKernels = {"portable", PowerSpectrum, Autocorrelation, BandEnergies,
                                        Log2Approx, GemvInt8,      GruStep};

}  // namespace parlance::audio
