// Eight floats at a time, written once for every instruction set.
//
// The source is the compiler's vector extensions (GCC 12, Clang 14). Compiled with -mavx2 -mfma a
// vector is one register; compiled plainly it is two halves of four floats, which is SSE2 on x86_64
// and NEON on aarch64. Products that are added to something become fused where the target has that.
//
// Everything here is of internal linkage, and always inlined: translation units that are compiled
// for different instruction sets include this header, and the linker must not take one's functions
// for the other. For the same reason they include nothing of the standard library but types.
#ifndef AUDIO_VAD_KERNELS_SIMD_H_
#define AUDIO_VAD_KERNELS_SIMD_H_

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "neither SSE2 nor NEON"
#endif

#define PARLANCE_SIMD_INLINE [[gnu::always_inline]] inline

// Internal linkage is what this header is for, as said above.
// NOLINTBEGIN(google-build-namespaces, misc-definitions-in-headers)
namespace parlance::audio::simd {
namespace {

constexpr size_t kLanes = 8;

using F4 [[gnu::vector_size(16)]] = float;
using I4 [[gnu::vector_size(16)]] = int32_t;
using U4 [[gnu::vector_size(16)]] = uint32_t;

PARLANCE_SIMD_INLINE F4 LoadF4(const float* from) {
  F4 v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

// The greater of each lane, and b where one is no number.
PARLANCE_SIMD_INLINE F4 Max(F4 a, F4 b) { return a > b ? a : b; }
PARLANCE_SIMD_INLINE F4 Min(F4 a, F4 b) { return a < b ? a : b; }

PARLANCE_SIMD_INLINE float MaxLane(F4 v) {
  v = Max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
  return Max(v, __builtin_shufflevector(v, v, 1, 0, 3, 2))[0];
}

// Rows become columns.
PARLANCE_SIMD_INLINE void Transpose(F4& a, F4& b, F4& c, F4& d) {
  const F4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const F4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const F4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const F4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  // Adds them as pairs, which GCC 12 has one instruction for on every processor.
  using Pairs [[gnu::vector_size(16)]] = double;
  const auto first = [](F4 x, F4 y) __attribute__((always_inline)) {
    return reinterpret_cast<F4>(
        __builtin_shufflevector(reinterpret_cast<Pairs>(x), reinterpret_cast<Pairs>(y), 0, 2));
  };
  const auto second = [](F4 x, F4 y) __attribute__((always_inline)) {
    return reinterpret_cast<F4>(
        __builtin_shufflevector(reinterpret_cast<Pairs>(x), reinterpret_cast<Pairs>(y), 1, 3));
  };
  a = first(ab_low, cd_low);
  b = second(ab_low, cd_low);
  c = first(ab_high, cd_high);
  d = second(ab_high, cd_high);
}

#if defined(__AVX2__)

using F8 [[gnu::vector_size(32)]] = float;
using I8 [[gnu::vector_size(32)]] = int32_t;
using U8 [[gnu::vector_size(32)]] = uint32_t;

PARLANCE_SIMD_INLINE F8 Broadcast(float x) { return F8{x, x, x, x, x, x, x, x}; }
PARLANCE_SIMD_INLINE I8 Broadcast(int32_t x) { return I8{x, x, x, x, x, x, x, x}; }

PARLANCE_SIMD_INLINE F8 Load(const float* from) {
  F8 v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}
PARLANCE_SIMD_INLINE void Store(float* to, F8 v) { __builtin_memcpy(to, &v, sizeof(v)); }
PARLANCE_SIMD_INLINE void Store(int32_t* to, I8 v) { __builtin_memcpy(to, &v, sizeof(v)); }

PARLANCE_SIMD_INLINE F8 Max(F8 a, F8 b) { return a > b ? a : b; }
PARLANCE_SIMD_INLINE F8 Min(F8 a, F8 b) { return a < b ? a : b; }
PARLANCE_SIMD_INLINE F8 Abs(F8 a) {
  return reinterpret_cast<F8>(reinterpret_cast<U8>(a) & 0x7fffffffU);
}

PARLANCE_SIMD_INLINE U8 Bits(F8 a) { return reinterpret_cast<U8>(a); }
PARLANCE_SIMD_INLINE F8 FromBits(U8 a) { return reinterpret_cast<F8>(a); }
PARLANCE_SIMD_INLINE I8 Signed(U8 a) { return reinterpret_cast<I8>(a); }
PARLANCE_SIMD_INLINE U8 Unsigned(I8 a) { return reinterpret_cast<U8>(a); }
PARLANCE_SIMD_INLINE F8 ToFloat(I8 a) { return __builtin_convertvector(a, F8); }

PARLANCE_SIMD_INLINE F8 Reverse(F8 a) {
  return __builtin_shufflevector(a, a, 7, 6, 5, 4, 3, 2, 1, 0);
}

// The greatest lane.
PARLANCE_SIMD_INLINE float MaxLane(F8 v) {
  return MaxLane(
      Max(__builtin_shufflevector(v, v, 0, 1, 2, 3), __builtin_shufflevector(v, v, 4, 5, 6, 7)));
}

// Puts the low 16 bits of two neighbouring lanes side by side, into the first of the two.
PARLANCE_SIMD_INLINE I8 JoinNeighbours(U8 a) {
  using Q4 [[gnu::vector_size(32)]] = uint64_t;
  const Q4 both = reinterpret_cast<Q4>(a);
  return reinterpret_cast<I8>((both & 0xffffU) | ((both >> 16) & 0xffff0000U));
}

// Loads 16 floats, those with even and those with odd index; lane i has pair kPairOfLane[i], which
// is the order that costs no crossing of halves.
constexpr size_t kPairOfLane[kLanes] = {0, 1, 4, 5, 2, 3, 6, 7};
PARLANCE_SIMD_INLINE void LoadPairs(const float* from, F8& even, F8& odd) {
  const F8 a = Load(from);
  const F8 b = Load(from + kLanes);
  even = __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
  odd = __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}

// Four columns of eight rows, each row `stride` floats after the one before.
PARLANCE_SIMD_INLINE void LoadFourColumns(const float* from, size_t stride, F8& c0, F8& c1, F8& c2,
                                          F8& c3) {
  const auto row_pair = [&](size_t row) __attribute__((always_inline)) {
    return __builtin_shufflevector(LoadF4(from + row * stride), LoadF4(from + (row + 4) * stride),
                                   0, 1, 2, 3, 4, 5, 6, 7);
  };
  const F8 r0 = row_pair(0);
  const F8 r1 = row_pair(1);
  const F8 r2 = row_pair(2);
  const F8 r3 = row_pair(3);
  const F8 low01 = __builtin_shufflevector(r0, r1, 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 high01 = __builtin_shufflevector(r0, r1, 2, 10, 3, 11, 6, 14, 7, 15);
  const F8 low23 = __builtin_shufflevector(r2, r3, 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 high23 = __builtin_shufflevector(r2, r3, 2, 10, 3, 11, 6, 14, 7, 15);
  c0 = __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13);
  c1 = __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15);
  c2 = __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13);
  c3 = __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15);
}

// Lane i is the sum of v[i]'s lanes.
PARLANCE_SIMD_INLINE F8 SumEach(const F8 (&v)[kLanes]) {
  const auto add_pairs = [](F8 a, F8 b) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
           __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  };
  const auto add_fours = [&](F8 a, F8 b, F8 c, F8 d) __attribute__((always_inline)) {
    const F8 ab = add_pairs(a, b);
    const F8 cd = add_pairs(c, d);
    return __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
           __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
  };
  const F8 low = add_fours(v[0], v[1], v[2], v[3]);
  const F8 high = add_fours(v[4], v[5], v[6], v[7]);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
}

