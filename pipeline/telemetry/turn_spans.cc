#include "pipeline/telemetry/turn_spans.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "pipeline/telemetry/utf8.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

// An output that only says what went wrong is not larger.
constexpr size_t kMaxErrorBytes = 65536;
constexpr size_t kMaxErrorTypeBytes = 64;
// So that a message with its frame is no longer than an attribute may be.
constexpr size_t kMaxMessageBytes = 8192;
// What the conventions call an error that has no type.
constexpr char kOtherError[] = "_OTHER";

// The id is not zero, which would be none.
uint64_t NewId(const RandomBits& random) { return std::max<uint64_t>(random(), 1); }

// The member of a JSON object, which others may have written, if it looks like a type of errors.
std::string ErrorTypeIn(absl::string_view json, const char* member) {
  if (json.size() > kMaxErrorBytes) return "";
  const std::optional<rapidjson::Document> document = ParseServerJson(json);
  if (!document.has_value()) return "";
  const std::string type(TextOf(Member(*document, member)).value_or(""));
  const bool is_type = !type.empty() && type.size() <= kMaxErrorTypeBytes &&
                       std::all_of(type.begin(), type.end(), [](char c) {
                         return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
                                c == '.' || c == '-';
                       });
  return is_type ? type : "";
}

std::string ErrorTypeOf(const CallOutcome& outcome) {
  std::string type = ErrorTypeIn(outcome.metadata.value_or(""), "error.type");
  if (type.empty()) type = ErrorTypeIn(outcome.answer.json, "error");
  return type.empty() ? kOtherError : type;
}

// One message in the conventions' form.
std::string MessageJson(absl::string_view role, absl::string_view text,
                        absl::string_view finish_reason) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto write = [&](absl::string_view key, absl::string_view value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    const std::string utf8 = Utf8Of(value, kMaxMessageBytes);
    writer.String(utf8.data(), static_cast<rapidjson::SizeType>(utf8.size()));
  };
  writer.StartArray();
  writer.StartObject();
  write("role", role);
  writer.Key("parts");
  writer.StartArray();
  writer.StartObject();
  write("type", "text");
  write("content", text);
  writer.EndObject();
  writer.EndArray();
  if (!finish_reason.empty()) write("finish_reason", finish_reason);
  writer.EndObject();
  writer.EndArray();
  return buffer.GetString();
}

// Why the turn failed, if it did. That somebody interrupts or hangs up is no failure.
std::string ErrorTypeOf(const TurnReport& report) {
  if (report.ending == TurnEnding::kNotStored) return "not_stored";
  if (!report.unsaid.ok()) {
    return absl::AsciiStrToLower(absl::StatusCodeToString(report.unsaid.code()));
  }
  return "";
}

}  // namespace

std::vector<Span> TurnSpans(absl::string_view session_id, absl::Time conversation_began,
                            const TurnReport& report, const RandomBits& random, bool with_content) {
  std::vector<Span> spans;
  Span root{.trace_id_high = NewId(random),
            .trace_id_low = NewId(random),
            .span_id = NewId(random),
            .name = "invoke_agent",
            .start = conversation_began + report.began,
            .end = conversation_began + std::max(report.began, report.ended)};
  const auto add = [&](absl::string_view name, absl::Duration began,
                       absl::Duration ended) -> Span& {
    Span& span = spans.emplace_back(Span{.trace_id_high = root.trace_id_high,
                                         .trace_id_low = root.trace_id_low,
                                         .span_id = NewId(random),
                                         .parent_span_id = root.span_id,
                                         .name = std::string(name),
                                         .start = conversation_began + began,
                                         .end = conversation_began + std::max(began, ended)});
    span.attributes = {{"gen_ai.conversation.id", std::string(session_id)}};
    return span;
  };
  root.attributes = {
      {"gen_ai.operation.name", "invoke_agent"},
      {"gen_ai.conversation.id", std::string(session_id)},
      {"parlance.turn.number", int64_t{report.turn}},
      {"parlance.turn.ending", absl::StrReplaceAll(TurnEndingName(report.ending), {{" ", "_"}})},
      {"parlance.turn.from_draft", report.from_draft}};
  if (!report.waits.empty()) {
    root.attributes.push_back(
        {"parlance.turn.latency_ns", absl::ToInt64Nanoseconds(report.latency.total())});
    const absl::Duration speech_ended = report.waits.front().began;
    if (!report.heard.empty()) {
      root.events.push_back({.name = "parlance.first_sound",
                             .time = conversation_began + speech_ended + report.latency.total()});
    }
    if (report.latency.played.has_value()) {
      root.events.push_back({.name = "parlance.played",
                             .time = conversation_began + speech_ended + *report.latency.played});
    }
  }
  if (std::string error = ErrorTypeOf(report); !error.empty()) {
    root.attributes.push_back({"error.type", std::move(error)});
    root.failed = true;
  }
  if (with_content) {
    if (!report.utterance.text.empty()) {
      root.attributes.push_back(
          {"gen_ai.input.messages", MessageJson("user", report.utterance.text, "")});
    }
    if (!report.heard.empty()) {
      root.attributes.push_back(
          {"gen_ai.output.messages", MessageJson("assistant", report.heard, "stop")});
    }
  }
  spans.push_back(root);

  for (const StageWait& wait : report.waits) {
    const absl::string_view name = TurnStageName(wait.stage);
    Span& span = add(name, wait.began, wait.began + wait.took);
    span.attributes.push_back({"parlance.turn.stage", std::string(name)});
    if (wait.stage == TurnStage::kAgentFirstToken || wait.stage == TurnStage::kAgentFirstClause) {
      span.attributes.push_back({"gen_ai.operation.name", "chat"});
    }
  }
  for (size_t i = 0; i < report.call_times.size() && i < report.calls.size(); ++i) {
    const CallTimes& times = report.call_times[i];
    // A call that was wanted and never begun has no times.
    if (times.began == absl::ZeroDuration() && times.ended == absl::ZeroDuration()) continue;
    const ToolCall& call = report.calls[i];
    Span& span = add(absl::StrCat("execute_tool ", call.name), times.began,
                     times.ended < times.began ? report.ended : times.ended);
    span.attributes.push_back({"gen_ai.operation.name", "execute_tool"});
    span.attributes.push_back({"gen_ai.tool.name", call.name});
    span.attributes.push_back({"gen_ai.tool.call.id",
                               absl::StrCat("call_", report.first_call + static_cast<int64_t>(i))});
    span.attributes.push_back({"gen_ai.tool.type", "function"});
    const CallOutcome cancelled = CancelledCall();
    const CallOutcome& outcome = i < report.outcomes.size() ? report.outcomes[i] : cancelled;
    if (!outcome.answer.ok) {
      span.attributes.push_back({"error.type", ErrorTypeOf(outcome)});
      span.failed = true;
    }
    if (with_content) {
      span.attributes.push_back({"gen_ai.tool.call.arguments", call.arguments});
      span.attributes.push_back({"gen_ai.tool.call.result", outcome.answer.json});
    }
  }
  return spans;
}

}  // namespace parlance::pipeline
