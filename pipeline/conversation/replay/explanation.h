// A conversation as a timeline that a person can read: one line for whatever matters, with its
// time.
#ifndef PIPELINE_CONVERSATION_REPLAY_EXPLANATION_H_
#define PIPELINE_CONVERSATION_REPLAY_EXPLANATION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/replay/conversation_record.pb.h"

namespace parlance::pipeline {

// Told of the events and actions of a conversation, it gives lines such as
//   "   1.240 s  speech begins (utterance 1)". Frames of sound have no lines; the first and the
//   last
// frame of an answer's stretch have. What people and tools said is as it came: whoever prints it to
// a terminal makes it harmless.
class Explanation : public ConversationActions {
 public:
  explicit Explanation(std::function<void(absl::string_view line)> give) : give_(std::move(give)) {}

  void OnEvent(const ConversationEvent& event);
  void OnSound(absl::Span<const int16_t> sound);

  // ConversationActions:
  void OpenRecognizer(int32_t utterance) override;
  void Recognize(int32_t utterance, absl::Span<const int16_t> sound) override;
  void FinishRecognizer(int32_t utterance) override;
  void CancelRecognizer(int32_t utterance) override;
  void AskAgent(const AgentQuestion& question) override;
  void CancelAgent(int32_t attempt) override;
  void StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) override;
  void CancelCall(int32_t call) override;
  void Synthesize(int32_t piece, absl::string_view text) override;
  void CancelSynthesis(int32_t piece) override;
  void Append(int32_t order, std::vector<session::Message> messages) override;
  void Amend(int32_t order, int64_t sequence, std::string content,
             std::optional<std::string> metadata) override;
  void Hold() override;
  void Resume() override;
  void Stop() override;
  void TurnDone(const TurnReport& report) override;

 private:
  void Line(absl::string_view text);

  const std::function<void(absl::string_view)> give_;
  absl::Duration now_;
  bool is_heard_ = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_REPLAY_EXPLANATION_H_
