#include "pipeline/remote_speech/transcription.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/http/service.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;

struct Quirk {
  std::string name;
  std::string body;
  // The text, or "error: …".
  std::string heard;
  int status = 200;
  std::string type = "application/json";
};

class TranscriptionTest : public testing::TestWithParam<Quirk> {};

TEST_P(TranscriptionTest, IsRead) {
  const Quirk& quirk = GetParam();
  const ServiceErrors errors("the recognition server", ServiceErrors::Words::kLeftOut);
  const absl::StatusOr<std::string> text =
      ReadTranscription(quirk.status, quirk.type, quirk.body, errors);
  EXPECT_EQ(text.ok() ? *text : absl::StrCat("error: ", text.status().message()), quirk.heard);
}

std::vector<Quirk> Quirks() {
  const std::string url = ": is the URL right? It ends with /v1 for most servers";
  return {
      {"Right", R"({"text":" What time is it?\n"})", "What time is it?"},
      {"Verbose",
       R"({"task":"transcribe","language":"english","duration":1.5,"text":"hello","segments":[{"id":0,"text":"no"}]})",
       "hello"},
      {"SegmentsAlone", R"({"segments":[{"text":"what time"},{"text":"is it"}]})",
       "what time is it"},
      {"OtherName", R"({"transcription":"hello"})", "hello"},
      {"AString", R"("hello there")", "hello there"},
      {"PlainText", "hello there\n", "hello there", 200, "text/plain; charset=utf-8"},
      {"PlainTextWithoutAType", "hello there", "hello there", 200, ""},
      {"PlainTextInBrackets", "[BLANK_AUDIO]\n", "[BLANK_AUDIO]", 200, "text/plain"},
      {"Silence", R"({"text":""})", ""},
      {"NoUtf8", "{\"text\":\"a\xFF\"}", "a\xEF\xBF\xBD"},
      {"NoText", R"({"language":"en"})",
       "error: the recognition server answers with JSON without a text" + url},
      {"TextIsNull", R"({"text":null})",
       "error: the recognition server answers with JSON without a text" + url},
      {"BrokenSegments", R"({"segments":[{"text":"a"},{}]})",
       "error: the recognition server answers with JSON without a text" + url},
      {"CutInTheMiddle", R"({"text":"what ti)",
       "error: the recognition server answers with broken JSON" + url},
      {"CutWithoutAType", R"({"text":"what ti)",
       "error: the recognition server answers with broken JSON" + url, 200, ""},
      {"Html", "<!doctype html><p>hello",
       "error: the recognition server answers with a page of HTML" + url, 200, "text/html"},
      {"Binary", std::string("RIFF\0\0\0\0WAVE", 12),
       "error: the recognition server answers with something that is not text" + url, 200,
       "audio/wav"},
      {"BinarySoldAsText", std::string("RIFF\0\0\0\0WAVE", 12),
       "error: the recognition server answers with something that is not text" + url, 200,
       "text/plain"},
      {"ErrorAtStatus200", R"({"error":"failed to read sound of 'my secret'"})",
       "error: the recognition server broke off: it tells of an error"},
      {"ErrorObjectAtStatus200", R"({"error":{"message":"my secret","code":429}})",
       "error: the recognition server cannot answer now (status 429)"},
      {"BadRequest", R"({"error":{"message":"my secret"}})",
       "error: the recognition server refuses the request (status 400)", 400},
      {"WrongKey", R"({"error":{"message":"sk-1"}})",
       "error: the recognition server refuses the key (status 401)", 401},
      {"NotFound", "<html>",
       "error: the recognition server does not know the model or the path (status 404)", 404,
       "text/html"},
      {"TooMany", "", "error: the recognition server cannot answer now (status 429)", 429, ""},
      {"Broken", "my secret", "error: the recognition server cannot answer now (status 500)", 500,
       "text/plain"},
      {"Redirect", "",
       "error: the recognition server is elsewhere: it answers with a redirect, which is not "
       "followed (status 307)",
       307, ""},
      {"TextTooLong", absl::StrCat(R"({"text":")", std::string(20000, 'x'), "\"}"),
       "error: the recognition server has heard more than 16384 bytes"},
      {"BodyTooLong", std::string(2 << 20, ' '),
       "error: the answer of the recognition server is longer than 1048576 bytes"},
      {"TooDeep", std::string(100000, '['),
       "error: the recognition server answers with broken JSON" + url},
      {"Subtitles", "1\n00:00:00,000 --> 00:00:01,000\nwhat time is it\n",
       "error: the recognition server answers with subtitles, which were not asked for" + url, 200,
       "text/plain"},
      {"WebVtt", "WEBVTT\n\n00:00.000\nwhat time is it\n",
       "error: the recognition server answers with subtitles, which were not asked for" + url, 200,
       "text/vtt"},
      {"Events", "data: {\"type\":\"transcript.text.delta\",\"delta\":\"what\"}\n\n",
       "error: the recognition server answers with a stream of events, which was not asked for" +
           url,
       200, "text/event-stream"},
      {"Nothing", "", "error: the recognition server answers with broken JSON" + url},
  };
}

INSTANTIATE_TEST_SUITE_P(Quirks, TranscriptionTest, testing::ValuesIn(Quirks()),
                         [](const auto& each) { return each.param.name; });

TEST(TranscriptionFormTest, HasTheSoundAndWhatIsWanted) {
  const absl::StatusOr<FormBody> form = TranscriptionForm({1, -2}, "whisper-1", "en");
  ASSERT_THAT(form, IsOk());
  EXPECT_EQ(form->content_type, "multipart/form-data; boundary=parlance-part");
  EXPECT_THAT(form->body, HasSubstr("--parlance-part\r\nContent-Disposition: form-data; "
                                    "name=\"model\"\r\n\r\nwhisper-1\r\n--parlance-part\r\n"));
  EXPECT_THAT(form->body, HasSubstr("name=\"language\"\r\n\r\nen\r\n"));
  EXPECT_THAT(form->body, HasSubstr("name=\"response_format\"\r\n\r\njson\r\n"));
  EXPECT_THAT(form->body, HasSubstr("name=\"file\"; filename=\"utterance.wav\"\r\nContent-Type: "
                                    "audio/wav\r\n\r\nRIFF"));
  EXPECT_THAT(form->body,
              HasSubstr(std::string("data\4\0\0\0\1\0\xFE\xFF\r\n--parlance-part--\r\n", 33)));
}

// A name with the boundary in it does not end its part.
TEST(TranscriptionFormTest, WhatSeparatesPartsIsInNone) {
  const absl::StatusOr<FormBody> form = TranscriptionForm({}, "a--parlance-partx", "en");
  ASSERT_THAT(form, IsOk());
  EXPECT_EQ(form->content_type, "multipart/form-data; boundary=parlance-partxx");
}

TEST(WordsAsSaidTest, WordsAreThoseOfAGrammar) {
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {" What time is it?\n", "what time is it"},
           {"Set a timer for 25 minutes.", "set a timer for twenty five minutes"},
           {"It's twenty-one o’clock, isn't it", "it's twenty one o'clock isn't it"},
           {"'Hello' \"there\"", "hello there"},
           {"[BLANK_AUDIO]", ""},
           {"(wind blowing) Hello [noise] you", "hello you"},
           {"hello (you", "hello you"},
           {"1000 or 007", "1000 or seven"},
           {"Grüße", "grüße"},
           {"...", ""},
           {"", ""}}) {
    EXPECT_EQ(WordsAsSaid(text), words) << text;
  }
}

}  // namespace
}  // namespace parlance::pipeline
