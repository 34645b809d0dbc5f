#include "pipeline/door/wyoming/wyoming_event.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/json/bounded_json.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Each event as a line: its type, data and payload.
absl::Status Read(absl::string_view bytes, size_t piece, std::vector<std::string>& events,
                  size_t most = 1000) {
  WyomingParser parser;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const absl::string_view next = bytes.substr(0, piece);
    const absl::Status status = parser.Push(
        absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(next.data()), next.size()),
        [&](const WyomingEvent& event) {
          events.push_back(absl::StrCat(event.type, " ", JsonOf(event.data), " ", event.payload));
          return events.size() < most;
        });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

TEST(WyomingParserTest, EventsInPiecesOfAnySize) {
  const std::string bytes = absl::StrCat(
      "{\"type\":\"describe\"}\n", "\n\r\n", R"({"type":"ping","data":{"text":"a"}})", "\n",
      R"({"type":"audio-chunk","version":"1.5.4","data_length":12,"payload_length":4})", "\n",
      R"({"rate":8000})", "\n\n{\"", R"({"type":"x","data":{"a":1,"b":2},"data_length":15})", "\n",
      R"({"b":[3],"c":4})", R"({"type":"y","data":null,"data_length":null,"payload_length":1})",
      "\n", "\n");
  // The data above is 13 bytes long.
  const std::string right = std::string(bytes).replace(bytes.find(":12,"), 4, ":13,");
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    std::vector<std::string> events;
    EXPECT_THAT(Read(right, piece, events), IsOk());
    EXPECT_THAT(events, ElementsAre("describe {} ", R"(ping {"text":"a"} )",
                                    "audio-chunk {\"rate\":8000} \n\n{\"",
                                    R"(x {"b":[3],"c":4,"a":1,"b":2} )", "y {} \n"))
        << piece;
  }
}

TEST(WyomingParserTest, NothingAfterTheEndIsLookedAt) {
  std::vector<std::string> events;
  EXPECT_THAT(Read("{\"type\":\"a\"}\n{\"type\":\"b\"}\nrubbish\n", 1000, events, 1), IsOk());
  EXPECT_THAT(events, ElementsAre("a {} "));
}

TEST(WyomingParserTest, WhatIsWrongIsSaid) {
  struct Case {
    const char* name;
    std::string bytes;
    absl::StatusCode code;
    const char* why;
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kTooLong = absl::StatusCode::kResourceExhausted;
  const std::vector<Case> cases = {
      {"a web browser", "GET / HTTP/1.1\r\n", kInvalid, "not JSON"},
      {"an array", "[]\n", kInvalid, "not an object"},
      {"no type", "{}\n", kInvalid, "without a \"type\""},
      {"a type that is a number", "{\"type\":1}\n", kInvalid, "without a \"type\""},
      {"an empty type", "{\"type\":\"\"}\n", kInvalid, "without a \"type\""},
      {"a long type", absl::StrCat("{\"type\":\"", std::string(65, 'x'), "\"}\n"), kInvalid,
       "64 bytes"},
      {"data that is a list", "{\"type\":\"a\",\"data\":[]}\n", kInvalid, "\"data\""},
      {"a negative length", "{\"type\":\"a\",\"data_length\":-1}\n", kInvalid, "\"data_length\""},
      {"half a byte", "{\"type\":\"a\",\"payload_length\":0.5}\n", kInvalid, "\"payload_length\""},
      {"much data", "{\"type\":\"a\",\"data_length\":65537}\n", kTooLong, "the limit is 65536"},
      {"much payload", "{\"type\":\"a\",\"payload_length\":1048577}\n", kTooLong,
       "the limit is 1048576"},
      {"data that is no JSON", "{\"type\":\"a\",\"data_length\":2}\n[]", kInvalid, "not an object"},
      {"a long line", std::string(70000, ' '), kTooLong, "a line of more than 65536"},
      {"too deep", absl::StrCat("{\"type\":", std::string(100, '['), "\n"), kInvalid, "16 deep"},
  };
  for (const Case& each : cases) {
    for (const size_t piece : {1000, 100000}) {
      std::vector<std::string> events;
      EXPECT_THAT(Read(each.bytes, piece, events), StatusIs(each.code, HasSubstr(each.why)))
          << each.name;
      EXPECT_THAT(events, IsEmpty()) << each.name;
    }
  }
  // An error stays one.
  WyomingParser parser;
  const std::vector<uint8_t> wrong = {'x', '\n'};
  const std::vector<uint8_t> right = {'\n'};
  EXPECT_FALSE(parser.Push(wrong, [](const WyomingEvent&) { return true; }).ok());
  EXPECT_FALSE(parser.Push(right, [](const WyomingEvent&) { return true; }).ok());
}

TEST(WyomingBytesTest, AnEventIsReadAsItWasWritten) {
  std::vector<std::string> events;
  const std::string bytes =
      absl::StrCat(WyomingBytes("info", R"({"a":1})"), WyomingBytes("audio-stop"),
                   WyomingBytes("audio-chunk", R"({"rate":1})", std::string("\0\n", 2)));
  EXPECT_THAT(Read(bytes, 1000, events), IsOk());
  EXPECT_THAT(events,
              ElementsAre(R"(info {"a":1} )", "audio-stop {} ",
                          absl::StrCat(R"(audio-chunk {"rate":1} )", std::string("\0\n", 2))));
}

}  // namespace
}  // namespace parlance::pipeline::door
