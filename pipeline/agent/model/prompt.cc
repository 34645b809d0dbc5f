#include "pipeline/agent/model/prompt.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pipeline/http/server_json.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/message.h"

namespace parlance::pipeline {
namespace {

constexpr absl::string_view kCancelled =
    R"({"error":"cancelled","message":"the call was interrupted"})";
// What a message takes beside its content.
constexpr size_t kBytesOfMessage = 24;
constexpr size_t kBytesPerToken = 4;

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Write(Writer& writer, absl::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void Write(Writer& writer, const char* name, absl::string_view text) {
  writer.Key(name);
  Write(writer, text);
}

// The first bytes of UTF-8, not cut within a character.
absl::string_view Front(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80) {
    --max_bytes;
  }
  return text.substr(0, max_bytes);
}

// The JSON, if it is an object, or an empty one: templates read it.
std::string ObjectOr(absl::string_view json) {
  const auto parsed = ParseServerJson(json);
  return parsed.has_value() && parsed->IsObject() ? std::string(json) : "{}";
}

struct PromptCall {
  std::string name = {};
  std::string arguments = {};
  // What the session names it by; empty for one of this turn.
  std::string id = {};
  std::string output = std::string(kCancelled);
};

// What the assistant said, and the calls it then made, each with its output. Or what the user said.
struct PromptMessage {
  absl::string_view role = "user";
  std::string text = {};
  std::vector<PromptCall> calls = {};

