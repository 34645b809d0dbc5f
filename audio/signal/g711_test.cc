#include "audio/signal/g711.h"

#include <sndfile.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

std::vector<int16_t> EverySample() {
  std::vector<int16_t> samples;
  for (int sample = -32768; sample <= 32767; ++sample) {
    samples.push_back(static_cast<int16_t>(sample));
  }
  return samples;
}

std::vector<uint8_t> EveryCode() {
  std::vector<uint8_t> codes;
  for (int code = 0; code < 256; ++code) codes.push_back(static_cast<uint8_t>(code));
  return codes;
}

std::string Path() { return absl::StrCat(std::getenv("TEST_TMPDIR"), "/headerless"); }

SF_INFO Headerless(int encoding) {
  SF_INFO info = {};
  info.samplerate = 8000;
  info.channels = 1;
  info.format = SF_FORMAT_RAW | encoding;
  return info;
}

std::vector<uint8_t> EncodedByLibsndfile(const std::vector<int16_t>& samples, int encoding) {
  SF_INFO info = Headerless(encoding);
  SNDFILE* file = sf_open(Path().c_str(), SFM_WRITE, &info);
  sf_write_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  std::ifstream bytes(Path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(bytes), {}};
}

std::vector<int16_t> DecodedByLibsndfile(const std::vector<uint8_t>& codes, int encoding) {
  std::ofstream(Path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(codes.data()),
             static_cast<std::streamsize>(codes.size()));
  SF_INFO info = Headerless(encoding);
  SNDFILE* file = sf_open(Path().c_str(), SFM_READ, &info);
  std::vector<int16_t> samples(codes.size());
  sf_read_short(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  return samples;
}

// The recommendation's tables, segment by segment, as its text builds them: decision values in the
// 16-bit scale, each step of a segment twice as large as those of the one before.
struct Step {
  int from;
  int output;
};

std::vector<Step> MuLawSteps() {
  std::vector<Step> steps = {{0, 0}};
  int decision = 1;
  for (int segment = 0; segment < 8; ++segment) {
    for (int step = segment == 0 ? 1 : 0; step < 16; ++step) {
      const int width = 2 << segment;
      steps.push_back({.from = 4 * decision, .output = 4 * decision + 2 * width});
      decision += width;
    }
  }
  return steps;
}

std::vector<Step> ALawSteps() {
  std::vector<Step> steps;
  int decision = 0;
  for (int segment = 0; segment < 8; ++segment) {
    for (int step = 0; step < 16; ++step) {
      const int width = 2 << (segment == 0 ? 0 : segment - 1);
      steps.push_back({.from = 8 * decision, .output = 8 * decision + 4 * width});
      decision += width;
    }
  }
  return steps;
}

struct Law {
  const char* name;
  uint8_t (*encode)(int16_t);
  int16_t (*decode)(uint8_t);
  void (*encode_all)(absl::Span<const int16_t>, absl::Span<uint8_t>);
  void (*decode_all)(absl::Span<const uint8_t>, absl::Span<int16_t>);
  std::vector<Step> (*steps)();
  // The codes of the first step with a positive and with a negative sign; those of the steps after
  // it go down from there,
  // before `inverted_bits`.
  int positive_code;
  int negative_code;
  int direction;
  int inverted_bits;
  int libsndfile_encoding;
};

class G711Test : public testing::TestWithParam<Law> {};

INSTANTIATE_TEST_SUITE_P(Laws, G711Test,
                         testing::Values(Law{"MuLaw", EncodeMuLaw, DecodeMuLaw, EncodeMuLaw,
                                             DecodeMuLaw, MuLawSteps, 0xFF, 0x7F, -1, 0,
                                             SF_FORMAT_ULAW},
                                         Law{"ALaw", EncodeALaw, DecodeALaw, EncodeALaw, DecodeALaw,
                                             ALawSteps, 0x80, 0, 1, 0x55, SF_FORMAT_ALAW}),
                         [](const auto& info) { return info.param.name; });

TEST_P(G711Test, EverySampleAsTheTablesSay) {
  const Law& law = GetParam();
  const std::vector<Step> steps = law.steps();
  ASSERT_EQ(steps.size(), 128u);
  for (const int16_t sample : EverySample()) {
    const int magnitude = std::abs(static_cast<int>(sample));
    int step = 127;
    while (steps[static_cast<size_t>(step)].from > magnitude) --step;
    const int code = ((sample < 0 ? law.negative_code : law.positive_code) + law.direction * step) ^
                     law.inverted_bits;
    ASSERT_EQ(law.encode(sample), code) << sample;
    const int output = steps[static_cast<size_t>(step)].output;
    ASSERT_EQ(law.decode(static_cast<uint8_t>(code)), sample < 0 ? -output : output) << sample;
  }
}

TEST_P(G711Test, EverySampleAndEveryCodeAsLibsndfile) {
  const Law& law = GetParam();
  std::vector<uint8_t> codes(65536);
  law.encode_all(EverySample(), absl::MakeSpan(codes));
  EXPECT_EQ(codes, EncodedByLibsndfile(EverySample(), law.libsndfile_encoding));
  std::vector<int16_t> samples(256);
  law.decode_all(EveryCode(), absl::MakeSpan(samples));
  EXPECT_EQ(samples, DecodedByLibsndfile(EveryCode(), law.libsndfile_encoding));
}

TEST_P(G711Test, EveryCodeComesBack) {
  for (const uint8_t code : EveryCode()) {
    const bool is_negative_zero = GetParam().libsndfile_encoding == SF_FORMAT_ULAW && code == 0x7F;
    EXPECT_EQ(GetParam().encode(GetParam().decode(code)), is_negative_zero ? 0xFF : code);
  }
}

TEST_P(G711Test, SpansAreSampleBySample) {
  const std::vector<int16_t> samples = WhiteNoise(100, 5000, 1);
  std::vector<uint8_t> codes(100);
  std::vector<int16_t> decoded(100);
  GetParam().encode_all(samples, absl::MakeSpan(codes));
  GetParam().decode_all(codes, absl::MakeSpan(decoded));
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(codes[i], GetParam().encode(samples[i]));
    EXPECT_EQ(decoded[i], GetParam().decode(codes[i]));
  }
}

TEST(G711EndsTest, AreThoseOfTheRecommendation) {
  EXPECT_EQ(DecodeMuLaw(0x80), 32124);
  EXPECT_EQ(DecodeMuLaw(0x00), -32124);
  EXPECT_EQ(EncodeMuLaw(0), 0xFF);
  EXPECT_EQ(EncodeMuLaw(-32768), 0x00);
  EXPECT_EQ(DecodeALaw(0xAA), 32256);
  EXPECT_EQ(DecodeALaw(0x2A), -32256);
  EXPECT_EQ(EncodeALaw(0), 0xD5);
  EXPECT_EQ(EncodeALaw(-32768), 0x2A);
}

}  // namespace
}  // namespace parlance::audio
