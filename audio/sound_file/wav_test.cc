#include "audio/sound_file/wav.h"

#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

std::string Path(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The first ones.
std::string Bytes(const std::string& path, size_t count) {
  std::string bytes(count, '\0');
  std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(count));
  return bytes;
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
      ASSERT_THAT(WriteWavFile(path, written), IsOk());
      const auto read = ReadWav(path);
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(read->sample_rate_hz, rate_hz);
      EXPECT_EQ(read->num_channels, channels);
      EXPECT_EQ(read->samples, written.samples);
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
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(read->samples.size(), samples.size()) << encoding;
    for (size_t i = 0; i < samples.size(); ++i) {
      // 8 bits and the laws round by up to 1/64 of the value and some steps.
      ASSERT_NEAR(read->samples[i], samples[i], 300 + std::abs(samples[i]) / 32.0) << encoding;
    }
  }
}

TEST(WavTest, ReadsRecordings) {
  EXPECT_GT(RecordedSpeech("asterisk/hello.wav", 8000).size(), 4000u);
  const auto noise = ReadWav("third_party/speech_samples/alsa/Noise.wav");
  ASSERT_THAT(noise, IsOk());
  EXPECT_EQ(noise->sample_rate_hz, 48000);
}

TEST(WavTest, SaysWhatIsWrong) {
  ASSERT_THAT(WriteWavFile(Path("good.wav"), {.sample_rate_hz = 16000,
                                              .num_channels = 1,
                                              .samples = WhiteNoise(1000, 100, 1)}),
              IsOk());
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
    ASSERT_THAT(read, Not(IsOk())) << path;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(message));
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(path));
  }
  EXPECT_THAT(ReadWav(Path("missing.wav")), StatusIs(absl::StatusCode::kNotFound));
}

// The header promises 4 GB, the file has 2 kB.
TEST(WavTest, ALyingHeaderCostsNoMemory) {
  ASSERT_THAT(WriteWavFile(Path("liar.wav"), {.sample_rate_hz = 16000,
                                              .num_channels = 1,
                                              .samples = WhiteNoise(1000, 100, 1)}),
              IsOk());
  std::string bytes = Bytes(Path("liar.wav"));
  for (const size_t place : {4, 5, 6, 7, 40, 41, 42, 43}) bytes[place] = static_cast<char>(0xFF);
  WriteBytes(Path("liar.wav"), bytes);
  const auto read = ReadWav(Path("liar.wav"));
  EXPECT_LE(read.ok() ? read->samples.size() : 0, 1000u) << read.status();
}

