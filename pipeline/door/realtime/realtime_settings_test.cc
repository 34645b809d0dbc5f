#include "pipeline/door/realtime/realtime_settings.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

RealtimeSettings Settings() { return RealtimeSettings("s1", "parlance", "kal16", "realtime"); }

bool Update(RealtimeSettings& settings, absl::string_view json,
            RealtimeProblem* problem = nullptr) {
  rapidjson::Document update;
  update.Parse(json.data(), json.size());
  EXPECT_FALSE(update.HasParseError()) << json;
  RealtimeProblem none;
  return settings.Update(update, problem == nullptr ? &none : problem);
}

TEST(RealtimeSettingsTest, AreWholeFromTheBeginning) {
  const RealtimeSettings settings = Settings();
  for (const absl::string_view part :
       {R"("id":"s1")", R"("model":"parlance")", R"("voice":"kal16")",
        R"("silence_duration_ms":500)", R"("interrupt_response":true)"}) {
    EXPECT_THAT(settings.Json(), HasSubstr(part));
  }
  EXPECT_TRUE(settings.detects_turns());
  EXPECT_TRUE(settings.speaks());
  EXPECT_THAT(settings.agent().tools, IsEmpty());
}

// A shallow merge loses the type with the rest, and turns the detector off.
TEST(RealtimeSettingsTest, AThresholdAloneLeavesTheRestOfTurnDetection) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"turn_detection":{"threshold":0.8}}}})"));
  EXPECT_TRUE(settings.detects_turns());
  EXPECT_THAT(settings.Json(), HasSubstr(R"("type":"server_vad")"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("threshold":0.8)"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("silence_duration_ms":500)"));
}

TEST(RealtimeSettingsTest, AFormatThatNamesItsTypeReplacesTheOther) {
  RealtimeSettings settings = Settings();
  RealtimeProblem problem;
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"format":{"type":"audio/pcmu"}}}})"));
  EXPECT_EQ(settings.input_format(), RealtimeFormat::kMuLaw);
  EXPECT_THAT(settings.Json(), HasSubstr(R"("input":{"format":{"type":"audio/pcmu"})"));
  ASSERT_TRUE(
      Update(settings, R"({"audio":{"input":{"format":{"type":"audio/pcmu","rate":8000}}}})"));
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"format":{"type":"audio/pcm"}}}})", &problem))
      << problem.message;
  EXPECT_EQ(settings.input_format(), RealtimeFormat::kPcm24k);
  EXPECT_THAT(settings.Json(), HasSubstr(R"("input":{"format":{"type":"audio/pcm","rate":24000})"));
  // As programs write what nobody set.
  ASSERT_TRUE(Update(settings, R"({"audio":{"output":{"format":{"type":"audio/pcma"}}}})"));
  ASSERT_TRUE(Update(settings, R"({"audio":{"output":{"format":null}}})", &problem))
      << problem.message;
  EXPECT_EQ(settings.output_format(), RealtimeFormat::kPcm24k);
  for (const absl::string_view wrong :
       {R"({"type":"audio/pcm","rate":"abc"})", R"({"type":"audio/pcmu","rate":16000})",
        R"({"type":"audio/pcm","rate":8000})"}) {
    EXPECT_FALSE(
        Update(settings, absl::StrCat(R"({"audio":{"input":{"format":)", wrong, "}}}"), &problem))
        << wrong;
    EXPECT_THAT(problem.param, HasSubstr("session.audio.input.format"));
  }
}

