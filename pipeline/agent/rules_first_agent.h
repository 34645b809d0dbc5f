// Rules answer what they know, at once; another agent, such as a model, takes the rest.
//
//   words that fit an intent         the rules, as long as the conversation leaves the choice of
//                                    tools to its agent (tool_choice "auto")
//   words that were not understood   the rules, who say so: what the recogniser guesses is the
//                                    nearest of what it knows, and nothing to ask a model about
//   all other words                  the other agent
#ifndef PIPELINE_AGENT_RULES_FIRST_AGENT_H_
#define PIPELINE_AGENT_RULES_FIRST_AGENT_H_

#include <memory>

#include "pipeline/agent/agent.h"
#include "pipeline/agent/rule_agent.h"

namespace parlance::pipeline {

// `rules` must outlive the agent. It wants as much history as the other one.
std::unique_ptr<Agent> CreateRulesFirstAgent(const RuleSet* rules, std::unique_ptr<Agent> other);

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_RULES_FIRST_AGENT_H_
