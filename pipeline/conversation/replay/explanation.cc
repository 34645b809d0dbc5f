#include "pipeline/conversation/replay/explanation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace parlance::pipeline {
namespace {

std::string FailureOf(const ConversationEvent::Status& status) {
  return status.code() == 0 ? "" : absl::StrCat(", which failed: ", status.message());
}

}  // namespace

void Explanation::Line(absl::string_view text) {
  give_(absl::StrFormat("%9.3f s  %s", absl::ToDoubleSeconds(now_), text));
}

void Explanation::OnEvent(const ConversationEvent& event) {
  now_ = absl::Nanoseconds(event.at());
  switch (event.event_case()) {
    case ConversationEvent::kEndOfSound:
      Line("the sound ends");
      break;
    case ConversationEvent::kWholeUtterance:
      Line("an utterance comes as a whole");
      break;
    case ConversationEvent::kTyped:
      Line(absl::StrCat("typed: \"", event.typed(), "\""));
      break;
    case ConversationEvent::kRespond:
      Line("an answer is asked for");
      break;
    case ConversationEvent::kCancelAnswer:
      Line("the answer is cancelled");
      break;
    case ConversationEvent::kTruncate:
      Line(absl::StrCat("only ", event.truncate(), " samples of the answer were heard"));
      break;
    case ConversationEvent::kAddMessage:
      Line(absl::StrCat("a message of the ", event.add_message().role(), " is added"));
      break;
    case ConversationEvent::kConfigure:
      Line("turns are taken otherwise from now on");
      break;
    case ConversationEvent::kPartialWords:
      Line(absl::StrCat("words so far: \"", event.partial_words().text(), "\""));
      break;
    case ConversationEvent::kFinalWords: {
      const ConversationEvent::Words& words = event.final_words();
      Line(words.status().code() != 0
               ? absl::StrCat("utterance ", words.id(), FailureOf(words.status()))
               : absl::StrFormat("utterance %d was \"%s\"%s (confidence %.2f)", words.id(),
                                 words.text(), words.rejected() ? ", not understood" : "",
                                 words.confidence()));
      break;
    }
    case ConversationEvent::kAgentText:
      Line(absl::StrCat("the agent writes: \"", event.agent_text().text(), "\""));
      break;
    case ConversationEvent::kAgentDone:
      Line(absl::StrCat("the agent has finished", FailureOf(event.agent_done().status())));
      break;
    case ConversationEvent::kCallEnded:
      Line(absl::StrCat("call ", event.call_ended().id(),
                        event.call_ended().ok() ? " gives " : " fails with ",
                        event.call_ended().json()));
      break;
    case ConversationEvent::kPieceDone:
      Line(absl::StrCat("piece ", event.piece_done().id(), " has its sound",
                        FailureOf(event.piece_done().status())));
      break;
    case ConversationEvent::kStored:
      Line(absl::StrCat("order ", event.stored().id(), " is stored",
                        FailureOf(event.stored().status())));
      break;
    case ConversationEvent::kAnnouncement:
      Line(absl::StrCat("to announce: \"", event.announcement(), "\""));
      break;
    case ConversationEvent::kHangUp:
      Line("the person hangs up");
      break;
    default:
      // Sound, frames, marks and the passing of time speak through what they lead to.
      break;
  }
}

void Explanation::OnSound(absl::Span<const int16_t> sound) {
  if (sound.empty() == !is_heard_) return;
  is_heard_ = !sound.empty();
  Line(is_heard_ ? "the answer is heard" : "silence");
}

void Explanation::OpenRecognizer(int32_t utterance) {
  Line(absl::StrCat("speech begins (utterance ", utterance, ")"));
}
void Explanation::Recognize(int32_t, absl::Span<const int16_t>) {}
void Explanation::FinishRecognizer(int32_t utterance) {
  Line(absl::StrCat("speech has ended (utterance ", utterance, ")"));
}
void Explanation::CancelRecognizer(int32_t utterance) {
  Line(absl::StrCat("utterance ", utterance, " is given up"));
}
void Explanation::AskAgent(const AgentQuestion& question) {
  Line(absl::StrCat("the agent is asked", question.draft ? " (a draft)" : "", ": \"",
                    question.utterance.text, "\"",
                    question.answers.empty()
                        ? ""
                        : absl::StrCat(", with ", question.answers.size(), " outputs")));
}
void Explanation::CancelAgent(int32_t attempt) {
  Line(absl::StrCat("attempt ", attempt, " is given up"));
}
void Explanation::StartCall(int32_t call, absl::string_view, const ToolCall& tool_call) {
  Line(absl::StrCat("call ", call, ": ", tool_call.name, " ", tool_call.arguments));
}
void Explanation::CancelCall(int32_t call) { Line(absl::StrCat("call ", call, " is cancelled")); }
void Explanation::Synthesize(int32_t piece, absl::string_view text) {
  Line(absl::StrCat("piece ", piece, " of the answer: \"", text, "\""));
}
void Explanation::CancelSynthesis(int32_t piece) {
  Line(absl::StrCat("piece ", piece, " is given up"));
}
void Explanation::Append(int32_t order, std::vector<session::Message> messages) {
  Line(absl::StrCat("order ", order, ": store ", messages.size(), " messages"));
}
void Explanation::Amend(int32_t order, int64_t sequence, std::string content,
                        std::optional<std::string>) {
  Line(absl::StrCat("order ", order, ": message ", sequence, " becomes \"", content, "\""));
}
void Explanation::Hold() { Line("the answer is held: somebody may be speaking"); }
void Explanation::Resume() { Line("the hold is over"); }
void Explanation::Stop() { Line("the answer is stopped"); }
void Explanation::TurnDone(const TurnReport& report) {
  std::string stages;
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    if (report.latency.stages[i] <= absl::ZeroDuration()) continue;
    absl::StrAppendFormat(&stages, "%s%s %.1f ms", stages.empty() ? "" : ", ",
                          TurnStageName(static_cast<TurnStage>(i)),
                          absl::ToDoubleMilliseconds(report.latency.stages[i]));
  }
  if (report.latency.played.has_value()) {
    absl::StrAppendFormat(&stages, "%splayed after %.1f ms", stages.empty() ? "" : ", ",
                          absl::ToDoubleMilliseconds(*report.latency.played));
  }
  Line(absl::StrCat("turn ", report.turn, " is over, ", TurnEndingName(report.ending),
                    report.from_draft ? ", from a draft" : "", "; heard: \"", report.heard, "\"",
                    stages.empty() ? "" : absl::StrCat("; ", stages)));
}

}  // namespace parlance::pipeline
