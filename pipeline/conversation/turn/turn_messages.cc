#include "pipeline/conversation/turn/turn_messages.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

// Writes the string with its length: what others wrote may have a NUL.
void WriteString(absl::string_view text, rapidjson::Writer<rapidjson::StringBuffer>& writer) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string CallName(int64_t number) { return absl::StrCat("call_", number); }

// OpenAI's form: [{"id": …, "type": "function", "function": {"name": …, "arguments": "…"}}].
std::string ToolCallsJson(absl::Span<const ToolCall> calls, int64_t first_call) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartArray();
  for (const ToolCall& call : calls) {
    writer.StartObject();
    writer.Key("id");
    WriteString(CallName(first_call++), writer);
    writer.Key("type");
    writer.String("function");
    writer.Key("function");
    writer.StartObject();
    writer.Key("name");
    WriteString(call.name, writer);
    writer.Key("arguments");
    WriteString(call.arguments, writer);
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  return buffer.GetString();
}

}  // namespace

CallOutcome CancelledCall() {
  return {.answer = {.ok = false,
                     .json = R"({"error":"cancelled","message":"the turn was interrupted"})",
                     .text = "That was interrupted."}};
}

std::vector<session::Message> TurnMessages(const std::optional<Hypothesis>& said,
                                           absl::Span<const ToolCall> calls,
                                           absl::Span<const CallOutcome> outcomes,
                                           int64_t first_call,
                                           const std::optional<std::string>& reply) {
  std::vector<session::Message> messages;
  if (said.has_value()) {
    messages.push_back({.role = session::Role::kUser, .content = said->rejected ? "" : said->text});
  }
  if (!calls.empty()) {
    messages.push_back(
        {.role = session::Role::kAssistant, .tool_calls = ToolCallsJson(calls, first_call)});
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    const CallOutcome cancelled = CancelledCall();
    const CallOutcome& outcome = i < outcomes.size() ? outcomes[i] : cancelled;
    messages.push_back({.role = session::Role::kTool,
                        .content = outcome.answer.json,
                        .name = calls[i].name,
                        .tool_call_id = CallName(first_call + static_cast<int64_t>(i)),
                        .metadata = outcome.metadata,
                        .latency = outcome.took});
  }
  if (reply.has_value()) {
    messages.push_back({.role = session::Role::kAssistant, .content = *reply});
  }
  return messages;
}

std::optional<std::string> AnswerMetadata(const std::optional<TurnLatency>& latency,
                                          bool interrupted) {
  if (!latency.has_value() && !interrupted) return std::nullopt;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  if (latency.has_value()) {
    writer.Key("parlance.turn.latency_ns");
    writer.StartObject();
    // The sum is that of what is written: durations are finer than nanoseconds.
    absl::Duration total;
    for (size_t i = 0; i < kNumTurnStages; ++i) {
      const int64_t nanoseconds = absl::ToInt64Nanoseconds(latency->stages[i]);
      const absl::string_view name = TurnStageName(static_cast<TurnStage>(i));
      writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
      writer.Int64(nanoseconds);
      total += absl::Nanoseconds(nanoseconds);
    }
    writer.Key("total");
    writer.Int64(absl::ToInt64Nanoseconds(total));
    if (latency->played.has_value()) {
      writer.Key("played");
      writer.Int64(absl::ToInt64Nanoseconds(*latency->played));
    }
    writer.EndObject();
  }
  if (interrupted) {
    writer.Key("parlance.answer.interrupted");
    writer.Bool(true);
  }
  writer.EndObject();
  return buffer.GetString();
}

}  // namespace parlance::pipeline
