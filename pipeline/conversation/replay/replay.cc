#include "pipeline/conversation/replay/replay.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/replay/action_digest.h"
#include "pipeline/conversation/replay/record_options.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "session/message.h"

namespace parlance::pipeline {
namespace {

// A frame of output is 10 to 60 ms; more is no frame.
constexpr uint32_t kMaxFrameSamples = 48000;

using google::protobuf::io::CodedInputStream;

std::vector<int16_t> SoundOf(const std::string& bytes) {
  std::vector<int16_t> samples(bytes.size() / 2);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<unsigned char>(bytes[2 * i]);
    const auto high = static_cast<unsigned char>(bytes[2 * i + 1]);
    samples[i] = static_cast<int16_t>(low | high << 8);
  }
  return samples;
}

absl::Status StatusOf(const ConversationEvent::Status& proto) {
  if (proto.code() == 0) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(proto.code()), proto.message());
}

Hypothesis WordsOf(const ConversationEvent::Words& proto) {
  return {.text = proto.text(), .rejected = proto.rejected(), .confidence = proto.confidence()};
}

TurnTaking TurnTakingOf(const ConversationEvent::TurnTaking& proto) {
  return {.detects_speech = proto.detects_speech(),
          .answers = proto.answers(),
          .interruptible = proto.interruptible(),
          .min_endpointing_delay = absl::Nanoseconds(proto.min_endpointing_delay()),
          .max_endpointing_delay = absl::Nanoseconds(proto.max_endpointing_delay()),
          .complete_delay = absl::Nanoseconds(proto.complete_delay()),
          .incomplete_delay = absl::Nanoseconds(proto.incomplete_delay())};
}

// Tells a conversation of one event. What was heard goes to `on_sound` and into the digest.
void Tell(const ConversationEvent& event, const ReplayOptions& options, ActionDigest& digest,
          Conversation& conversation) {
  const absl::Duration at = absl::Nanoseconds(event.at());
  switch (event.event_case()) {
    case ConversationEvent::kSound:
      conversation.Sound(at, SoundOf(event.sound()));
      break;
    case ConversationEvent::kEndOfSound:
      conversation.EndOfSound(at);
      break;
    case ConversationEvent::kFrame: {
      std::vector<int16_t> frame(std::min(event.frame(), kMaxFrameSamples));
      const size_t count = conversation.TakeFrame(at, absl::MakeSpan(frame));
      const auto heard = absl::MakeConstSpan(frame).first(count);
      digest.Heard(heard);
      if (options.on_sound != nullptr) options.on_sound(heard);
      break;
    }
    case ConversationEvent::kPlayed:
      conversation.Played(at, event.played());
      break;
    case ConversationEvent::kPartialWords: {
      const int completeness = event.partial_words().completeness();
      conversation.PartialWords(at, event.partial_words().id(), WordsOf(event.partial_words()),
                                completeness >= 0 && completeness <= 2
                                    ? static_cast<audio::Endpointer::Words>(completeness)
                                    : audio::Endpointer::Words::kUnknown);
      break;
    }
    case ConversationEvent::kFinalWords: {
      const ConversationEvent::Words& words = event.final_words();
      const absl::Status status = StatusOf(words.status());
      conversation.FinalWords(at, words.id(),
                              status.ok() ? absl::StatusOr<Hypothesis>(WordsOf(words)) : status);
      break;
    }
    case ConversationEvent::kAgentText:
      conversation.AgentText(at, event.agent_text().id(), event.agent_text().text());
      break;
    case ConversationEvent::kAgentCalls: {
      std::vector<WantedCall> calls;
      for (const ConversationEvent::Call& call : event.agent_calls().calls()) {
        calls.push_back({.call = {.name = call.name(), .arguments = call.arguments()},
                         .effects = call.effects()});
      }
      conversation.AgentCalls(at, event.agent_calls().id(), std::move(calls));
      break;
    }
    case ConversationEvent::kAgentDone:
      conversation.AgentDone(at, event.agent_done().id(), StatusOf(event.agent_done().status()));
      break;
    case ConversationEvent::kCallEnded: {
      const ConversationEvent::Outcome& proto = event.call_ended();
      CallOutcome outcome;
      outcome.answer = {.ok = proto.ok(), .json = proto.json(), .text = proto.text()};
      if (proto.has_metadata()) outcome.metadata = proto.metadata();
      outcome.took = absl::Nanoseconds(proto.took());
      conversation.CallEnded(at, proto.id(), std::move(outcome));
      break;
    }
    case ConversationEvent::kPieceSound: {
      std::vector<WordMark> words;
      for (const ConversationEvent::Word& word : event.piece_sound().words()) {
        words.push_back({.sample = word.sample(),
                         .text_begin = static_cast<size_t>(word.text_begin()),
                         .text_end = static_cast<size_t>(word.text_end())});
      }
      conversation.PieceSound(at, event.piece_sound().id(), SoundOf(event.piece_sound().sound()),
                              words);
      break;
    }
    case ConversationEvent::kPieceDone:
      conversation.PieceDone(at, event.piece_done().id(), StatusOf(event.piece_done().status()));
      break;
    case ConversationEvent::kStored: {
      const absl::Status status = StatusOf(event.stored().status());
      conversation.Stored(
          at, event.stored().id(),
          status.ok() ? absl::StatusOr<int64_t>(event.stored().sequence()) : status);
      break;
    }
    case ConversationEvent::kAnnouncement:
      conversation.Announce(at, event.announcement());
      break;
    case ConversationEvent::kTick:
      conversation.Tick(at);
      break;
    case ConversationEvent::kHangUp:
      conversation.HangUp(at);
      break;
    case ConversationEvent::kWholeUtterance:
      conversation.WholeUtterance(at, SoundOf(event.whole_utterance()));
      break;
    case ConversationEvent::kTyped:
      conversation.Typed(at, event.typed());
      break;
    case ConversationEvent::kRespond:
      conversation.Respond(at);
      break;
    case ConversationEvent::kCancelAnswer:
      conversation.CancelAnswer(at);
      break;
    case ConversationEvent::kTruncate:
      conversation.Truncate(at, event.truncate());
      break;
    case ConversationEvent::kAddMessage:
      // A role that is none is a user's.
      conversation.AddMessage(
          at, session::RoleOf(event.add_message().role()).value_or(session::Role::kUser),
          event.add_message().text());
      break;
    case ConversationEvent::kConfigure:
      conversation.Configure(at, TurnTakingOf(event.configure()));
      break;
    case ConversationEvent::EVENT_NOT_SET:
      // A newer version wrote this event; it is ignored.
      break;
  }
}

}  // namespace