  size_t num_bytes() const {
    size_t bytes = text.size() + kBytesOfMessage;
    for (const PromptCall& call : calls) {
      bytes += call.name.size() + call.arguments.size() + call.output.size() + 2 * kBytesOfMessage;
    }
    return bytes;
  }
};

using Turn = std::vector<PromptMessage>;

// Adds a message; one that may not follow the last one is joined with it.
void Add(Turn& turn, PromptMessage message) {
  if (message.text.empty() && message.calls.empty()) return;
  PromptMessage* const last = turn.empty() ? nullptr : &turn.back();
  if (last == nullptr || last->role != message.role || !last->calls.empty()) {
    turn.push_back(std::move(message));
    return;
  }
  if (!last->text.empty() && !message.text.empty() && !absl::EndsWith(last->text, " ")) {
    last->text += message.role == "user" ? "\n" : " ";
  }
  last->text += message.text;
  last->calls = std::move(message.calls);
}

// The calls of a message as the session store has them.
std::vector<PromptCall> CallsOf(const session::Message& message) {
  std::vector<PromptCall> calls;
  if (!message.tool_calls.has_value()) return calls;
  const auto json = ParseServerJson(*message.tool_calls);
  if (!json.has_value() || !json->IsArray()) return calls;
  for (const rapidjson::Value& item : json->GetArray()) {
    const rapidjson::Value* const function = Member(item, "function");
    if (function == nullptr) continue;
    const absl::string_view name = TextOf(Member(*function, "name")).value_or("");
    if (name.empty()) continue;
    calls.push_back({.name = std::string(name),
                     .arguments = ObjectOr(TextOf(Member(*function, "arguments")).value_or("")),
                     .id = std::string(TextOf(Member(item, "id")).value_or(""))});
  }
  return calls;
}

// The turns of the history, each from a user's words on. What comes before the first is of a turn
// that is cut, or was said without being asked: of it, what the assistant said remains.
std::vector<Turn> TurnsOf(const std::vector<session::Message>& history) {
  std::vector<Turn> turns(1);
  for (const session::Message& message : history) {
    Turn& turn = turns.back();
    switch (message.role) {
      case session::Role::kUser:
        if (!turn.empty() && turn.back().role != "user") turns.emplace_back();
        Add(turns.back(), {.role = "user",
                           .text = message.content.empty() ? std::string(kNotUnderstoodByRecognizer)
                                                           : message.content});
        break;
      case session::Role::kAssistant:
        Add(turn, {.role = "assistant", .text = message.content, .calls = CallsOf(message)});
        break;
      case session::Role::kTool:
        if (turn.empty() || !message.tool_call_id.has_value()) break;
        for (PromptCall& call : turn.back().calls) {
          if (call.id == *message.tool_call_id) call.output = message.content;
        }
        break;
      case session::Role::kSystem:
      case session::Role::kDeveloper:
        // Those are instructions, and are sent with the others: templates allow them at the
        // beginning alone.
        break;
    }
  }
  return turns;
}

Turn ThisTurn(const AgentInput& input) {
  Turn turn;
  const bool understood = !input.utterance.rejected && !input.utterance.text.empty();
  Add(turn, {.role = "user",
             .text = understood ? input.utterance.text : std::string(kNotUnderstoodByRecognizer)});
  std::vector<EarlierStep> steps = input.steps;
  size_t num_calls = 0;
  for (const EarlierStep& step : steps) num_calls += step.num_calls;
  if (num_calls < input.calls.size())
    steps.push_back({.num_calls = input.calls.size() - num_calls});
  size_t next = 0;
  for (const EarlierStep& step : steps) {
    PromptMessage message = {.role = "assistant", .text = step.text};
    for (size_t i = 0; i < step.num_calls && next < input.calls.size(); ++i, ++next) {
      PromptCall call = {.name = input.calls[next].name,
                         .arguments = ObjectOr(input.calls[next].arguments)};
      if (next < input.answers.size()) call.output = input.answers[next].json;
      message.calls.push_back(std::move(call));
    }
    Add(turn, std::move(message));
  }
  return turn;
}

// Outputs that are too long would take the place of everything else.
void CutOutputs(size_t max_bytes, Turn& turn) {
  for (PromptMessage& message : turn) {
    for (PromptCall& call : message.calls) {
      if (call.output.size() <= max_bytes) continue;
      call.output = absl::StrCat(Front(call.output, max_bytes), " … (", call.output.size(),
                                 " bytes, of which the beginning is here)");
    }
  }
}

size_t BytesOf(const Turn& turn) {
  size_t bytes = 0;
  for (const PromptMessage& message : turn) bytes += message.num_bytes();
  return bytes;
}

void WriteTurn(const Turn& turn, int& num_calls, Writer& writer) {
  for (const PromptMessage& message : turn) {
    writer.StartObject();
    Write(writer, "role", message.role);
    writer.Key("content");
    if (message.text.empty()) {
      writer.Null();
    } else {
      Write(writer, message.text);
    }
    int id = num_calls;
    if (!message.calls.empty()) {
      writer.Key("tool_calls");
      writer.StartArray();
      for (const PromptCall& call : message.calls) {
        writer.StartObject();
        Write(writer, "id", absl::StrFormat("call%05d", ++id));
        Write(writer, "type", "function");
        writer.Key("function");
        writer.StartObject();
        Write(writer, "name", call.name);
        Write(writer, "arguments", call.arguments);
        writer.EndObject();
        writer.EndObject();
      }
      writer.EndArray();
    }
    writer.EndObject();
    for (const PromptCall& call : message.calls) {
      writer.StartObject();
      Write(writer, "role", "tool");
      Write(writer, "tool_call_id", absl::StrFormat("call%05d", ++num_calls));
      Write(writer, "content", call.output);
      writer.EndObject();
    }
  }
}

// The tools, with those of the conversation in place of those that have the same name.
std::vector<OfferedTool> ToolsOf(const PromptOptions& options, const AgentSettings* settings) {
  std::map<std::string, OfferedTool> tools;
  if (settings != nullptr) {
    for (const OfferedTool& tool : settings->tools) tools.emplace(tool.name, tool);
  }
  for (const OfferedTool& tool : options.tools) tools.emplace(tool.name, tool);
  std::vector<OfferedTool> offered;
  for (auto& [name, tool] : tools) {
    if (offered.size() < kMaxOfferedTools) offered.push_back(std::move(tool));
  }
  return offered;
}

std::string ToolsJson(const std::vector<OfferedTool>& tools) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const OfferedTool& tool : tools) {
    writer.StartObject();
    Write(writer, "type", "function");
    writer.Key("function");
    writer.StartObject();
    Write(writer, "name", tool.name);
    Write(writer, "description", tool.description);
    writer.Key("parameters");
    const auto schema = ParseServerJson(tool.parameters);
    if (schema.has_value() && schema->IsObject()) {
      const std::string json = JsonOf(*schema);
      writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    } else {
      constexpr absl::string_view kAny = R"({"type":"object","properties":{}})";
      writer.RawValue(kAny.data(), kAny.size(), rapidjson::kObjectType);
    }
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

void WriteToolChoice(const std::string& choice, bool has_outputs, Writer& writer) {
  // Whoever has called as it had to may answer now.
  if (choice.empty() || choice == "auto" || (has_outputs && choice != "none")) return;
  writer.Key("tool_choice");
  if (choice == "none" || choice == "required") {
    Write(writer, choice);
    return;
  }
  writer.StartObject();
  Write(writer, "type", "function");
  writer.Key("function");
  writer.StartObject();
  Write(writer, "name", choice);
  writer.EndObject();
  writer.EndObject();
}

}  // namespace

std::string PromptBody(const PromptOptions& options, const AgentInput& input) {
  const AgentSettings* const settings = input.settings.get();
  std::string instructions = options.instructions;
  if (settings != nullptr && !settings->instructions.empty()) {
    absl::StrAppend(&instructions, instructions.empty() ? "" : "\n\n", settings->instructions);
  }
  for (const session::Message& message : input.history) {
    if (message.role != session::Role::kSystem && message.role != session::Role::kDeveloper)
      continue;
    absl::StrAppend(&instructions, instructions.empty() ? "" : "\n\n", message.content);
  }
  const std::vector<OfferedTool> tools = ToolsOf(options, settings);
  const std::string tools_json = ToolsJson(tools);

  std::vector<Turn> turns = TurnsOf(input.history);
  turns.push_back(ThisTurn(input));
  size_t bytes = instructions.size() + kBytesOfMessage + (tools.empty() ? 0 : tools_json.size());
  for (Turn& turn : turns) {
    CutOutputs(options.max_output_bytes, turn);
    bytes += BytesOf(turn);
  }
  const size_t max_bytes =
      static_cast<size_t>(std::max(options.max_prompt_tokens, 0)) * kBytesPerToken;
  auto first = turns.begin();
  for (; bytes > max_bytes && first + 1 != turns.end(); ++first) bytes -= BytesOf(*first);

  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  Write(writer, "model", options.model);
  writer.Key("stream");
  writer.Bool(true);
  writer.Key("messages");
  writer.StartArray();
  if (!instructions.empty()) {
    writer.StartObject();
    Write(writer, "role", "system");
    Write(writer, "content", instructions);
    writer.EndObject();
  }
  int num_calls = 0;
  // A turn that was not answered comes before words of the same user: together they are one.
  Turn together;
  for (; first != turns.end(); ++first) {
    for (PromptMessage& message : *first) Add(together, std::move(message));
  }
  WriteTurn(together, num_calls, writer);
  writer.EndArray();
  if (!tools.empty()) {
    writer.Key("tools");
    writer.RawValue(tools_json.data(), tools_json.size(), rapidjson::kArrayType);
    if (settings != nullptr) {
      WriteToolChoice(settings->tool_choice, !input.answers.empty(), writer);
    }
  }
  std::optional<double> temperature = options.temperature;
  std::optional<int> max_output_tokens = options.max_output_tokens;
  if (settings != nullptr) {
    if (settings->temperature.has_value()) temperature = settings->temperature;
    if (settings->max_output_tokens.has_value()) max_output_tokens = settings->max_output_tokens;
  }
  if (temperature.has_value() && std::isfinite(*temperature)) {
    writer.Key("temperature");
    writer.Double(*temperature);
  }
  if (max_output_tokens.has_value()) {
    writer.Key(options.says_max_completion_tokens ? "max_completion_tokens" : "max_tokens");
    writer.Int(*max_output_tokens);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace parlance::pipeline