// Taken for something unknown, mu-law would be heard as PCM.
TEST(RealtimeSettingsTest, TheBetaFormIsRefusedWithTheNameThatIsMeant) {
  RealtimeSettings settings = Settings();
  RealtimeProblem problem;
  for (const auto& [member, meant] : std::vector<std::pair<std::string, std::string>>{
           {R"("modalities":["text"])", "session.output_modalities"},
           {R"("input_audio_format":"g711_ulaw")", "session.audio.input.format"},
           {R"("output_audio_format":"pcm16")", "session.audio.output.format"},
           {R"("input_audio_transcription":{"model":"m"})", "session.audio.input.transcription"},
           {R"("turn_detection":null)", "session.audio.input.turn_detection"}}) {
    EXPECT_FALSE(Update(settings, absl::StrCat("{", member, "}"), &problem)) << member;
    EXPECT_EQ(problem.code, "unknown_parameter");
    EXPECT_THAT(problem.message, HasSubstr(meant));
  }
  EXPECT_TRUE(Update(settings, R"({"voice":"alloy","temperature":0.8})"));
}

// Updating one member left another one empty elsewhere.
TEST(RealtimeSettingsTest, ALanguageAloneLeavesTheTranscriptionModel) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"transcription":{"model":"m"}}}})"));
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"transcription":{"language":"en"}}}})"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("transcription":{"model":"m","language":"en"})"));
}

TEST(RealtimeSettingsTest, AnotherKindOfTurnDetectionBeginsAnew) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(
      Update(settings, R"({"audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}})"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("eagerness":"auto")"));
  EXPECT_THAT(settings.Json(), Not(HasSubstr("silence_duration_ms")));
  EXPECT_GT(settings.turn_taking().incomplete_delay, absl::Seconds(1));
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"turn_detection":null}}})"));
  EXPECT_FALSE(settings.detects_turns());
  EXPECT_FALSE(settings.turn_taking().answers);
  ASSERT_TRUE(
      Update(settings, R"({"audio":{"input":{"turn_detection":{"silence_duration_ms":700}}}})"));
  EXPECT_EQ(settings.turn_taking().min_endpointing_delay, absl::Milliseconds(700));
  EXPECT_EQ(settings.turn_taking().complete_delay, absl::Milliseconds(700));
}

TEST(RealtimeSettingsTest, ResponsesAndInterruptionsCanBeTurnedOff) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"audio":{"input":{"turn_detection":
      {"create_response":false,"interrupt_response":false}}}})"));
  EXPECT_FALSE(settings.turn_taking().answers);
  EXPECT_FALSE(settings.turn_taking().interruptible);
}

TEST(RealtimeSettingsTest, WhatIsNotKnownIsGivenBack) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"type":"realtime","tracing":"auto","some_day":{"a":[1]}})"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("tracing":"auto")"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("some_day":{"a":[1]})"));
}

TEST(RealtimeSettingsTest, WhoseSessionItIsDoesNotChange) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"id":"other","object":"x"})"));
  EXPECT_THAT(settings.Json(), HasSubstr(R"("id":"s1")"));
}

TEST(RealtimeSettingsTest, ToolsReachTheAgent) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"instructions":"Be brief.","tool_choice":"required",
      "max_output_tokens":300,"tools":[
      {"type":"function","name":"weather","description":"d","parameters":{"type":"object"}},
      {"type":"function","name":"stop"}]})"));
  const AgentSettings& agent = settings.agent();
  EXPECT_EQ(agent.instructions, "Be brief.");
  EXPECT_EQ(agent.tool_choice, "required");
  EXPECT_EQ(agent.max_output_tokens, 300);
  ASSERT_THAT(agent.tools, SizeIs(2));
  EXPECT_EQ(agent.tools[0].name, "weather");
  EXPECT_EQ(agent.tools[0].parameters, R"({"type":"object"})");
  ASSERT_TRUE(Update(settings, R"({"max_output_tokens":"inf",
                                   "tool_choice":{"type":"function","name":"weather"}})"));
  EXPECT_EQ(settings.agent().max_output_tokens, std::nullopt);
  EXPECT_EQ(settings.agent().tool_choice, "weather");
  ASSERT_TRUE(Update(settings, R"({"tools":[],"tool_choice":"auto"})"));
  EXPECT_THAT(settings.agent().tools, IsEmpty());
}

