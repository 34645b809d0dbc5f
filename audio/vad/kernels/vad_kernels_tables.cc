#include "audio/vad/kernels/vad_kernels_tables.h"

#include <numbers>

namespace parlance::audio {
namespace {

struct Complex {
  double re, im;
};

// exp(-2 pi j * numerator / denominator), 0 <= numerator / denominator < 1. The standard library's
// functions are no constant expressions.
constexpr Complex RootOfUnity(size_t numerator, size_t denominator) {
  // Series of a quarter turn at most, where they converge fast.
  const size_t quarter = 4 * numerator / denominator;
  const double angle = 2 * std::numbers::pi *
                       (static_cast<double>(4 * numerator - quarter * denominator) /
                        static_cast<double>(4 * denominator));
  double cosine = 0;
  double sine = 0;
  double term = 1;
  for (int i = 0; i < 30; ++i) {
    const double sign = i % 4 < 2 ? 1 : -1;
    (i % 2 == 0 ? cosine : sine) += sign * term;
    term *= angle / (i + 1);
  }
  switch (quarter) {
    case 0:
      return {cosine, -sine};
    case 1:
      return {-sine, -cosine};
    case 2:
      return {-cosine, sine};
    default:
      return {sine, cosine};
  }
}

template <size_t kSize>
constexpr FftTable<kSize> MakeTable() {
  FftTable<kSize> table{};
  for (size_t column = 0; column < kSize / 16; ++column) {
    for (size_t k = 0; k < 16; ++k) {
      const Complex w = RootOfUnity(column * k, kSize);
      table.twiddle_re[16 * column + k] = static_cast<float>(w.re);
      table.twiddle_im[16 * column + k] = static_cast<float>(w.im);
    }
  }
  for (size_t k = 0; k < kSize / 2; ++k) {
    const Complex w = RootOfUnity(k + 1, 2 * kSize);
    table.split_re[k] = static_cast<float>(w.re);
    table.split_im[k] = static_cast<float>(w.im);
  }
  return table;
}

}  // namespace

constexpr FftTable<128> kFftTable128 = MakeTable<128>();
constexpr FftTable<256> kFftTable256 = MakeTable<256>();

}  // namespace parlance::audio
