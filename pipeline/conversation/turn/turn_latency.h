// Where the time goes between the end of what somebody says and the first sound of the answer.
//
// At each moment one thing is waited for, so the stages follow one another, and their sum is the
// whole: nothing is counted twice, and nothing is missing. Work that goes on beside what is waited
// for, such as a draft during the pause, costs nothing here, which is its point.
#ifndef PIPELINE_CONVERSATION_TURN_TURN_LATENCY_H_
#define PIPELINE_CONVERSATION_TURN_TURN_LATENCY_H_

#include <array>
#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::pipeline {

enum class TurnStage {
  // The silence by which the end was known. It is a length of sound, not of work.
  kEndpoint,
  // The recogniser's final words.
  kRecognition,
  // The agent, until the first text that it writes, its calls apart.
  kAgentFirstToken,
  // From there until the first piece of its answer could be cut.
  kAgentFirstClause,
  kTools,
  // The store's acknowledgement of the first piece.
  kStore,
  // The first sound of the first piece, beyond that.
  kSynthesis,
  // Until the first frame was taken: the time to the next frame, and while somebody spoke over it.
  kOutput,
};
inline constexpr size_t kNumTurnStages = 8;

// The stage's name: "endpoint", "recognition", …
constexpr absl::string_view TurnStageName(TurnStage stage) {
  constexpr absl::string_view kNames[kNumTurnStages] = {
      "endpoint", "recognition", "agent_first_token", "agent_first_clause",
      "tools",    "store",       "synthesis",         "output"};
  return kNames[static_cast<size_t>(stage)];
}

struct TurnLatency {
  std::array<absl::Duration, kNumTurnStages> stages = {};
  // From the last sound of speech until somebody told that the first sound had been played; not set
  // if nobody tells. It is beside the stages, because the way of that news is in it.
  std::optional<absl::Duration> played = {};

  absl::Duration& operator[](TurnStage stage) { return stages[static_cast<size_t>(stage)]; }
  absl::Duration operator[](TurnStage stage) const { return stages[static_cast<size_t>(stage)]; }
  // The time from the last sound of speech to the first of the answer.
  absl::Duration total() const {
    absl::Duration sum;
    for (const absl::Duration stage : stages) sum += stage;
    return sum;
  }
  // The same from when it was decided that the speaker had finished.
  absl::Duration since_endpoint() const { return total() - (*this)[TurnStage::kEndpoint]; }

  friend bool operator==(const TurnLatency&, const TurnLatency&) = default;
};

// A time in which one thing was waited for. A stage may have several, as the agent's first token
// has when it calls tools in between; together they last as long as the stage.
struct StageWait {
  TurnStage stage = TurnStage::kEndpoint;
  // Since the beginning of the conversation.
  absl::Duration began = {};
  absl::Duration took = {};

  friend bool operator==(const StageWait&, const StageWait&) = default;
};
// More waits of one turn are not told apart any more.
inline constexpr size_t kMaxStageWaits = 64;

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TURN_LATENCY_H_