TEST(RealtimeSettingsTest, AFunctionThatHasToBeCalledIsOneOfTheTools) {
  RealtimeSettings settings = Settings();
  RealtimeProblem problem;
  ASSERT_TRUE(Update(settings, R"({"tools":[{"type":"function","name":"weather"}],
                                   "tool_choice":{"type":"function","name":"weather"}})"));
  for (const absl::string_view wrong : {R"({"tool_choice":{"type":"function"}})", R"({"tools":[]})",
                                        R"({"tool_choice":{"type":"function","name":"clock"}})"}) {
    EXPECT_FALSE(Update(settings, wrong, &problem)) << wrong;
    EXPECT_EQ(problem.param, "session.tool_choice") << wrong;
  }
  AgentSettings agent;
  bool speaks = false;
  rapidjson::Document response;
  response.Parse(R"({"tools":[]})");
  EXPECT_FALSE(settings.Override(response, &agent, &speaks, &problem));
  EXPECT_EQ(problem.param, "response.tool_choice");
  // A tool of ours is one of a tool server's.
  EXPECT_TRUE(Update(settings, R"({"tool_choice":{"type":"mcp","server_label":"parlance",
                                                  "name":"clock"}})"));
  EXPECT_EQ(settings.agent().tool_choice, "clock");
}

// It was taken, and the answer came in the session's.
TEST(RealtimeSettingsTest, AResponseHasNoFormatOrVoiceOfItsOwn) {
  const RealtimeSettings settings = Settings();
  for (const auto& [json, param] : std::vector<std::pair<std::string, std::string>>{
           {R"({"audio":{"output":{"format":{"type":"audio/pcmu"}}}})",
            "response.audio.output.format"},
           {R"({"audio":{"output":{"format":5}}})", "response.audio.output.format"},
           {R"({"audio":{"output":{"voice":"alloy"}}})", "response.audio.output.voice"},
           {R"({"audio":5})", "response.audio"},
           {R"({"voice":"alloy"})", "response.voice"},
           {R"({"modalities":["text"]})", "response.modalities"},
           {R"({"output_audio_format":"pcm16"})", "response.output_audio_format"}}) {
    rapidjson::Document response;
    response.Parse(json.c_str());
    AgentSettings agent;
    RealtimeProblem problem;
    bool speaks = false;
    EXPECT_FALSE(settings.Override(response, &agent, &speaks, &problem)) << json;
    EXPECT_EQ(problem.param, param);
  }
  rapidjson::Document same;
  same.Parse(
      R"({"audio":{"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"kal16"}}})");
  AgentSettings agent;
  RealtimeProblem problem;
  bool speaks = false;
  EXPECT_TRUE(settings.Override(same, &agent, &speaks, &problem)) << problem.message;
}

