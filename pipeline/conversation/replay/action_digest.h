// A digest of all that a conversation ordered: equal ones did the same.
#ifndef PIPELINE_CONVERSATION_REPLAY_ACTION_DIGEST_H_
#define PIPELINE_CONVERSATION_REPLAY_ACTION_DIGEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "session/message.h"

namespace parlance::pipeline {

// Passes each action on, and takes it into the digest: its kind, numbers, texts and sound, in
// order. FNV-1a, 64 bits (Fowler, Noll, Vo), the same on every machine. Threads: one at a time.
class ActionDigest : public ConversationActions {
 public:
  // `next` may be null: then nothing is done.
  explicit ActionDigest(ConversationActions* next) : next_(next) {}

  uint64_t digest() const { return digest_; }
  int64_t num_actions() const { return num_actions_; }

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

  // Adds sound that was heard, which belongs to the digest, too.
  void Heard(absl::Span<const int16_t> sound);

 private:
  void Begin(absl::string_view kind, int64_t id = 0);
  void Add(absl::string_view text);
  void Add(int64_t number);

  ConversationActions* const next_;
  // The offset basis.
  uint64_t digest_ = 14695981039346656037U;
  int64_t num_actions_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_REPLAY_ACTION_DIGEST_H_
