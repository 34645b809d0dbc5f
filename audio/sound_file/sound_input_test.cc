#include "audio/sound_file/sound_input.h"

#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

using namespace std::string_literals;

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

// The last `count` bytes of `value`'s four.
std::string Number(uint64_t value, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// A chunk as it should be, padded.
std::string Chunk(const std::string& name, const std::string& content) {
  return name + Number(content.size(), 4) + content + std::string(content.size() % 2, '\0');
}

std::string Format(int tag, int channels, int bits, int block_bytes, const std::string& more = "") {
  return Chunk("fmt ", Number(static_cast<uint64_t>(tag), 2) +
                           Number(static_cast<uint64_t>(channels), 2) + Number(16000, 4) +
                           Number(uint64_t{16000} * static_cast<uint64_t>(block_bytes), 4) +
                           Number(static_cast<uint64_t>(block_bytes), 2) +
                           Number(static_cast<uint64_t>(bits), 2) + more);
}

// 100 samples of one channel, without a header.
std::vector<int16_t> Samples() { return WhiteNoise(100, 9000, 1); }

std::string Raw() {
  std::string raw;
  for (const int16_t sample : Samples()) raw += Number(static_cast<uint16_t>(sample), 2);
  return raw;
}

// `data_size`: what the header says.
std::string Riff(const std::string& chunks, uint64_t data_size, const std::string& content) {
  const std::string body = "WAVE" + chunks + "data" + Number(data_size, 4) + content;
  return "RIFF" + Number(body.size(), 4) + body;
}

std::string Rf64(const char* name, uint64_t data_size, const std::string& content) {
  return name + "\xFF\xFF\xFF\xFF"s + "WAVE" +
         Chunk("ds64", Number(0, 8) + Number(data_size, 8) + Number(0, 8) + Number(0, 4)) +
         Format(1, 1, 16, 2) + "data\xFF\xFF\xFF\xFF" + content;
}

std::string Extensible(int tag, int bits, int valid_bits) {
  return Format(0xFFFE, 1, bits, bits / 8,
                Number(22, 2) + Number(static_cast<uint64_t>(valid_bits), 2) + Number(4, 4) +
                    Number(static_cast<uint64_t>(tag), 2) +
                    "\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71"s);
}

// Delivers what a program would write into our standard input.
class Pipe {
 public:
  // Writes in pieces of `piece` bytes.
  Pipe(std::string bytes, size_t piece) {
    // Who reads may have had enough.
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    read_end_ = ends[0];
    writer_ = std::thread([bytes = std::move(bytes), piece, end = ends[1]] {
      for (size_t at = 0; at < bytes.size(); at += piece) {
        const std::string part = bytes.substr(at, piece);
        if (write(end, part.data(), part.size()) < 0) break;
      }
      close(end);
    });
  }
  ~Pipe() {
    close(read_end_);
    writer_.join();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int fd() const { return read_end_; }

 private:
  int read_end_ = -1;
  std::thread writer_;
};

absl::StatusOr<std::vector<int16_t>> ReadAll(
    const absl::StatusOr<std::unique_ptr<SoundReader>>& reader) {
  if (!reader.ok()) return reader.status();
  std::vector<int16_t> samples;
  std::vector<int16_t> block(77);
  for (;;) {
    const absl::StatusOr<size_t> count = (*reader)->Read(absl::MakeSpan(block));
    if (!count.ok()) return count.status();
    if (*count == 0) return samples;
    samples.insert(samples.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(*count));
  }
}

absl::StatusOr<std::vector<int16_t>> FromPipe(const std::string& bytes, size_t piece,
                                              const PcmReader::Options& raw = {}) {
  const Pipe pipe(bytes, piece);
  return ReadAll(OpenSound(pipe.fd(), "the pipe", raw));
}

struct Case {
  const char* name;
  std::string bytes;
  size_t num_samples = 100;
};

std::vector<Case> WavFiles() {
  const std::string raw = Raw();
  const std::string format = Format(1, 1, 16, 2);
  const std::string tags = Chunk("LIST", "INFOISFT\x04\0\0\0Lavf"s);
  return {
      {"as it should be", Riff(format, 200, raw)},
      {"a recorder was killed: no size", Riff(format, 0, raw)},
      {"no size, not even of RIFF", "RIFF\0\0\0\0"s + Riff(format, 0, raw).substr(8)},
      {"no size, and the last sample is cut", Riff(format, 0, raw.substr(0, 199)), 99},
      {"ffmpeg into a pipe",
       "RIFF\xFF\xFF\xFF\xFF" + Riff(format + tags, 0xFFFFFFFF, raw).substr(8)},
      {"SoX into a pipe", Riff(format, 0x7FFFF000, raw)},
      {"arecord into a pipe", Riff(format, 0x80000000, raw)},
      {"the size is larger than the file", Riff(format, 100000, raw)},
      {"the size is smaller than the file", Riff(format, 50, raw), 25},
      {"chunks of odd sizes before",
       Riff(Chunk("JUNK", "abc") + format + Chunk("bext", "x"), 200, raw)},
      {"an odd chunk that nobody padded",
       Riff("JUNK\3\0\0\0abc"s + format + "LIST\1\0\0\0x"s, 200, raw)},
      {"padded with something", Riff("JUNK\3\0\0\0abcz"s + format, 200, raw)},
      {"large chunks before", Riff(Chunk("JUNK", std::string(70001, 'j')) + format, 200, raw)},
      {"an empty chunk before", Riff(format + Chunk("fact", ""), 200, raw)},
      {"chunks of unknown names", Riff(Chunk("\1\2\3\4", "abcd") + format, 200, raw)},
      {"chunks behind", Riff(format, 200, raw + tags)},
      {"no size of a moment", Riff(Format(1, 1, 16, 0), 200, raw)},
      {"a wrong size of a moment", Riff(Format(1, 1, 16, 7), 200, raw)},
      {"15 bits in two bytes", Riff(Format(1, 1, 15, 2), 200, raw)},
      {"a format of 18 bytes", Riff(Format(1, 1, 16, 2, "\0\0"s), 200, raw)},
      {"extensible", Riff(Extensible(1, 16, 16), 200, raw)},
      {"extensible, no size", Riff(Extensible(1, 16, 16), 0, raw)},
      {"RF64", Rf64("RF64", 200, raw)},
      {"RF64, killed", Rf64("RF64", 0, raw)},
      {"RF64, of a pipe", Rf64("RF64", 0xFFFFFFFFFFFFFFFF, raw)},
      {"RF64, less", Rf64("RF64", 50, raw), 25},
      {"RF64 without sizes", "RF64" + Riff(format, 0xFFFFFFFF, raw).substr(4)},
      {"BW64", Rf64("BW64", 200, raw)},
  };
}

TEST(SoundInputTest, AWavFileInAPipeIsWhatItIsAsAFile) {
  const std::vector<int16_t> samples = Samples();
  for (const Case& c : WavFiles()) {
    SCOPED_TRACE(c.name);
    const std::vector<int16_t> expected(samples.begin(),
                                        samples.begin() + static_cast<ptrdiff_t>(c.num_samples));
    WriteBytes(Path("case.wav"), c.bytes);
    const auto file = ReadWav(Path("case.wav"));
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->samples, expected);
    for (const size_t piece : {1u, 5u, 100000u}) {
      // What is said about raw sound means nothing here.
      const auto read = FromPipe(c.bytes, piece, {.sample_rate_hz = 8000, .num_channels = 2});
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(*read, expected) << piece;
    }
  }
}

TEST(SoundInputTest, TheHeaderSaysRateAndChannels) {
  const Waveform written{
      .sample_rate_hz = 44100, .num_channels = 2, .samples = WhiteNoise(9000, 9000, 1)};
  ASSERT_THAT(WriteWavFile(Path("stereo.wav"), written), IsOk());
  const Pipe pipe(Bytes(Path("stereo.wav")), 1000);
  const auto reader = OpenSound(pipe.fd(), "the pipe", {.encoding = PcmEncoding::kMuLaw});
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ((*reader)->sample_rate_hz(), 44100);
  EXPECT_EQ((*reader)->num_channels(), 2);
  EXPECT_EQ(*ReadAll(reader), MonoSamples(written));
}

// What libsndfile writes and we decode.
TEST(SoundInputTest, EveryEncodingIsTheSameFromFileAndPipe) {
  const std::vector<int16_t> samples = WhiteNoise(3000, 9000, 1);
  for (const int container : std::initializer_list<int>{
           SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64, SF_FORMAT_WAV | SF_ENDIAN_BIG}) {
    for (const int encoding :
         {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,
          SF_FORMAT_DOUBLE, SF_FORMAT_ULAW, SF_FORMAT_ALAW}) {
      SCOPED_TRACE(absl::StrCat(absl::Hex(container), " ", encoding));
      SF_INFO info = {};
      info.samplerate = 48000;
      info.channels = 2;
      info.format = container | encoding;
      SNDFILE* file = sf_open(Path("encoding.wav").c_str(), SFM_WRITE, &info);
      ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
      sf_command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, nullptr, SF_TRUE);
      sf_write_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
      sf_close(file);
      // libsndfile's own reading is the reference.
      info = {};
      file = sf_open(Path("encoding.wav").c_str(), SFM_READ, &info);
      std::vector<float> expected(samples.size());
      ASSERT_EQ(sf_read_float(file, expected.data(), 3000), 3000);
      sf_close(file);
      const auto whole = ReadWav(Path("encoding.wav"));
      ASSERT_THAT(whole, IsOk());
      ASSERT_EQ(whole->samples.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(whole->samples[i], expected[i] * 32768, 0.5001) << i;
      }
      const auto piped = FromPipe(Bytes(Path("encoding.wav")), 333);
      ASSERT_THAT(piped, IsOk());
      EXPECT_EQ(*piped, MonoSamples(*whole));
    }
  }
}

