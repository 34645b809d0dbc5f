// The arithmetic inner loops of the voice activity detectors: transforms, bands, logarithms, and
// the products and gates of a small recurrent network.
//
// Pointers are plain, and their arrays as long as said here; nothing is read or written beyond. No
// alignment is needed, and none changes a result. Inputs and outputs do not overlap, except where a
// parameter is both. Results are the same bits from call to call, thread to thread and stream to
// stream, for the same variant; variants differ by rounding. Errors are stated against exact
// arithmetic on the same input, which is finite.
//
// Threads: any, at the same time. Allocation: none; scratch of about 8 KB at most is on the stack.
// No locks, no system calls. A size that is none of those said here is a broken program, which
// power_spectrum, autocorrelation and gemv_int8 end.
#ifndef AUDIO_VAD_KERNELS_VAD_KERNELS_H_
#define AUDIO_VAD_KERNELS_VAD_KERNELS_H_

#include <cstddef>
#include <cstdint>

namespace parlance::audio {

// Weights of bands over the bins of a spectrum, packed for `band_energies`. vad_kernels_bands.h
// makes it from bands.
struct BandTable {
  size_t num_bands = 0;
  // The bin that each band's weights begin at, and of each eight bands how many blocks of eight
  // weights they have; what is missing to eight bands is there, with weights of 0. No block reaches
  // beyond the spectrum.
  const uint32_t* first = nullptr;
  const uint32_t* num_blocks = nullptr;
  // In the order eight bands, block, band, weight.
  const float* weights = nullptr;
};

struct VadKernels {
  // "avx2" or "portable".
  const char* name;

  // power[k] = |sum over i of input[i] exp(-2 pi j i k / n)|^2, k from 0 to n / 2. `input`: n
  // samples, windowed already; n: 256 or 512. Error: 2e-6 of the greatest power. (C. F. Van Loan,
  // "Computational Frameworks for the Fast Fourier Transform", 1992: the four-step framework, and
  // real data as half as many complex numbers.)
  void (*power_spectrum)(const float* input, size_t n, float* power);

  // The circular autocorrelation of what has this power spectrum: lags[l] = 1 / n * sum over k from
  // 0 to n - 1 of power[min(k, n - k)] cos(2 pi k l / n), l from 0 to n / 2. `power`: n / 2 + 1; n:
  // 256 or 512. Error: 1e-6 of the greatest possible lag, the mean of |power| over the n bins.
  void (*autocorrelation)(const float* power, size_t n, float* lags);

  // energies[b] = the sum of band b's weights times its bins of `power`. Error: 1e-6 of the sum of
  // the products' magnitudes.
  void (*band_energies)(const BandTable& bands, const float* power, float* energies);

  // out[i] = log2(in[i]). What is below the least normal float (1.18e-38), negative or no number
  // gives -126; infinity gives 128. Absolute error: 2e-5. `out` may be `in`.
  void (*log2_approx)(const float* in, size_t n, float* out);

  // out = bias + diag(scales) W input with integer W. `weights`: from PackInt8Weights; `rows`: a
  // multiple of 8; `inputs`: at most 256. The input is rounded to 16 bits relative to its greatest
  // magnitude m, so that a row's error is 2e-5 m times the sum of its weights' magnitudes, and 1e-6
  // of |bias| + |W| |input|.
  void (*gemv_int8)(const int8_t* weights, const float* scales, const float* bias,
                    const float* input, size_t inputs, size_t rows, float* out);

  // The gates of a recurrent unit (PyTorch's GRU; K. Cho et al., "Learning phrase representations
  // using RNN encoder-decoder", 2014):
  //   r = sigmoid(input_gates[r] + hidden_gates[r]), z = sigmoid(input_gates[z] + hidden_gates[z]),
  //   n = tanh(input_gates[n] + r * hidden_gates[n]), hidden = (1 - z) * n + z * hidden.
  // The gates: 3 * units each, in the order r, z, n, biases included; `units`: a multiple of 8.
  // Absolute error: 1e-5 for |hidden| up to 1 and gates up to 20 in magnitude; beyond, they are
  // rounded more coarsely. Infinite or no numbers as gates saturate; hidden stays finite.
  void (*gru_step)(const float* input_gates, const float* hidden_gates, size_t units,
                   float* hidden);
};

// The fastest that this processor has. Chosen on the first call.
const VadKernels& BestVadKernels();

// The kernels that run on every processor: SSE2 on x86_64, NEON on aarch64.
const VadKernels& PortableVadKernels();

// The number of bytes that PackInt8Weights writes.
constexpr size_t PackedInt8Size(size_t rows, size_t inputs) { return rows * (inputs + inputs % 2); }

// Brings weights, one row of `inputs` after the other, into the order of gemv_int8: pairs of
// columns, and in a pair the two weights of each row side by side; an odd last column's partner is
// 0. `packed`: PackedInt8Size(rows, inputs).
void PackInt8Weights(const int8_t* row_major, size_t rows, size_t inputs, int8_t* packed);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_KERNELS_VAD_KERNELS_H_
