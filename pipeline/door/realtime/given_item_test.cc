#include "pipeline/door/realtime/given_item.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/realtime/realtime_settings.h"
#include "pipeline/door/wire/base64.h"
#include "pipeline/runtime/runtime.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

using testing::HasSubstr;

class GivenItemTest : public testing::Test {
 protected:
  GivenItemTest() { sound_.SetFormat(RealtimeFormat::kPcm24k, kSessionHz); }

  std::optional<GivenItem> Read(absl::string_view json) {
    rapidjson::Document given;
    given.Parse(json.data(), json.size());
    EXPECT_FALSE(given.HasParseError()) << json;
    problem_ = {};
    return ReadGivenItem(&given, sound_, &problem_);
  }
  // A message of the user's with that content.
  std::optional<GivenItem> ReadContent(absl::string_view content) {
    return Read(absl::StrCat(R"({"type":"message","role":"user","content":)", content, "}"));
  }
  // The code and the member of what is refused.
  std::string Refused(absl::string_view json) {
    return Read(json).has_value() ? "taken" : absl::StrCat(problem_.code, " ", problem_.param);
  }

  // So many milliseconds of silence, as a client sends it.
  static std::string Silence(int ms) {
    std::string base64;
    AppendBase64(std::vector<uint8_t>(static_cast<size_t>(ms) * 24 * 2), base64);
    return base64;
  }

  RealtimeInput sound_;
  RealtimeProblem problem_;
};

TEST_F(GivenItemTest, AUsersTextIsToBeAnswered) {
  const auto given = ReadContent(
      R"([{"type":"input_text","text":"What is"},{"type":"input_text","text":"the time?"}])");
  ASSERT_TRUE(given.has_value()) << problem_.message;
  EXPECT_EQ(given->item.role, "user");
  EXPECT_EQ(given->item.content_type, "input_text");
  EXPECT_EQ(given->item.text, "What is\nthe time?");
  ASSERT_TRUE(given->input.has_value());
  EXPECT_EQ(std::get<std::string>(*given->input), "What is\nthe time?");
}

TEST_F(GivenItemTest, AUsersSoundHasNoTextYet) {
  const auto given =
      ReadContent(absl::StrCat(R"([{"type":"input_audio","audio":")", Silence(100), "\"}]"));
  ASSERT_TRUE(given.has_value()) << problem_.message;
  EXPECT_EQ(given->item.content_type, "input_audio");
  EXPECT_EQ(given->item.text, std::nullopt);
  ASSERT_TRUE(given->input.has_value());
  EXPECT_NEAR(static_cast<double>(std::get<std::vector<int16_t>>(*given->input).size()), 1600, 100);
}

TEST_F(GivenItemTest, WhatOthersSaidIsHistory) {
  for (const absl::string_view role : {"assistant", "system"}) {
    const auto given =
        Read(absl::StrCat(R"({"type":"message","role":")", role,
                          R"(","content":[{"type":"text","text":"Good evening."}]})"));
    ASSERT_TRUE(given.has_value()) << problem_.message;
    EXPECT_EQ(given->item.text, "Good evening.");
    EXPECT_FALSE(given->input.has_value());
  }
}

TEST_F(GivenItemTest, TheSoundOfAnAnswerIsNotHeard) {
  const auto given = Read(
      R"({"type":"message","role":"assistant","content":[{"type":"output_audio","audio":"AAAA"}]})");
  ASSERT_TRUE(given.has_value()) << problem_.message;
  EXPECT_EQ(given->item.text, "");
  EXPECT_FALSE(given->input.has_value());
}

TEST_F(GivenItemTest, AMessageIsEitherTextOrSound) {
  const std::string sound = absl::StrCat(R"({"type":"input_audio","audio":")", Silence(100), "\"}");
  const std::string text = R"({"type":"input_text","text":"hello"})";
  for (const auto& [first, second] : {std::pair(sound, text), {text, sound}, {sound, sound}}) {
    EXPECT_FALSE(ReadContent(absl::StrCat("[", first, ",", second, "]")).has_value());
    EXPECT_EQ(problem_.code, "unsupported_content");
  }
}

TEST_F(GivenItemTest, CallsAndOutputs) {
  const auto call = Read(
      R"({"type":"function_call","id":"i","call_id":"c","name":"add","arguments":"{\"a\":1}"})");
  ASSERT_TRUE(call.has_value()) << problem_.message;
  EXPECT_EQ(call->item.id, "i");
  EXPECT_EQ(call->item.call_id, "c");
  EXPECT_EQ(call->item.name, "add");
  EXPECT_EQ(call->item.arguments, R"({"a":1})");
  const auto output = Read(R"({"type":"function_call_output","call_id":"c","output":"2"})");
  ASSERT_TRUE(output.has_value()) << problem_.message;
  EXPECT_EQ(output->item.output, "2");
  EXPECT_FALSE(output->input.has_value());
}