// arecord -f S24_LE: the low three of four bytes. The extensible header means the high ones.
TEST(SoundInputTest, TwentyFourBitsInFourBytes) {
  const std::string low = Number(0x123456, 4) + Number(0xFF8000, 4);
  EXPECT_EQ(*FromPipe(Riff(Format(1, 1, 24, 4), 8, low), 100),
            (std::vector<int16_t>{0x1234, -128}));
  const std::string high = Number(0x12345600, 4) + Number(0xFF800000, 4);
  EXPECT_EQ(*FromPipe(Riff(Extensible(1, 32, 24), 8, high), 100),
            (std::vector<int16_t>{0x1234, -128}));
}

TEST(SoundInputTest, SaysWhyAWavFileInAPipeCannotBeUsed) {
  const std::string raw = Raw();
  const std::string format = Format(1, 1, 16, 2);
  const std::string tags = Chunk("LIST", "INFO");
  const std::pair<std::string, const char*> cases[] = {
      {Riff(format, 0, ""), "the pipe: has no samples"},
      {Riff(format, 200, ""), "the pipe: has no samples"},
      {Riff(format, 0, tags), "the pipe: has no samples"},
      {Riff(format, 0, "x"), "the pipe: has no samples"},
      {Rf64("RF64", 0, ""), "the pipe: has no samples"},
      {Rf64("RF64", 0, tags), "the pipe: has no samples"},
      {"RIFF", "the pipe: not a WAV file"},
      {"RIFF\0\0\0\0WAV"s, "the pipe: not a WAV file"},
      {"RIFF\0\0\0\0WAVE"s, "ends before its samples"},
      {Riff(format, 200, raw).substr(0, 30), "its format chunk is too short"},
      {Riff(format, 200, raw).substr(0, 41), "ends before its samples"},
      {"RIFF\0\0\0\0WAVE"s + format, "ends before its samples"},
      {"RIFF\0\0\0\0WAVE"s + Chunk("JUNK", "abcd").substr(0, 8) + "\xFF\xFF\xFF\x7F",
       "ends before"},
      {Riff("", 200, raw), "its format is missing"},
      {Riff(Chunk("fmt ", "abc"), 200, raw), "its format chunk is too short"},
      {Riff(Format(0xFFFE, 1, 16, 2), 200, raw), "its format chunk is too short"},
      {Riff(Format(1, 0, 16, 2), 200, raw), "it has 0 channels"},
      {Riff(Format(1, 6, 16, 12), 200, raw), "it has 6 channels; one or two can be used"},
      {Riff(Format(1, 1, 0, 0), 200, raw), "its samples have 0 bits"},
      {Riff(Format(1, 1, 64, 8), 200, raw), "its samples have 64 bits"},
      {Riff(Format(3, 1, 16, 2), 200, raw), "its samples have 16 bits"},
      {Riff(Format(2, 1, 4, 256), 200, raw),
       "compressed (format 0x0002), which can be read from a"},
      {Riff(Format(0x55, 1, 0, 1), 200, raw), "compressed (format 0x0055)"},
  };
  for (const auto& [bytes, message] : cases) {
    const auto read = FromPipe(bytes, 7);
    EXPECT_THAT(read, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))) << message;
  }
}

