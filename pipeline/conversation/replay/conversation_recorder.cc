#include "pipeline/conversation/replay/conversation_recorder.h"

#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "pipeline/conversation/replay/record_options.h"

namespace parlance::pipeline {
namespace {

void SetSound(absl::Span<const int16_t> samples, std::string& bytes) {
  bytes.resize(samples.size() * 2);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto sample = static_cast<uint16_t>(samples[i]);
    bytes[2 * i] = static_cast<char>(sample);
    bytes[2 * i + 1] = static_cast<char>(sample >> 8);
  }
}

void SetStatus(const absl::Status& status, ConversationEvent::Status& proto) {
  proto.set_code(static_cast<int>(status.code()));
  if (!status.ok()) proto.set_message(std::string(status.message()));
}

void SetWords(int32_t id, const Hypothesis& words, ConversationEvent::Words& proto) {
  proto.set_id(id);
  proto.set_text(words.text);
  proto.set_rejected(words.rejected);
  proto.set_confidence(words.confidence);
}

}  // namespace

ConversationRecorder::ConversationRecorder(const ConversationOptions& options,
                                           absl::string_view detector, ConversationEvents* next,
                                           ActionDigest* digest, Write write, size_t max_bytes)
    : next_(*next), digest_(*digest), write_(std::move(write)), max_bytes_(max_bytes) {
  *part_.mutable_header() = HeaderOf(options, detector);
  WritePart();
}

ConversationRecorder::~ConversationRecorder() {
  if (is_cut_) return;
  part_.mutable_end()->set_num_actions(digest_.num_actions());
  part_.mutable_end()->set_digest(digest_.digest());
  WritePart();
}

ConversationEvent& ConversationRecorder::Next(absl::Duration at) {
  ConversationEvent* const event = part_.mutable_event();
  event->set_at(absl::ToInt64Nanoseconds(at));
  return *event;
}

void ConversationRecorder::WritePart() {
  if (is_cut_) return;
  buffer_.clear();
  {
    google::protobuf::io::StringOutputStream stream(&buffer_);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.WriteVarint32(static_cast<uint32_t>(part_.ByteSizeLong()));
    part_.SerializeToCodedStream(&coded);
  }
  num_bytes_ += buffer_.size();
  is_cut_ = num_bytes_ > max_bytes_;
  if (!is_cut_) write_(buffer_);
}

void ConversationRecorder::Sound(absl::Duration at, absl::Span<const int16_t> samples) {
  SetSound(samples, *Next(at).mutable_sound());
  WritePart();
  next_.Sound(at, samples);
}

void ConversationRecorder::EndOfSound(absl::Duration at) {
  Next(at).mutable_end_of_sound();
  WritePart();
  next_.EndOfSound(at);
}

void ConversationRecorder::WholeUtterance(absl::Duration at, absl::Span<const int16_t> samples) {
  SetSound(samples, *Next(at).mutable_whole_utterance());
  WritePart();
  next_.WholeUtterance(at, samples);
}

void ConversationRecorder::Typed(absl::Duration at, absl::string_view text) {
  Next(at).set_typed(std::string(text));
  WritePart();
  next_.Typed(at, text);
}

void ConversationRecorder::Respond(absl::Duration at) {
  Next(at).mutable_respond();
  WritePart();
  next_.Respond(at);
}

void ConversationRecorder::CancelAnswer(absl::Duration at) {
  Next(at).mutable_cancel_answer();
  WritePart();
  next_.CancelAnswer(at);
}

void ConversationRecorder::Truncate(absl::Duration at, int64_t position) {
  Next(at).set_truncate(position);
  WritePart();
  next_.Truncate(at, position);
}

void ConversationRecorder::AddMessage(absl::Duration at, session::Role role,
                                      absl::string_view text) {
  ConversationEvent::Message& proto = *Next(at).mutable_add_message();
  proto.set_role(std::string(session::RoleName(role)));
  proto.set_text(std::string(text));
  WritePart();
  next_.AddMessage(at, role, text);
}

void ConversationRecorder::Configure(absl::Duration at, const TurnTaking& turn_taking) {
  ConversationEvent::TurnTaking& proto = *Next(at).mutable_configure();
  proto.set_detects_speech(turn_taking.detects_speech);
  proto.set_answers(turn_taking.answers);
  proto.set_interruptible(turn_taking.interruptible);
  proto.set_min_endpointing_delay(absl::ToInt64Nanoseconds(turn_taking.min_endpointing_delay));
  proto.set_max_endpointing_delay(absl::ToInt64Nanoseconds(turn_taking.max_endpointing_delay));
  proto.set_complete_delay(absl::ToInt64Nanoseconds(turn_taking.complete_delay));
  proto.set_incomplete_delay(absl::ToInt64Nanoseconds(turn_taking.incomplete_delay));
  WritePart();
  next_.Configure(at, turn_taking);
}

size_t ConversationRecorder::TakeFrame(absl::Duration at, absl::Span<int16_t> frame) {
  Next(at).set_frame(static_cast<uint32_t>(frame.size()));
  WritePart();
  const size_t count = next_.TakeFrame(at, frame);
  digest_.Heard(frame.first(count));
  return count;
}

