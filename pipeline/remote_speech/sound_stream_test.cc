#include "pipeline/remote_speech/sound_stream.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "audio/signal/resampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/http/service.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::Each;
using testing::SizeIs;

constexpr uint32_t kUnknown = 0xFFFFFFFF;

std::string Little(uint32_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(number >> (8 * i)));
  return text;
}
std::string Samples(const std::vector<int16_t>& samples) {
  std::string bytes;
  for (const int16_t sample : samples) bytes += Little(static_cast<uint16_t>(sample), 2);
  return bytes;
}
std::string Floats(const std::vector<float>& samples) {
  std::string bytes;
  for (const float sample : samples) {
    uint32_t bits = 0;
    std::memcpy(&bits, &sample, sizeof(bits));
    bytes += Little(bits, 4);
  }
  return bytes;
}
std::string Chunk(absl::string_view id, absl::string_view content) {
  return absl::StrCat(id, Little(static_cast<uint32_t>(content.size()), 4), content,
                      content.size() % 2 == 0 ? "" : "\n");
}

struct WavFormat {
  uint32_t tag = 1;
  uint32_t channels = 1;
  uint32_t rate = 16000;
  uint32_t bits = 16;
};
std::string FormatChunk(const WavFormat& format) {
  const uint32_t moment = format.channels * format.bits / 8;
  return Chunk("fmt ", Little(format.tag, 2) + Little(format.channels, 2) + Little(format.rate, 4) +
                           Little(format.rate * moment, 4) + Little(moment, 2) +
                           Little(format.bits, 2));
}
std::string Header(uint32_t data_bytes, const WavFormat& format = {},
                   const std::string& more = "") {
  return absl::StrCat("RIFF", Little(kUnknown, 4), "WAVE", FormatChunk(format), more, "data",
                      Little(data_bytes, 4));
}

// A rising sound, which shows each sample that is missing or one too many.
std::vector<int16_t> Ramp(int begin, int end) {
  std::vector<int16_t> samples;
  for (int i = begin; i < end; ++i) samples.push_back(static_cast<int16_t>(i));
  return samples;
}
std::vector<int16_t> Resampled(const std::vector<int16_t>& samples, int from_hz) {
  return *audio::Resample(samples, from_hz, 16000);
}

struct Result {
  std::vector<int16_t> samples;
  absl::Status status;
};

Result Read(const std::string& body, size_t piece, absl::string_view type = "audio/wav") {
  const ServiceErrors errors("the speech server", ServiceErrors::Words::kLeftOut);
  SoundStream stream(type, 16000, &errors);
  Result result;
  for (size_t at = 0; at < body.size() && result.status.ok(); at += piece) {
    result.status = stream.Append(absl::string_view(body).substr(at, piece), result.samples);
  }
  if (result.status.ok()) result.status = stream.Finish(result.samples);
  return result;
}

struct Quirk {
  std::string name;
  std::string body;
  // What is heard.
  std::vector<int16_t> samples;
  // What the error begins with; empty: none.
  std::string error = {};
  std::string type = "audio/wav";
};

class SoundStreamTest : public testing::TestWithParam<Quirk> {};

TEST_P(SoundStreamTest, IsHeardHoweverItIsCut) {
  const Quirk& quirk = GetParam();
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{7}, size_t{4096}}) {
    const Result result = Read(quirk.body, piece, quirk.type);
    EXPECT_EQ(std::string(result.status.message()), quirk.error) << piece;
    EXPECT_EQ(result.samples, quirk.samples) << piece;
  }
}

