// A turn as messages of the session store, in the form of OpenAI's chat items.
#ifndef PIPELINE_CONVERSATION_TURN_TURN_MESSAGES_H_
#define PIPELINE_CONVERSATION_TURN_TURN_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/speech/recognizer.h"
#include "session/message.h"

namespace parlance::pipeline {

// How a call ended.
struct CallOutcome {
  ToolAnswer answer = {};
  // A JSON object about the call for its message, such as a tools::CallRecord.
  std::optional<std::string> metadata = {};
  absl::Duration took = absl::ZeroDuration();
};

// What a call that was cancelled is answered with: every call has an output.
CallOutcome CancelledCall();

// The messages, in order: what the user said (empty if it was not understood: the guess would be
// found by searches as if it had been said), the calls in one message, an output for each, and the
// reply. `said`: not set for what nobody asked for. `reply`: not set if there is none. Calls are
// named call_N, from `first_call` on.
std::vector<session::Message> TurnMessages(const std::optional<Hypothesis>& said,
                                           absl::Span<const ToolCall> calls,
                                           absl::Span<const CallOutcome> outcomes,
                                           int64_t first_call,
                                           const std::optional<std::string>& reply);

// The metadata of an answer's message, a JSON object, or nothing if there is nothing to tell:
// "parlance.turn.latency_ns", how long each stage lasted in nanoseconds, by its name, with their
// sum as "total", and "played", if it is known; "parlance.answer.interrupted", true, if the message
// has less than what was to be said. It takes the place of earlier metadata, so it has all of it.
std::optional<std::string> AnswerMetadata(const std::optional<TurnLatency>& latency,
                                          bool interrupted);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TURN_MESSAGES_H_
