#include "audio/signal/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numbers>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/signal/rational_clock.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::StatusIs;

using Rates = std::pair<int, int>;

// The part of the lower rate that passes: the header's promise.
constexpr double kPassband = 0.425;
// -1 dBFS.
constexpr double kAmplitude = 29204;

std::vector<Rates> Pairs() {
  std::vector<Rates> pairs;
  for (const int from_hz : {8000, 16000, 24000, 44100, 48000}) {
    for (const int to_hz : {8000, 16000, 24000, 44100, 48000}) pairs.emplace_back(from_hz, to_hz);
  }
  // Files, and rates with little in common.
  for (const Rates& rates : std::vector<Rates>{{11025, 16000},
                                               {22050, 16000},
                                               {32000, 16000},
                                               {22050, 48000},
                                               {8001, 48000},
                                               {47999, 16000},
                                               {47999, 48000},
                                               {48000, 8001}}) {
    pairs.push_back(rates);
  }
  return pairs;
}

std::string Name(const Rates& rates) { return absl::StrCat(rates.first, "_to_", rates.second); }

std::vector<int16_t> Sine(int rate_hz, double hz, size_t count, double amplitude) {
  std::vector<int16_t> samples(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = static_cast<int16_t>(std::lround(
        amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz)));
  }
  return samples;
}

std::vector<int16_t> Resampled(const Rates& rates, absl::Span<const int16_t> input) {
  auto resampler = *Resampler::Create(rates.first, rates.second);
  std::vector<int16_t> output;
  resampler.Process(input, output);
  resampler.Flush(output);
  return output;
}

// The part of a stream without its ends, where the filter sees the silence around it.
struct Middle {
  size_t begin;
  absl::Span<const int16_t> samples;
};

Middle MiddleOf(absl::Span<const int16_t> samples) {
  const size_t margin = samples.size() / 10;
  return {.begin = margin, .samples = samples.subspan(margin, samples.size() - 2 * margin)};
}

// The sine of a known frequency that is nearest, and what is left.
struct Fit {
  double amplitude;
  // The phase against a tone that is 0 at the stream's start.
  double delay_seconds;
  double signal_to_noise_db;
};

Fit FitSine(const Middle& middle, int rate_hz, double hz) {
  double ss = 0, cc = 0, sc = 0, sy = 0, cy = 0;
  const auto angle = [&](size_t i) {
    return 2 * std::numbers::pi * hz * static_cast<double>(middle.begin + i) / rate_hz;
  };
  for (size_t i = 0; i < middle.samples.size(); ++i) {
    const double s = std::sin(angle(i)), c = std::cos(angle(i)), y = middle.samples[i];
    ss += s * s, cc += c * c, sc += s * c, sy += s * y, cy += c * y;
  }
  const double determinant = ss * cc - sc * sc;
  const double in_phase = (sy * cc - cy * sc) / determinant;
  const double quadrature = (cy * ss - sy * sc) / determinant;
  double noise = 0, signal = 0;
  for (size_t i = 0; i < middle.samples.size(); ++i) {
    const double fitted = in_phase * std::sin(angle(i)) + quadrature * std::cos(angle(i));
    const double error = middle.samples[i] - fitted;
    signal += fitted * fitted;
    noise += error * error;
  }
  return {.amplitude = std::hypot(in_phase, quadrature),
          .delay_seconds = std::atan2(-quadrature, in_phase) / (2 * std::numbers::pi * hz),
          .signal_to_noise_db = 10 * std::log10(signal / std::max(noise, 1e-9))};
}

class ResamplerPairTest : public testing::TestWithParam<Rates> {};
INSTANTIATE_TEST_SUITE_P(Rates, ResamplerPairTest, testing::ValuesIn(Pairs()),
                         [](const auto& info) { return Name(info.param); });

