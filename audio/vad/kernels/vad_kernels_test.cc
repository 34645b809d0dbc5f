// Compares both variants with their definitions in double precision.
#include "audio/vad/kernels/vad_kernels.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "audio/vad/kernels/testing/reference_kernels.h"
#include "audio/vad/kernels/vad_kernels_bands.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<const VadKernels*> Variants() {
  std::vector<const VadKernels*> variants = {&PortableVadKernels()};
  if (&BestVadKernels() != &PortableVadKernels()) variants.push_back(&BestVadKernels());
  return variants;
}

class VadKernelsTest : public testing::TestWithParam<const VadKernels*> {
 protected:
  const VadKernels& kernels() const { return *GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Variants, VadKernelsTest, testing::ValuesIn(Variants()),
                         [](const auto& info) { return std::string(info.param->name); });

std::vector<float> Random(size_t n, float low, float high, uint32_t seed) {
  std::minstd_rand random(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(random);
  return values;
}

double Greatest(const std::vector<double>& values) {
  double greatest = 0;
  for (const double value : values) greatest = std::max(greatest, std::abs(value));
  return greatest;
}

double GreatestError(const std::vector<float>& values, const std::vector<double>& reference) {
  EXPECT_EQ(values.size(), reference.size());
  double greatest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double error = std::abs(values[i] - reference[i]);
    // What is no number is no small error.
    if (!(error <= greatest)) greatest = std::isnan(error) ? HUGE_VAL : error;
  }
  return greatest;
}

std::vector<float> Tone(size_t n, double cycles) {
  std::vector<float> tone(n);
  for (size_t i = 0; i < n; ++i) {
    tone[i] = static_cast<float>(
        std::cos(2 * std::numbers::pi * cycles * static_cast<double>(i) / static_cast<double>(n)));
  }
  return tone;
}

struct Signal {
  std::string name;
  std::vector<float> samples;
};

std::vector<Signal> Signals(size_t n) {
  std::vector<Signal> signals = {
      {"zeros", std::vector<float>(n)},
      {"constant", std::vector<float>(n, 1)},
      {"tone in bin 1", Tone(n, 1)},
      {"tone in the middle bin", Tone(n, static_cast<double>(n) / 4)},
      {"tone in the last bin", Tone(n, static_cast<double>(n) / 2)},
      {"tone between bins", Tone(n, 17.37)},
  };
  for (const size_t at : {size_t{0}, size_t{1}, n / 2, n - 1}) {
    std::vector<float> impulse(n);
    impulse[at] = 1;
    signals.push_back({"impulse at " + std::to_string(at), impulse});
  }
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    signals.push_back({"noise, seed " + std::to_string(seed), Random(n, -32768, 32767, seed)});
  }
  return signals;
}

TEST_P(VadKernelsTest, PowerSpectrumIsThatOfTheDefinition) {
  double worst = 0;
  for (const size_t n : {256, 512}) {
    for (const Signal& signal : Signals(n)) {
      SCOPED_TRACE(std::to_string(n) + " samples, " + signal.name);
      const std::vector<double> reference = ReferencePowerSpectrum(signal.samples);
      std::vector<float> power(n / 2 + 1, kNan);
      kernels().power_spectrum(signal.samples.data(), n, power.data());
      const double error = GreatestError(power, reference);
      EXPECT_LE(error, 2e-6 * Greatest(reference));
      if (error > 0) worst = std::max(worst, error / Greatest(reference));
    }
  }
  RecordProperty("relative_error", std::to_string(worst * 1e6) + "e-6");
}

