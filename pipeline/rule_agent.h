// An agent of rules: each intent of its grammar leads to one tool.
#ifndef PIPELINE_RULE_AGENT_H_
#define PIPELINE_RULE_AGENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "pipeline/agent.h"
#include "pipeline/grammar.h"

namespace parlance::pipeline {

// What the agent understands.
absl::StatusOr<Grammar> RuleAgentGrammar();

// What it says when it understands nothing.
inline constexpr char kNotUnderstood[] = "Sorry, I did not understand that.";

// `grammar`: RuleAgentGrammar's; must outlive the agent.
std::unique_ptr<Agent> CreateRuleAgent(const Grammar* grammar);

}  // namespace parlance::pipeline

#endif  // PIPELINE_RULE_AGENT_H_
