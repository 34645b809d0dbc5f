#include "pipeline/conversation/turn/turn_wait.h"

#include <utility>

namespace parlance::pipeline {

void TurnWait::Begin(absl::Duration decided, absl::Duration endpoint_delay) {
  latency_ = {};
  waits_.clear();
  Add(TurnStage::kEndpoint, decided - endpoint_delay, endpoint_delay);
  is_on_ = true;
  since_ = decided;
}

void TurnWait::Add(TurnStage stage, absl::Duration began, absl::Duration took) {
  latency_[stage] += took;
  if (took <= absl::ZeroDuration()) return;
  if (!waits_.empty() && waits_.back().stage == stage) {
    waits_.back().took += took;
  } else if (waits_.size() < kMaxStageWaits) {
    waits_.push_back({.stage = stage, .began = began, .took = took});
  }
}

void TurnWait::EndWithSound(absl::Duration now) {
  is_on_ = false;
  first_sound_ = now;
}

void TurnWait::NotePlayed(absl::Duration now) {
  if (!latency_.played.has_value()) latency_.played = latency_.total() + (now - first_sound_);
}

TurnLatency TurnWait::TakeLatency() { return std::exchange(latency_, {}); }

std::vector<StageWait> TurnWait::TakeWaits() { return std::exchange(waits_, {}); }

}  // namespace parlance::pipeline
