// What a conversation is told: each function is an event, with the time at which it happened.
//
// Times are since the beginning of the conversation, and never go back. A recorder stands between
// whoever tells and the conversation, and writes down what passes.
#ifndef PIPELINE_CONVERSATION_CONVERSATION_EVENTS_H_
#define PIPELINE_CONVERSATION_CONVERSATION_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/turns/endpointer.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/turn_messages.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"

namespace parlance::pipeline {

// A call that the agent wants.
struct WantedCall {
  ToolCall call;
  // Calling it changes something, so that no draft may.
  bool effects = true;
};

class ConversationEvents {
 public:
  virtual ~ConversationEvents() = default;

  // Mono PCM16 at the input's rate, any number of samples.
  virtual void Sound(absl::Duration at, absl::Span<const int16_t> samples) = 0;
  // The input has ended, as a file does; what is being said is taken to be over.
  virtual void EndOfSound(absl::Duration at) = 0;
  // The next frame of what is to be heard is due. Fills the front of `frame` with mono PCM16 at the
  // synthesiser's rate, and returns how many samples there are; the rest is silence, and untouched.
  virtual size_t TakeFrame(absl::Duration at, absl::Span<int16_t> frame) = 0;
  // All samples of the answer up to `position` have been heard, counted from its first. Where it is
  // never called, a sample is heard when it is taken.
  virtual void Played(absl::Duration at, int64_t position) = 0;

  // What came of orders: conversation_actions.h says which.

  // `completeness` moves the end of the utterance; an answer may be drafted from words that are not
  // rejected and not surely incomplete.
  virtual void PartialWords(absl::Duration at, int32_t utterance, const Hypothesis& words,
                            audio::Endpointer::Words completeness) = 0;
  virtual void FinalWords(absl::Duration at, int32_t utterance,
                          const absl::StatusOr<Hypothesis>& words) = 0;
  virtual void AgentText(absl::Duration at, int32_t attempt, absl::string_view text) = 0;
  virtual void AgentCalls(absl::Duration at, int32_t attempt, std::vector<WantedCall> calls) = 0;
  virtual void AgentDone(absl::Duration at, int32_t attempt, const absl::Status& status) = 0;
  virtual void CallEnded(absl::Duration at, int32_t call, CallOutcome outcome) = 0;
  virtual void PieceSound(absl::Duration at, int32_t piece, absl::Span<const int16_t> samples,
                          absl::Span<const WordMark> words) = 0;
  virtual void PieceDone(absl::Duration at, int32_t piece, const absl::Status& status) = 0;
  // `sequence`: of the first message of an Append; what it is for an Amend says nothing.
  virtual void Stored(absl::Duration at, int32_t order,
                      const absl::StatusOr<int64_t>& sequence) = 0;

  // Something to say that nobody asked for, such as that a timer is up.
  virtual void Announce(absl::Duration at, absl::string_view sentence) = 0;
  // Time has passed.
  virtual void Tick(absl::Duration at) = 0;
  virtual void HangUp(absl::Duration at) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_CONVERSATION_EVENTS_H_