// Frequencies that no rate is a multiple of, up to the end of what passes.
TEST_P(ResamplerPairTest, TonesPassAtTheirPlace) {
  const auto [from_hz, to_hz] = GetParam();
  const double edge_hz = kPassband * std::min(from_hz, to_hz);
  double worst = 200;
  for (const double hz :
       {101.3, 997.7, edge_hz * 0.4 + 0.7, edge_hz * 0.8 + 0.3, edge_hz * 0.95, edge_hz}) {
    const std::vector<int16_t> output =
        Resampled(GetParam(), Sine(from_hz, hz, static_cast<size_t>(from_hz) / 4, kAmplitude));
    const Fit fit = FitSine(MiddleOf(output), to_hz, hz);
    EXPECT_GE(fit.signal_to_noise_db, 90) << hz;
    EXPECT_NEAR(20 * std::log10(fit.amplitude / kAmplitude), 0, 0.01) << hz;
    EXPECT_NEAR(fit.delay_seconds * to_hz, 0, 0.001) << hz;
    worst = std::min(worst, fit.signal_to_noise_db);
  }
  RecordProperty("worst_signal_to_noise_db", absl::StrCat(worst));
}

TEST_P(ResamplerPairTest, AliasesAreSuppressed) {
  const auto [from_hz, to_hz] = GetParam();
  if (to_hz >= from_hz) return;
  double worst = 200;
  for (double hz = to_hz / 2.0 + 1.7; hz < from_hz / 2.0; hz += (from_hz - to_hz) / 40.0 + 3.1) {
    const std::vector<int16_t> output =
        Resampled(GetParam(), Sine(from_hz, hz, static_cast<size_t>(from_hz) / 8, kAmplitude));
    // Nothing but an alias and the rounding could be in it: the alias is at a known place.
    const double alias_hz = std::abs(hz - to_hz * std::round(hz / to_hz));
    const Fit fit = FitSine(MiddleOf(output), to_hz, std::max(alias_hz, 1.0));
    const double down_db = 20 * std::log10(kAmplitude / std::max(fit.amplitude, 0.01));
    EXPECT_GE(down_db, from_hz % to_hz == 0 ? 84 : 90) << hz;
    EXPECT_LE(Level(MiddleOf(output).samples), kAmplitude / std::numbers::sqrt2 / 10'000 + 0.3)
        << hz;
    worst = std::min(worst, down_db);
  }
  RecordProperty("worst_alias_db", absl::StrCat(worst));
}

TEST_P(ResamplerPairTest, EveryInputSampleHasItsTime) {
  const auto [from_hz, to_hz] = GetParam();
  for (const int64_t count : {0, 1, 2, 3, 47, 48, 100, 441, 1000, 4800}) {
    const std::vector<int16_t> output =
        Resampled(GetParam(), std::vector<int16_t>(static_cast<size_t>(count), 1000));
    EXPECT_EQ(static_cast<int64_t>(output.size()), (count * to_hz + from_hz - 1) / from_hz);
  }
}

TEST_P(ResamplerPairTest, AnImpulseIsWhereItWas) {
  const auto [from_hz, to_hz] = GetParam();
  for (const size_t place : {0u, 1u, 333u, 1000u, 1500u}) {
    std::vector<int16_t> input(2000, 0);
    input[place] = 30000;
    const std::vector<int16_t> output = Resampled(GetParam(), input);
    const auto peak = std::max_element(output.begin(), output.end());
    EXPECT_NEAR(static_cast<double>(peak - output.begin()),
                static_cast<double>(place) * to_hz / from_hz, 0.5001)
        << place;
  }
}

// How much has to be heard until a sample comes out is what the header says.
TEST_P(ResamplerPairTest, DelayIsAsPromised) {
  const auto [from_hz, to_hz] = GetParam();
  auto resampler = *Resampler::Create(from_hz, to_hz);
  std::vector<int16_t> output;
  const int64_t lookahead = resampler.lookahead_samples();
  const double promised = to_hz > from_hz ? 24
                          : to_hz < from_hz
                              ? std::ceil((from_hz % to_hz == 0 ? 36.0 : 40.0) * from_hz / to_hz)
                              : 0;
  EXPECT_EQ(static_cast<double>(lookahead), promised);
  for (int64_t heard = 1; heard <= 3000; ++heard) {
    resampler.Process({1}, output);
    const int64_t inside = std::max<int64_t>(heard - lookahead, 0);
    ASSERT_EQ(static_cast<int64_t>(output.size()), (inside * to_hz + from_hz - 1) / from_hz);
  }
}

TEST_P(ResamplerPairTest, ChunksMakeNoDifference) {
  const std::vector<int16_t> input = WhiteNoise(8000, 9000, 5);
  const std::vector<int16_t> expected = Resampled(GetParam(), input);
  constexpr uint64_t kSeed = 6;
  std::mt19937_64 random(kSeed);
  for (const size_t max_chunk : {1u, 7u, 300u, 2000u}) {
    auto resampler = *Resampler::Create(GetParam().first, GetParam().second);
    std::vector<int16_t> output;
    absl::Span<const int16_t> rest = input;
    while (!rest.empty()) {
      const size_t count = std::min<size_t>(rest.size(), random() % (max_chunk + 1));
      resampler.Process(rest.first(count), output);
      rest.remove_prefix(count);
    }
    resampler.Flush(output);
    EXPECT_EQ(output, expected) << "chunks of up to " << max_chunk << ", seed " << kSeed;
  }
}

TEST_P(ResamplerPairTest, AfterFlushItIsAsNew) {
  const std::vector<int16_t> input = WhiteNoise(1001, 5000, 5);
  auto resampler = *Resampler::Create(GetParam().first, GetParam().second);
  for (int i = 0; i < 3; ++i) {
    std::vector<int16_t> output;
    resampler.Process(input, output);
    resampler.Flush(output);
    EXPECT_EQ(output, Resampled(GetParam(), input)) << i;
  }
}

TEST_P(ResamplerPairTest, SilenceIsSilenceAndAConstantIsConstant) {
  for (const int value : {0, 1, -1, 12345, 32767, -32768}) {
    const std::vector<int16_t> output =
        Resampled(GetParam(), std::vector<int16_t>(4000, static_cast<int16_t>(value)));
    for (const int16_t sample : MiddleOf(output).samples) ASSERT_EQ(sample, value);
  }
}

// Between samples it overshoots; cut, not wrapped.
TEST_P(ResamplerPairTest, AFullScaleSquareDoesNotWrap) {
  const auto [from_hz, to_hz] = GetParam();
  constexpr size_t kHalfPeriod = 200;
  std::vector<int16_t> input(4000);
  for (size_t i = 0; i < input.size(); ++i) input[i] = i / kHalfPeriod % 2 == 0 ? 32767 : -32768;
  const std::vector<int16_t> output = Resampled(GetParam(), input);
  int highest = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    const double place = std::fmod(static_cast<double>(i) * from_hz / to_hz, 2 * kHalfPeriod);
    highest = std::max<int>(highest, output[i]);
    if (place > 10 && place < kHalfPeriod - 10) {
      ASSERT_GT(output[i], 20000) << i;
    }
    if (place > kHalfPeriod + 10 && place < 2 * kHalfPeriod - 10) {
      ASSERT_LT(output[i], -20000) << i;
    }
  }
  EXPECT_EQ(highest, 32767);
}

