#include "pipeline/agent/model/prompt.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"
#include "session/message.h"

namespace parlance::pipeline {
namespace {

using session::Message;
using session::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

PromptOptions Options() {
  PromptOptions options;
  options.model = "m";
  return options;
}

AgentInput Heard(const std::string& text, std::vector<Message> history = {}) {
  AgentInput input;
  input.utterance = {.text = text, .rejected = false, .confidence = 1};
  input.history = std::move(history);
  return input;
}

Message User(const std::string& text) { return {.role = Role::kUser, .content = text}; }
Message Said(const std::string& text) { return {.role = Role::kAssistant, .content = text}; }
Message Called(const std::vector<std::string>& ids, const std::string& arguments = "{}") {
  std::string calls;
  for (const std::string& id : ids) {
    absl::StrAppend(&calls, calls.empty() ? "[" : ",", R"({"id":")", id,
                    R"(","type":"function","function":{"name":"clock","arguments":")", arguments,
                    R"("}})");
  }
  return {.role = Role::kAssistant, .tool_calls = absl::StrCat(calls, "]")};
}
Message Output(const std::string& id, const std::string& text) {
  return {.role = Role::kTool, .content = text, .name = "clock", .tool_call_id = id};
}

rapidjson::Document BodyOf(const PromptOptions& options, const AgentInput& input) {
  auto body = ParseServerJson(PromptBody(options, input));
  EXPECT_TRUE(body.has_value());
  return *std::move(body);
}

// The messages, one a line: "user: Hello", "assistant: (call00001 clock {})".
std::vector<std::string> MessagesOf(const rapidjson::Document& body) {
  std::vector<std::string> lines;
  for (const rapidjson::Value& message : body["messages"].GetArray()) {
    std::string line = absl::StrCat(*TextOf(Member(message, "role")), ": ");
    if (const auto id = TextOf(Member(message, "tool_call_id"))) absl::StrAppend(&line, *id, " ");
    absl::StrAppend(&line, TextOf(Member(message, "content")).value_or("(null)"));
    if (const auto* calls = Member(message, "tool_calls")) {
      for (const rapidjson::Value& call : calls->GetArray()) {
        const rapidjson::Value& function = call["function"];
        absl::StrAppend(&line, " (", *TextOf(Member(call, "id")), " ",
                        *TextOf(Member(function, "name")), " ",
                        *TextOf(Member(function, "arguments")), ")");
      }
    }
    lines.push_back(line);
  }
  return lines;
}
std::vector<std::string> Messages(const AgentInput& input,
                                  const PromptOptions& options = Options()) {
  return MessagesOf(BodyOf(options, input));
}

TEST(PromptTest, AsksForAStream) {
  PromptOptions options = Options();
  options.instructions = "Be short.";
  const auto body = BodyOf(options, Heard("hello"));
  EXPECT_EQ(TextOf(Member(body, "model")), "m");
  EXPECT_TRUE(body["stream"].GetBool());
  EXPECT_THAT(MessagesOf(body), ElementsAre("system: Be short.", "user: hello"));
  for (const char* name : {"tools", "tool_choice", "temperature", "max_tokens"}) {
    EXPECT_EQ(Member(body, name), nullptr) << name;
  }
}

TEST(PromptTest, HasTheHistory) {
  const std::vector<Message> history = {
      User("what time is it"), Called({"call_2"}), Output("call_2", R"({"time":"10:00"})"),
      Said("It is ten."),      User("thanks"),     Said("You are welcome.")};
  EXPECT_THAT(Messages(Heard("bye", history)),
              ElementsAre("user: what time is it", "assistant: (null) (call00001 clock {})",
                          R"(tool: call00001 {"time":"10:00"})", "assistant: It is ten.",
                          "user: thanks", "assistant: You are welcome.", "user: bye"));
}

TEST(PromptTest, ACallWithoutAnOutputWasCancelled) {
  const std::vector<Message> history = {User("a"), Called({"call_1", "call_2"}),
                                        Output("call_2", "{}"), User("b"), Said("B.")};
  EXPECT_THAT(
      Messages(Heard("c", history)),
      ElementsAre("user: a", "assistant: (null) (call00001 clock {}) (call00002 clock {})",
                  R"(tool: call00001 {"error":"cancelled","message":"the call was interrupted"})",
                  "tool: call00002 {}", "user: b", "assistant: B.", "user: c"));
}

