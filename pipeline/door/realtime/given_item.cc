#include "pipeline/door/realtime/given_item.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/json/bounded_json.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kMaxTextBytes = Runtime::Session::kMaxTextBytes;

bool Lacks(absl::string_view name, RealtimeProblem* problem) {
  *problem = {.code = "missing_required_parameter",
              .message = absl::StrCat(name, " is missing"),
              .param = absl::StrCat("item.", name)};
  return false;
}

// A text of an item, empty if there is none. False, with the problem, if it cannot be taken.
bool ReadText(const rapidjson::Value& given, absl::string_view name, size_t max_bytes,
              std::string* text, RealtimeProblem* problem) {
  const rapidjson::Value* const member = Member(&given, name);
  if (member == nullptr) return true;
  const std::optional<absl::string_view> value = TextOf(member);
  if (!value.has_value() || value->size() > max_bytes) {
    *problem = {.code = "invalid_value",
                .message = absl::StrCat(name, " has to be text of at most ", max_bytes, " bytes"),
                .param = absl::StrCat("item.", name)};
    return false;
  }
  *text = std::string(*value);
  return true;
}

// One part of a message's content, of which `message` is what was read before. False, with the
// problem, if it cannot be taken.
bool ReadPart(const rapidjson::Value& part, const RealtimeInput& sound, GivenItem* message,
              RealtimeProblem* problem) {
  RealtimeItem& item = message->item;
  const absl::string_view type = TextOf(Member(&part, "type")).value_or("");
  const bool is_sound = type == "input_audio" || type == "output_audio" || type == "audio";
  const absl::string_view key = is_sound ? "transcript" : "text";
  const std::optional<absl::string_view> text = TextOf(Member(&part, key));
  const std::optional<absl::string_view> audio = TextOf(Member(&part, "audio"));
  if (!is_sound && type != "input_text" && type != "output_text" && type != "text") {
    *problem = {.code = "unsupported_content",
                .message = absl::StrCat("a part of the type ", CutUtf8(type, 100),
                                        " cannot be used; input_text and input_audio can"),
                .param = "item.content"};
    return false;
  }
  if (!text.has_value() && !(is_sound && audio.has_value())) {
    *problem = {.code = "missing_required_parameter",
                .message = absl::StrCat(is_sound ? "audio" : "text",
                                        " is missing in a part of the "
                                        "type ",
                                        type),
                .param = "item.content"};
    return false;
  }
  const bool is_second_kind = item.text.has_value() && !text.has_value() && item.role == "user";
  if (message->input.has_value() || is_second_kind) {
    *problem = {.code = "unsupported_content",
                .message = "a message has either text or one sound; give each an item of its own",
                .param = "item.content"};
    return false;
  }
  if (text.has_value()) {
    item.text =
        item.text.value_or("").empty() ? std::string(*text) : absl::StrCat(*item.text, "\n", *text);
    return true;
  }
  // The sound of what the agent or the system says is not heard.
  if (item.role != "user") return true;
  absl::StatusOr<std::vector<int16_t>> samples =
      sound.NumSamples(audio->size()) > MaxUtteranceSamples()
          ? absl::InvalidArgumentError(
                absl::StrCat("an utterance has at most ",
                             absl::FormatDuration(ConversationEvents::kMaxUtterance)))
          : sound.DecodeWhole(*audio);
  if (!samples.ok()) {
    *problem = {.code = "invalid_audio",
                .message = std::string(samples.status().message()),
                .param = "item.content"};
    return false;
  }
  message->input = *std::move(samples);
  item.content_type = "input_audio";
  return true;
}

bool ReadMessage(const rapidjson::Value& given, const RealtimeInput& sound, GivenItem* message,
                 RealtimeProblem* problem) {
  RealtimeItem& item = message->item;
  item.role = std::string(TextOf(Member(&given, "role")).value_or("user"));
  if (item.role != "user" && item.role != "assistant" && item.role != "system") {
    *problem = {.code = "invalid_value",
                .message = "a role has to be user, assistant or system",
                .param = "item.role"};
    return false;
  }
  const rapidjson::Value* const content = Member(&given, "content");
  if (content == nullptr || !content->IsArray() || content->Empty()) {
    *problem = {.code = "missing_required_parameter",
                .message = "a message needs content, a list of parts",
                .param = "item.content"};
    return false;
  }
  item.content_type = item.role == "assistant" ? "output_text" : "input_text";
  for (const rapidjson::Value& part : content->GetArray()) {
    if (!ReadPart(part, sound, message, problem)) return false;
  }
  // Sound has no text before it was understood.
  if (message->input.has_value()) return true;
  if (!item.text.has_value()) item.text = "";
  if (item.text->size() > kMaxTextBytes) {
    *problem = {.code = "string_above_max_length",
                .message = absl::StrCat("a message has at most ", kMaxTextBytes, " bytes of text"),
                .param = "item.content"};
    return false;
  }
  if (item.role == "user") message->input = *item.text;
  return true;
}

}  // namespace

size_t MaxUtteranceSamples() {
  return static_cast<size_t>(ConversationEvents::kMaxUtterance / absl::Seconds(1)) * kSessionHz;
}

std::optional<GivenItem> ReadGivenItem(const rapidjson::Value* given, const RealtimeInput& sound,
                                       RealtimeProblem* problem) {
  const std::optional<absl::string_view> type = TextOf(Member(given, "type"));
  if (!type.has_value()) {
    *problem = {.code = "missing_required_parameter",
                .message = "an item needs a type",
                .param = "item.type"};
    return std::nullopt;
  }
  GivenItem read;
  RealtimeItem& item = read.item;
  item.id = std::string(TextOf(Member(given, "id")).value_or(""));
  if (item.id.size() > kMaxGivenIdBytes) {
    *problem = {.code = "invalid_value",
                .message = absl::StrCat("an id has at most ", kMaxGivenIdBytes, " bytes"),
                .param = "item.id"};
    return std::nullopt;
  }
  bool is_read = false;
  if (type == "message") {
    is_read = ReadMessage(*given, sound, &read, problem);
  } else if (type == "function_call_output") {
    item.type = RealtimeItem::Type::kFunctionCallOutput;
    item.output = "";
    is_read = ReadText(*given, "call_id", kMaxGivenIdBytes, &item.call_id, problem) &&
              (!item.call_id.empty() || Lacks("call_id", problem)) &&
              (Member(given, "output") != nullptr || Lacks("output", problem)) &&
              ReadText(*given, "output", kMaxTextBytes, &*item.output, problem);
  } else if (type == "function_call") {
    item.type = RealtimeItem::Type::kFunctionCall;
    is_read = ReadText(*given, "call_id", kMaxGivenIdBytes, &item.call_id, problem) &&
              ReadText(*given, "name", kMaxGivenIdBytes, &item.name, problem) &&
              (!item.name.empty() || Lacks("name", problem)) &&
              (Member(given, "arguments") != nullptr || Lacks("arguments", problem)) &&
              ReadText(*given, "arguments", kMaxTextBytes, &item.arguments, problem);
  } else {
    *problem = {.code = "unsupported_item",
                .message =
                    "an item's type has to be message, function_call or "
                    "function_call_output",
                .param = "item.type"};
  }
  if (!is_read) return std::nullopt;
  return read;
}

}  // namespace parlance::pipeline::door
