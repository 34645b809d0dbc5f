#include "pipeline/agent/rule_agent.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/speech/recognizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Hypothesis Heard(const std::string& text) {
  return {.text = text, .rejected = false, .confidence = 1};
}

AgentStep Decide(DecidingAgent& agent, const Hypothesis& utterance) {
  const auto step = agent.Decide({.utterance = utterance});
  EXPECT_THAT(step, IsOk());
  return *step;
}

// The agent knows nothing but its table.
TEST(RuleAgentTest, WorksByTheTableThatItIsGiven) {
  const auto rules =
      RuleSet::Create({{{"brew", "brew <kind=kind>"},
                        [](const std::map<std::string, std::string>& slots) {
                          return ToolCall{.name = "kettle",
                                          .arguments = absl::StrCat("\"", slots.at("kind"), "\"")};
                        }}},
                      {{"kind", "green tea | tea"}});
  ASSERT_THAT(rules, IsOk());
  const auto agent = CreateRuleAgent(&*rules);
  EXPECT_EQ(agent->max_history_messages(), 0);
  const AgentStep step = Decide(*agent, Heard("brew green tea"));
  ASSERT_THAT(step.calls, SizeIs(1));
  EXPECT_EQ(step.calls[0].name, "kettle");
  EXPECT_EQ(step.calls[0].arguments, "\"green tea\"");
  EXPECT_EQ(Decide(*agent, Heard("what time is it")).reply, kNotUnderstood);
}

TEST(RuleAgentTest, RefusesATableThatLeadsNowhere) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(RuleSet::Create({{{"brew", "brew tea"}, nullptr}}, {}),
              StatusIs(kInvalid, HasSubstr("'brew' leads to no call")));
  const auto call = [](const std::map<std::string, std::string>&) { return ToolCall{}; };
  EXPECT_THAT(RuleSet::Create({{{"brew", "brew <tea>"}, call}}, {}),
              StatusIs(kInvalid, HasSubstr("there is no rule 'tea'")));
  EXPECT_THAT(RuleSet::Create({}, {}), StatusIs(kInvalid));
}

TEST(DemoIntentsTest, EachLeadsToACall) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRuleAgent(&rules);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"what time is it", "clock {}"},
      {"what time is it in new york", R"(clock {"time_zone":"new york"})"},
      {"what is twelve times seven", R"(calculator {"expression":"12 * 7"})"},
      {"what is one hundred divided by eight", R"(calculator {"expression":"100 / 8"})"},
      {"convert ten miles to kilometers",
       R"(convert_units {"value":10,"from":"miles","to":"kilometers"})"},
      {"set a timer for five minutes", R"(timers {"action":"start","seconds":300})"},
      {"set a timer for two hours", R"(timers {"action":"start","seconds":7200})"},
      {"set a timer for one second", R"(timers {"action":"start","seconds":1})"},
      {"list my timers", R"(timers {"action":"list"})"},
      {"take a note buy milk", R"(notes {"action":"add","text":"buy milk"})"},
      {"read my notes", R"(notes {"action":"list"})"},
      {"what did i say about milk", R"(search_conversation {"words":"milk"})"},
      {"go forward ten meters", R"(notes {"action":"add","text":"go forward ten meters"})"},
      {"ten of clubs", R"(notes {"action":"add","text":"ten of clubs"})"},
  };
  for (const auto& [text, expected] : cases) {
    const AgentStep step = Decide(*agent, Heard(text));
    ASSERT_THAT(step.calls, SizeIs(1)) << text;
    EXPECT_EQ(step.calls[0].name + " " + step.calls[0].arguments, expected);
  }
}

TEST(RuleAgentTest, SaysThatItDidNotUnderstand) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRuleAgent(&rules);
  Hypothesis rejected = Heard("what time is it");
  rejected.rejected = true;
  for (const Hypothesis& utterance : {rejected, Heard("make me a sandwich"), Heard("")}) {
    const AgentStep step = Decide(*agent, utterance);
    EXPECT_THAT(step.calls, IsEmpty());
    EXPECT_EQ(step.reply, kNotUnderstood);
  }
}

TEST(RuleAgentTest, SaysWhatCameBack) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRuleAgent(&rules);
  const std::vector<ToolCall> calls = {{"calculator", "{}"}, {"clock", "{}"}};
  const std::vector<ToolAnswer> answers = {{.ok = true, .json = "{}", .text = "The answer is 84."},
                                           {.ok = false, .json = "{}", .text = "division by zero"}};
  const auto step =
      agent->Decide({.utterance = Heard("what time is it"), .calls = calls, .answers = answers});
  ASSERT_THAT(step, IsOk());
  EXPECT_EQ(step->reply, "The answer is 84. Sorry, that failed: division by zero.");
}

}  // namespace
}  // namespace parlance::pipeline