TEST(PromptTest, AnOutputWithoutItsCallIsLeftOut) {
  // The history begins in the middle of a turn.
  const std::vector<Message> history = {Output("call_1", "{}"), Said("It is ten."), User("a"),
                                        Output("call_9", "{}"), Said("A.")};
  EXPECT_THAT(Messages(Heard("b", history)),
              ElementsAre("assistant: It is ten.", "user: a", "assistant: A.", "user: b"));
}

TEST(PromptTest, ArgumentsThatAreNoObjectAreLeftOut) {
  Message broken = Called({"call_1"}, "{\\\"a\\\":");
  Message no_json = Said("");
  no_json.tool_calls = "nonsense";
  EXPECT_THAT(Messages(Heard("b", {User("a"), broken, Output("call_1", "{}"), no_json})),
              ElementsAre("user: a", "assistant: (null) (call00001 clock {})", "tool: call00001 {}",
                          "user: b"));
}

// Many chat templates refuse two messages of one role in a row.
TEST(PromptTest, UserAndAssistantTakeTurns) {
  const std::vector<Message> history = {Said("Your timer is up."),
                                        Said("And another."),
                                        User("a"),
                                        User(""),
                                        Said("Let me look."),
                                        Called({"call_1"}),
                                        Output("call_1", "{}"),
                                        Said("Here."),
                                        User("b")};
  EXPECT_THAT(Messages(Heard("c", history)),
              ElementsAre("assistant: Your timer is up. And another.", "user: a\n(unintelligible)",
                          "assistant: Let me look. (call00001 clock {})", "tool: call00001 {}",
                          "assistant: Here.", "user: b\nc"));
}

TEST(PromptTest, InstructionsComeFirst) {
  PromptOptions options = Options();
  options.instructions = "One.";
  AgentInput input =
      Heard("a", {User("b"), {.role = Role::kSystem, .content = "Three."}, Said("B.")});
  input.settings = std::make_shared<AgentSettings>(AgentSettings{.instructions = "Two."});
  EXPECT_THAT(Messages(input, options),
              ElementsAre("system: One.\n\nTwo.\n\nThree.", "user: b", "assistant: B.", "user: a"));
}

TEST(PromptTest, AGuessIsNotTold) {
  AgentInput input = Heard("ten of clubs");
  input.utterance.rejected = true;
  EXPECT_THAT(Messages(input), ElementsAre("user: (unintelligible)"));
}

TEST(PromptTest, HasWhatThisTurnDidSoFar) {
  AgentInput input = Heard("a");
  input.calls = {{"clock", "{}"}, {"notes", R"({"x":1})"}, {"clock", "broken"}};
  input.answers = {{true, "{\"t\":1}", ""}, {false, "{\"error\":1}", ""}, {true, "{}", ""}};
  input.steps = {{.text = "Let me look. ", .num_calls = 2}, {.text = "", .num_calls = 1}};
  EXPECT_THAT(
      Messages(input),
      ElementsAre("user: a",
                  R"(assistant: Let me look.  (call00001 clock {}) (call00002 notes {"x":1}))",
                  R"(tool: call00001 {"t":1})", R"(tool: call00002 {"error":1})",
                  "assistant: (null) (call00003 clock {})", "tool: call00003 {}"));
  // Whoever does not know the steps takes them for one.
  input.steps = {};
  EXPECT_THAT(Messages(input), SizeIs(5));
}

