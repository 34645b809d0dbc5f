// How turns are taken in a conversation: what may change while it goes on.
#ifndef PIPELINE_CONVERSATION_TURN_TURN_TAKING_H_
#define PIPELINE_CONVERSATION_TURN_TURN_TAKING_H_

#include "absl/time/time.h"

namespace parlance::pipeline {

struct TurnTaking {
  // Whether it is heard when somebody begins and has finished. Otherwise the sound that comes is
  // not listened to, and whoever leads the conversation hands over whole utterances.
  bool detects_speech = true;
  // Whether an answer begins by itself once somebody has finished. Otherwise all that was said
  // waits, as one turn, until somebody asks for an answer.
  bool answers = true;
  // Whether speech may interrupt an answer. Otherwise what is said over one is not listened to.
  bool interruptible = true;
  // The pauses that end a turn, as Endpointer::Options has them: positive, at most a minute, the
  // first not longer than the second.
  absl::Duration min_endpointing_delay = absl::Milliseconds(500);
  absl::Duration max_endpointing_delay = absl::Milliseconds(500);
  absl::Duration complete_delay = absl::Milliseconds(300);
  absl::Duration incomplete_delay = absl::Milliseconds(1200);

  friend bool operator==(const TurnTaking&, const TurnTaking&) = default;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TURN_TAKING_H_