TEST_P(VadKernelsTest, AutocorrelationIsThatOfTheDefinition) {
  double worst = 0;
  for (const size_t n : {256, 512}) {
    for (const Signal& signal : Signals(n)) {
      SCOPED_TRACE(std::to_string(n) + " samples, " + signal.name);
      // The first half of any signal is a spectrum, and so are powers.
      std::vector<float> power(signal.samples.begin(),
                               signal.samples.begin() + static_cast<ptrdiff_t>(n / 2 + 1));
      std::vector<float> magnitudes(power.size());
      for (size_t k = 0; k < power.size(); ++k) magnitudes[k] = std::abs(power[k]);
      const double scale = ReferenceAutocorrelation(magnitudes)[0];
      const std::vector<double> reference = ReferenceAutocorrelation(power);
      std::vector<float> lags(n / 2 + 1, kNan);
      kernels().autocorrelation(power.data(), n, lags.data());
      const double error = GreatestError(lags, reference);
      EXPECT_LE(error, 1e-6 * scale);
      if (error > 0) worst = std::max(worst, error / scale);
    }
  }
  RecordProperty("relative_error", std::to_string(worst * 1e6) + "e-6");
}

// Triangles that overlap by half, from 3 bins to 40 wide.
std::vector<Band> Triangles(size_t num_bands, size_t num_bins) {
  std::vector<Band> bands;
  for (size_t b = 0; b < num_bands; ++b) {
    const size_t width = 3 + 37 * b / num_bands;
    Band band{.first = std::min(b * (num_bins - 1) / num_bands, num_bins - width), .weights = {}};
    for (size_t i = 0; i < width; ++i) {
      const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(width);
      band.weights.push_back(static_cast<float>(1 - std::abs(2 * place - 1)));
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

TEST_P(VadKernelsTest, BandEnergiesAreTheWeightedSums) {
  struct {
    const char* name;
    std::vector<Band> bands;
    size_t num_bins;
  } const cases[] = {
      {"none", {}, 257},
      {"40 triangles of 257 bins", Triangles(40, 257), 257},
      {"24 triangles of 129 bins", Triangles(24, 129), 129},
      {"one more than a group of 8", Triangles(9, 257), 257},
      {"wide bands beside narrow ones at the end",
       {{0, std::vector<float>(100, 0.5F)}, {255, {3, 4}}},
       257},
      {"a single bin", {{5, {2}}}, 257},
      {"the last bin", {{256, {2}}}, 257},
      {"an empty band between others", {{3, {1}}, {7, {}}, {9, {1}}}, 257},
      {"an empty band at the end", {{257, {}}}, 257},
      {"all bins but one", {{1, std::vector<float>(256, 0.5F)}}, 257},
      {"the smallest spectrum", {{0, std::vector<float>(8, 0.5F)}, {7, {1}}}, 8},
  };
  for (const auto& c : cases) {
    for (uint32_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(std::string(c.name) + ", seed " + std::to_string(seed));
      const auto packed = PackedBands::Create(c.bands, c.num_bins);
      ASSERT_THAT(packed, IsOk());
      const std::vector<float> power = Random(c.num_bins, 0, 1e9F, seed);
      const BandTable table = packed->table();
      for (size_t b = 0; b < table.num_bands; ++b) {
        EXPECT_LE(table.first[b] + 8 * table.num_blocks[b / 8], c.num_bins) << "band " << b;
      }
      const std::vector<double> reference = ReferenceBandEnergies(c.bands, power);
      std::vector<float> energies(c.bands.size() + 1, -1);
      kernels().band_energies(table, power.data(), energies.data());
      EXPECT_EQ(energies.back(), -1) << "written beyond the last band";
      for (size_t b = 0; b < reference.size(); ++b) {
        EXPECT_NEAR(energies[b], reference[b], 1e-6 * reference[b]) << "band " << b;
      }
    }
  }
}

TEST(PackedBandsTest, BandsThatDoNotFitAreRefused) {
  struct {
    const char* name;
    Band band;
    size_t num_bins;
  } const cases[] = {
      {"beyond the end", {250, std::vector<float>(8)}, 257},
      {"begins beyond the end", {258, {}}, 257},
      {"more bins than full blocks hold", {0, std::vector<float>(257)}, 257},
      {"too small a spectrum", {0, {1}}, 7},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(PackedBands::Create({c.band}, c.num_bins),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << c.name;
  }
}

TEST_P(VadKernelsTest, Log2IsWithinItsErrorOverTheWholeRange) {
  // Every 997th float from the least normal one to the greatest, and all around 1.
  std::vector<float> in;
  for (uint32_t bits = 0x00800000; bits < 0x7f800000; bits += 997) {
    float x;
    std::memcpy(&x, &bits, sizeof(x));
    in.push_back(x);
  }
  for (float x = 0.999F; x < 1.001F; x = std::nextafter(x, 2.0F)) in.push_back(x);
  std::vector<float> out(in.size());
  kernels().log2_approx(in.data(), in.size(), out.data());
  double worst = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    const double error = std::abs(out[i] - ReferenceLog2(in[i]));
    if (error > 2e-5) {
      ADD_FAILURE() << "log2(" << in[i] << ") = " << out[i] << ", not " << ReferenceLog2(in[i]);
      break;
    }
    worst = std::max(worst, error);
  }
  RecordProperty("absolute_error", std::to_string(worst * 1e6) + "e-6");
}

TEST_P(VadKernelsTest, Log2ClampsWhatIsNoPositiveNumber) {
  struct {
    const char* name;
    float x;
    float expected;
  } const cases[] = {
      {"one", 1, 0},
      {"a power of two", 1024, 10},
      {"the least normal number", FLT_MIN, -126},
      {"a subnormal number", FLT_MIN / 2, -126},
      {"zero", 0, -126},
      {"a negative number", -1, -126},
      {"no number", kNan, -126},
      {"negative infinity", -kInfinity, -126},
      {"infinity", kInfinity, 128},
  };
  for (const auto& c : cases) {
    // Alone, which goes another way than eight.
    float one = kNan;
    kernels().log2_approx(&c.x, 1, &one);
    EXPECT_EQ(one, c.expected) << c.name;
    std::vector<float> eight(8, c.x);
    kernels().log2_approx(eight.data(), eight.size(), eight.data());
    EXPECT_EQ(eight, std::vector<float>(8, c.expected)) << c.name;
  }
}

TEST_P(VadKernelsTest, Log2TakesAnyNumberOfValues) {
  for (size_t n = 0; n < 20; ++n) {
    SCOPED_TRACE(n);
    const std::vector<float> in = Random(n, 1e-9F, 1e9F, 1);
    std::vector<float> out(n + 1, -1);
    kernels().log2_approx(in.data(), n, out.data());
    EXPECT_EQ(out.back(), -1) << "written beyond the end";
    for (size_t i = 0; i < n; ++i) EXPECT_NEAR(out[i], ReferenceLog2(in[i]), 2e-5);
  }
}

struct Shape {
  size_t rows, inputs;
};
constexpr Shape kShapes[] = {{192, 64}, {192, 40}, {64, 40},  {128, 24}, {96, 64},
                             {8, 64},   {72, 33},  {192, 41}, {64, 1},   {64, 0}};

struct Int8Layer {
  std::vector<int8_t> packed;
  std::vector<float> scales;
  std::vector<float> bias;
  // What the integers stand for, one row after the other.
  std::vector<double> weights;
};

Int8Layer RandomLayer(const Shape& shape, uint32_t seed) {
  Int8Layer layer;
  std::minstd_rand random(seed);
  std::uniform_int_distribution<int> integers(-128, 127);
  layer.scales = Random(shape.rows, 0.001F, 0.01F, seed + 300);
  layer.bias = Random(shape.rows, -1, 1, seed + 100);
  std::vector<int8_t> row_major(shape.rows * shape.inputs);
  for (size_t i = 0; i < row_major.size(); ++i) {
    row_major[i] = static_cast<int8_t>(integers(random));
    layer.weights.push_back(row_major[i] * static_cast<double>(layer.scales[i / shape.inputs]));
  }
  layer.packed.resize(PackedInt8Size(shape.rows, shape.inputs));
  PackInt8Weights(row_major.data(), shape.rows, shape.inputs, layer.packed.data());
  return layer;
}

TEST_P(VadKernelsTest, GemvInt8IsTheProduct) {
  for (const Shape& shape : kShapes) {
    for (const float greatest : {1e-20F, 1.0F, 20.0F, 1e20F}) {
      for (uint32_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(std::to_string(shape.rows) + " x " + std::to_string(shape.inputs) +
                     ", inputs up to " + std::to_string(greatest) + ", seed " +
                     std::to_string(seed));
        const Int8Layer layer = RandomLayer(shape, seed);
        const std::vector<float> input = Random(shape.inputs, -greatest, greatest, seed + 200);
        float input_magnitude = 0;
        for (const float x : input) input_magnitude = std::max(input_magnitude, std::abs(x));
        const std::vector<double> reference = ReferenceGemv(layer.weights, layer.bias, input);
        std::vector<float> out(shape.rows + 1, -1);
        kernels().gemv_int8(layer.packed.data(), layer.scales.data(), layer.bias.data(),
                            input.data(), shape.inputs, shape.rows, out.data());
        EXPECT_EQ(out.back(), -1) << "written beyond the last row";
        for (size_t row = 0; row < shape.rows; ++row) {
          double magnitude = std::abs(layer.bias[row]);
          double weights = 0;
          for (size_t i = 0; i < shape.inputs; ++i) {
            magnitude += std::abs(layer.weights[row * shape.inputs + i] * input[i]);
            weights += std::abs(layer.weights[row * shape.inputs + i]);
          }
          EXPECT_NEAR(out[row], reference[row], 2e-5 * input_magnitude * weights + 1e-6 * magnitude)
              << "row " << row;
        }
      }
    }
  }
}

TEST(PackInt8WeightsTest, PairsOfColumnsLieSideBySide) {
  const int8_t row_major[] = {1, 2, 3,  //
                              4, 5, 6};
  std::vector<int8_t> packed(PackedInt8Size(2, 3), -1);
  PackInt8Weights(row_major, 2, 3, packed.data());
  EXPECT_EQ(packed, std::vector<int8_t>({1, 2, 4, 5, 3, 0, 6, 0}));
}

TEST_P(VadKernelsTest, GemvInt8AtItsLimits) {
  // The greatest sums there are, which an int32 holds.
  constexpr size_t kRows = 8;
  constexpr size_t kInputs = 256;
  const std::vector<int8_t> weights(kRows * kInputs, -128);
  std::vector<int8_t> packed(PackedInt8Size(kRows, kInputs));
  PackInt8Weights(weights.data(), kRows, kInputs, packed.data());
  const std::vector<float> scales(kRows, 0.5F);
  const std::vector<float> bias(kRows, 1.0F);
  std::vector<float> out(kRows);
  const std::vector<float> ones(kInputs, 1.0F);
  kernels().gemv_int8(packed.data(), scales.data(), bias.data(), ones.data(), kInputs, kRows,
                      out.data());
  EXPECT_NEAR(out[0], 1 - 64 * 256, 0.01);
  const std::vector<float> minus_ones(kInputs, -1.0F);
  kernels().gemv_int8(packed.data(), scales.data(), bias.data(), minus_ones.data(), kInputs, kRows,
                      out.data());
  EXPECT_NEAR(out[0], 1 + 64 * 256, 0.01);
  const std::vector<float> zeros(kInputs);
  kernels().gemv_int8(packed.data(), scales.data(), bias.data(), zeros.data(), kInputs, kRows,
                      out.data());
  EXPECT_EQ(out, bias);
  // Smaller than what has a reciprocal.
  const std::vector<float> tiny(kInputs, 1e-42F);
  kernels().gemv_int8(packed.data(), scales.data(), bias.data(), tiny.data(), kInputs, kRows,
                      out.data());
  EXPECT_EQ(out, bias);
}

TEST_P(VadKernelsTest, GruStepIsWithinItsError) {
  double worst = 0;
  for (const size_t units : {8, 64, 128}) {
    for (const float range : {0.1F, 1.0F, 5.0F, 20.0F}) {
      for (uint32_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(std::to_string(units) + " units, gates up to " + std::to_string(range) +
                     ", seed " + std::to_string(seed));
        const std::vector<float> input_gates = Random(3 * units, -range, range, seed);
        const std::vector<float> hidden_gates = Random(3 * units, -range, range, seed + 100);
        std::vector<float> hidden = Random(units, -1, 1, seed + 200);
        const std::vector<double> reference = ReferenceGruStep(input_gates, hidden_gates, hidden);
        hidden.push_back(-5);
        kernels().gru_step(input_gates.data(), hidden_gates.data(), units, hidden.data());
        EXPECT_EQ(hidden.back(), -5) << "written beyond the last unit";
        hidden.pop_back();
        const double error = GreatestError(hidden, reference);
        EXPECT_LE(error, 1e-5);
        worst = std::max(worst, error);
      }
    }
  }
  RecordProperty("absolute_error", std::to_string(worst * 1e6) + "e-6");
}

// A sweep of one gate, so that no step of its functions is missed.
TEST_P(VadKernelsTest, GatesAreWithinTheirErrorEverywhere) {
  double worst_r = 0;
  double worst_z = 0;
  double worst_n = 0;
  for (float x = -100; x < 100; x += 0.008F) {
    std::vector<float> gates(24);
    const std::vector<float> zeros(24);
    for (size_t i = 0; i < 8; ++i) gates[i] = x + 0.001F * static_cast<float>(i);
    const auto error = [&](const std::vector<float>& input_gates,
                           const std::vector<float>& hidden_gates, float start) {
      std::vector<float> hidden(8, start);
      const std::vector<double> reference = ReferenceGruStep(input_gates, hidden_gates, hidden);
      kernels().gru_step(input_gates.data(), hidden_gates.data(), 8, hidden.data());
      return GreatestError(hidden, reference);
    };
    // tanh(r), as z is almost 0.
    std::vector<float> hidden_gates(24);
    std::fill_n(hidden_gates.begin() + 8, 8, -50.0F);
    std::fill_n(hidden_gates.begin() + 16, 8, 1.0F);
    worst_r = std::max(worst_r, error(gates, hidden_gates, 0));
    // z * hidden.
    std::rotate(gates.begin(), gates.begin() + 16, gates.end());
    worst_z = std::max(worst_z, error(gates, zeros, 1));
    // tanh(gate), z almost 0.
    std::rotate(gates.begin(), gates.begin() + 16, gates.end());
    std::fill_n(hidden_gates.begin() + 16, 8, 0.0F);
    worst_n = std::max(worst_n, error(gates, hidden_gates, 0));
  }
  EXPECT_LE(worst_r, 1e-5);
  EXPECT_LE(worst_z, 1e-5);
  EXPECT_LE(worst_n, 1e-5);
  RecordProperty("absolute_error_z", std::to_string(worst_z * 1e6) + "e-6");
  RecordProperty("absolute_error_n", std::to_string(worst_n * 1e6) + "e-6");
}

TEST_P(VadKernelsTest, GatesSaturate) {
  struct {
    const char* name;
    float r, z, n, hidden_n;
    double expected;  // From hidden = 0.5.
  } const cases[] = {
      {"z open, n high", 0, -kInfinity, kInfinity, 0, 1},
      {"z open, n low", 0, -kInfinity, -kInfinity, 0, -1},
      {"z closed", 0, kInfinity, 7, 0, 0.5},
      {"r closed, hidden gate infinite", -kInfinity, -1000, 0, kInfinity, 1},
      {"r open", kInfinity, -1000, 0, 2, std::tanh(2.0)},
      {"greatest numbers", FLT_MAX, -FLT_MAX, FLT_MAX, FLT_MAX, 1},
  };
  for (const auto& c : cases) {
    std::vector<float> input_gates(24);
    std::vector<float> hidden_gates(24);
    std::fill_n(input_gates.begin(), 8, c.r);
    std::fill_n(input_gates.begin() + 8, 8, c.z);
    std::fill_n(input_gates.begin() + 16, 8, c.n);
    std::fill_n(hidden_gates.begin() + 16, 8, c.hidden_n);
    std::vector<float> hidden(8, 0.5F);
    kernels().gru_step(input_gates.data(), hidden_gates.data(), 8, hidden.data());
    for (const float h : hidden) EXPECT_NEAR(h, c.expected, 1e-5) << c.name;
  }
  // No numbers make none of the hidden state.
  const std::vector<float> nans(24, kNan);
  std::vector<float> hidden(8, 0.5F);
  kernels().gru_step(nans.data(), nans.data(), 8, hidden.data());
  for (const float h : hidden) EXPECT_LE(std::abs(h), 1.0F);
}

// What a kernel makes of data that begin `offset` floats after a boundary of 64 bytes.
class Displaced {
 public:
  Displaced(const std::vector<float>& values, size_t offset) : buffer_(values.size() + 32) {
    auto address = reinterpret_cast<uintptr_t>(buffer_.data()) / sizeof(float);
    begin_ = (16 - address % 16) % 16 + offset;
    std::copy(values.begin(), values.end(), buffer_.begin() + static_cast<ptrdiff_t>(begin_));
  }
  float* data() { return buffer_.data() + begin_; }

 private:
  std::vector<float> buffer_;
  size_t begin_;
};

TEST_P(VadKernelsTest, AlignmentAndRepetitionChangeNoBit) {
  const std::vector<float> samples = Random(512, -1, 1, 1);
  const std::vector<float> gates = Random(384, -3, 3, 2);
  const Int8Layer layer = RandomLayer({192, 40}, 4);
  const std::vector<Band> bands = Triangles(40, 257);
  const PackedBands packed = *PackedBands::Create(bands, 257);
  struct {
    const char* name;
    size_t size;
    std::function<void(size_t, float*)> run;
  } const cases[] = {
      {"power_spectrum", 257,
       [&](size_t offset, float* out) {
         kernels().power_spectrum(Displaced(samples, offset).data(), 512, out);
       }},
      {"power_spectrum of 256", 129,
       [&](size_t offset, float* out) {
         kernels().power_spectrum(Displaced(samples, offset).data(), 256, out);
       }},
      {"autocorrelation", 257,
       [&](size_t offset, float* out) {
         kernels().autocorrelation(Displaced(samples, offset).data(), 512, out);
       }},
      {"band_energies", 40,
       [&](size_t offset, float* out) {
         kernels().band_energies(packed.table(), Displaced(samples, offset).data(), out);
       }},
      {"log2_approx", 509,
       [&](size_t offset, float* out) {
         kernels().log2_approx(Displaced(samples, offset).data(), 509, out);
       }},
      {"gemv_int8", 192,
       [&](size_t offset, float* out) {
         std::vector<int8_t> moved(layer.packed.size() + offset);
         std::copy(layer.packed.begin(), layer.packed.end(),
                   moved.begin() + static_cast<ptrdiff_t>(offset));
         kernels().gemv_int8(moved.data() + offset, Displaced(layer.scales, offset).data(),
                             Displaced(layer.bias, offset).data(),
                             Displaced(samples, offset).data(), 40, 192, out);
       }},
      {"gru_step", 64,
       [&](size_t offset, float* out) {
         std::copy_n(samples.begin(), 64, out);
         kernels().gru_step(Displaced(gates, offset).data(),
                            Displaced(gates, offset + 3).data() + 192, 64, out);
       }},
  };
  for (const auto& c : cases) {
    const std::vector<float> nothing(c.size, kNan);
    Displaced first(nothing, 0);
    c.run(0, first.data());
    for (size_t offset = 0; offset < 16; ++offset) {
      Displaced again(nothing, offset);
      c.run((offset * 7) % 13, again.data());
      EXPECT_EQ(std::memcmp(first.data(), again.data(), c.size * sizeof(float)), 0)
          << c.name << " at offset " << offset;
    }
  }
}

TEST(VadKernelsTableTest, BestIsWhatTheProcessorHas) {
#if defined(__x86_64__)
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  EXPECT_STREQ(BestVadKernels().name, has_avx2 ? "avx2" : "portable");
#endif
  EXPECT_STREQ(PortableVadKernels().name, "portable");
}

}  // namespace
}  // namespace parlance::audio
