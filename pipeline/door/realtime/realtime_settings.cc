#include "pipeline/door/realtime/realtime_settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline::door {
namespace {

using rapidjson::Document;
using rapidjson::Value;
using Allocator = Document::AllocatorType;

// What a new session has.
constexpr absl::string_view kDefaults = R"({
  "type": "realtime", "object": "realtime.session", "id": "", "model": "",
  "output_modalities": ["audio"], "instructions": "", "tools": [], "tool_choice": "auto",
  "max_output_tokens": "inf", "tracing": null, "truncation": "auto", "prompt": null,
  "expires_at": 0, "include": null,
  "audio": {
    "input": {
      "format": {"type": "audio/pcm", "rate": 24000},
      "transcription": null, "noise_reduction": null, "turn_detection": {"type": "server_vad"}},
    "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "", "speed": 1.0}}})";
constexpr absl::string_view kServerVad = R"({"type": "server_vad", "threshold": 0.5,
  "prefix_padding_ms": 300, "silence_duration_ms": 500, "idle_timeout_ms": null,
  "create_response": true, "interrupt_response": true})";
// The members of a session's beta form that say what sound is and who ends a turn, and where the GA
// form has them. Others of it, such as `voice`, do no harm where they are not understood.
constexpr std::pair<absl::string_view, absl::string_view> kBetaMembers[] = {
    {"modalities", "output_modalities"},
    {"input_audio_format", "audio.input.format"},
    {"output_audio_format", "audio.output.format"},
    {"input_audio_transcription", "audio.input.transcription"},
    {"turn_detection", "audio.input.turn_detection"}};
constexpr absl::string_view kSemanticVad = R"({"type": "semantic_vad", "eagerness": "auto",
  "create_response": true, "interrupt_response": true})";

Value Parsed(absl::string_view json, Allocator& allocator) {
  Document document(&allocator);
  document.Parse(json.data(), json.size());
  Value value;
  value.Swap(document);
  return value;
}

