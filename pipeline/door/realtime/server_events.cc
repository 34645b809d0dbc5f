#include "pipeline/door/realtime/server_events.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/door/wire/base64.h"

namespace parlance::pipeline::door {

ServerEvents::ServerEvents(Connection* connection, uint64_t random)
    : connection_(connection), id_suffix_(absl::StrCat(absl::Hex(random, absl::kZeroPad16))) {}

std::string ServerEvents::NewId(absl::string_view kind) {
  return absl::StrCat(kind, "_", id_suffix_, "_", ++num_ids_);
}

void ServerEvents::Send(absl::string_view type, JsonObject& body) {
  const std::string rest = body.Finish();
  SendRaw(type, absl::string_view(rest).substr(1));
}

void ServerEvents::SendRaw(absl::string_view type, absl::string_view rest) {
  connection_->SendText(absl::StrCat(R"({"type":")", type, R"(","event_id":"event_)", id_suffix_,
                                     "_", ++num_ids_, rest == "}" ? "\"" : "\",", rest));
}

void ServerEvents::Error(const RealtimeProblem& problem, absl::string_view client_event) {
  JsonObject error;
  error.Text("type", "invalid_request_error").Text("code", problem.code);
  error.Text("message", problem.message);
  error.Text("param", problem.param.empty() ? std::nullopt : std::optional(problem.param));
  error.Text("event_id",
             client_event.empty() ? std::nullopt : std::optional(std::string(client_event)));
  Send("error", JsonObject().Raw("error", error.Finish()));
}

void ServerEvents::Item(absl::string_view type, const RealtimeItem& item,
                        const std::optional<std::string>& previous) {
  Send(type, JsonObject().Text("previous_item_id", previous).Raw("item", item.Json()));
}

void ServerEvents::AddItem(RealtimeItem item, RealtimeItems& items) {
  Item("conversation.item.added", item, items.last());
  items.Add(std::move(item));
}

void ServerEvents::ItemDone(const RealtimeItem& item, const RealtimeItems& items) {
  Item("conversation.item.done", item, items.Before(item.id));
}

void ServerEvents::TranscriptDelta(absl::string_view item, absl::string_view text) {
  Send("conversation.item.input_audio_transcription.delta",
       JsonObject().Text("item_id", item).Integer("content_index", 0).Text("delta", text));
}

void ServerEvents::TranscriptCompleted(absl::string_view item, absl::string_view text,
                                       absl::Duration length) {
  Send("conversation.item.input_audio_transcription.completed",
       JsonObject()
           .Text("item_id", item)
           .Integer("content_index", 0)
           .Text("transcript", text)
           .Raw("usage", absl::StrCat(R"({"type":"duration","seconds":)",
                                      absl::ToDoubleSeconds(length), "}")));
}

void ServerEvents::Truncated(absl::string_view item, int64_t audio_end_ms) {
  Send("conversation.item.truncated", JsonObject()
                                          .Text("item_id", item)
                                          .Integer("content_index", 0)
                                          .Integer("audio_end_ms", audio_end_ms));
}

void ServerEvents::SoundDelta(absl::string_view response, absl::string_view item, int64_t place,
                              absl::Span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  // Ids of ours and base64 need no escaping.
  event_.clear();
  absl::StrAppend(&event_, "\"response_id\":\"", response, "\",\"item_id\":\"", item,
                  "\",\"output_index\":", place, ",\"content_index\":0,\"delta\":\"");
  AppendBase64(bytes, event_);
  event_ += "\"}";
  SendRaw("response.output_audio.delta", event_);
}

void ServerEvents::TurnLatency(const TurnReport& report) {
  if (report.latency.total() <= absl::ZeroDuration()) return;
  JsonObject stages;
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    stages.Raw(TurnStageName(static_cast<TurnStage>(i)),
               absl::StrCat(absl::ToDoubleMilliseconds(report.latency.stages[i])));
  }
  Send("parlance.turn.latency",
       JsonObject()
           .Integer("turn", report.turn)
           .Raw("total_ms", absl::StrCat(absl::ToDoubleMilliseconds(report.latency.total())))
           .Raw("stages_ms", stages.Finish()));
}

}  // namespace parlance::pipeline::door
