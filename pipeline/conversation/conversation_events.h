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
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/message.h"

namespace parlance::pipeline {

// A call that the agent wants.
struct WantedCall {
  ToolCall call;
  // Calling it changes something, so that no draft may.
  bool effects = true;
};

class ConversationEvents {
 public:
  static constexpr absl::Duration kMaxUtterance = absl::Seconds(30);

  virtual ~ConversationEvents() = default;

  // Mono PCM16 at the input's rate, any number of samples.
  virtual void Sound(absl::Duration at, absl::Span<const int16_t> samples) = 0;
  // The input has ended, as a file does; what is being said is taken to be over.
  virtual void EndOfSound(absl::Duration at) = 0;
  // What somebody said, as a whole: mono PCM16 at the input's rate, at most kMaxUtterance of it;
  // the rest is left out. It takes the floor.
  virtual void WholeUtterance(absl::Duration at, absl::Span<const int16_t> samples) = 0;
  // What somebody wrote. It takes the floor; while somebody speaks, it waits until they have
  // finished. An empty text asks for an answer without saying anything.
  virtual void Typed(absl::Duration at, absl::string_view text) = 0;
  // What was said so far is to be answered now, where answers do not begin by themselves. If there
  // is nothing, it is as if nothing had been typed.
  virtual void Respond(absl::Duration at) = 0;
  // Nobody wants to hear more of the answer.
  virtual void CancelAnswer(absl::Duration at) = 0;
  // All samples of the last answer up to `position` have been heard, and none beyond, whatever was
  // told before: what is stored of it is corrected to that. If the answer is still going on, it is
  // cut. A position beyond what was given is the end of what was given.
  virtual void Truncate(absl::Duration at, int64_t position) = 0;
  // A message that belongs to the session and is no turn, such as what was said somewhere else
  // before. It is stored; nobody answers.
  virtual void AddMessage(absl::Duration at, session::Role role, absl::string_view text) = 0;
  // From now on turns are taken so. What is being answered goes on as it began.
  virtual void Configure(absl::Duration at, const TurnTaking& turn_taking) = 0;
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
