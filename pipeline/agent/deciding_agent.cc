#include "pipeline/agent/deciding_agent.h"

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

absl::StatusOr<AgentStep> DecideOrFail(DecidingAgent& agent, const AgentInput& input) {
  try {
    return agent.Decide(input);
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("the agent threw: ", exception.what()));
  } catch (...) {
    return absl::InternalError("the agent threw something that is not a std::exception");
  }
}

}  // namespace

void DecidingAgent::Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) {
  answer->Done(DecideOrFail(*this, input));
}

}  // namespace parlance::pipeline
