#include "audio/signal/framer.h"

#include <cstdint>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

std::vector<int16_t> Ramp(size_t size) {
  std::vector<int16_t> samples(size);
  for (size_t i = 0; i < size; ++i) samples[i] = static_cast<int16_t>(i);
  return samples;
}

TEST(FramerTest, CutsWhateverComes) {
  std::vector<int16_t> input = Ramp(1000);
  constexpr uint64_t kSeed = 8;
  std::mt19937_64 random(kSeed);
  Framer framer(160);
  std::vector<int16_t> output;
  const auto collect = [&](int64_t position, absl::Span<const int16_t> frame) {
    ASSERT_EQ(frame.size(), 160u);
    ASSERT_EQ(position, static_cast<int64_t>(output.size()));
    output.insert(output.end(), frame.begin(), frame.end());
  };
  absl::Span<const int16_t> rest = input;
  while (!rest.empty()) {
    const size_t count = std::min<size_t>(rest.size(), 1 + random() % 400);
    framer.Push(rest.first(count), collect);
    rest.remove_prefix(count);
  }
  EXPECT_EQ(output.size(), 960u);
  framer.Flush(collect);
  framer.Flush(collect);
  EXPECT_EQ(output.size(), 1120u) << "seed " << kSeed;
  input.resize(1120, 0);
  EXPECT_EQ(output, input);
}

TEST(FramerTest, AfterFlushItIsAsNew) {
  for (const size_t first : {0u, 50u, 160u, 200u}) {
    Framer framer(160);
    const auto ignore = [](int64_t, absl::Span<const int16_t>) {};
    framer.Push(Ramp(first), ignore);
    framer.Flush(ignore);
    std::vector<int64_t> positions;
    framer.Push(Ramp(320), [&](int64_t position, absl::Span<const int16_t> frame) {
      positions.push_back(position);
      EXPECT_EQ(frame[0], position);
    });
    EXPECT_EQ(positions, (std::vector<int64_t>{0, 160})) << first;
  }
}

TEST(FramerTest, FramesAreTenTwentyOrThirtyMilliseconds) {
  struct Case {
    int sample_rate_hz;
    int frame_ms;
    size_t frame_samples;
  };
  for (const auto& [rate_hz, ms, samples] : std::vector<Case>{{8000, 10, 80},
                                                              {8000, 30, 240},
                                                              {16000, 20, 320},
                                                              {44100, 10, 441},
                                                              {22050, 20, 441},
                                                              {48000, 30, 1440}}) {
    const auto framer = Framer::Create(rate_hz, ms);
    ASSERT_THAT(framer, IsOk());
    EXPECT_EQ(framer->frame_samples(), samples);
  }
  for (const auto& [rate_hz, ms] : std::vector<std::pair<int, int>>{
           {8000, 0}, {8000, 15}, {8000, -10}, {0, 10}, {-8000, 10}, {11025, 10}, {22050, 10}}) {
    EXPECT_THAT(Framer::Create(rate_hz, ms), StatusIs(absl::StatusCode::kInvalidArgument))
        << rate_hz << " " << ms;
  }
}

TEST(FramerTest, AllocatesNothing) {
  const std::vector<int16_t> input = Ramp(1000);
  Framer framer(160);
  int64_t last = 0;
  EXPECT_EQ(perf::CountAllocations([&] {
              for (int i = 0; i < 10; ++i) {
                framer.Push(input,
                            [&](int64_t position, absl::Span<const int16_t>) { last = position; });
              }
            }),
            0);
  EXPECT_EQ(last, 9760);
}

}  // namespace
}  // namespace parlance::audio
