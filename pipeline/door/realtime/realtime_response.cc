#include "pipeline/door/realtime/realtime_response.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace parlance::pipeline::door {

RealtimeResponse::RealtimeResponse(std::string id, Options options, RealtimeItems* items,
                                   ServerEvents* events)
    : id_(std::move(id)), options_(std::move(options)), items_(items), events_(events) {}

void RealtimeResponse::Begin() {
  events_->Send("response.created", JsonObject().Raw("response", Json("in_progress", "null")));
}

RealtimeItem* RealtimeResponse::message() { return items_->Find(message_); }

void RealtimeResponse::EnsureMessage(const AnswerPlace& begin) {
  if (has_message()) return;
  message_ = events_->NewId("item");
  message_place_ = BeginItem({.id = message_,
                              .status = "in_progress",
                              .role = "assistant",
                              .content_type = speaks() ? "output_audio" : "output_text",
                              .text = "",
                              .answer = begin.answer,
                              .begin_sample = begin.sample,
                              .begin_text = begin.text});
  events_->Send("response.content_part.added", MessageEvent().Raw("part", PartJson("")));
}

void RealtimeResponse::AddText(absl::string_view text) {
  if (RealtimeItem* const item = message()) {
    item->text = absl::StrCat(item->text.value_or(""), text);
  }
  absl::StrAppend(&text_, text);
  events_->Send(speaks() ? "response.output_audio_transcript.delta" : "response.output_text.delta",
                MessageEvent().Text("delta", text));
}

void RealtimeResponse::AddSound(size_t num_samples, absl::Span<const uint8_t> bytes) {
  if (RealtimeItem* const item = message()) item->num_samples += static_cast<int64_t>(num_samples);
  events_->SoundDelta(id_, message_, message_place_, bytes);
}

void RealtimeResponse::CutText(absl::string_view heard) {
  if (RealtimeItem* const item = message()) {
    text_ = std::string(heard.substr(std::min(item->begin_text, heard.size())));
    item->text = text_;
  }
}

int64_t RealtimeResponse::BeginItem(RealtimeItem item) {
  const auto place = static_cast<int64_t>(item_ids_.size());
  item_ids_.push_back(item.id);
  SendOutputItem("response.output_item.added", item, place);
  events_->AddItem(std::move(item), *items_);
  return place;
}

void RealtimeResponse::EndItem(const RealtimeItem& item, int64_t place) {
  SendOutputItem("response.output_item.done", item, place);
  events_->ItemDone(item, *items_);
}

void RealtimeResponse::SendOutputItem(absl::string_view type, const RealtimeItem& item,
                                      int64_t place) {
  events_->Send(type, JsonObject()
                          .Text("response_id", id_)
                          .Integer("output_index", place)
                          .Raw("item", item.Json()));
}

void RealtimeResponse::End(Ending ending, absl::string_view code) {
  EndMessage(ending == Ending::kCompleted ? "completed" : "incomplete");
  std::string status = "completed";
  std::string details = "null";
  if (ending == Ending::kFailed) {
    status = "failed";
    details =
        JsonObject()
            .Text("type", status)
            .Raw("error",
                 JsonObject().Text("type", "invalid_request_error").Text("code", code).Finish())
            .Finish();
  } else if (ending != Ending::kCompleted) {
    status = "cancelled";
    details = JsonObject()
                  .Text("type", status)
                  .Text("reason",
                        ending == Ending::kClientCancelled ? "client_cancelled" : "turn_detected")
                  .Finish();
  }
  events_->Send("response.done", JsonObject().Raw("response", Json(status, details)));
}

JsonObject RealtimeResponse::MessageEvent() const {
  JsonObject json;
  json.Text("response_id", id_).Text("item_id", message_);
  json.Integer("output_index", message_place_).Integer("content_index", 0);
  return json;
}

std::string RealtimeResponse::PartJson(absl::string_view text) const {
  JsonObject part;
  part.Text("type", speaks() ? "audio" : "text");
  part.Text(speaks() ? "transcript" : "text", text);
  return part.Finish();
}

std::string RealtimeResponse::Json(absl::string_view status, absl::string_view details) const {
  JsonObject response;
  response.Text("id", id_).Text("object", "realtime.response").Text("status", status);
  response.Raw("status_details", details);
  std::vector<std::string> output;
  if (status != "in_progress") {
    for (const std::string& id : item_ids_) {
      if (const RealtimeItem* const item = items_->Find(id)) output.push_back(item->Json());
    }
  }
  response.Raw("output", absl::StrCat("[", absl::StrJoin(output, ","), "]"));
  response.Text("conversation_id", options_.conversation);
  response.Raw("output_modalities", speaks() ? R"(["audio"])" : R"(["text"])");
  response.Raw("metadata", options_.metadata.empty() ? "null" : options_.metadata);
  return response.Finish();
}

void RealtimeResponse::EndMessage(absl::string_view status) {
  if (!has_message()) return;
  if (speaks()) {
    events_->Send("response.output_audio.done", MessageEvent());
    events_->Send("response.output_audio_transcript.done",
                  MessageEvent().Text("transcript", text_));
  } else {
    events_->Send("response.output_text.done", MessageEvent().Text("text", text_));
  }
  events_->Send("response.content_part.done", MessageEvent().Raw("part", PartJson(text_)));
  RealtimeItem* const item = message();
  if (item == nullptr) return;
  item->status = std::string(status);
  EndItem(*item, message_place_);
}

}  // namespace parlance::pipeline::door