// Each is refused with the place, and nothing of the update is taken.
TEST(RealtimeSettingsTest, WhatCannotBeIsRefusedAsAWhole) {
  const std::string long_text(RealtimeSettings::kMaxInstructionsBytes + 1, 'a');
  std::string tools;
  for (size_t i = 0; i <= RealtimeSettings::kMaxTools; ++i) {
    absl::StrAppend(&tools, i == 0 ? "" : ",", R"({"type":"function","name":"t)", i, "\"}");
  }
  for (const auto& [json, param] : std::vector<std::pair<std::string, std::string>>{
           {R"({"type":"video"})", "session.type"},
           {R"({"output_modalities":[]})", "session.output_modalities"},
           {R"({"audio":{"output":{"format":{"type":"audio/pcm","rate":16000}}}})",
            "session.audio.output.format"},
           {R"({"audio":null})", "session.audio"},
           {R"({"audio":{"input":5}})", "session.audio.input"},
           {R"({"audio":{"output":[]}})", "session.audio.output"},
           {R"({"model":5})", "session.model"},
           {R"({"include":"a"})", "session.include"},
           {R"({"audio":{"output":{"voice":5}}})", "session.audio.output.voice"},
           {R"({"audio":{"output":{"speed":"fast"}}})", "session.audio.output.speed"},
           {R"({"audio":{"output":{"speed":99}}})", "session.audio.output.speed"},
           {R"({"audio":{"input":{"transcription":5}}})", "session.audio.input.transcription"},
           {R"({"audio":{"input":{"transcription":{"language":5}}}})",
            "session.audio.input.transcription.language"},
           {R"({"tool_choice":{"type":"function","name":"a"}})", "session.tool_choice"},
           {R"({"tool_choice":{"type":"function"}})", "session.tool_choice"},
           {R"({"tool_choice":{"name":"a"}})", "session.tool_choice"},
           {R"({"audio":{"input":{"turn_detection":{"type":"magic"}}}})",
            "session.audio.input.turn_detection.type"},
           {R"({"audio":{"input":{"turn_detection":{"threshold":2}}}})",
            "session.audio.input.turn_detection.threshold"},
           {R"({"audio":{"input":{"turn_detection":{"silence_duration_ms":0}}}})",
            "session.audio.input.turn_detection.silence_duration_ms"},
           {R"({"audio":{"input":{"turn_detection":{"idle_timeout_ms":5000}}}})",
            "session.audio.input.turn_detection.idle_timeout_ms"},
           {R"({"audio":{"input":{"turn_detection":{"create_response":1}}}})",
            "session.audio.input.turn_detection.create_response"},
           {R"({"audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"x"}}}})",
            "session.audio.input.turn_detection.eagerness"},
           {absl::StrCat(R"({"instructions":")", long_text, "\"}"), "session.instructions"},
           {absl::StrCat(R"({"tools":[)", tools, "]}"), "session.tools"},
           {R"({"tools":[{"type":"mcp","server_label":"x"}]})", "session.tools"},
           {R"({"tools":[{"type":"function","name":"a b"}]})", "session.tools"},
           {R"({"tools":[{"type":"function","name":"a"},{"type":"function","name":"a"}]})",
            "session.tools"},
           {R"({"tools":[{"type":"function","name":"a","parameters":"x"}]})", "session.tools"},
           {R"({"tool_choice":5})", "session.tool_choice"},
           {R"({"max_output_tokens":0})", "session.max_output_tokens"}}) {
    SCOPED_TRACE(json.substr(0, 100));
    RealtimeSettings settings = Settings();
    const std::string before = settings.Json();
    RealtimeProblem problem;
    EXPECT_FALSE(Update(settings, json, &problem));
    EXPECT_EQ(problem.param, param);
    EXPECT_THAT(problem.message, Not(IsEmpty()));
    EXPECT_EQ(settings.Json(), before);
  }
}

TEST(RealtimeSettingsTest, TheConfigurationIsBounded) {
  RealtimeSettings settings = Settings();
  for (int i = 0; i < 20; ++i) {
    Update(settings, absl::StrCat(R"({"unknown)", i, R"(":")", std::string(60000, 'x'), "\"}"));
  }
  EXPECT_LE(settings.Json().size(), RealtimeSettings::kMaxBytes);
}

TEST(RealtimeSettingsTest, OneResponseMayHaveSettingsOfItsOwn) {
  RealtimeSettings settings = Settings();
  ASSERT_TRUE(Update(settings, R"({"instructions":"Be brief.","tool_choice":"none"})"));
  rapidjson::Document response;
  response.Parse(R"({"instructions":"Sing.","max_output_tokens":5})");
  AgentSettings agent;
  RealtimeProblem problem;
  bool speaks = false;
  ASSERT_TRUE(settings.Override(response, &agent, &speaks, &problem));
  EXPECT_TRUE(speaks);
  EXPECT_EQ(agent.instructions, "Sing.");
  EXPECT_EQ(agent.tool_choice, "none");
  EXPECT_EQ(agent.max_output_tokens, 5);
  EXPECT_EQ(settings.agent().instructions, "Be brief.");
}

}  // namespace
}  // namespace parlance::pipeline::door