TEST(PromptTest, TheOldestTurnsAreLeftOutFirst) {
  std::vector<Message> history;
  for (int i = 0; i < 10; ++i) {
    history.push_back(User(absl::StrCat("question ", i, std::string(400, ' '))));
    history.push_back(Called({absl::StrCat("call_", i)}));
    history.push_back(Output(absl::StrCat("call_", i), std::string(400, 'x')));
    history.push_back(Said(absl::StrCat("answer ", i)));
  }
  PromptOptions options = Options();
  options.max_prompt_tokens = 700;  // Two turns of a good 1000 bytes, and this one.
  const std::vector<std::string> messages = Messages(Heard("now", history), options);
  ASSERT_THAT(messages, SizeIs(2 * 4 + 1));
  EXPECT_THAT(messages[0], HasSubstr("question 8"));
  EXPECT_THAT(messages[1], HasSubstr("call00001"));
  // This turn is sent whatever it takes.
  options.max_prompt_tokens = 1;
  EXPECT_THAT(Messages(Heard("now", history), options), ElementsAre("user: now"));
}

TEST(PromptTest, OutputsThatAreTooLongAreCut) {
  PromptOptions options = Options();
  options.max_output_bytes = 11;
  AgentInput input = Heard("a");
  input.calls = {{"clock", "{}"}};
  input.answers = {{true, "0123456789é and more", ""}};
  EXPECT_EQ(Messages(input, options).back(),
            "tool: call00001 0123456789 … (21 bytes, of which the beginning is here)");
}

TEST(PromptTest, OffersTools) {
  PromptOptions options = Options();
  options.tools = {{"clock", "Tells the time.", R"({"type": "object"})"}, {"notes", "Own.", "{}"}};
  AgentInput input = Heard("a");
  input.settings = std::make_shared<AgentSettings>(
      AgentSettings{.tools = {{"notes", "The client's.", "no JSON"}}});
  EXPECT_EQ(JsonOf(BodyOf(options, input)["tools"]),
            R"([{"type":"function","function":{"name":"clock","description":"Tells the time.",)"
            R"("parameters":{"type":"object"}}},)"
            R"({"type":"function","function":{"name":"notes","description":"The client's.",)"
            R"("parameters":{"type":"object","properties":{}}}}])");
  for (int i = 0; i < 300; ++i) options.tools.push_back({absl::StrCat("tool_", i)});
  EXPECT_EQ(BodyOf(options, input)["tools"].Size(), kMaxOfferedTools);
}

TEST(PromptTest, ToolsAreChosenAsTheConversationSays) {
  PromptOptions options = Options();
  options.tools = {{"clock"}};
  AgentInput input = Heard("a");
  const auto choice = [&](const std::string& value) {
    input.settings = std::make_shared<AgentSettings>(AgentSettings{.tool_choice = value});
    const auto body = BodyOf(options, input);
    const auto* const member = Member(body, "tool_choice");
    return member == nullptr ? "" : JsonOf(*member);
  };
  EXPECT_EQ(choice("auto"), "");
  EXPECT_EQ(choice("none"), R"("none")");
  EXPECT_EQ(choice("required"), R"("required")");
  EXPECT_EQ(choice("clock"), R"({"type":"function","function":{"name":"clock"}})");
  // Otherwise it would call for ever.
  input.calls = {{"clock", "{}"}};
  input.answers = {{true, "{}", ""}};
  EXPECT_EQ(choice("required"), "");
  EXPECT_EQ(choice("clock"), "");
  EXPECT_EQ(choice("none"), R"("none")");
  options.tools = {};
  EXPECT_EQ(choice("none"), "");
}

TEST(PromptTest, SettingsOfTheConversationCount) {
  PromptOptions options = Options();
  options.temperature = 0.5;
  options.max_output_tokens = 100;
  AgentInput input = Heard("a");
  auto body = BodyOf(options, input);
  EXPECT_EQ(body["temperature"].GetDouble(), 0.5);
  EXPECT_EQ(body["max_tokens"].GetInt(), 100);
  input.settings =
      std::make_shared<AgentSettings>(AgentSettings{.temperature = 1.0, .max_output_tokens = 7});
  options.says_max_completion_tokens = true;
  body = BodyOf(options, input);
  EXPECT_EQ(body["temperature"].GetDouble(), 1.0);
  EXPECT_EQ(body["max_completion_tokens"].GetInt(), 7);
  EXPECT_EQ(Member(body, "max_tokens"), nullptr);
}

}  // namespace
}  // namespace parlance::pipeline