// sums[i] += weights[2 i] * low(pairs[i]) + weights[2 i + 1] * high(pairs[i]), where low and high
// are the halves of 32 bits as int16.
PARLANCE_SIMD_INLINE I8 AddProductsOfPairs(I8 sums, const int8_t* weights, I8 pairs) {
  __m128i bytes;
  __builtin_memcpy(&bytes, weights, sizeof(bytes));
  return sums + reinterpret_cast<I8>(_mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes),
                                                       reinterpret_cast<__m256i>(pairs)));
}

#else

// Two halves.
struct F8 {
  F4 low, high;
};
struct I8 {
  I4 low, high;
};
struct U8 {
  U4 low, high;
};

PARLANCE_SIMD_INLINE F8 operator+(F8 a, F8 b) { return {a.low + b.low, a.high + b.high}; }
PARLANCE_SIMD_INLINE F8 operator-(F8 a, F8 b) { return {a.low - b.low, a.high - b.high}; }
PARLANCE_SIMD_INLINE F8 operator*(F8 a, F8 b) { return {a.low * b.low, a.high * b.high}; }
PARLANCE_SIMD_INLINE F8 operator/(F8 a, F8 b) { return {a.low / b.low, a.high / b.high}; }
PARLANCE_SIMD_INLINE F8 operator-(F8 a) { return {-a.low, -a.high}; }
PARLANCE_SIMD_INLINE U8 operator+(U8 a, U8 b) { return {a.low + b.low, a.high + b.high}; }
PARLANCE_SIMD_INLINE U8 operator-(U8 a, U8 b) { return {a.low - b.low, a.high - b.high}; }
PARLANCE_SIMD_INLINE U8 operator-(U8 a, uint32_t b) { return {a.low - b, a.high - b}; }
PARLANCE_SIMD_INLINE U8 operator<<(U8 a, int n) { return {a.low << n, a.high << n}; }
PARLANCE_SIMD_INLINE I8 operator>>(I8 a, int n) { return {a.low >> n, a.high >> n}; }