// A recorder that was killed leaves a size of 0, too: what follows is samples, unless it is a
// chunk, whatever its name.
TEST(SoundInputTest, AChunkBehindEmptyDataIsNoSound) {
  const std::string format = Format(1, 1, 16, 2);
  for (const char* const name : {"LIST", "minf", "elm1", "regn", "SMED", "LGWV", "ovwf", "a b~"}) {
    for (const size_t size : {0u, 4u, 4088u, 10000u}) {
      SCOPED_TRACE(absl::StrCat(name, " ", size));
      const std::string bytes = Riff(format, 0, Chunk(name, std::string(size, 'x')));
      WriteBytes(Path("case.wav"), bytes);
      EXPECT_THAT(ReadWav(Path("case.wav")),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no samples")));
      const int fd = open(Path("case.wav").c_str(), O_RDONLY);
      ASSERT_GE(fd, 0);
      EXPECT_THAT(ReadAll(OpenSound(fd, "the file", {})),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no samples")));
      close(fd);
      if (size > 4088 && name != std::string("LIST")) continue;
      EXPECT_THAT(FromPipe(bytes, 100),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no samples")));
    }
  }
  // Loud samples may look like a name, but not like a size as well.
  const std::string loud = Riff(format, 0, "loud\x7F\x7F\0\0"s + Raw());
  WriteBytes(Path("case.wav"), loud);
  EXPECT_EQ(ReadWav(Path("case.wav"))->samples.size(), 104u);
  EXPECT_EQ(FromPipe(loud, 100)->size(), 104u);
}

TEST(SoundInputTest, SaysWhatRawSoundBeginsLike) {
  const std::pair<std::string, const char*> cases[] = {
      {"\xFF\xFB\x90\x64"s, "MP3"}, {"\xFF\xF1\x50\x80"s, "AAC"}, {"\x1F\x8B\x08\0"s, "gzip"}};
  for (const auto& [begin, name] : cases) {
    std::string remark = "before";
    const Pipe pipe(begin + Raw(), 100);
    ASSERT_THAT(OpenSound(pipe.fd(), "the pipe", {}, &remark), IsOk());
    EXPECT_THAT(remark, HasSubstr(absl::StrCat(
                            "the pipe: it is taken as raw sound of 16000 Hz, but begins like ",
                            name, "; ")));
    const Pipe codes(begin + Raw(), 100);
    ASSERT_THAT(OpenSound(codes.fd(), "the pipe", {.encoding = PcmEncoding::kMuLaw}, &remark),
                IsOk());
    EXPECT_EQ(remark, "");
  }
}

TEST(SoundInputTest, WhatWouldBeNoiseIsRefused) {
  const std::string wave64 = "riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0"s;
  const std::pair<std::string, const char*> cases[] = {
      {"fLaC\0\0\0\x22"s, "FLAC"},
      {"ID3\x04\0\0\0\0\0\0"s, "MP3"},
      {"OggS\0\2\0\0"s, "Ogg"},
      {"FORM\0\0\0\x10"s + "AIFFCOMM", "AIFF"},
      {"FORM\0\0\0\x10"s + "AIFCCOMM", "AIFF-C"},
      {wave64, "Wave64"},
      {".snd\0\0\0\x18"s, "AU"},
      {"caff\0\1\0\0"s, "CAF"},
      {"\0\0\0\x20"s + "ftypM4A ", "MP4"},
      {"\x1A\x45\xDF\xA3\x01\0\0\0"s, "Matroska"},
      {"RIFF\x10\0\0\0"s + "AVI LIST", "AVI"},
      {"RIFF\x10\0\0\0"s + "XYZ LIST", "a RIFF file without WAVE"},
      {"SQLite format 3\0\x10"s, "an SQLite database"},
      {"no sound\n", "text"},
      {"#!/bin/bash\necho hello\n", "text"},
      {"Gr\xC3\xBC\xC3\x9F"
       "e aus M\xC3\xBCnchen",
       "text"},
      {"{\"role\": \"user\"}\n" + std::string(100000, 'a'), "text"},
  };
  for (const auto& [bytes, name] : cases) {
    for (const size_t piece : {1u, 100000u}) {
      const auto read = FromPipe(bytes + (name == "text"s ? "" : std::string(600, '\1')), piece);
      EXPECT_THAT(read,
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           HasSubstr(absl::StrCat("the pipe: it is ", name, ", which would be"))))
          << name;
    }
  }
}

TEST(SoundInputTest, RawSoundStaysRaw) {
  const auto mu_law = PcmReader::Options{.encoding = PcmEncoding::kMuLaw, .sample_rate_hz = 8000};
  const auto a_law = PcmReader::Options{.encoding = PcmEncoding::kALaw, .sample_rate_hz = 8000};
  const struct {
    const char* name;
    std::string bytes;
    PcmReader::Options options;
  } cases[] = {
      {"nothing", "", {}},
      {"one byte", "\1", {}},
      {"a letter", "R", {}},
      {"three letters", "RIF", {}},
      {"four letters", "RIFT", {}},
      {"eleven bytes", "\1\2\3\4\5\6\7\1\2\3\4", {}},
      {"noise", Raw(), {}},
      {"what MP3 may begin with, and samples as well", "\xFF\xFB\x90\x44" + Raw(), {}},
      {"what gzip may begin with", "\x1F\x8B\x08\x02" + Raw(), {}},
      {"WAVE without RIFF", "WAVE" + Raw(), {}},
      {"RIFX that goes on otherwise", "RIFx" + Raw(), {}},
      // Codes of silence with an offset are letters.
      {"a silent line, mu-law", std::string(10000, '~'), mu_law},
      {"a silent line, A-law", std::string(10000, 'U'), a_law},
      {"a short silence, A-law", "UUTTUU", a_law},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    for (const size_t piece : {1u, 100000u}) {
      const Pipe pipe(c.bytes, piece);
      auto plain = PcmReader::Create(pipe.fd(), c.options);
      const auto expected = ReadAll(std::unique_ptr<SoundReader>(new PcmReader(*std::move(plain))));
      const auto read = FromPipe(c.bytes, piece, c.options);
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(*read, *expected);
    }
  }
}

// A line that is open and silent: what has come is heard, though nothing follows.
TEST(SoundInputTest, SoundIsHeardAsItComes) {
  const std::string header = Riff(Format(1, 1, 16, 2), 0xFFFFFFFF, "");
  for (const std::string& before : {""s, header}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const std::string bytes = before + "\1\0\2\0\3\0\4\0\5\0"s;
    ASSERT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    const auto reader = OpenSound(ends[0], "the pipe", {});
    ASSERT_THAT(reader, IsOk());
    std::vector<int16_t> block(1000);
    EXPECT_EQ(*(*reader)->Read(absl::MakeSpan(block)), 5u);
    ASSERT_EQ(write(ends[1], "\6\0\7\0", 4), 4);
    EXPECT_EQ(*(*reader)->Read(absl::MakeSpan(block)), 2u);
    EXPECT_EQ(block[1], 7);
    close(ends[1]);
    EXPECT_EQ(*(*reader)->Read(absl::MakeSpan(block)), 0u);
    close(ends[0]);
  }
}

// `program <FILE`, with something read from it before.
TEST(SoundInputTest, AFileAsStandardInputIsReadFromWhereItIs) {
  SF_INFO info = {};
  info.samplerate = 16000;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM;
  const std::vector<int16_t> samples = Hum(4000, 16000, 200, 8000);
  SNDFILE* file = sf_open(Path("adpcm.wav").c_str(), SFM_WRITE, &info);
  sf_write_short(file, samples.data(), 4000);
  sf_close(file);
  const auto expected = ReadWav(Path("adpcm.wav"));
  ASSERT_THAT(expected, IsOk());
  EXPECT_GE(expected->samples.size(), 4000u);
  WriteBytes(Path("later.wav"), "something" + Bytes(Path("adpcm.wav")));
  const int fd = open(Path("later.wav").c_str(), O_RDONLY);
  lseek(fd, 9, SEEK_SET);
  const auto read = ReadAll(OpenSound(fd, "the file", {}));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, expected->samples);
  close(fd);
}

TEST(SoundInputTest, CompressedSoundOfAKilledRecorderIsReadToTheEnd) {
  for (const int encoding : {SF_FORMAT_IMA_ADPCM, SF_FORMAT_MS_ADPCM, SF_FORMAT_GSM610}) {
    SF_INFO info = {};
    info.samplerate = 8000;
    info.channels = 1;
    info.format = SF_FORMAT_WAV | encoding;
    const std::vector<int16_t> samples = Hum(8000, 8000, 200, 8000);
    SNDFILE* file = sf_open(Path("whole.wav").c_str(), SFM_WRITE, &info);
    sf_write_short(file, samples.data(), 8000);
    sf_close(file);
    std::string bytes = Bytes(Path("whole.wav"));
    const size_t size_at = bytes.find("data") + 4;
    for (size_t i = 0; i < 4; ++i) bytes[size_at + i] = '\0';
    WriteBytes(Path("killed.wav"), bytes);
    const auto whole = ReadWav(Path("whole.wav"));
    const auto killed = ReadWav(Path("killed.wav"));
    ASSERT_THAT(whole, IsOk());
    ASSERT_THAT(killed, IsOk());
    EXPECT_GE(whole->samples.size(), 8000u);
    EXPECT_EQ(killed->samples, whole->samples);
  }
}

TEST(SoundInputTest, SaysWhatCannotBeRead) {
  EXPECT_THAT(OpenSound(-1, "the pipe", {}), Not(IsOk()));
  EXPECT_THAT(OpenSound(0, "the pipe", {.sample_rate_hz = 1}), Not(IsOk()));
  const int folder = open("/", O_RDONLY | O_DIRECTORY);
  const absl::Status status = OpenSound(folder, "the pipe", {}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("the pipe: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("directory"));
  close(folder);
}

}  // namespace
}  // namespace parlance::audio