absl::StatusOr<ReplayResult> ReplayConversation(absl::string_view record,
                                                const ReplayOptions& options) {
  CodedInputStream stream(reinterpret_cast<const uint8_t*>(record.data()),
                          static_cast<int>(std::min<size_t>(record.size(), INT32_MAX)));
  const auto damaged = [&](int at) {
    return absl::DataLossError(absl::StrCat("the record is damaged at byte ", at));
  };
  ReplayResult result;
  ActionDigest digest(options.actions);
  std::unique_ptr<Conversation> conversation;
  ConversationRecord part;
  for (;;) {
    const int at = stream.CurrentPosition();
    if (result.recorded.has_value()) {
      // Nothing belongs behind the end.
      if (static_cast<size_t>(at) < record.size()) return damaged(at);
      break;
    }
    uint32_t size = 0;
    // At its end, and in the middle of a size or a part, the record breaks off.
    if (!stream.ReadVarint32(&size)) break;
    if (size > record.size() - static_cast<size_t>(stream.CurrentPosition())) {
      if (conversation == nullptr) {
        return absl::InvalidArgumentError("this is not a record of a conversation");
      }
      break;
    }
    const auto limit = stream.PushLimit(static_cast<int>(size));
    const bool read = part.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
    stream.PopLimit(limit);
    if (conversation == nullptr) {
      if (!read || !part.has_header() || part.header().version() == 0) {
        return absl::InvalidArgumentError("this is not a record of a conversation");
      }
      if (part.header().version() != kConversationRecordVersion) {
        return absl::InvalidArgumentError(absl::StrCat("the record has version ",
                                                       part.header().version(), "; version ",
                                                       kConversationRecordVersion, " can be read"));
      }
      auto detector = options.make_detector(part.header().detector());
      if (!detector.ok()) return detector.status();
      auto created = Conversation::Create(OptionsOf(part.header()), *std::move(detector), &digest);
      if (!created.ok()) return created.status();
      conversation = *std::move(created);
      continue;
    }
    if (!read || part.has_header()) return damaged(at);
    if (part.has_end()) {
      result.recorded = part.end();
    } else if (part.has_event()) {
      ++result.num_events;
      result.length = absl::Nanoseconds(part.event().at());
      if (options.on_event != nullptr) options.on_event(part.event());
      Tell(part.event(), options, digest, *conversation);
    }
  }
  if (conversation == nullptr) return absl::InvalidArgumentError("the record is empty");
  result.num_actions = digest.num_actions();
  result.digest = digest.digest();
  return result;
}

}  // namespace parlance::pipeline