PARLANCE_SIMD_INLINE F8 Broadcast(float x) { return {F4{x, x, x, x}, F4{x, x, x, x}}; }
PARLANCE_SIMD_INLINE I8 Broadcast(int32_t x) { return {I4{x, x, x, x}, I4{x, x, x, x}}; }

PARLANCE_SIMD_INLINE F8 Load(const float* from) { return {LoadF4(from), LoadF4(from + 4)}; }
PARLANCE_SIMD_INLINE void Store(float* to, F8 v) {
  __builtin_memcpy(to, &v.low, sizeof(v.low));
  __builtin_memcpy(to + 4, &v.high, sizeof(v.high));
}
PARLANCE_SIMD_INLINE void Store(int32_t* to, I8 v) {
  __builtin_memcpy(to, &v.low, sizeof(v.low));
  __builtin_memcpy(to + 4, &v.high, sizeof(v.high));
}

PARLANCE_SIMD_INLINE F8 Max(F8 a, F8 b) { return {Max(a.low, b.low), Max(a.high, b.high)}; }
PARLANCE_SIMD_INLINE F8 Min(F8 a, F8 b) { return {Min(a.low, b.low), Min(a.high, b.high)}; }
PARLANCE_SIMD_INLINE F8 Abs(F8 a) {
  return {reinterpret_cast<F4>(reinterpret_cast<U4>(a.low) & 0x7fffffffU),
          reinterpret_cast<F4>(reinterpret_cast<U4>(a.high) & 0x7fffffffU)};
}

PARLANCE_SIMD_INLINE U8 Bits(F8 a) {
  return {reinterpret_cast<U4>(a.low), reinterpret_cast<U4>(a.high)};
}
PARLANCE_SIMD_INLINE F8 FromBits(U8 a) {
  return {reinterpret_cast<F4>(a.low), reinterpret_cast<F4>(a.high)};
}
PARLANCE_SIMD_INLINE I8 Signed(U8 a) {
  return {reinterpret_cast<I4>(a.low), reinterpret_cast<I4>(a.high)};
}
PARLANCE_SIMD_INLINE U8 Unsigned(I8 a) {
  return {reinterpret_cast<U4>(a.low), reinterpret_cast<U4>(a.high)};
}
PARLANCE_SIMD_INLINE F8 ToFloat(I8 a) {
  return {__builtin_convertvector(a.low, F4), __builtin_convertvector(a.high, F4)};
}

PARLANCE_SIMD_INLINE F8 Reverse(F8 a) {
  return {__builtin_shufflevector(a.high, a.high, 3, 2, 1, 0),
          __builtin_shufflevector(a.low, a.low, 3, 2, 1, 0)};
}

// The greatest lane.
PARLANCE_SIMD_INLINE float MaxLane(F8 v) { return MaxLane(Max(v.low, v.high)); }

