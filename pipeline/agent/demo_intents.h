// The intents of the voice_agent program: what it understands, and which of the built-in tools it
// then calls.
#ifndef PIPELINE_AGENT_DEMO_INTENTS_H_
#define PIPELINE_AGENT_DEMO_INTENTS_H_

#include "absl/status/statusor.h"
#include "pipeline/agent/rule_agent.h"

namespace parlance::pipeline {

// The rules are in English, of words that the recogniser's model knows.
absl::StatusOr<RuleSet> DemoRules();

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_DEMO_INTENTS_H_
