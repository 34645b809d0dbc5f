// The wait for an answer: where its time goes, from the end of what was said until the first sound.
//
// Threads: one at a time.
#ifndef PIPELINE_CONVERSATION_TURN_TURN_WAIT_H_
#define PIPELINE_CONVERSATION_TURN_TURN_WAIT_H_

#include <vector>

#include "absl/time/time.h"
#include "pipeline/conversation/turn/turn_latency.h"

namespace parlance::pipeline {

class TurnWait {
 public:
  // Somebody has finished, which was decided then, so long after their last sound. What was waited
  // before is forgotten.
  void Begin(absl::Duration decided, absl::Duration endpoint_delay);
  // That stage was waited for, from `began` on, for so long.
  void Add(TurnStage stage, absl::Duration began, absl::Duration took);
  // It is over: the answer's first sound was taken then.
  void EndWithSound(absl::Duration now);
  // It is over, or nothing is waited for.
  void End() { is_on_ = false; }
  // Somebody said now that the first sound had been played; the first time counts.
  void NotePlayed(absl::Duration now);

  bool is_on() const { return is_on_; }
  // When it was decided that they had finished.
  absl::Duration since() const { return since_; }
  const TurnLatency& latency() const { return latency_; }

  // Gives away what there was of it: the latency, and the waits that it consists of.
  TurnLatency TakeLatency();
  std::vector<StageWait> TakeWaits();

 private:
  TurnLatency latency_;
  std::vector<StageWait> waits_;
  bool is_on_ = false;
  absl::Duration since_;
  absl::Duration first_sound_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TURN_WAIT_H_
