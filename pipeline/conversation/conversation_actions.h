// The actions that a conversation orders, and the interface of whoever does them.
#ifndef PIPELINE_CONVERSATION_CONVERSATION_ACTIONS_H_
#define PIPELINE_CONVERSATION_CONVERSATION_ACTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/turns/endpointer.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/speech/recognizer.h"
#include "session/message.h"

namespace parlance::pipeline {

// The question that the agent is asked.
struct AgentQuestion {
  int32_t attempt = 0;
  // The answer may be thrown away.
  bool draft = false;
  Hypothesis utterance;
  absl::Span<const ToolCall> calls;
  absl::Span<const ToolAnswer> answers;
};

// When a call was under way, since the beginning of the conversation.
struct CallTimes {
  absl::Duration began = {};
  absl::Duration ended = {};
};

// A turn that is over.
struct TurnReport {
  int32_t turn = 0;
  TurnEnding ending = TurnEnding::kAnswered;
  // Where in the input it was said; empty for an announcement.
  audio::SpeechSegment speech;
  Hypothesis utterance;
  std::vector<ToolCall> calls;
  std::vector<CallOutcome> outcomes;
  // One for each call.
  std::vector<CallTimes> call_times;
  // The calls are named call_N, from this on.
  int64_t first_call = 0;
  // The whole text, and what was heard of it.
  std::string reply;
  std::string heard;
  // Why some of it could not be said, if it was the synthesiser.
  absl::Status unsaid;
  bool from_draft = false;
  // An announcement has none: nobody waited for it.
  TurnLatency latency;
  // The waits that the stages consist of, one after the other; at most kMaxStageWaits.
  std::vector<StageWait> waits;
  // When its speech began, or the announcement, and when it was over, since the beginning of the
  // conversation.
  absl::Duration began;
  absl::Duration ended;
};

// Whoever does what a conversation orders. Called while an event is handled; none of the functions
// may call the conversation. Spans and views are valid during the call.
class ConversationActions {
 public:
  virtual ~ConversationActions() = default;

  // Results: PartialWords while it is heard, FinalWords once after FinishRecognizer.
  virtual void OpenRecognizer(int32_t utterance) = 0;
  // Mono PCM16 at 16 kHz.
  virtual void Recognize(int32_t utterance, absl::Span<const int16_t> sound) = 0;
  virtual void FinishRecognizer(int32_t utterance) = 0;
  virtual void CancelRecognizer(int32_t utterance) = 0;

  // Results: AgentText any number of times, then AgentCalls or AgentDone.
  virtual void AskAgent(const AgentQuestion& question) = 0;
  virtual void CancelAgent(int32_t attempt) = 0;

  // `id`: what the call is named by in the stored messages. Result: CallEnded, once for each.
  virtual void StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) = 0;
  virtual void CancelCall(int32_t call) = 0;

  // Results: PieceSound any number of times, then PieceDone.
  virtual void Synthesize(int32_t piece, absl::string_view text) = 0;
  virtual void CancelSynthesis(int32_t piece) = 0;

  // Result of each: Stored, once, in the order of the orders.
  virtual void Append(int32_t order, std::vector<session::Message> messages) = 0;
  virtual void Amend(int32_t order, int64_t sequence, std::string content,
                     std::optional<std::string> metadata) = 0;

  // What was taken and not played yet is to be kept back, played on, or thrown away.
  virtual void Hold() = 0;
  virtual void Resume() = 0;
  virtual void Stop() = 0;

  virtual void TurnDone(const TurnReport& report) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_CONVERSATION_ACTIONS_H_