void ConversationRecorder::Played(absl::Duration at, int64_t position) {
  Next(at).set_played(position);
  WritePart();
  next_.Played(at, position);
}

void ConversationRecorder::PartialWords(absl::Duration at, int32_t utterance,
                                        const Hypothesis& words,
                                        audio::Endpointer::Words completeness) {
  ConversationEvent::Words& proto = *Next(at).mutable_partial_words();
  SetWords(utterance, words, proto);
  proto.set_completeness(static_cast<int>(completeness));
  WritePart();
  next_.PartialWords(at, utterance, words, completeness);
}

void ConversationRecorder::FinalWords(absl::Duration at, int32_t utterance,
                                      const absl::StatusOr<Hypothesis>& words) {
  ConversationEvent::Words& proto = *Next(at).mutable_final_words();
  proto.Clear();
  proto.set_id(utterance);
  if (words.ok()) SetWords(utterance, *words, proto);
  SetStatus(words.status(), *proto.mutable_status());
  WritePart();
  next_.FinalWords(at, utterance, words);
}

void ConversationRecorder::AgentText(absl::Duration at, int32_t attempt, absl::string_view text) {
  ConversationEvent::Text& proto = *Next(at).mutable_agent_text();
  proto.set_id(attempt);
  proto.set_text(std::string(text));
  WritePart();
  next_.AgentText(at, attempt, text);
}

void ConversationRecorder::AgentCalls(absl::Duration at, int32_t attempt,
                                      std::vector<WantedCall> calls) {
  ConversationEvent::Calls& proto = *Next(at).mutable_agent_calls();
  proto.Clear();
  proto.set_id(attempt);
  for (const WantedCall& wanted : calls) {
    ConversationEvent::Call& call = *proto.add_calls();
    call.set_name(wanted.call.name);
    call.set_arguments(wanted.call.arguments);
    call.set_effects(wanted.effects);
  }
  WritePart();
  next_.AgentCalls(at, attempt, std::move(calls));
}

void ConversationRecorder::AgentDone(absl::Duration at, int32_t attempt,
                                     const absl::Status& status) {
  ConversationEvent::Result& proto = *Next(at).mutable_agent_done();
  proto.Clear();
  proto.set_id(attempt);
  SetStatus(status, *proto.mutable_status());
  WritePart();
  next_.AgentDone(at, attempt, status);
}

void ConversationRecorder::CallEnded(absl::Duration at, int32_t call, CallOutcome outcome) {
  ConversationEvent::Outcome& proto = *Next(at).mutable_call_ended();
  proto.Clear();
  proto.set_id(call);
  proto.set_ok(outcome.answer.ok);
  proto.set_json(outcome.answer.json);
  proto.set_text(outcome.answer.text);
  if (outcome.metadata.has_value()) proto.set_metadata(*outcome.metadata);
  proto.set_took(absl::ToInt64Nanoseconds(outcome.took));
  WritePart();
  next_.CallEnded(at, call, std::move(outcome));
}

void ConversationRecorder::PieceSound(absl::Duration at, int32_t piece,
                                      absl::Span<const int16_t> samples,
                                      absl::Span<const WordMark> words) {
  ConversationEvent::PieceSound& proto = *Next(at).mutable_piece_sound();
  proto.Clear();
  proto.set_id(piece);
  SetSound(samples, *proto.mutable_sound());
  for (const WordMark& word : words) {
    ConversationEvent::Word& added = *proto.add_words();
    added.set_sample(word.sample);
    added.set_text_begin(word.text_begin);
    added.set_text_end(word.text_end);
  }
  WritePart();
  next_.PieceSound(at, piece, samples, words);
}

void ConversationRecorder::PieceDone(absl::Duration at, int32_t piece, const absl::Status& status) {
  ConversationEvent::Result& proto = *Next(at).mutable_piece_done();
  proto.Clear();
  proto.set_id(piece);
  SetStatus(status, *proto.mutable_status());
  WritePart();
  next_.PieceDone(at, piece, status);
}

void ConversationRecorder::Stored(absl::Duration at, int32_t order,
                                  const absl::StatusOr<int64_t>& sequence) {
  ConversationEvent::Result& proto = *Next(at).mutable_stored();
  proto.Clear();
  proto.set_id(order);
  SetStatus(sequence.status(), *proto.mutable_status());
  if (sequence.ok()) proto.set_sequence(*sequence);
  WritePart();
  next_.Stored(at, order, sequence);
}

void ConversationRecorder::Announce(absl::Duration at, absl::string_view sentence) {
  Next(at).set_announcement(std::string(sentence));
  WritePart();
  next_.Announce(at, sentence);
}

void ConversationRecorder::Tick(absl::Duration at) {
  Next(at).mutable_tick();
  WritePart();
  next_.Tick(at);
}

void ConversationRecorder::HangUp(absl::Duration at) {
  Next(at).mutable_hang_up();
  WritePart();
  next_.HangUp(at);
}

}  // namespace parlance::pipeline
