// Decides what to do with what was said.
//
//   Ask ─► AgentAnswer: Text, Text, … Done    now, or later from any thread
//            │
//            └─► OnCancel: nobody wants the answer any more
#ifndef PIPELINE_AGENT_AGENT_H_
#define PIPELINE_AGENT_AGENT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/agent/agent_settings.h"
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

// What the agent did before in this turn: it said something, then made calls.
struct EarlierStep {
  std::string text = {};
  // How many of the turn's calls it made.
  size_t num_calls = 0;
};

// The input of a decision of the agent.
struct AgentInput {
  std::string session_id = {};
  Hypothesis utterance = {};
  // The conversation before this turn, oldest first: max_history_messages() of it at most.
  std::vector<session::Message> history = {};
  // The calls that it made so far in this turn, and their answers; both lists are of the same size.
  std::vector<ToolCall> calls = {};
  std::vector<ToolAnswer> answers = {};
  // How the calls came about, step by step: the numbers of calls add up to all of them.
  std::vector<EarlierStep> steps = {};
  // Null if the conversation brings none.
  std::shared_ptr<const AgentSettings> settings = {};
};

// Calls, after which the agent is asked again, or none, which ends the turn; and what is to be said
// before that and was not given as text yet.
struct AgentStep {
  std::vector<ToolCall> calls = {};
  std::string reply = {};
};

// Where the answer to one question goes: Text any number of times, then Done once. What comes after
// Done, or when the answer is not wanted any more, is dropped; if the last owner lets go of it
// before Done, that is a failure of the agent. Thread-safe; no call blocks.
class AgentAnswer {
 public:
  virtual ~AgentAnswer() = default;
  // More of what is to be said, of any length, in UTF-8.
  virtual void Text(absl::string_view text) = 0;
  virtual void Done(absl::StatusOr<AgentStep> step) = 0;
  // False once nobody waits for the answer.
  virtual bool wanted() const = 0;
  // Has `cancel` called when nobody wants the answer any more, on the thread that decides that; at
  // once if that is so already, and never after Done. It must not block, and may run while another
  // thread calls Done.
  virtual void OnCancel(std::function<void()> cancel) = 0;
};

// An agent keeps nothing from turn to turn but what it was made with: the history is passed in. So
// all conversations share one. Thread-safe.
class Agent {
 public:
  virtual ~Agent() = default;
  // How many of the last messages the agent wants as history; with 0, none are read.
  virtual int max_history_messages() const = 0;
  // Whether Ask answers this before it returns, within microseconds, and without the history, which
  // `input` does not have. Then it is asked on the conversation's own thread, which must not be
  // held up, and no other thread is woken for it.
  virtual bool AnswersAtOnce(const AgentInput& /*input*/) const { return false; }
  // Never waits for anybody else: whoever does answers later. `answer` may outlive the agent's
  // caller.
  virtual void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_AGENT_H_
