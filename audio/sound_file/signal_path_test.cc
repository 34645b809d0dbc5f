// The way from a file or a pipe to frames: what the parts promise, put together.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/level_meter.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/sound_file/wav.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;

constexpr int kToHz = 16000;

// 2 s of silence at `rate_hz` with a click at `click_seconds`.
std::vector<int16_t> Click(int rate_hz, double click_seconds) {
  std::vector<int16_t> samples(2 * static_cast<size_t>(rate_hz), 0);
  samples[static_cast<size_t>(click_seconds * rate_hz)] = 30000;
  return samples;
}

std::unique_ptr<SoundReader> FromWav(const std::vector<int16_t>& samples, int rate_hz) {
  const std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/path.wav");
  EXPECT_THAT(
      WriteWavFile(path, {.sample_rate_hz = rate_hz, .num_channels = 1, .samples = samples}),
      IsOk());
  return *WavReader::Open(path);
}

// What is in the file's samples, as a pipe would deliver it.
std::unique_ptr<SoundReader> FromDescriptor(const std::vector<int16_t>& samples, int rate_hz) {
  std::FILE* file = std::tmpfile();
  for (const int16_t sample : samples) {
    std::fputc(sample & 0xFF, file);
    std::fputc((sample >> 8) & 0xFF, file);
  }
  std::rewind(file);
  return std::make_unique<PcmReader>(*PcmReader::Create(fileno(file), {.sample_rate_hz = rate_hz}));
}

// Everything between a reader and a detector.
struct Path {
  explicit Path(SoundReader& sound)
      : reader(sound),
        resampler(*Resampler::Create(sound.sample_rate_hz(), kToHz)),
        framer(*Framer::Create(kToHz, 20)),
        meter(*LevelMeter::Create({.sample_rate_hz = kToHz})),
        block(static_cast<size_t>(sound.sample_rate_hz()) / 50) {}

  // Reads up to `max_blocks` and hears what comes of them; false at the end.
  template <typename OnFrame>
  bool Listen(int max_blocks, OnFrame&& on_frame) {
    const auto listen = [&](int64_t position, absl::Span<const int16_t> frame) {
      on_frame(position, meter.Process(frame));
    };
    for (int i = 0; i < max_blocks; ++i) {
      const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(block));
      if (!count.ok() || *count == 0) {
        resampled.clear();
        resampler.Flush(resampled);
        framer.Push(resampled, listen);
        framer.Flush(listen);
        return false;
      }
      resampled.clear();
      resampler.Process(absl::MakeConstSpan(block).first(*count), resampled);
      framer.Push(resampled, listen);
    }
    return true;
  }

  SoundReader& reader;
  Resampler resampler;
  Framer framer;
  LevelMeter meter;
  std::vector<int16_t> block;
  std::vector<int16_t> resampled;
};

using Open = std::unique_ptr<SoundReader> (*)(const std::vector<int16_t>&, int);

class SignalPathTest : public testing::TestWithParam<std::tuple<Open, int>> {};
INSTANTIATE_TEST_SUITE_P(ReadersAndRates, SignalPathTest,
                         testing::Combine(testing::Values(FromWav, FromDescriptor),
                                          testing::Values(8000, 16000, 22050, 44100, 48000)));

TEST_P(SignalPathTest, AllocatesNothingOnceWarm) {
  const auto [open, rate_hz] = GetParam();
  const std::unique_ptr<SoundReader> reader =
      open(WhiteNoise(static_cast<size_t>(rate_hz) * 4, 5000, 1), rate_hz);
  Path path(*reader);
  int num_frames = 0;
  const auto count = [&](int64_t, const FrameLevel&) { ++num_frames; };
  ASSERT_TRUE(path.Listen(10, count));
  EXPECT_EQ(perf::CountAllocations([&] { path.Listen(1000, count); }), 0);
  EXPECT_EQ(num_frames, 200);
}

TEST_P(SignalPathTest, ASoundIsFoundWhereItIs) {
  const auto [open, rate_hz] = GetParam();
  // In the middle of frame 40.
  const std::unique_ptr<SoundReader> reader = open(Click(rate_hz, 0.81), rate_hz);
  Path path(*reader);
  std::vector<int64_t> loud;
  int64_t next = 0;
  EXPECT_FALSE(path.Listen(1000, [&](int64_t position, const FrameLevel& level) {
    EXPECT_EQ(position, next);
    next += 320;
    if (level.peak_dbfs > -20) loud.push_back(position);
  }));
  EXPECT_EQ(next, 2 * kToHz);
  EXPECT_EQ(loud, (std::vector<int64_t>{40 * 320}));
}

}  // namespace
}  // namespace parlance::audio
