#include "audio/wav.h"

#include <sndfile.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audio/testing/sounds.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

std::string Path(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(WavTest, WhatIsWrittenIsRead) {
  for (const int rate_hz : {8000, 11025, 16000, 22050, 24000, 44100, 48000}) {
    for (const int channels : {1, 2}) {
      const Waveform written{.sample_rate_hz = rate_hz,
                             .num_channels = channels,
                             .samples = WhiteNoise(2000, 3000, 1)};
      const std::string path = Path("round_trip.wav");
      ASSERT_TRUE(WriteWav(path, written).ok());
      const auto read = ReadWav(path);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->sample_rate_hz, rate_hz);
      EXPECT_EQ(read->num_channels, channels);
      EXPECT_EQ(read->samples, written.samples);
      EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
    }
  }
}

TEST(WavTest, ReadsOtherEncodings) {
  const std::vector<int16_t> samples = Hum(1600, 16000, 200, 8000);
  for (const int encoding : {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,
                             SF_FORMAT_DOUBLE, SF_FORMAT_ULAW, SF_FORMAT_ALAW}) {
    SF_INFO info = {};
    info.samplerate = 16000;
    info.channels = 1;
    info.format = SF_FORMAT_WAV | encoding;
    const std::string path = Path("encoding.wav");
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    ASSERT_NE(file, nullptr);
    // Otherwise 1814 would be written as 1814 times full scale.
    sf_command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);
    sf_write_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
    sf_close(file);
    const auto read = ReadWav(path);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->samples.size(), samples.size()) << encoding;
    for (size_t i = 0; i < samples.size(); ++i) {
      // 8 bits and the laws round by up to 1/64 of the value and some steps.
      ASSERT_NEAR(read->samples[i], samples[i], 300 + std::abs(samples[i]) / 32.0) << encoding;
    }
  }
}

TEST(WavTest, ReadsRecordings) {
  EXPECT_GT(RecordedSpeech("asterisk/hello.wav", 8000).size(), 4000u);
  const auto noise = ReadWav("external/speech_samples/alsa/Noise.wav");
  ASSERT_TRUE(noise.ok()) << noise.status();
  EXPECT_EQ(noise->sample_rate_hz, 48000);
}

TEST(WavTest, SaysWhatIsWrong) {
  ASSERT_TRUE(
      WriteWav(Path("good.wav"),
               {.sample_rate_hz = 16000, .num_channels = 1, .samples = WhiteNoise(1000, 100, 1)})
          .ok());
  const std::string good = Bytes(Path("good.wav"));
  WriteBytes(Path("empty.wav"), "");
  WriteBytes(Path("text.wav"), "This is no sound, whatever its name says.");
  WriteBytes(Path("header_only.wav"), good.substr(0, 44));
  std::string fast = good;
  fast[24] = static_cast<char>(0x00);
  fast[25] = static_cast<char>(0x77);
  fast[26] = 1;
  WriteBytes(Path("fast.wav"), fast);
  std::string channels = good;
  channels[22] = 6;
  WriteBytes(Path("channels.wav"), channels);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Path("missing.wav"), "No such file"},    {Path(""), "is not a file"},
      {Path("empty.wav"), "not a WAV file"},    {Path("text.wav"), "not a WAV file"},
      {Path("header_only.wav"), "no samples"},  {Path("fast.wav"), "the sample rate is 96000 Hz"},
      {Path("channels.wav"), "has 6 channels"},
  };
  for (const auto& [path, message] : cases) {
    const auto read = ReadWav(path);
    ASSERT_FALSE(read.ok()) << path;
    EXPECT_TRUE(absl::StrContains(read.status().message(), message)) << read.status();
    EXPECT_TRUE(absl::StrContains(read.status().message(), path)) << read.status();
  }
  EXPECT_EQ(ReadWav(Path("missing.wav")).status().code(), absl::StatusCode::kNotFound);
}

// The header promises 4 GB, the file has 2 kB.
TEST(WavTest, ALyingHeaderCostsNoMemory) {
  ASSERT_TRUE(
      WriteWav(Path("liar.wav"),
               {.sample_rate_hz = 16000, .num_channels = 1, .samples = WhiteNoise(1000, 100, 1)})
          .ok());
  std::string bytes = Bytes(Path("liar.wav"));
  for (const size_t place : {4, 5, 6, 7, 40, 41, 42, 43}) bytes[place] = static_cast<char>(0xFF);
  WriteBytes(Path("liar.wav"), bytes);
  const auto read = ReadWav(Path("liar.wav"));
  EXPECT_LE(read.ok() ? read->samples.size() : 0, 1000u) << read.status();
}

TEST(WavTest, SaysWhereItCannotWrite) {
  const Waveform waveform{.sample_rate_hz = 16000, .num_channels = 1, .samples = {1, 2, 3}};
  const std::string nowhere = Path("no/such/folder/a.wav");
  EXPECT_TRUE(absl::StrContains(WriteWav(nowhere, waveform).message(), nowhere));
  EXPECT_FALSE(WriteWav(Path(""), waveform).ok());
  EXPECT_FALSE(
      WriteWav(Path("a.wav"), {.sample_rate_hz = 1, .num_channels = 1, .samples = {1}}).ok());
  EXPECT_FALSE(
      WriteWav(Path("a.wav"), {.sample_rate_hz = 8000, .num_channels = 2, .samples = {1}}).ok());
  EXPECT_EQ(WriteWav("/dev/full/a.wav", waveform).code() == absl::StatusCode::kOk, false);
}

// Whatever comes: samples or a message, never a crash.
TEST(WavTest, SurvivesMutations) {
  constexpr uint64_t kSeed = 1994;
  std::mt19937_64 random(kSeed);
  ASSERT_TRUE(
      WriteWav(Path("seed.wav"),
               {.sample_rate_hz = 16000, .num_channels = 2, .samples = WhiteNoise(400, 9000, 1)})
          .ok());
  const std::string good = Bytes(Path("seed.wav"));
  int num_read = 0;
  int num_refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (uint64_t j = 0; j <= random() % 4; ++j) {
      bytes[random() % 60] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    WriteBytes(Path("mutated.wav"), bytes);
    const auto read = ReadWav(Path("mutated.wav"));
    if (read.ok()) {
      ++num_read;
      ASSERT_FALSE(read->samples.empty());
      ASSERT_LE(read->samples.size(), bytes.size());
    } else {
      ++num_refused;
    }
  }
  EXPECT_GT(num_read, 100) << "seed " << kSeed;
  EXPECT_GT(num_refused, 100) << "seed " << kSeed;
}

TEST(WaveformTest, MonoIsTheMeanOfTheChannels) {
  EXPECT_EQ(
      MonoSamples({.sample_rate_hz = 8000, .num_channels = 2, .samples = {10, 20, -32768, -32768}}),
      (std::vector<int16_t>{15, -32768}));
}

}  // namespace
}  // namespace parlance::audio
