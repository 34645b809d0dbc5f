// Repeats a conversation from its record, in virtual time: as fast as the detector can hear it.
#ifndef PIPELINE_CONVERSATION_REPLAY_REPLAY_H_
#define PIPELINE_CONVERSATION_REPLAY_REPLAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/replay/conversation_record.pb.h"

namespace parlance::pipeline {

struct ReplayResult {
  int64_t num_events = 0;
  // The time from the first event to the last.
  absl::Duration length;
  int64_t num_actions = 0;
  uint64_t digest = 0;
  // What the record says of both; nothing if it breaks off, because the program was killed, the
  // disk was full, or the record was.
  std::optional<ConversationEnd> recorded = {};

  // Whether all that was ordered is what was ordered then.
  bool agrees() const {
    return recorded.has_value() && recorded->num_actions() == num_actions &&
           recorded->digest() == digest;
  }
};

struct ReplayOptions {
  // Makes the detector of that name.
  std::function<absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>>(absl::string_view)>
      make_detector;
  // Hears of each event before the conversation does, of each action, and of what was heard; may be
  // null.
  std::function<void(const ConversationEvent&)> on_event = nullptr;
  ConversationActions* actions = nullptr;
  std::function<void(absl::Span<const int16_t>)> on_sound = nullptr;
};

// `record`: the whole of it. InvalidArgument for what is no record, or of another version; DataLoss
// for one that is damaged, with the place. A record that breaks off is replayed up to there.
absl::StatusOr<ReplayResult> ReplayConversation(absl::string_view record,
                                                const ReplayOptions& options);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_REPLAY_REPLAY_H_
