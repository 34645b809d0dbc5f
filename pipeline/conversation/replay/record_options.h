// The options of a conversation as the header of its record, and back.
#ifndef PIPELINE_CONVERSATION_REPLAY_RECORD_OPTIONS_H_
#define PIPELINE_CONVERSATION_REPLAY_RECORD_OPTIONS_H_

#include "absl/strings/string_view.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/replay/conversation_record.pb.h"

namespace parlance::pipeline {

inline constexpr uint32_t kConversationRecordVersion = 1;

ConversationHeader HeaderOf(const ConversationOptions& options, absl::string_view detector);
ConversationOptions OptionsOf(const ConversationHeader& header);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_REPLAY_RECORD_OPTIONS_H_