TEST_P(ResamplerPairTest, AllocatesNothingOnceWarm) {
  auto resampler = *Resampler::Create(GetParam().first, GetParam().second);
  const std::vector<int16_t> input = WhiteNoise(960, 5000, 5);
  std::vector<int16_t> output;
  output.reserve(30 * 960 * 6);
  EXPECT_EQ(perf::CountAllocations([&] {
              for (int i = 0; i < 20; ++i) resampler.Process(input, output);
              resampler.Flush(output);
            }),
            0);
}

TEST(ResamplerTest, OneSampleFromEightToSixteenKilohertz) {
  const std::vector<int16_t> output = Resampled({8000, 16000}, {10000});
  // Itself, and what is half a sample beside it: 10000 * 2 / pi, but for the window.
  ASSERT_EQ(output.size(), 2u);
  EXPECT_EQ(output[0], 10000);
  EXPECT_NEAR(output[1], 6366, 20);
}

// From 8 to 16 kHz, every other sample is one that came in.
TEST(ResamplerTest, DoublingKeepsTheSamples) {
  const std::vector<int16_t> input = WhiteNoise(1000, 9000, 3);
  const std::vector<int16_t> output = Resampled({8000, 16000}, input);
  for (size_t i = 0; i < input.size(); ++i) ASSERT_EQ(output[2 * i], input[i]);
}