TEST(WavTest, SaysWhatCannotBeWritten) {
  const auto nothing = [](absl::string_view) { return absl::OkStatus(); };
  for (const Waveform& waveform :
       {Waveform{.sample_rate_hz = 1, .num_channels = 1, .samples = {1}},
        Waveform{.sample_rate_hz = 8000, .num_channels = 3, .samples = {1, 2, 3}},
        Waveform{.sample_rate_hz = 8000, .num_channels = 2, .samples = {1}}}) {
    EXPECT_THAT(WriteWav(waveform, nothing), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(WavTest, WhatCannotBeHandedOnIsAnErrorAtOnce) {
  for (const int good_pieces : {0, 1, 2}) {
    int pieces = 0;
    const absl::Status status = WriteWav(
        {.sample_rate_hz = 16000, .num_channels = 1, .samples = WhiteNoise(20000, 9000, 1)},
        [&](absl::string_view bytes) {
          EXPECT_LE(bytes.size(), 8192u);
          return pieces++ < good_pieces ? absl::OkStatus() : absl::DataLossError("full");
        });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_EQ(pieces, good_pieces + 1);
  }
}

std::vector<int16_t> ReadAll(SoundReader& reader, size_t piece) {
  std::vector<int16_t> samples;
  std::vector<int16_t> block(piece);
  for (;;) {
    const absl::StatusOr<size_t> count = reader.Read(absl::MakeSpan(block));
    EXPECT_THAT(count, IsOk());
    if (!count.ok() || *count == 0) return samples;
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
  }
}

TEST(WavReaderTest, PiecesOfAnySizeAreTheWhole) {
  for (const int channels : {1, 2}) {
    const Waveform written{
        .sample_rate_hz = 24000, .num_channels = channels, .samples = WhiteNoise(30000, 9000, 1)};
    ASSERT_THAT(WriteWavFile(Path("pieces.wav"), written), IsOk());
    for (const size_t piece : {1u, 7u, 480u, 5000u, 40000u}) {
      const auto reader = WavReader::Open(Path("pieces.wav"));
      ASSERT_THAT(reader, IsOk());
      EXPECT_EQ((*reader)->sample_rate_hz(), 24000);
      EXPECT_EQ((*reader)->num_channels(), channels);
      EXPECT_EQ((*reader)->num_samples(), 30000 / channels);
      EXPECT_EQ(*(*reader)->Read({}), 0u);
      EXPECT_EQ(ReadAll(**reader, piece), MonoSamples(written)) << piece;
      EXPECT_EQ(ReadAll(**reader, piece).size(), 0u) << "after the end";
    }
  }
}

// The chunk sizes in front of the samples, and what of them is there.
TEST(WavReaderTest, BelievesNoHeader) {
  const std::vector<int16_t> samples = WhiteNoise(1000, 9000, 1);
  ASSERT_THAT(WriteWavFile(Path("good.wav"),
                           {.sample_rate_hz = 16000, .num_channels = 1, .samples = samples}),
              IsOk());
  const std::string good = Bytes(Path("good.wav"));
  ASSERT_EQ(good.size(), 2044u);
  const auto with_size = [&](uint32_t size) {
    std::string bytes = good;
    for (size_t i = 0; i < 4; ++i) bytes[40 + i] = static_cast<char>(size >> (8 * i));
    return bytes;
  };
  // From the sizes that matter on, of 64 bits.
  const auto rf64 = [&](uint64_t size) {
    std::string bytes = "RF64\xFF\xFF\xFF\xFFWAVEds64";
    bytes += std::string("\x1C\0\0\0", 4) + std::string(8, '\0');
    for (size_t i = 0; i < 8; ++i) bytes += static_cast<char>(size >> (8 * i));
    bytes += std::string(12, '\0') + good.substr(12, 24) + "data\xFF\xFF\xFF\xFF";
    return bytes + good.substr(44);
  };
  struct Case {
    const char* name;
    std::string bytes;
    size_t num_samples;
    std::string remark = "";
  };
  const std::string cut = Path("case.wav") + " is cut short: its header promises ";
  for (const Case& c : std::vector<Case>{
           {"as it is", good, 1000},
           {"promises 4 GB", with_size(0xFFFFFFFF), 1000},
           {"promises 2 GB", with_size(0x7FFFFFFE), 1000},
           {"promises two bytes more", with_size(2002), 1000},
           {"promises less", with_size(200), 100},
           {"promises nothing, as a recorder that was killed", with_size(0), 1000},
           {"is cut short", good.substr(0, 1044), 500, cut + "0.06 s, 0.03 s are there"},
           {"ends with half a sample", good.substr(0, 1045), 500, cut + "0.06 s, 0.03 s are there"},
           {"RF64", rf64(2000), 1000},
           {"RF64 promises a terabyte", rf64(uint64_t{1} << 40), 1000,
            cut + "34359738.37 s, 0.06 s are there"},
           {"RF64 promises less", rf64(200), 100},
           {"RF64 promises nothing", rf64(0), 1000},
           {"another chunk follows", good + "LIST" + std::string("\4\0\0\0abcd", 8), 1000},
       }) {
    WriteBytes(Path("case.wav"), c.bytes);
    const auto reader = WavReader::Open(Path("case.wav"));
    ASSERT_THAT(reader, IsOk()) << c.name;
    EXPECT_EQ((*reader)->num_samples(), static_cast<int64_t>(c.num_samples)) << c.name;
    EXPECT_EQ(ReadAll(**reader, 333),
              std::vector<int16_t>(samples.begin(),
                                   samples.begin() + static_cast<ptrdiff_t>(c.num_samples)))
        << c.name;
    EXPECT_EQ((*reader)->Remark(), c.remark) << c.name;
  }
  for (const Case& c :
       std::vector<Case>{{"no samples", good.substr(0, 44), 0},
                         {"an empty file of no size", with_size(0).substr(0, 44), 0},
                         {"half a sample", good.substr(0, 45), 0}}) {
    WriteBytes(Path("case.wav"), c.bytes);
    const auto reader = WavReader::Open(Path("case.wav"));
    EXPECT_THAT(reader, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no samples")))
        << c.name;
  }
}

TEST(WavReaderTest, ReadsOtherContainers) {
  const std::vector<int16_t> samples = WhiteNoise(1000, 9000, 1);
  for (const int container : {SF_FORMAT_WAVEX, SF_FORMAT_RF64}) {
    SF_INFO info = {};
    info.samplerate = 48000;
    info.channels = 2;
    info.format = container | SF_FORMAT_PCM_24;
    SNDFILE* file = sf_open(Path("container.wav").c_str(), SFM_WRITE, &info);
    sf_write_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
    sf_close(file);
    const auto read = ReadWav(Path("container.wav"));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->num_channels, 2);
    EXPECT_EQ(read->samples, samples);
  }
}

// Whatever its name says.
TEST(WavReaderTest, NamesOtherFormats) {
  const std::vector<int16_t> samples = WhiteNoise(1000, 9000, 1);
  for (const auto& [format, name] :
       std::vector<std::pair<int, std::string>>{{SF_FORMAT_AIFF | SF_FORMAT_PCM_16, "AIFF"},
                                                {SF_FORMAT_W64 | SF_FORMAT_PCM_16, "Wave64"},
                                                {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, "FLAC"},
                                                {SF_FORMAT_OGG | SF_FORMAT_VORBIS, "Ogg"},
                                                {SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, "MP3"},
                                                {SF_FORMAT_AU | SF_FORMAT_PCM_16, "AU"},
                                                {SF_FORMAT_CAF | SF_FORMAT_PCM_16, "CAF"}}) {
    SF_INFO info = {};
    info.samplerate = 16000;
    info.channels = 1;
    info.format = format;
    SNDFILE* file = sf_open(Path("other.wav").c_str(), SFM_WRITE, &info);
    ASSERT_NE(file, nullptr) << name;
    sf_write_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
    sf_close(file);
    const absl::Status refused = ReadWav(Path("other.wav")).status();
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr(absl::StrCat("other.wav: not a WAV file, but ", name, "; convert it")));
  }
}

// A FIFO, such as that of <(a program).
TEST(WavReaderTest, ReadsAFifo) {
  const Waveform written{
      .sample_rate_hz = 24000, .num_channels = 2, .samples = WhiteNoise(100000, 9000, 1)};
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { EXPECT_THAT(WriteWavFile(path, written), IsOk()); });
  const auto read = ReadWav(path);
  writer.join();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->samples, written.samples);
}