Value TextValue(absl::string_view text, Allocator& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

Value* Find(Value& object, absl::string_view name) {
  const auto found = object.FindMember(
      Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

void Set(Value& object, absl::string_view name, Value value, Allocator& allocator) {
  if (Value* const there = Find(object, name)) {
    *there = std::move(value);
  } else {
    object.AddMember(TextValue(name, allocator), std::move(value), allocator);
  }
}

void Merge(Value& target, const Value& update, Allocator& allocator) {
  for (const auto& member : update.GetObject()) {
    const absl::string_view name(member.name.GetString(), member.name.GetStringLength());
    Value* const there = Find(target, name);
    if (there != nullptr && there->IsObject() && member.value.IsObject()) {
      Merge(*there, member.value, allocator);
    } else {
      Set(target, name, Value(member.value, allocator), allocator);
    }
  }
}

// Turn detection of another type begins anew, with what that type has otherwise.
void MergeTurnDetection(Value& input, const Value& before, const Value* update,
                        Allocator& allocator) {
  if (update == nullptr || !update->IsObject()) return;
  const absl::string_view old_type = TextOf(Member(&before, "type")).value_or("server_vad");
  const absl::string_view type = TextOf(Member(update, "type")).value_or(old_type);
  if (type != "server_vad" && type != "semantic_vad") return;
  Value merged = Parsed(type == "semantic_vad" ? kSemanticVad : kServerVad, allocator);
  if (before.IsObject() && type == old_type) Merge(merged, before, allocator);
  Merge(merged, *update, allocator);
  Set(input, "turn_detection", std::move(merged), allocator);
}

// A format that names its type is one of its own: a rate is that of the type that was named with
// it.
void MergeFormat(Value& direction, const Value* update, Allocator& allocator) {
  if (Member(update, "type") == nullptr) return;
  Set(direction, "format", Value(*update, allocator), allocator);
}

// A format as events have it.
Value FormatValue(RealtimeFormat format, Allocator& allocator) {
  switch (format) {
    case RealtimeFormat::kMuLaw:
      return Parsed(R"({"type": "audio/pcmu"})", allocator);
    case RealtimeFormat::kALaw:
      return Parsed(R"({"type": "audio/pcma"})", allocator);
    case RealtimeFormat::kPcm24k:
      break;
  }
  return Parsed(R"({"type": "audio/pcm", "rate": 24000})", allocator);
}

bool Refuse(RealtimeProblem* problem, absl::string_view code, absl::string_view param,
            absl::string_view message) {
  *problem = {
      .code = std::string(code), .message = std::string(message), .param = std::string(param)};
  return false;
}

// A member of the configuration by its path, such as "audio.input.format".
const Value* At(const Value& config, absl::string_view path) {
  const Value* value = &config;
  while (value != nullptr && !path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    value = Member(value, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value;
}

// False for the beta form: what is meant by it would be ignored. `root` is what `value` is.
bool CheckForm(const Value& value, absl::string_view root, RealtimeProblem* problem) {
  for (const auto& [beta, ga] : kBetaMembers) {
    if (!value.HasMember(beta.data())) continue;
    return Refuse(
        problem, "unknown_parameter", absl::StrCat(root, ".", beta),
        absl::StrCat(root, ".", beta, " is of the beta form of the protocol; use ", root, ".", ga));
  }
  return true;
}

// What is known and has no effect, so that a wrong value is seen nevertheless.
struct KnownMember {
  absl::string_view path;
  bool (*is_valid)(const Value& value);
  absl::string_view what;
};
constexpr KnownMember kKnownMembers[] = {
    {"model", [](const Value& value) { return value.IsString(); }, "text"},
    {"tracing", [](const Value& value) { return value.IsString() || value.IsObject(); },
     "auto, null, or an object"},
    {"truncation", [](const Value& value) { return value.IsString() || value.IsObject(); },
     "auto, disabled, or an object"},
    {"prompt", [](const Value& value) { return value.IsObject(); }, "an object, or null"},
    {"include", [](const Value& value) { return value.IsArray(); }, "a list, or null"},
    {"audio.input.transcription", [](const Value& value) { return value.IsObject(); },
     "an object, or null"},
    {"audio.input.transcription.model", [](const Value& value) { return value.IsString(); },
     "text"},
    {"audio.input.transcription.language", [](const Value& value) { return value.IsString(); },
     "text"},
    {"audio.input.transcription.prompt", [](const Value& value) { return value.IsString(); },
     "text"},
    {"audio.input.noise_reduction", [](const Value& value) { return value.IsObject(); },
     "an object, or null"},
    {"audio.output.voice", [](const Value& value) { return value.IsString() || value.IsObject(); },
     "text, or an object with an id"},
    {"audio.output.speed",
     [](const Value& value) {
       return value.IsNumber() && value.GetDouble() >= 0.25 && value.GetDouble() <= 1.5;
     },
     "a number from 0.25 to 1.5"}};

bool CheckKnownMembers(const Value& config, RealtimeProblem* problem) {
  for (const absl::string_view path : {"audio", "audio.input", "audio.output"}) {
    const Value* const value = At(config, path);
    if (value != nullptr && value->IsObject()) continue;
    return Refuse(problem, "invalid_type", absl::StrCat("session.", path),
                  absl::StrCat(path, " has to be an object"));
  }
  for (const KnownMember& known : kKnownMembers) {
    const Value* const value = At(config, known.path);
    if (value == nullptr || known.is_valid(*value)) continue;
    return Refuse(problem, "invalid_value", absl::StrCat("session.", known.path),
                  absl::StrCat(known.path, " has to be ", known.what));
  }
  return true;
}

// `root` is what `config` is: "session".
bool ReadFormat(const Value& config, absl::string_view root, absl::string_view path,
                RealtimeFormat* format, RealtimeProblem* problem) {
  const Value* const value = At(config, path);
  const Value* const direction = At(config, path.substr(0, path.rfind('.')));
  // As it was before anybody chose.
  if (value == nullptr && direction != nullptr && direction->IsObject()) {
    *format = RealtimeFormat::kPcm24k;
    return true;
  }
  const std::string param = absl::StrCat(root, ".", path);
  const std::optional<absl::string_view> type =
      value != nullptr && value->IsString() ? TextOf(value) : TextOf(Member(value, "type"));
  const Value* const given_rate = Member(value, "rate");
  const std::optional<int64_t> rate = IntegerOf(given_rate);
  if (given_rate != nullptr && !rate.has_value()) {
    return Refuse(problem, "invalid_type", absl::StrCat(param, ".rate"),
                  "rate has to be a whole number, in Hz");
  }
  if (type == "audio/pcm" || type == "pcm16") {
    *format = RealtimeFormat::kPcm24k;
  } else if (type == "audio/pcmu" || type == "g711_ulaw") {
    *format = RealtimeFormat::kMuLaw;
  } else if (type == "audio/pcma" || type == "g711_alaw") {
    *format = RealtimeFormat::kALaw;
  } else {
    return Refuse(problem, "invalid_value", param,
                  "the format's type has to be audio/pcm, audio/pcmu or audio/pcma");
  }
  if (rate.has_value() && *rate != SampleRateOf(*format)) {
    return Refuse(problem, "invalid_value", param,
                  *format == RealtimeFormat::kPcm24k
                      ? absl::StrCat("PCM is at 24000 Hz, not at ", *rate,
                                     "; resample, or use audio/pcmu at 8000 Hz")
                      : absl::StrCat("G.711 is at 8000 Hz, not at ", *rate));
  }
  return true;
}

// A whole number in a range, or what is there otherwise.
bool ReadMilliseconds(const Value* object, absl::string_view name, int64_t least, int64_t most,
                      std::optional<absl::Duration>* length, RealtimeProblem* problem) {
  const Value* const value = Member(object, name);
  if (value == nullptr) return true;
  const std::optional<int64_t> milliseconds = IntegerOf(value);
  if (!milliseconds.has_value() || *milliseconds < least || *milliseconds > most) {
    return Refuse(problem, "invalid_value",
                  absl::StrCat("session.audio.input.turn_detection.", name),
                  absl::StrCat(name, " has to be ", least, " to ", most, " ms"));
  }
  *length = absl::Milliseconds(*milliseconds);
  return true;
}

bool ReadBool(const Value* object, absl::string_view name, absl::string_view path, bool* value,
              RealtimeProblem* problem) {
  const Value* const member = Member(object, name);
  if (member == nullptr) return true;
  if (!member->IsBool()) {
    return Refuse(problem, "invalid_type", absl::StrCat(path, ".", name),
                  absl::StrCat(name, " has to be true or false"));
  }
  *value = member->GetBool();
  return true;
}

bool ReadTurnTaking(const Value& config, bool is_transcription, TurnTaking* taking,
                    RealtimeProblem* problem) {
  constexpr absl::string_view kPath = "session.audio.input.turn_detection";
  *taking = {};
  const Value* const detection = At(config, "audio.input.turn_detection");
  if (detection == nullptr) {
    // Turns are ended, and answers asked for, by hand.
    taking->detects_speech = false;
    taking->answers = false;
    return true;
  }
  const std::optional<absl::string_view> type = TextOf(Member(detection, "type"));
  if (type == "server_vad") {
    std::optional<absl::Duration> silence;
    std::optional<absl::Duration> padding;
    if (!ReadMilliseconds(detection, "silence_duration_ms", 10, 10000, &silence, problem) ||
        !ReadMilliseconds(detection, "prefix_padding_ms", 0, 10000, &padding, problem)) {
      return false;
    }
    const Value* const threshold = Member(detection, "threshold");
    if (threshold != nullptr && (!threshold->IsNumber() || !(threshold->GetDouble() >= 0) ||
                                 !(threshold->GetDouble() <= 1))) {
      return Refuse(problem, "invalid_value", absl::StrCat(kPath, ".threshold"),
                    "threshold has to be 0 to 1");
    }
    if (Member(detection, "idle_timeout_ms") != nullptr) {
      return Refuse(problem, "unsupported_parameter", absl::StrCat(kPath, ".idle_timeout_ms"),
                    "idle_timeout_ms is not supported; leave it out, or set it to null");
    }
    // A silence that was asked for is kept to, whatever the words say.
    const absl::Duration delay = silence.value_or(absl::Milliseconds(500));
    taking->min_endpointing_delay = delay;
    taking->max_endpointing_delay = delay;
    taking->complete_delay = delay;
    taking->incomplete_delay = delay;
  } else if (type == "semantic_vad") {
    const absl::string_view eagerness = TextOf(Member(detection, "eagerness")).value_or("auto");
    if (eagerness == "high") {
      taking->min_endpointing_delay = absl::Milliseconds(300);
      taking->max_endpointing_delay = absl::Milliseconds(700);
      taking->complete_delay = absl::Milliseconds(200);
      taking->incomplete_delay = absl::Seconds(2);
    } else if (eagerness == "medium" || eagerness == "auto") {
      taking->min_endpointing_delay = absl::Milliseconds(500);
      taking->max_endpointing_delay = absl::Milliseconds(1000);
      taking->incomplete_delay = absl::Seconds(4);
    } else if (eagerness == "low") {
      taking->min_endpointing_delay = absl::Milliseconds(1000);
      taking->max_endpointing_delay = absl::Milliseconds(2000);
      taking->complete_delay = absl::Milliseconds(700);
      taking->incomplete_delay = absl::Seconds(8);
    } else {
      return Refuse(problem, "invalid_value", absl::StrCat(kPath, ".eagerness"),
                    "eagerness has to be low, medium, high or auto");
    }
  } else {
    return Refuse(problem, "invalid_value", absl::StrCat(kPath, ".type"),
                  "turn_detection's type has to be server_vad or semantic_vad; null has turns "
                  "ended by hand");
  }
  if (!ReadBool(detection, "create_response", kPath, &taking->answers, problem) ||
      !ReadBool(detection, "interrupt_response", kPath, &taking->interruptible, problem)) {
    return false;
  }
  if (is_transcription) taking->answers = false;
  return true;
}

bool IsToolName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

// What an agent is asked with: of a session or, with what that has, of a response.
bool ReadAgent(const Value& config, absl::string_view path, AgentSettings* agent,
               RealtimeProblem* problem) {
  if (const Value* const instructions = Member(&config, "instructions")) {
    const std::optional<absl::string_view> text = TextOf(instructions);
    if (!text.has_value() || text->size() > RealtimeSettings::kMaxInstructionsBytes) {
      return Refuse(problem, "invalid_value", absl::StrCat(path, ".instructions"),
                    absl::StrCat("instructions have to be text of at most ",
                                 RealtimeSettings::kMaxInstructionsBytes, " bytes"));
    }
    agent->instructions = std::string(*text);
  }
  if (const Value* const tools = Member(&config, "tools")) {
    const std::string param = absl::StrCat(path, ".tools");
    if (!tools->IsArray() || tools->Size() > RealtimeSettings::kMaxTools) {
      return Refuse(
          problem, "invalid_value", param,
          absl::StrCat("tools have to be a list of at most ", RealtimeSettings::kMaxTools));
    }
    agent->tools.clear();
    for (const Value& tool : tools->GetArray()) {
      if (TextOf(Member(&tool, "type")) != "function") {
        return Refuse(problem, "unsupported_tool", param, "a tool's type has to be function");
      }
      const absl::string_view name = TextOf(Member(&tool, "name")).value_or("");
      if (!IsToolName(name)) {
        return Refuse(problem, "invalid_value", param,
                      "a tool's name has to be 1 to 64 letters, digits, _ and -");
      }
      const bool is_twice =
          std::any_of(agent->tools.begin(), agent->tools.end(),
                      [&](const OfferedTool& other) { return other.name == name; });
      if (is_twice) {
        return Refuse(problem, "invalid_value", param,
                      absl::StrCat("there are two tools named ", name));
      }
      const Value* const parameters = Member(&tool, "parameters");
      if (parameters != nullptr && !parameters->IsObject()) {
        return Refuse(problem, "invalid_value", param,
                      absl::StrCat("the parameters of ", name, " have to be a JSON schema"));
      }
      agent->tools.push_back(
          {.name = std::string(name),
           .description = std::string(TextOf(Member(&tool, "description")).value_or("")),
           .parameters = parameters == nullptr ? R"({"type":"object","properties":{}})"
                                               : JsonOf(*parameters)});
    }
  }
  if (const Value* const choice = Member(&config, "tool_choice")) {
    const std::optional<absl::string_view> type = TextOf(Member(choice, "type"));
    const std::optional<absl::string_view> text =
        type == "function" || type == "mcp" ? TextOf(Member(choice, "name")) : TextOf(choice);
    if (!text.has_value() ||
        (choice->IsString() && text != "auto" && text != "none" && text != "required")) {
      return Refuse(problem, "invalid_value", absl::StrCat(path, ".tool_choice"),
                    "tool_choice has to be auto, none, required, or a function with its name");
    }
    agent->tool_choice = std::string(*text);
  }
  if (const Value* const tokens = Member(&config, "max_output_tokens")) {
    const std::optional<int64_t> count = IntegerOf(tokens);
    if (TextOf(tokens) == "inf") {
      agent->max_output_tokens = std::nullopt;
    } else if (count.has_value() && *count >= 1 && *count <= 1000000) {
      agent->max_output_tokens = static_cast<int>(*count);
    } else {
      return Refuse(problem, "invalid_value", absl::StrCat(path, ".max_output_tokens"),
                    "max_output_tokens has to be 1 to 1000000, or inf");
    }
  }
  return true;
}

// Whether a function that has to be called is one of the client's tools. A tool of ours is chosen
// as one of a tool server's, and the agent knows those.
bool CheckToolChoice(const Value* choice, absl::string_view root, const AgentSettings& agent,
                     RealtimeProblem* problem) {
  const bool is_offered =
      TextOf(Member(choice, "type")) != "function" ||
      std::any_of(agent.tools.begin(), agent.tools.end(),
                  [&](const OfferedTool& tool) { return tool.name == agent.tool_choice; });
  return is_offered || Refuse(problem, "invalid_value", absl::StrCat(root, ".tool_choice"),
                              absl::StrCat("tool_choice names ", CutUtf8(agent.tool_choice, 100),
                                           ", which is none of the tools"));
}

// A response is spoken as the session is.
bool CheckAudioOfResponse(const Value& response, const Value& session, RealtimeFormat its_format,
                          RealtimeProblem* problem) {
  const auto refuse = [&](absl::string_view path) {
    return Refuse(problem, "unsupported_parameter", absl::StrCat("response.", path),
                  "a response has the session's format and voice; leave it out, or change the "
                  "session's with session.update");
  };
  if (response.HasMember("voice")) return refuse("voice");
  for (const absl::string_view path : {"audio", "audio.output"}) {
    const Value* const value = At(response, path);
    if (value != nullptr && !value->IsObject()) {
      return Refuse(problem, "invalid_type", absl::StrCat("response.", path),
                    absl::StrCat(path, " has to be an object"));
    }
  }
  constexpr absl::string_view kFormat = "audio.output.format";
  constexpr absl::string_view kVoice = "audio.output.voice";
  if (At(response, kFormat) != nullptr) {
    RealtimeFormat format = {};
    if (!ReadFormat(response, "response", kFormat, &format, problem)) return false;
    if (format != its_format) return refuse(kFormat);
  }
  const Value* const voice = At(response, kVoice);
  return voice == nullptr || TextOf(voice) == TextOf(At(session, kVoice)) || refuse(kVoice);
}

bool ReadModalities(const Value& config, absl::string_view path, bool* speaks,
                    RealtimeProblem* problem) {
  const Value* const modalities = Member(&config, "output_modalities");
  if (modalities == nullptr) return true;
  bool audio = false;
  bool text = false;
  if (modalities->IsArray()) {
    for (const Value& each : modalities->GetArray()) {
      audio = audio || TextOf(&each) == "audio";
      text = text || TextOf(&each) == "text";
    }
  }
  if (!audio && !text) {
    return Refuse(problem, "invalid_value", absl::StrCat(path, ".output_modalities"),
                  R"(output_modalities have to be ["audio"] or ["text"])");
  }
  *speaks = audio;
  return true;
}

}  // namespace

RealtimeSettings::RealtimeSettings(absl::string_view id, absl::string_view model,
                                   absl::string_view voice, absl::string_view type) {
  config_.Parse(kDefaults.data(), kDefaults.size());
  Allocator& allocator = config_.GetAllocator();
  Set(config_, "type", TextValue(type, allocator), allocator);
  Set(config_, "id", TextValue(id, allocator), allocator);
  Set(config_, "model", TextValue(model, allocator), allocator);
  Value& audio = *Find(config_, "audio");
  Set(*Find(audio, "output"), "voice", TextValue(voice, allocator), allocator);
  Set(*Find(audio, "input"), "turn_detection", Parsed(kServerVad, allocator), allocator);
  RealtimeProblem none;
  Interpret(config_, &none);
}

bool RealtimeSettings::Update(const Value& update, RealtimeProblem* problem) {
  if (!update.IsObject()) {
    return Refuse(problem, "invalid_type", "session", "session has to be an object");
  }
  if (!CheckForm(update, "session", problem)) return false;
  Document merged;
  merged.CopyFrom(config_, merged.GetAllocator());
  Allocator& allocator = merged.GetAllocator();
  Merge(merged, update, allocator);
  // Whose session it is does not change.
  for (const absl::string_view name : {"id", "object"}) {
    Set(merged, name, Value(*Find(config_, name), allocator), allocator);
  }
  // A choice that names a function, or none, has nothing of the one before it.
  if (const Value* const choice = Member(&update, "tool_choice")) {
    Set(merged, "tool_choice", Value(*choice, allocator), allocator);
  }
  const Value* const new_detection = At(update, "audio.input.turn_detection");
  const Value* const old_detection = At(config_, "audio.input.turn_detection");
  if (Value* const audio = Find(merged, "audio"); audio != nullptr && audio->IsObject()) {
    for (const absl::string_view name : {"input", "output"}) {
      if (Value* const direction = Find(*audio, name);
          direction != nullptr && direction->IsObject()) {
        MergeFormat(*direction, At(update, absl::StrCat("audio.", name, ".format")), allocator);
      }
    }
    if (Value* const input = Find(*audio, "input"); input != nullptr && input->IsObject()) {
      MergeTurnDetection(*input,
                         old_detection == nullptr ? Value() : Value(*old_detection, allocator),
                         new_detection, allocator);
    }
  }
  if (JsonOf(merged).size() > kMaxBytes) {
    return Refuse(problem, "invalid_value", "session",
                  absl::StrCat("the configuration has more than ", kMaxBytes, " bytes"));
  }
  RealtimeSettings interpreted("", "", "", "realtime");
  if (!interpreted.Interpret(merged, problem)) return false;
  // What is in effect is said, however it was written.
  for (const auto& [name, format] : {std::pair("input", interpreted.input_format_),
                                     std::pair("output", interpreted.output_format_)}) {
    Set(*Find(*Find(merged, "audio"), name), "format", FormatValue(format, allocator), allocator);
  }
  interpreted.config_ = std::move(merged);
  *this = std::move(interpreted);
  return true;
}

bool RealtimeSettings::Interpret(const Value& config, RealtimeProblem* problem) {
  const std::optional<absl::string_view> type = TextOf(Member(&config, "type"));
  if (type != "realtime" && type != "transcription") {
    return Refuse(problem, "invalid_value", "session.type",
                  "session.type has to be realtime or transcription");
  }
  is_transcription_ = type == "transcription";
  agent_ = {};
  return CheckKnownMembers(config, problem) &&
         ReadModalities(config, "session", &speaks_, problem) &&
         ReadFormat(config, "session", "audio.input.format", &input_format_, problem) &&
         ReadFormat(config, "session", "audio.output.format", &output_format_, problem) &&
         ReadTurnTaking(config, is_transcription_, &turn_taking_, problem) &&
         ReadAgent(config, "session", &agent_, problem) &&
         CheckToolChoice(Member(&config, "tool_choice"), "session", agent_, problem);
}

bool RealtimeSettings::Override(const Value& response, AgentSettings* agent, bool* speaks,
                                RealtimeProblem* problem) const {
  *agent = agent_;
  *speaks = speaks_;
  const Value* const choice = Member(&response, "tool_choice");
  return CheckForm(response, "response", problem) &&
         CheckAudioOfResponse(response, config_, output_format_, problem) &&
         ReadAgent(response, "response", agent, problem) &&
         CheckToolChoice(choice == nullptr ? Member(&config_, "tool_choice") : choice, "response",
                         *agent, problem) &&
         ReadModalities(response, "response", speaks, problem);
}

std::string RealtimeSettings::Json() const { return JsonOf(config_); }

}  // namespace parlance::pipeline::door