// Streams share coefficients, and nothing else.
TEST(ResamplerTest, StreamsDoNotDisturbEachOther) {
  const Rates rates(44100, 16000);
  const std::vector<int16_t> expected = Resampled(rates, WhiteNoise(5000, 9000, 1));
  std::vector<std::thread> threads;
  std::vector<std::vector<int16_t>> outputs(4);
  for (size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] { outputs[i] = Resampled(rates, WhiteNoise(5000, 9000, 1)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int16_t>& output : outputs) EXPECT_EQ(output, expected);
}

// Each has the coefficients of its own rates while others live.
TEST(ResamplerTest, RatesDoNotDisturbEachOther) {
  const std::vector<int16_t> input = WhiteNoise(2000, 9000, 1);
  std::vector<Resampler> resamplers;
  for (const Rates& rates : Pairs()) {
    resamplers.push_back(*Resampler::Create(rates.first, rates.second));
  }
  std::vector<std::vector<int16_t>> outputs;
  for (Resampler& resampler : resamplers) {
    std::vector<int16_t>& output = outputs.emplace_back();
    resampler.Process(input, output);
    resampler.Flush(output);
  }
  resamplers.clear();
  for (size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_EQ(outputs[i], Resampled(Pairs()[i], input)) << Name(Pairs()[i]);
  }
}

TEST(ResamplerTest, RefusesOtherRates) {
  for (const Rates& rates :
       std::vector<Rates>{{7999, 16000}, {16000, 48001}, {0, 16000}, {16000, -8000}}) {
    EXPECT_THAT(Resampler::Create(rates.first, rates.second),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

// Eight hours, sample by sample, of the positions alone.
TEST(RationalClockTest, DoesNotDriftInEightHours) {
  RationalClock clock(44100, 16000);
  constexpr int64_t kSamples = 8LL * 3600 * 16000;
  for (int64_t i = 0; i < kSamples; ++i) {
    if (i % 16'000'001 == 0) {
      ASSERT_EQ(clock.sample(), i * 441 / 160);
      ASSERT_EQ(clock.phase(), i * 441 % 160);
    }
    clock.Next();
  }
  EXPECT_EQ(clock.sample(), 8LL * 3600 * 44100);
  EXPECT_EQ(clock.phase(), 0);
}

// The origin goes along with a stream, as in the resampler: in chunks that fit no second.
TEST(RationalClockTest, ChunksOfEightHoursGiveEverySampleOnce) {
  for (const Rates& rates : Pairs()) {
    RationalClock clock(rates.first, rates.second);
    const int64_t total = 8LL * 3600 * rates.first;
    int64_t num_output = 0;
    for (int64_t heard = 0; heard < total;) {
      const int64_t chunk = std::min<int64_t>(total - heard, 10'007);
      const int64_t count = clock.NumBefore(chunk);
      clock.Skip(count);
      ASSERT_GE(clock.sample(), chunk);
      ASSERT_EQ(clock.NumBefore(chunk), 0);
      clock.MoveOrigin(chunk);
      heard += chunk;
      num_output += count;
    }
    ASSERT_EQ(num_output, (total * rates.second + rates.first - 1) / rates.first) << Name(rates);
  }
}

TEST(RationalClockTest, SkipIsManyTimesNext) {
  for (const Rates& rates : Pairs()) {
    RationalClock stepped(rates.first, rates.second);
    RationalClock skipped(rates.first, rates.second);
    for (const int count : {0, 1, 2, 159, 160, 161, 1000}) {
      for (int i = 0; i < count; ++i) stepped.Next();
      skipped.Skip(count);
      ASSERT_EQ(skipped.sample(), stepped.sample());
      ASSERT_EQ(skipped.phase(), stepped.phase());
    }
  }
}

}  // namespace
}  // namespace parlance::audio