std::vector<Quirk> Quirks() {
  const std::string sound = Samples(Ramp(1, 101));
  const std::vector<int16_t> all = Ramp(1, 101);
  constexpr char kNoSound[] = "the speech server answers with ";
  return {
      {"RightLength", Header(200) + sound, all},
      {"LengthZero", Header(0) + sound, all},
      {"LengthUnknown", Header(kUnknown) + sound, all},
      {"LengthTooLarge", Header(100000) + sound, all},
      {"LengthTooSmall", Header(50) + sound, all},
      {"LengthTooSmallAndOdd", Header(51) + Samples(Ramp(1, 26)) + "?" + Samples(Ramp(26, 101)),
       all},
      {"HeaderInEachPieceWithItsLength",
       Header(80) + Samples(Ramp(1, 41)) + Header(120) + Samples(Ramp(41, 101)), all},
      {"HeaderInEachPieceOfUnknownLength",
       Header(kUnknown) + Samples(Ramp(1, 41)) + Header(kUnknown) + Samples(Ramp(41, 101)), all},
      {"HeaderWithinASample",
       Header(kUnknown) + Samples(Ramp(1, 41)) + "?" + Header(kUnknown) + Samples(Ramp(41, 101)),
       all},
      {"HeaderAtTheEnd", Header(200) + sound + Header(0).substr(0, 30), all},
      {"LooksLikeAHeader", Header(kUnknown) + sound + "RIFF" + "1234" + "WAVY" + sound.substr(0, 2),
       [&] {
         std::vector<int16_t> samples = all;
         for (const int16_t each : {0x4952, 0x4646, 0x3231, 0x3433, 0x4157, 0x5956, 1}) {
           samples.push_back(each);
         }
         return samples;
       }()},
      {"ChunksBeforeTheSound",
       Header(200, {}, Chunk("LIST", "INFOx") + Chunk("fact", "1234")) + sound, all},
      {"ChunksAfterTheSound", Header(200) + sound + Chunk("LIST", "INFO and so on"), all},
      {"SoundAfterATrailer",
       Header(80) + Samples(Ramp(1, 41)) + Chunk("LIST", "x") + Header(120) +
           Samples(Ramp(41, 101)),
       all},
      {"OddByteAtTheEnd", Header(kUnknown) + sound + "?", all},
      {"Silence", Header(20) + std::string(20, '\0'), std::vector<int16_t>(10, 0)},
      {"Stereo",
       Header(kUnknown, {.channels = 2}) + Samples({10, 20, 30, 50, -3, -4}),
       {15, 40, -3}},
      {"Float",
       Header(kUnknown, {.tag = 3, .bits = 32}) + Floats({0, 0.5F, -2, 2, 1.0F / 32768}),
       {0, 16384, -32768, 32767, 1}},
      {"Rate24000", Header(200, {.rate = 24000}) + sound, Resampled(all, 24000)},
      {"Rate8000", Header(200, {.rate = 8000}) + sound, Resampled(all, 8000)},
      {"Rate44100", Header(200, {.rate = 44100}) + sound, Resampled(all, 44100)},
      {"RateOfPiecesDiffers", Header(kUnknown, {.rate = 8000}) + sound + Header(kUnknown) + sound,
       [&] {
         std::vector<int16_t> samples = Resampled(all, 8000);
         samples.insert(samples.end(), all.begin(), all.end());
         return samples;
       }()},
      {"RawSoldAsWav", sound, Resampled(all, 24000)},
      {"RawSaidToBeSo", "\xFF\xFB\x90" + sound.substr(3),
       [&] {
         std::vector<int16_t> samples = all;
         samples[0] = static_cast<int16_t>(0xFBFF);
         samples[1] = 0x0090;
         return Resampled(samples, 24000);
       }(),
       "", "audio/pcm"},
      {"RawAndShort", Samples({1, 2}), Resampled({1, 2}, 24000)},
      {"Mp3WithATag",
       "ID3\x04" + sound,
       {},
       absl::StrCat(kNoSound,
                    "MPEG audio, such as MP3, which is not supported: it has to send WAV or PCM")},
      {"Mp3",
       "\xFF\xFB\x90\x64" + sound,
       {},
       absl::StrCat(kNoSound,
                    "MPEG audio, such as MP3, which is not supported: it has to send WAV or PCM")},
      {"Aac",
       "\xFF\xF1\x50\x80" + sound,
       {},
       absl::StrCat(kNoSound,
                    "MPEG audio, such as MP3, which is not supported: it has to send WAV or PCM")},
      {"Ogg",
       "OggS" + sound,
       {},
       absl::StrCat(kNoSound, "Ogg, which is not supported: it has to send WAV or PCM")},
      {"Flac",
       "fLaC" + sound,
       {},
       absl::StrCat(kNoSound, "FLAC, which is not supported: it has to send WAV or PCM")},
      {"Mp4",
       std::string("\0\0\0\x20", 4) + "ftypM4A " + sound,
       {},
       absl::StrCat(kNoSound, "MP4, which is not supported: it has to send WAV or PCM")},
      {"JsonError",
       R"({"error":{"message":"no such voice","code":404}})",
       {},
       "the speech server does not know the model or the path (status 404)"},
      {"JsonErrorWithoutACode",
       R"( {"error":"gone"})",
       {},
       "the speech server broke off: it tells of an error"},
      {"ShortJson", "{}", {}, "the speech server broke off: it tells of an error"},
      {"Html",
       "<html><body>Hello</body></html>",
       {},
       absl::StrCat(kNoSound, "text: is the URL right? It ends with /v1 for most servers")},
      {"LongText", std::string(100000, 'x'), {}, absl::StrCat(kNoSound, "a long text")},
      {"Nothing", "", {}, absl::StrCat(kNoSound, "nothing that can be heard")},
      {"HeaderAlone", Header(0), {}, absl::StrCat(kNoSound, "nothing that can be heard")},
      {"CutInTheHeader",
       Header(200).substr(0, 30),
       {},
       absl::StrCat(kNoSound, "a WAV file that ends in its header")},
      {"NoFormat",
       absl::StrCat("RIFF", Little(0, 4), "WAVE", "data", Little(0, 4), sound),
       {},
       absl::StrCat(kNoSound, "a WAV file without a format")},
      {"BrokenFormat",
       absl::StrCat("RIFF", Little(0, 4), "WAVE", Chunk("fmt ", "12"), "data", Little(0, 4)),
       {},
       absl::StrCat(kNoSound, "a WAV file whose format is broken")},
      {"EndlessHeader",
       absl::StrCat("RIFF", Little(0, 4), "WAVE", "LIST", Little(70000, 4),
                    std::string(70000, 'x')),
       {},
       absl::StrCat(kNoSound, "a WAV file whose header is too long")},
      {"MuLaw",
       Header(200, {.tag = 7, .bits = 8}) + sound,
       {},
       absl::StrCat(
           kNoSound,
           "a WAV file of format 7 with 8 bits, which is not supported: 16 bits of PCM are")},
      {"Surround",
       Header(200, {.channels = 6}) + sound,
       {},
       absl::StrCat(kNoSound,
                    "a WAV file of 6 channels at 16000 Hz; 1 or 2 at 8000 to 48000 are supported")},
      {"WrongRate",
       Header(200, {.rate = 96000}) + sound,
       {},
       absl::StrCat(kNoSound,
                    "a WAV file of 1 channels at 96000 Hz; 1 or 2 at 8000 to 48000 are supported")},
  };
}

INSTANTIATE_TEST_SUITE_P(Quirks, SoundStreamTest, testing::ValuesIn(Quirks()),
                         [](const auto& each) { return each.param.name; });

// A length that is too small by an odd number of bytes would make noise of the rest.
TEST(SoundStreamLengthTest, SoundAsLongAsItComes) {
  const Result result = Read(Header(kUnknown) + std::string(200000, '\0'), 1000);
  EXPECT_THAT(result.samples, SizeIs(100000));
  EXPECT_THAT(result.samples, Each(0));
}

// The first sound is there before the last byte.
TEST(SoundStreamLengthTest, SoundIsGivenAsItComes) {
  const ServiceErrors errors("it", ServiceErrors::Words::kLeftOut);
  SoundStream stream("audio/wav", 16000, &errors);
  std::vector<int16_t> samples;
  EXPECT_THAT(stream.Append(Header(kUnknown) + Samples(Ramp(1, 101)), samples), IsOk());
  EXPECT_THAT(samples, SizeIs(100));
}

}  // namespace
}  // namespace parlance::pipeline
