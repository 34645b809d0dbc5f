#include "pipeline/agent/rule_agent.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

class RuleAgent : public DecidingAgent {
 public:
  explicit RuleAgent(const RuleSet* rules) : rules_(*rules) {}

  int max_history_messages() const override { return 0; }
  bool AnswersAtOnce(const AgentInput& /*input*/) const override { return true; }

  absl::StatusOr<AgentStep> Decide(const AgentInput& input) override {
    if (!input.answers.empty()) return Reply(input);
    if (input.utterance.rejected) return AgentStep{.calls = {}, .reply = kNotUnderstood};
    std::optional<ToolCall> call = rules_.CallFor(input.utterance.text);
    if (!call.has_value()) return AgentStep{.calls = {}, .reply = kNotUnderstood};
    return AgentStep{.calls = {*std::move(call)}, .reply = ""};
  }

 private:
  static AgentStep Reply(const AgentInput& input) {
    std::string reply;
    for (const ToolAnswer& answer : input.answers) {
      absl::StrAppend(
          &reply, reply.empty() ? "" : " ",
          answer.ok ? answer.text : absl::StrCat("Sorry, that failed: ", answer.text, "."));
    }
    return {.calls = {}, .reply = reply};
  }

  const RuleSet& rules_;
};

}  // namespace

absl::StatusOr<RuleSet> RuleSet::Create(const std::vector<IntentRule>& intents,
                                        const std::vector<GrammarRule>& rules) {
  std::vector<Intent> patterns;
  for (const IntentRule& rule : intents) {
    if (rule.call == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the intent '", rule.intent.name, "' leads to no call"));
    }
    patterns.push_back(rule.intent);
  }
  absl::StatusOr<Grammar> grammar = Grammar::Create(patterns, rules);
  if (!grammar.ok()) return grammar.status();
  RuleSet set(*std::move(grammar));
  for (const IntentRule& rule : intents) set.calls_.emplace(rule.intent.name, rule.call);
  return set;
}

std::optional<ToolCall> RuleSet::CallFor(absl::string_view text) const {
  const std::optional<Parse> parse = grammar_.ParseText(text);
  if (!parse.has_value()) return std::nullopt;
  return calls_.at(parse->intent)(parse->slots);
}

std::unique_ptr<DecidingAgent> CreateRuleAgent(const RuleSet* rules) {
  return std::make_unique<RuleAgent>(rules);
}

}  // namespace parlance::pipeline