TEST(WavReaderTest, WhatIsNoNumberIsSilence) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {
      0.5F, std::nanf(""), -std::nanf(""), infinity, -infinity, 1e30F, -2, 1, -1, -0.25F};
  SF_INFO info = {};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* file = sf_open(Path("float.wav").c_str(), SFM_WRITE, &info);
  sf_write_float(file, values.data(), static_cast<sf_count_t>(values.size()));
  sf_close(file);
  const auto reader = WavReader::Open(Path("float.wav"), "float.wav");
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(ReadAll(**reader, 4).size(), values.size());
  EXPECT_EQ((*reader)->Remark(),
            "float.wav: 2 of its samples are not numbers, and are taken as silence");
  const auto read = ReadWav(Path("float.wav"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->samples, (std::vector<int16_t>{16384, 0, 0, 32767, -32768, 32767, -32768, 32767,
                                                 -32768, -8192}));
}

// A header of mu-law at 8 kHz before a hole of `num_bytes`.
void WriteHole(const std::string& path, int64_t num_bytes) {
  SF_INFO info = {};
  info.samplerate = 8000;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_ULAW;
  const std::vector<int16_t> samples(100);
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  sf_write_short(file, samples.data(), 100);
  sf_close(file);
  const std::string bytes = Bytes(path);
  const size_t size_at = bytes.find("data") + 4;
  std::string header = bytes.substr(0, size_at + 4);
  for (size_t i = 0; i < 4; ++i) {
    header[size_at + i] = static_cast<char>(static_cast<uint64_t>(num_bytes) >> (8 * i));
  }
  WriteBytes(path, header);
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(header.size()) + num_bytes), 0);
}

