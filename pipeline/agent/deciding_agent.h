// An agent that knows at once what to do, such as one of rules.
#ifndef PIPELINE_AGENT_DECIDING_AGENT_H_
#define PIPELINE_AGENT_DECIDING_AGENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "pipeline/agent/agent.h"

namespace parlance::pipeline {

class DecidingAgent : public Agent {
 public:
  // Called on whatever thread asks, several at once.
  virtual absl::StatusOr<AgentStep> Decide(const AgentInput& input) = 0;

  // Answers before it returns. What Decide throws is an error, Internal.
  void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) final;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_DECIDING_AGENT_H_
