#include "pipeline/conversation/replay/action_digest.h"

#include <utility>

namespace parlance::pipeline {
namespace {

constexpr uint64_t kPrime = 1099511628211U;

void AddByte(unsigned char byte, uint64_t& digest) { digest = (digest ^ byte) * kPrime; }

}  // namespace

void ActionDigest::Add(int64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    AddByte(static_cast<unsigned char>(static_cast<uint64_t>(number) >> shift), digest_);
  }
}

void ActionDigest::Add(absl::string_view text) {
  Add(static_cast<int64_t>(text.size()));
  for (const char c : text) AddByte(static_cast<unsigned char>(c), digest_);
}

void ActionDigest::Begin(absl::string_view kind, int64_t id) {
  ++num_actions_;
  Add(kind);
  Add(id);
}

void ActionDigest::Heard(absl::Span<const int16_t> sound) {
  for (const int16_t sample : sound) {
    AddByte(static_cast<unsigned char>(sample), digest_);
    AddByte(static_cast<unsigned char>(static_cast<uint16_t>(sample) >> 8), digest_);
  }
}

void ActionDigest::OpenRecognizer(int32_t utterance) {
  Begin("open recognizer", utterance);
  if (next_ != nullptr) next_->OpenRecognizer(utterance);
}

void ActionDigest::Recognize(int32_t utterance, absl::Span<const int16_t> sound) {
  Begin("recognize", utterance);
  Heard(sound);
  if (next_ != nullptr) next_->Recognize(utterance, sound);
}

void ActionDigest::FinishRecognizer(int32_t utterance) {
  Begin("finish recognizer", utterance);
  if (next_ != nullptr) next_->FinishRecognizer(utterance);
}

void ActionDigest::CancelRecognizer(int32_t utterance) {
  Begin("cancel recognizer", utterance);
  if (next_ != nullptr) next_->CancelRecognizer(utterance);
}

void ActionDigest::AskAgent(const AgentQuestion& question) {
  Begin("ask agent", question.attempt);
  Add(question.draft ? 1 : 0);
  Add(question.utterance.text);
  for (const ToolAnswer& answer : question.answers) Add(answer.json);
  if (next_ != nullptr) next_->AskAgent(question);
}

void ActionDigest::CancelAgent(int32_t attempt) {
  Begin("cancel agent", attempt);
  if (next_ != nullptr) next_->CancelAgent(attempt);
}

void ActionDigest::StartCall(int32_t call, absl::string_view id, const ToolCall& tool_call) {
  Begin("start call", call);
  Add(id);
  Add(tool_call.name);
  Add(tool_call.arguments);
  if (next_ != nullptr) next_->StartCall(call, id, tool_call);
}

void ActionDigest::CancelCall(int32_t call) {
  Begin("cancel call", call);
  if (next_ != nullptr) next_->CancelCall(call);
}

void ActionDigest::Synthesize(int32_t piece, absl::string_view text) {
  Begin("synthesize", piece);
  Add(text);
  if (next_ != nullptr) next_->Synthesize(piece, text);
}

void ActionDigest::CancelSynthesis(int32_t piece) {
  Begin("cancel synthesis", piece);
  if (next_ != nullptr) next_->CancelSynthesis(piece);
}

void ActionDigest::Append(int32_t order, std::vector<session::Message> messages) {
  Begin("append", order);
  for (const session::Message& message : messages) {
    Add(session::RoleName(message.role));
    Add(message.content);
    Add(message.tool_calls.value_or(""));
    Add(message.tool_call_id.value_or(""));
  }
  if (next_ != nullptr) next_->Append(order, std::move(messages));
}

void ActionDigest::Amend(int32_t order, int64_t sequence, std::string content,
                         std::optional<std::string> metadata) {
  Begin("amend", order);
  Add(sequence);
  Add(content);
  Add(metadata.value_or(""));
  if (next_ != nullptr) next_->Amend(order, sequence, std::move(content), std::move(metadata));
}

void ActionDigest::Hold() {
  Begin("hold");
  if (next_ != nullptr) next_->Hold();
}

void ActionDigest::Resume() {
  Begin("resume");
  if (next_ != nullptr) next_->Resume();
}

void ActionDigest::Stop() {
  Begin("stop");
  if (next_ != nullptr) next_->Stop();
}

void ActionDigest::TurnDone(const TurnReport& report) {
  Begin("turn done", report.turn);
  Add(TurnEndingName(report.ending));
  Add(report.utterance.text);
  Add(report.reply);
  Add(report.heard);
  for (const absl::Duration stage : report.latency.stages) Add(absl::ToInt64Nanoseconds(stage));
  Add(absl::ToInt64Nanoseconds(report.latency.played.value_or(absl::ZeroDuration())));
  Add(absl::ToInt64Nanoseconds(report.began));
  Add(absl::ToInt64Nanoseconds(report.ended));
  if (next_ != nullptr) next_->TurnDone(report);
}

}  // namespace parlance::pipeline
