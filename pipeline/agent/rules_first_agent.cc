#include "pipeline/agent/rules_first_agent.h"

#include <utility>

#include "pipeline/agent/agent_settings.h"

namespace parlance::pipeline {
namespace {

class RulesFirstAgent : public Agent {
 public:
  RulesFirstAgent(const RuleSet* rules, std::unique_ptr<Agent> other)
      : rules_(*rules), rule_agent_(CreateRuleAgent(rules)), other_(std::move(other)) {}

  int max_history_messages() const override { return other_->max_history_messages(); }
  bool AnswersAtOnce(const AgentInput& input) const override { return AreForRules(input); }

  void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) override {
    // After calls, whoever made them is asked again: nothing that decides has changed.
    Agent& agent = AreForRules(input) ? *rule_agent_ : *other_;
    agent.Ask(std::move(input), std::move(answer));
  }

 private:
  bool AreForRules(const AgentInput& input) const {
    if (input.utterance.rejected) return true;
    if (input.settings != nullptr && input.settings->tool_choice != "auto") return false;
    return rules_.CallFor(input.utterance.text).has_value();
  }

  const RuleSet& rules_;
  const std::unique_ptr<Agent> rule_agent_;
  const std::unique_ptr<Agent> other_;
};

}  // namespace

std::unique_ptr<Agent> CreateRulesFirstAgent(const RuleSet* rules, std::unique_ptr<Agent> other) {
  return std::make_unique<RulesFirstAgent>(rules, std::move(other));
}

}  // namespace parlance::pipeline
