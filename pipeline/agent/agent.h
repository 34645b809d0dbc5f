// Decides what to do with what was said.
#ifndef PIPELINE_AGENT_AGENT_H_
#define PIPELINE_AGENT_AGENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "pipeline/speech/recognizer.h"
#include "session/message.h"

namespace parlance::pipeline {

struct ToolCall {
  std::string name;
  // A JSON object.
  std::string arguments;
};

struct ToolAnswer {
  // An error's text says what was wrong.
  bool ok = false;
  std::string json;
  // A sentence that can be said aloud.
  std::string text;
};

// What an agent knows when it decides.
struct AgentInput {
  Hypothesis utterance;
  // The conversation before it, oldest first: max_history_messages() of it at most.
  absl::Span<const session::Message> history;
  // What it called so far in this turn, and what came back: of the same size.
  absl::Span<const ToolCall> calls;
  absl::Span<const ToolAnswer> answers;
};

// Either calls, after which the agent is asked again, or a reply, which ends the turn.
struct AgentStep {
  std::vector<ToolCall> calls;
  std::string reply;
};

// An agent keeps nothing from turn to turn but what it was made with: the history is passed in. So
// all conversations share one. Thread-safe.
class Agent {
 public:
  virtual ~Agent() = default;
  // How many of the last messages the agent wants as history; with 0, none are read.
  virtual int max_history_messages() const = 0;
  virtual absl::StatusOr<AgentStep> Decide(const AgentInput& input) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_AGENT_H_