// Puts the low 16 bits of two neighbouring lanes side by side, into the first of the two.
PARLANCE_SIMD_INLINE I8 JoinNeighbours(U8 a) {
  using Q2 [[gnu::vector_size(16)]] = uint64_t;
  const auto join = [](U4 lanes) __attribute__((always_inline)) {
    const Q2 both = reinterpret_cast<Q2>(lanes);
    return reinterpret_cast<I4>((both & 0xffffU) | ((both >> 16) & 0xffff0000U));
  };
  return {join(a.low), join(a.high)};
}

// Loads 16 floats, those with even and those with odd index; lane i has pair kPairOfLane[i].
constexpr size_t kPairOfLane[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7};
PARLANCE_SIMD_INLINE void LoadPairs(const float* from, F8& even, F8& odd) {
  const F8 a = Load(from);
  const F8 b = Load(from + kLanes);
  even = {__builtin_shufflevector(a.low, a.high, 0, 2, 4, 6),
          __builtin_shufflevector(b.low, b.high, 0, 2, 4, 6)};
  odd = {__builtin_shufflevector(a.low, a.high, 1, 3, 5, 7),
         __builtin_shufflevector(b.low, b.high, 1, 3, 5, 7)};
}

// Four columns of eight rows, each row `stride` floats after the one before.
PARLANCE_SIMD_INLINE void LoadFourColumns(const float* from, size_t stride, F8& c0, F8& c1, F8& c2,
                                          F8& c3) {
  c0 = {LoadF4(from), LoadF4(from + 4 * stride)};
  c1 = {LoadF4(from + stride), LoadF4(from + 5 * stride)};
  c2 = {LoadF4(from + 2 * stride), LoadF4(from + 6 * stride)};
  c3 = {LoadF4(from + 3 * stride), LoadF4(from + 7 * stride)};
  Transpose(c0.low, c1.low, c2.low, c3.low);
  Transpose(c0.high, c1.high, c2.high, c3.high);
}

// Lane i is the sum of v[i]'s lanes.
PARLANCE_SIMD_INLINE F8 SumEach(const F8 (&v)[kLanes]) {
  const auto add_fours = [&](size_t i) __attribute__((always_inline)) {
    F4 a = v[i].low + v[i].high;
    F4 b = v[i + 1].low + v[i + 1].high;
    F4 c = v[i + 2].low + v[i + 2].high;
    F4 d = v[i + 3].low + v[i + 3].high;
    Transpose(a, b, c, d);
    return (a + c) + (b + d);
  };
  return {add_fours(0), add_fours(4)};
}

// sums[i] += weights[2 i] * low(pairs[i]) + weights[2 i + 1] * high(pairs[i]), where low and high
// are the halves of 32 bits as int16.
PARLANCE_SIMD_INLINE I8 AddProductsOfPairs(I8 sums, const int8_t* weights, I8 pairs) {
#if defined(__SSE2__)
  __m128i bytes;
  __builtin_memcpy(&bytes, weights, sizeof(bytes));
  const __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
  const __m128i high = _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
  return {
      sums.low + reinterpret_cast<I4>(_mm_madd_epi16(low, reinterpret_cast<__m128i>(pairs.low))),
      sums.high +
          reinterpret_cast<I4>(_mm_madd_epi16(high, reinterpret_cast<__m128i>(pairs.high)))};
#else
  const auto add_four = [](I4 sum, int16x8_t bytes, I4 two) __attribute__((always_inline)) {
    const int16x8_t words = reinterpret_cast<int16x8_t>(two);
    const int32x4_t low = vmull_s16(vget_low_s16(bytes), vget_low_s16(words));
    return sum + reinterpret_cast<I4>(vpaddq_s32(low, vmull_high_s16(bytes, words)));
  };
  const int8x16_t bytes = vld1q_s8(weights);
  return {add_four(sums.low, vmovl_s8(vget_low_s8(bytes)), pairs.low),
          add_four(sums.high, vmovl_high_s8(bytes), pairs.high)};
#endif
}

#endif

}  // namespace
}  // namespace parlance::audio::simd
// NOLINTEND(google-build-namespaces, misc-definitions-in-headers)

#endif  // AUDIO_VAD_KERNELS_SIMD_H_
