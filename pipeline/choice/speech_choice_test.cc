#include "pipeline/choice/speech_choice.h"

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

absl::StatusOr<std::string> ReadFile(absl::string_view path) {
  if (path == "key") return "sk-secret\n";
  if (path == "empty") return "\n";
  if (path == "open") return absl::PermissionDeniedError("open can be read by others");
  return absl::NotFoundError("there is no such file");
}
const char* NoEnvironment(const char*) { return nullptr; }
const char* KeysInEnvironment(const char* name) {
  if (std::strcmp(name, "STT_API_KEY") == 0) return "sk-hears ";
  return std::strcmp(name, "TTS_API_KEY") == 0 ? "sk-speaks" : nullptr;
}

SpeechFlags Both() {
  return {.stt_url = "http://localhost:1",
          .stt_model = "whisper-1",
          .tts_url = "http://localhost:2",
          .tts_model = "tts-1",
          .tts_voice = "alloy"};
}

TEST(SpeechChoiceTest, ThisMachineNeedsNothing) {
  const auto choice = ChooseSpeech({}, KeysInEnvironment, ReadFile);
  ASSERT_THAT(choice, IsOk());
  EXPECT_FALSE(choice->recognition.has_value());
  EXPECT_FALSE(choice->synthesis.has_value());
  EXPECT_EQ(choice->longest_task(), absl::Seconds(10));
}

TEST(SpeechChoiceTest, ServersAreAskedAsTheFlagsSay) {
  SpeechFlags flags = Both();
  flags.stt_timeout = absl::Seconds(3);
  auto choice = ChooseSpeech(flags, KeysInEnvironment, ReadFile);
  ASSERT_THAT(choice, IsOk());
  ASSERT_TRUE(choice->recognition.has_value());
  EXPECT_EQ(choice->recognition->url, "http://localhost:1");
  EXPECT_EQ(choice->recognition->model, "whisper-1");
  EXPECT_EQ(choice->recognition->timeout, absl::Seconds(3));
  EXPECT_EQ(choice->recognition->api_key, "sk-hears");
  EXPECT_EQ(choice->recognition_timeout(), absl::Seconds(8));
  ASSERT_TRUE(choice->synthesis.has_value());
  EXPECT_EQ(choice->synthesis->url, "http://localhost:2");
  EXPECT_EQ(choice->synthesis->model, "tts-1");
  EXPECT_EQ(choice->synthesis->api_key, "sk-speaks");
  EXPECT_EQ(choice->voice, "alloy");
  EXPECT_EQ(choice->synthesis_timeout(), absl::Seconds(15));
  EXPECT_EQ(choice->longest_task(), absl::Seconds(70));
  flags.tts_key_file = "key";
  choice = ChooseSpeech(flags, NoEnvironment, ReadFile);
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->recognition->api_key, "");
  EXPECT_EQ(choice->synthesis->api_key, "sk-secret");
}

TEST(SpeechChoiceTest, WhatCannotBeMeantIsRefused) {
  const auto expect = [](const SpeechFlags& flags, const char* message) {
    EXPECT_THAT(ChooseSpeech(flags, NoEnvironment, ReadFile).status().message(),
                AllOf(HasSubstr(message), Not(HasSubstr("sk-"))));
  };
  SpeechFlags flags = Both();
  flags.stt_model = "";
  expect(flags, "--stt_model is missing: the model's name, as the recognition server knows it");
  flags = Both();
  flags.tts_model = "";
  expect(flags, "--tts_model is missing");
  flags = Both();
  flags.tts_voice = "";
  expect(flags, "--tts_voice is missing");
  flags = Both();
  flags.stt_timeout = absl::Hours(1);
  expect(flags, "--stt_timeout=1h is not more than 0 and at most 1m");
  flags = Both();
  flags.tts_timeout = absl::ZeroDuration();
  expect(flags, "--tts_timeout=0 is not more than 0");
  for (const char* path : {"empty", "open", "missing", "-"}) {
    flags = Both();
    flags.stt_key_file = path;
    expect(flags, "--stt_key_file");
    flags = Both();
    flags.tts_key_file = path;
    expect(flags, "--tts_key_file");
  }
  expect({.stt_model = "m"}, "--stt_model needs --stt_url");
  expect({.stt_key_file = "key"}, "--stt_key_file needs --stt_url");
  expect({.tts_model = "m"}, "--tts_model needs --tts_url");
  expect({.tts_voice = "v"}, "--tts_voice needs --tts_url");
  expect({.tts_key_file = "key"}, "--tts_key_file needs --tts_url");
}

}  // namespace
}  // namespace parlance::pipeline
