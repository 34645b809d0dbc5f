#include "audio/vad/kernels/vad_kernels.h"

#include "audio/vad/kernels/vad_kernels_variants.h"

namespace parlance::audio {

const VadKernels& PortableVadKernels() { return kPortableVadKernels; }

const VadKernels& BestVadKernels() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) return kAvx2VadKernels;
#endif
  return kPortableVadKernels;
}

void PackInt8Weights(const int8_t* row_major, size_t rows, size_t inputs, int8_t* packed) {
  for (size_t i = 0; i < inputs + inputs % 2; ++i) {
    for (size_t row = 0; row < rows; ++row) {
      packed[(i / 2) * 2 * rows + 2 * row + i % 2] =
          i < inputs ? row_major[row * inputs + i] : int8_t{0};
    }
  }
}

}  // namespace parlance::audio
