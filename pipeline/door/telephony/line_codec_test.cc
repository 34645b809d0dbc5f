#include "pipeline/door/telephony/line_codec.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline::door {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::Eq;

TEST(LineCodecTest, EachCodecHasItsBytes) {
  const std::vector<int16_t> samples = {0, 1000, -2, 32767, -32768};
  struct Case {
    LineCodec codec;
    std::vector<uint8_t> bytes;
  };
  const std::vector<Case> cases = {
      {LineCodec::kPcm16, {0, 0, 0xE8, 3, 0xFE, 0xFF, 0xFF, 0x7F, 0, 0x80}},
      {LineCodec::kPcm16HighFirst, {0, 0, 3, 0xE8, 0xFF, 0xFE, 0x7F, 0xFF, 0x80, 0}},
      {LineCodec::kMuLaw, {0xFF, 0xCE, 0x7F, 0x80, 0x00}},
      {LineCodec::kALaw, {0xD5, 0xFA, 0x55, 0xAA, 0x2A}},
  };
  for (const Case& each : cases) {
    std::vector<uint8_t> bytes = {7};
    EncodeLine(each.codec, samples, bytes);
    std::vector<uint8_t> expected = {7};
    expected.insert(expected.end(), each.bytes.begin(), each.bytes.end());
    EXPECT_THAT(bytes, ElementsAreArray(expected)) << static_cast<int>(each.codec);
  }
}

TEST(LineCodecTest, PiecesOfAnySizeGiveTheSameSamples) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 101; ++i) bytes.push_back(static_cast<uint8_t>(i * 37));
  for (const LineCodec codec :
       {LineCodec::kMuLaw, LineCodec::kALaw, LineCodec::kPcm16, LineCodec::kPcm16HighFirst}) {
    std::vector<int16_t> whole;
    LineDecoder(codec).Decode(bytes, whole);
    for (const size_t piece : {1, 2, 3, 7, 100}) {
      LineDecoder decoder(codec);
      std::vector<int16_t> samples;
      for (absl::Span<const uint8_t> rest = bytes; !rest.empty();) {
        decoder.Decode(rest.subspan(0, piece), samples);
        rest.remove_prefix(std::min(piece, rest.size()));
      }
      EXPECT_THAT(samples, Eq(whole)) << piece;
    }
  }
}

TEST(LineCodecTest, HalfASampleWaits) {
  LineDecoder decoder(LineCodec::kPcm16);
  std::vector<int16_t> samples;
  decoder.Decode({0x34}, samples);
  decoder.Decode({}, samples);
  EXPECT_THAT(samples, ElementsAre());
  decoder.Decode({0x12}, samples);
  EXPECT_THAT(samples, ElementsAre(0x1234));
}

}  // namespace
}  // namespace parlance::pipeline::door
