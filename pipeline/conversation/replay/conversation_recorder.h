// Writes down what a conversation is told, while it goes on.
//
//   whoever tells ─► ConversationRecorder ─► Conversation ─► ActionDigest ─► whoever acts
//                          │
//                          └─► write: bytes of a record (conversation_record.proto)
//
// Threads: one at a time. Allocation: a buffer that is used again. Cost: what writing the sound
// costs, 2 bytes a sample.
#ifndef PIPELINE_CONVERSATION_REPLAY_CONVERSATION_RECORDER_H_
#define PIPELINE_CONVERSATION_REPLAY_CONVERSATION_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/replay/action_digest.h"
#include "pipeline/conversation/replay/conversation_record.pb.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "session/message.h"

namespace parlance::pipeline {

class ConversationRecorder : public ConversationEvents {
 public:
  // Called with the bytes of the record, in order. What it does with them is its own matter: a full
  // disk does not end a conversation.
  using Write = std::function<void(absl::string_view)>;
  // After so many bytes nothing more is written but the end, so that the record says that it was
  // cut: an hour and a half of sound at 16 kHz.
  static constexpr size_t kMaxBytes = size_t{256} << 20;

  // `detector`: the name of the conversation's detector. `next` and `digest` must outlive the
  // recorder.
  ConversationRecorder(const ConversationOptions& options, absl::string_view detector,
                       ConversationEvents* next, ActionDigest* digest, Write write,
                       size_t max_bytes = kMaxBytes);
  // Writes the end.
  ~ConversationRecorder() override;
  ConversationRecorder(const ConversationRecorder&) = delete;
  ConversationRecorder& operator=(const ConversationRecorder&) = delete;

  // Whether something was left out because the record was full. It cannot be replayed then.
  bool is_cut() const { return is_cut_; }

  // ConversationEvents:
  void Sound(absl::Duration at, absl::Span<const int16_t> samples) override;
  void EndOfSound(absl::Duration at) override;
  void WholeUtterance(absl::Duration at, absl::Span<const int16_t> samples) override;
  void Typed(absl::Duration at, absl::string_view text) override;
  void Respond(absl::Duration at) override;
  void CancelAnswer(absl::Duration at) override;
  void Truncate(absl::Duration at, int64_t position) override;
  void AddMessage(absl::Duration at, session::Role role, absl::string_view text) override;
  void Configure(absl::Duration at, const TurnTaking& turn_taking) override;
  size_t TakeFrame(absl::Duration at, absl::Span<int16_t> frame) override;
  void Played(absl::Duration at, int64_t position) override;
  void PartialWords(absl::Duration at, int32_t utterance, const Hypothesis& words,
                    audio::Endpointer::Words completeness) override;
  void FinalWords(absl::Duration at, int32_t utterance,
                  const absl::StatusOr<Hypothesis>& words) override;
  void AgentText(absl::Duration at, int32_t attempt, absl::string_view text) override;
  void AgentCalls(absl::Duration at, int32_t attempt, std::vector<WantedCall> calls) override;
  void AgentDone(absl::Duration at, int32_t attempt, const absl::Status& status) override;
  void CallEnded(absl::Duration at, int32_t call, CallOutcome outcome) override;
  void PieceSound(absl::Duration at, int32_t piece, absl::Span<const int16_t> samples,
                  absl::Span<const WordMark> words) override;
  void PieceDone(absl::Duration at, int32_t piece, const absl::Status& status) override;
  void Stored(absl::Duration at, int32_t order, const absl::StatusOr<int64_t>& sequence) override;
  void Announce(absl::Duration at, absl::string_view sentence) override;
  void Tick(absl::Duration at) override;
  void HangUp(absl::Duration at) override;

 private:
  // The event that is filled next, at a time.
  ConversationEvent& Next(absl::Duration at);
  void WritePart();

  ConversationEvents& next_;
  ActionDigest& digest_;
  const Write write_;
  const size_t max_bytes_;
  size_t num_bytes_ = 0;
  bool is_cut_ = false;
  ConversationRecord part_;
  std::string buffer_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_REPLAY_CONVERSATION_RECORDER_H_
