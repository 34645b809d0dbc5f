#include "pipeline/door/wire/base64.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

std::string Encoded(absl::string_view bytes) {
  std::string text = "before ";
  AppendBase64({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, text);
  return text.substr(7);
}

// What the text stands for, as a string, or "refused".
std::string Decoded(absl::string_view text) {
  const absl::StatusOr<std::vector<uint8_t>> bytes = DecodeBase64(text);
  return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "refused";
}

TEST(Base64Test, VectorsOfTheRfc) {
  const struct {
    std::string bytes;
    std::string text;
  } cases[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Encoded(c.bytes), c.text);
    EXPECT_EQ(Decoded(c.text), c.bytes);
    // Without padding.
    EXPECT_EQ(Decoded(c.text.substr(0, c.text.find('='))), c.bytes);
  }
}

TEST(Base64Test, ItIsTheSameAsAbseils) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 200, 0);
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string text = Encoded(bytes);
    ASSERT_EQ(text, absl::Base64Escape(bytes));
    ASSERT_EQ(Decoded(text), bytes);
  }
}

// It is looked through in pieces.
TEST(Base64Test, WhatCanBeDecodedIsKnownBefore) {
  EXPECT_THAT(CheckBase64(""), IsOk());
  for (const size_t size : {1u, 4u, 16'383u, 16'384u, 16'386u, 16'388u, 70'000u, 70'001u}) {
    const std::string good(size, 'A');
    EXPECT_EQ(CheckBase64(good), DecodeBase64(good).status()) << size;
    for (const size_t place : {size_t{0}, size / 2, size - 1}) {
      for (const char wrong : {'=', '-', 'B'}) {
        std::string text = good;
        text[place] = wrong;
        EXPECT_EQ(CheckBase64(text), DecodeBase64(text).status()) << size << " " << place << wrong;
      }
    }
  }
}

TEST(Base64Test, WhatIsNoBase64IsRefused) {
  const struct {
    absl::string_view text;
    absl::string_view message;
  } cases[] = {
      {"Zm9v\n", "character 5"},
      {"Zm9 vYmFy", "character 4"},
      {"Zm-v", "character 3"},
      {"Z_9v", "character 2"},
      {"=m9v", "character 1"},
      {"Zg=", "character 3"},
      {"Zg===", "character 3"},
      {"Zg==Zg==", "character 3"},
      {"Z", "within a byte"},
      {"Zm9vY", "within a byte"},
      {"Zh==", "within a byte"},
      {"Zm9=", "within a byte"},
      {"Z===", "character 2"},
      {"====", "character 1"},
      {"=", "character 1"},
      {"Zm9v\xFF\xFF\xFF\xFF", "character 5"},
      {absl::string_view("Zm9\0", 4), "character 4"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(DecodeBase64(c.text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.text;
  }
}

TEST(Base64Test, WhatIsTooLongForItsRoomIsRefused) {
  std::vector<uint8_t> room(5);
  EXPECT_THAT(DecodeBase64("Zm9vYmFy", absl::MakeSpan(room)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  room.resize(6);
  EXPECT_THAT(DecodeBase64("Zm9vYmFy", absl::MakeSpan(room)), absl_testing::IsOkAndHolds(6u));
}

TEST(Base64Test, MegabytesOfSound) {
  std::string bytes(size_t{11} << 20, 0);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  const absl::StatusOr<std::vector<uint8_t>> again = DecodeBase64(Encoded(bytes));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(std::string(again->begin(), again->end()) == bytes);
}

}  // namespace
}  // namespace parlance::pipeline::door
