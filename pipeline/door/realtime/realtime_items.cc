#include "pipeline/door/realtime/realtime_items.h"

#include <algorithm>
#include <utility>

#include "pipeline/json/json_object.h"

namespace parlance::pipeline::door {

std::string RealtimeItem::Json() const {
  JsonObject json;
  json.Text("id", id).Text("object", "realtime.item");
  switch (type) {
    case Type::kMessage: {
      JsonObject part;
      part.Text("type", content_type);
      const bool is_text = content_type == "input_text" || content_type == "output_text";
      if (is_text || text.has_value()) {
        part.Text(is_text ? "text" : "transcript", text.value_or(""));
      } else {
        part.Null("transcript");
      }
      // A message that begins has no part yet.
      const bool is_empty = status == "in_progress" && role == "assistant";
      json.Text("type", "message").Text("status", status).Text("role", role);
      json.Raw("content", is_empty ? "[]" : "[" + std::move(part).Finish() + "]");
      break;
    }
    case Type::kFunctionCall:
      json.Text("type", "function_call").Text("status", status).Text("call_id", call_id);
      json.Text("name", name).Text("arguments", arguments);
      break;
    case Type::kFunctionCallOutput:
      json.Text("type", "function_call_output").Text("status", status).Text("call_id", call_id);
      json.Text("output", output.value_or(""));
      break;
    case Type::kToolCall:
      json.Text("type", "mcp_call").Text("server_label", "parlance").Text("name", name);
      json.Text("arguments", arguments);
      if (output.has_value()) {
        json.Text("output", *output);
      } else {
        json.Null("output");
      }
      if (error.has_value()) {
        json.Raw(
            "error",
            JsonObject().Text("type", "tool_execution_error").Text("message", *error).Finish());
      } else {
        json.Null("error");
      }
      break;
  }
  return std::move(json).Finish();
}

size_t RealtimeItem::num_bytes() const {
  const auto size = [](const std::optional<std::string>& each) {
    return each.has_value() ? each->size() : 0;
  };
  return id.size() + size(text) + call_id.size() + name.size() + arguments.size() + size(output) +
         size(error);
}

void RealtimeItems::Add(RealtimeItem item) {
  std::optional<std::string> previous;
  Add(std::move(item), std::nullopt, &previous);
}

bool RealtimeItems::Add(RealtimeItem item, const std::optional<std::string>& after,
                        std::optional<std::string>* previous) {
  auto place = items_.end();
  if (after == "root") {
    place = items_.begin();
  } else if (after.has_value()) {
    place = std::find_if(items_.begin(), items_.end(),
                         [&](const RealtimeItem& each) { return each.id == *after; });
    if (place == items_.end()) return false;
    ++place;
  }
  *previous = place == items_.begin() ? std::nullopt : std::optional(std::prev(place)->id);
  items_.insert(place, std::move(item));
  // They are counted anew, because what is being said grows.
  size_t num_bytes = 0;
  for (const RealtimeItem& each : items_) num_bytes += each.num_bytes();
  while (items_.size() > kMaxItems || (num_bytes > kMaxBytes && items_.size() > 1)) {
    num_bytes -= items_.front().num_bytes();
    items_.pop_front();
  }
  return true;
}

RealtimeItem* RealtimeItems::Find(absl::string_view id) {
  // What is asked for is among the last.
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    if (item->id == id) return &*item;
  }
  return nullptr;
}

bool RealtimeItems::HasCall(absl::string_view call_id) const {
  return std::any_of(items_.begin(), items_.end(), [&](const RealtimeItem& item) {
    return item.type == RealtimeItem::Type::kFunctionCall && item.call_id == call_id;
  });
}

bool RealtimeItems::Remove(absl::string_view id) {
  const auto item = std::find_if(items_.begin(), items_.end(),
                                 [&](const RealtimeItem& each) { return each.id == id; });
  if (item == items_.end()) return false;
  items_.erase(item);
  return true;
}

std::optional<std::string> RealtimeItems::last() const {
  return items_.empty() ? std::nullopt : std::optional(items_.back().id);
}

std::optional<std::string> RealtimeItems::Before(absl::string_view id) const {
  for (size_t i = 1; i < items_.size(); ++i) {
    if (items_[i].id == id) return items_[i - 1].id;
  }
  return std::nullopt;
}

}  // namespace parlance::pipeline::door