TEST(WavReaderTest, EightHoursTakeNoMemory) {
  constexpr int64_t kSamples = 8LL * 3600 * 8000;
  WriteHole(Path("long.wav"), kSamples);
  const auto reader = WavReader::Open(Path("long.wav"));
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->num_samples(), kSamples);
  std::vector<int16_t> block(160);
  int64_t num_read = 0;
  bool as_written = true;
  EXPECT_EQ(perf::CountAllocations([&] {
              for (;;) {
                const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(block));
                if (!count.ok() || *count == 0) break;
                num_read += static_cast<int64_t>(*count);
                // Code 0.
                as_written = as_written && block[0] == -32124;
              }
            }),
            0);
  EXPECT_EQ(num_read, kSamples);
  EXPECT_TRUE(as_written);
  EXPECT_THAT(ReadWav(Path("long.wav")), StatusIs(absl::StatusCode::kOutOfRange));
  unlink(Path("long.wav").c_str());
}

// What a pipe of 5 GB leaves behind: there is no size that could be wrong.
TEST(WavReaderTest, BeyondFourGigabytesWithoutASizeIsReadToTheEnd) {
  constexpr int64_t kBytes = 5LL << 30;
  WriteHole(Path("endless.wav"), kBytes);
  std::string header = Bytes(Path("endless.wav"), 1000);
  for (size_t i = 0; i < 4; ++i) header[header.find("data") + 4 + i] = '\xFF';
  std::fstream(Path("endless.wav"), std::ios::binary | std::ios::in | std::ios::out) << header;
  const auto reader = WavReader::Open(Path("endless.wav"));
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->num_samples(), kBytes);
  unlink(Path("endless.wav").c_str());
}

// Sizes of 32 bits would wrap, and most of the file be lost without a word.
TEST(WavReaderTest, BeyondFourGigabytesOnlyRf64IsBelieved) {
  constexpr int64_t kBytes = 5LL << 30;
  WriteHole(Path("big.wav"), kBytes);
  const auto wrapped = WavReader::Open(Path("big.wav"));
  EXPECT_THAT(wrapped, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("RF64")));

  SF_INFO info = {};
  info.samplerate = 48000;
  info.channels = 2;
  info.format = SF_FORMAT_RF64 | SF_FORMAT_PCM_16;
  const std::vector<int16_t> samples = WhiteNoise(1000, 9000, 1);
  SNDFILE* file = sf_open(Path("big.wav").c_str(), SFM_WRITE, &info);
  sf_write_short(file, samples.data(), 1000);
  sf_close(file);
  // This writes its size into the chunk of sizes, and makes the hole that makes it true.
  std::string bytes = Bytes(Path("big.wav"));
  const size_t size_at = bytes.find("ds64") + 16;
  for (size_t i = 0; i < 8; ++i) bytes[size_at + i] = static_cast<char>(kBytes >> (8 * i));
  WriteBytes(Path("big.wav"), bytes);
  ASSERT_EQ(truncate(Path("big.wav").c_str(), static_cast<off_t>(bytes.size()) - 2000 + kBytes), 0);
  const auto reader = WavReader::Open(Path("big.wav"));
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->num_samples(), kBytes / 4);
  std::vector<int16_t> block(1000);
  EXPECT_EQ(*(*reader)->ReadInterleaved(absl::MakeSpan(block)), 1000u);
  EXPECT_EQ(block, samples);
  unlink(Path("big.wav").c_str());
}

// Whatever comes: samples or a message, never a crash.
TEST(WavTest, SurvivesMutations) {
  constexpr uint64_t kSeed = 1994;
  std::mt19937_64 random(kSeed);
  ASSERT_THAT(WriteWavFile(Path("seed.wav"), {.sample_rate_hz = 16000,
                                              .num_channels = 2,
                                              .samples = WhiteNoise(400, 9000, 1)}),
              IsOk());
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
