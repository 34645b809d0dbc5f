#include "pipeline/agent/rules_first_agent.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/rule_agent.h"

namespace parlance::pipeline {
namespace {

class Kept : public AgentAnswer {
 public:
  void Text(absl::string_view) override {}
  void Done(absl::StatusOr<AgentStep> step) override { this->step = *std::move(step); }
  bool wanted() const override { return true; }
  void OnCancel(std::function<void()>) override {}

  AgentStep step;
};

class Other : public DecidingAgent {
 public:
  int max_history_messages() const override { return 7; }
  absl::StatusOr<AgentStep> Decide(const AgentInput&) override {
    return AgentStep{.reply = "Let me think."};
  }
};

AgentStep Ask(Agent& agent, AgentInput input) {
  const auto kept = std::make_shared<Kept>();
  agent.Ask(std::move(input), kept);
  return kept->step;
}

AgentInput Heard(const std::string& text, bool rejected = false) {
  AgentInput input;
  input.utterance = {.text = text, .rejected = rejected, .confidence = 1};
  return input;
}

TEST(RulesFirstAgentTest, EachTakesWhatItKnows) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRulesFirstAgent(&rules, std::make_unique<Other>());
  EXPECT_EQ(agent->max_history_messages(), 7);
  const AgentStep known = Ask(*agent, Heard("what time is it"));
  ASSERT_EQ(known.calls.size(), 1u);
  EXPECT_EQ(known.calls[0].name, "clock");
  EXPECT_EQ(Ask(*agent, Heard("why is the sky blue")).reply, "Let me think.");
  EXPECT_EQ(Ask(*agent, Heard("")).reply, "Let me think.");
}

// What rules know needs no other thread, nor the history; the rest does.
TEST(RulesFirstAgentTest, AnswersAtOnceWhatItKnows) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRulesFirstAgent(&rules, std::make_unique<Other>());
  EXPECT_TRUE(agent->AnswersAtOnce(Heard("what time is it")));
  EXPECT_TRUE(agent->AnswersAtOnce(Heard("why is the sky blue", /*rejected=*/true)));
  EXPECT_FALSE(agent->AnswersAtOnce(Heard("why is the sky blue")));
  EXPECT_TRUE(CreateRuleAgent(&rules)->AnswersAtOnce(Heard("why is the sky blue")));
}

TEST(RulesFirstAgentTest, WhoeverCalledSaysWhatCameBack) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRulesFirstAgent(&rules, std::make_unique<Other>());
  AgentInput input = Heard("what time is it");
  input.calls = {{"clock", "{}"}};
  input.answers = {{.ok = true, .json = "{}", .text = "It is ten."}};
  EXPECT_EQ(Ask(*agent, input).reply, "It is ten.");
  input.utterance.text = "why is the sky blue";
  EXPECT_EQ(Ask(*agent, input).reply, "Let me think.");
}

TEST(RulesFirstAgentTest, AGuessIsNothingToThinkAbout) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRulesFirstAgent(&rules, std::make_unique<Other>());
  EXPECT_EQ(Ask(*agent, Heard("what time is it", /*rejected=*/true)).reply, kNotUnderstood);
  EXPECT_EQ(Ask(*agent, Heard("why is the sky blue", /*rejected=*/true)).reply, kNotUnderstood);
}

TEST(RulesFirstAgentTest, WhoChoosesTheToolsAsksTheOther) {
  const RuleSet rules = *DemoRules();
  const auto agent = CreateRulesFirstAgent(&rules, std::make_unique<Other>());
  for (const auto& [choice, is_for_rules] :
       {std::pair{"auto", true}, {"none", false}, {"required", false}, {"notes", false}}) {
    AgentInput input = Heard("what time is it");
    input.settings = std::make_shared<AgentSettings>(AgentSettings{.tool_choice = choice});
    EXPECT_EQ(Ask(*agent, input).calls.size(), is_for_rules ? 1u : 0u) << choice;
  }
}

}  // namespace
}  // namespace parlance::pipeline
