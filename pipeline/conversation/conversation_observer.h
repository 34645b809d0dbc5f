// What somebody who looks on is told of a conversation, as it happens.
//
//   speech:  SpeechBegan ─► Words* ─► SpeechEnded ─► Words (final)
//   answer:  AnswerBegan ─► AnswerText, CallsBegan, CallEnded, … ─► AnswerEnded
//
// Speech that takes the floor is told of before the answer that it ends.
//
// What may still turn out to be nothing is not told: speech over an answer is told of when it has
// taken the floor, and an answer when it is no draft any more. Answers do not overlap; each that
// began ends once.
//
// Called on the conversation's thread, while it handles an event: must not block, nor call the
// conversation. Views are valid during the call.
#ifndef PIPELINE_CONVERSATION_CONVERSATION_OBSERVER_H_
#define PIPELINE_CONVERSATION_CONVERSATION_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/speech/recognizer.h"

namespace parlance::pipeline {

// How an utterance came.
enum class UtteranceSource : uint8_t {
  // It was found in the sound.
  kDetected,
  // It was handed over as a whole, or was typed.
  kWhole,
  kTyped,
};

struct BegunCall {
  int32_t call = 0;
  // The id by which stored messages name the call.
  std::string id;
  ToolCall tool_call;
};

class ConversationObserver {
 public:
  virtual ~ConversationObserver() = default;

  // Somebody speaks, from `begin` on: a position in the sound that came in, since its beginning.
  // Whole and typed utterances have no position: it is that of the sound that came so far.
  virtual void SpeechBegan(int32_t /*utterance*/, UtteranceSource /*source*/,
                           absl::Duration /*begin*/) {}
  virtual void SpeechEnded(int32_t /*utterance*/, absl::Duration /*end*/) {}
  // What was understood so far; `is_final`: the last of the utterance. Final words may come
  // although nothing was understood: they are empty or rejected then.
  virtual void Words(int32_t /*utterance*/, const Hypothesis& /*words*/, bool /*is_final*/) {}

  virtual void AnswerBegan(int32_t /*answer*/) {}
  // What is heard of the answer from now on, after what was told of before.
  virtual void AnswerText(int32_t /*answer*/, absl::string_view /*text*/) {}
  // Calls that are made together.
  virtual void CallsBegan(int32_t /*answer*/, absl::Span<const BegunCall> /*calls*/) {}
  virtual void CallEnded(int32_t /*answer*/, int32_t /*call*/, const CallOutcome& /*outcome*/) {}
  // All text that was told of has been heard. More may follow.
  virtual void AllHeard(int32_t /*answer*/) {}
  // `heard`: what was heard of the text. `is_cut`: it was interrupted, cancelled or given up.
  virtual void AnswerEnded(int32_t /*answer*/, absl::string_view /*heard*/, bool /*is_cut*/) {}
  // CancelAnswer was done: no answer that is told of from now on was asked for before it, but for
  // what is still being recognised, which cannot be cancelled.
  virtual void AnswerCancelled() {}
  // What Truncate came to: so much of that answer was heard. 0 if there was none.
  virtual void AnswerTruncated(int32_t /*answer*/, absl::string_view /*heard*/) {}
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_CONVERSATION_OBSERVER_H_