TEST_F(GivenItemTest, SaysWhatItRefuses) {
  EXPECT_EQ(Refused("{}"), "missing_required_parameter item.type");
  EXPECT_EQ(Refused("[]"), "missing_required_parameter item.type");
  EXPECT_EQ(Refused(R"({"type":7})"), "missing_required_parameter item.type");
  EXPECT_EQ(Refused(R"({"type":"mcp_call"})"), "unsupported_item item.type");
  EXPECT_EQ(Refused(R"({"type":"message","role":"robot"})"), "invalid_value item.role");
  EXPECT_EQ(Refused(R"({"type":"message"})"), "missing_required_parameter item.content");
  EXPECT_EQ(Refused(R"({"type":"message","content":"hello"})"),
            "missing_required_parameter item.content");
  EXPECT_EQ(Refused(R"({"type":"message","content":[]})"),
            "missing_required_parameter item.content");
  EXPECT_EQ(Refused(R"({"type":"message","content":[7]})"), "unsupported_content item.content");
  EXPECT_EQ(Refused(R"({"type":"message","content":[{"type":"input_image","text":"x"}]})"),
            "unsupported_content item.content");
  EXPECT_EQ(Refused(R"({"type":"message","content":[{"type":"input_audio","audio":"A"}]})"),
            "invalid_audio item.content");
  EXPECT_EQ(Refused(R"({"type":"function_call_output","call_id":"c"})"),
            "missing_required_parameter item.output");
  EXPECT_EQ(Refused(R"({"type":"function_call","call_id":7})"), "invalid_value item.call_id");
}

// What a call needs to be one.
TEST_F(GivenItemTest, ACallWithoutItsNameOrItsOutputsCallIsRefused) {
  EXPECT_EQ(Refused(R"({"type":"function_call_output","output":"2"})"),
            "missing_required_parameter item.call_id");
  EXPECT_EQ(Refused(R"({"type":"function_call_output","call_id":"","output":"2"})"),
            "missing_required_parameter item.call_id");
  EXPECT_EQ(Refused(R"({"type":"function_call_output","call_id":"c","output":{"a":1}})"),
            "invalid_value item.output");
  EXPECT_EQ(Refused(R"({"type":"function_call","call_id":"c","arguments":"{}"})"),
            "missing_required_parameter item.name");
  EXPECT_EQ(Refused(R"({"type":"function_call","call_id":"c","name":"add"})"),
            "missing_required_parameter item.arguments");
  EXPECT_EQ(Refused(R"({"type":"function_call","name":"add","arguments":"{}"})"), "taken")
      << "its id may be left out";
}

// An error that names what is wrong with the part.
TEST_F(GivenItemTest, APartSaysWhatItLacks) {
  const auto refused = [&](absl::string_view part) {
    EXPECT_FALSE(ReadContent(absl::StrCat("[", part, "]")).has_value()) << part;
    return absl::StrCat(problem_.code, " ", problem_.param, ": ", problem_.message);
  };
  EXPECT_THAT(refused(R"({"type":"input_text"})"),
              HasSubstr("missing_required_parameter item.content: text is missing"));
  EXPECT_THAT(refused(R"({"type":"input_audio"})"),
              HasSubstr("missing_required_parameter item.content: audio is missing"));
  EXPECT_THAT(refused(R"({"type":"banana","text":"a"})"), HasSubstr("the type banana"));
  EXPECT_THAT(refused(R"({"text":"a"})"), HasSubstr("unsupported_content"));
}

TEST_F(GivenItemTest, EverythingHasABound) {
  const std::string long_id(kMaxGivenIdBytes + 1, 'x');
  EXPECT_EQ(Refused(absl::StrCat(R"({"type":"message","id":")", long_id, "\"}")),
            "invalid_value item.id");
  EXPECT_EQ(
      Refused(absl::StrCat(R"({"type":"function_call","arguments":"{}","name":")", long_id, "\"}")),
      "invalid_value item.name");
  const std::string long_text(Runtime::Session::kMaxTextBytes + 1, 'x');
  EXPECT_EQ(Refused(absl::StrCat(R"({"type":"function_call","name":"add","arguments":")", long_text,
                                 "\"}")),
            "invalid_value item.arguments");
  EXPECT_EQ(Refused(absl::StrCat(R"({"type":"function_call_output","call_id":"c","output":")",
                                 long_text, "\"}")),
            "invalid_value item.output");
  EXPECT_FALSE(ReadContent(absl::StrCat(R"([{"type":"input_text","text":")", long_text, "\"}]"))
                   .has_value());
  EXPECT_EQ(problem_.code, "string_above_max_length");
  EXPECT_FALSE(
      ReadContent(absl::StrCat(R"([{"type":"input_audio","audio":")", Silence(31000), "\"}]"))
          .has_value());
  EXPECT_EQ(problem_.code, "invalid_audio");
  EXPECT_NE(problem_.message.find("at most 30s"), std::string::npos) << problem_.message;
}

}  // namespace
}  // namespace parlance::pipeline::door
