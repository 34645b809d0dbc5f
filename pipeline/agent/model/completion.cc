#include "pipeline/agent/model/completion.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pipeline/http/server_json.h"
#include "pipeline/http/service.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline {
namespace {

// Longer ones than any server gives; what is beyond is cut.
constexpr size_t kMaxNameBytes = 256;

ServiceErrors Errors() { return {"the model's server", ServiceErrors::Words::kQuoted}; }

int64_t Number(const rapidjson::Value* value) {
  return value != nullptr && value->IsInt64() ? value->GetInt64() : 0;
}

bool IsJsonObject(absl::string_view text) {
  const std::optional<rapidjson::Document> parsed = ParseServerJson(text);
  return parsed.has_value() && parsed->IsObject();
}

}  // namespace

CompletionReader::CompletionReader(std::function<void(absl::string_view)> on_text)
    : on_text_(std::move(on_text)) {
  events_.OnUnknownField([this](absl::string_view name, absl::string_view value) {
    if (name == "error") status_.Update(Event(value, /*is_error=*/true));
  });
}

void CompletionReader::Begin(int http_status, absl::string_view content_type) {
  http_status_ = http_status;
  content_type_ = std::string(content_type.substr(0, 100));
  const std::string type = absl::AsciiStrToLower(content_type_);
  if (http_status < 200 || http_status > 299) {
    form_ = Form::kError;
  } else if (absl::StartsWith(type, "text/event-stream")) {
    form_ = Form::kStream;
  } else if (absl::StartsWith(type, "application/json")) {
    form_ = Form::kWhole;
  }
}

// Some servers give their streams other types, or none.
void CompletionReader::Decide() {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(body_);
  if (text.empty()) return;
  form_ = text.front() == '{' ? Form::kWhole : text.front() == '<' ? Form::kError : Form::kStream;
}

absl::Status CompletionReader::Append(absl::string_view bytes) {
  if (!status_.ok() || is_at_end_) return status_;
  std::string beginning;
  if (form_ != Form::kStream) {
    if (bytes.size() > kMaxEventBytes - body_.size()) {
      status_ = absl::ResourceExhaustedError(absl::StrCat(
          "the answer of the model's server is longer than ", kMaxEventBytes, " bytes"));
      return status_;
    }
    body_.append(bytes.data(), bytes.size());
    if (form_ == Form::kUnknown) Decide();
    if (form_ != Form::kStream) return status_;
    beginning = std::exchange(body_, "");
    bytes = beginning;
  }
  const absl::Status read = events_.Append(bytes, [this](const ServerSentEvent& event) {
    // A field that told of an error may have come before, in the same bytes.
    if (!status_.ok()) return false;
    status_ = Event(event.data, event.type == "error");
    return status_.ok() && !is_at_end_;
  });
  status_.Update(read);
  return status_;
}

absl::Status CompletionReader::Event(absl::string_view data, bool is_error) {
  const absl::string_view text = absl::StripAsciiWhitespace(data);
  if (text.empty()) return absl::OkStatus();
  if (text == "[DONE]") {
    is_at_end_ = true;
    return absl::OkStatus();
  }
  const std::optional<rapidjson::Document> object = ParseServerJson(text);
  if (is_error) {
    if (object.has_value() && object->IsObject()) return Errors().OfJson(*object, 0);
    return Errors().BrokenOff(text);
  }
  if (!object.has_value() || !object->IsObject()) {
    return absl::UnknownError("the model's server sends an event that is not a JSON object");
  }
  return Object(*object);
}

// A chunk, or a whole completion.
absl::Status CompletionReader::Object(const rapidjson::Value& object) {
  if (Member(object, "error") != nullptr) return Errors().OfJson(object, 0);
  if (const rapidjson::Value* const usage = Member(object, "usage")) {
    if (const auto* const in = Member(*usage, "prompt_tokens")) {
      completion_.input_tokens = Number(in);
    }
    if (const auto* const out = Member(*usage, "completion_tokens")) {
      completion_.output_tokens = Number(out);
    }
  }
  const rapidjson::Value* const choices = Member(object, "choices");
  if (choices == nullptr || !choices->IsArray() || choices->Empty()) return absl::OkStatus();
  const rapidjson::Value& choice = (*choices)[0];
  if (!choice.IsObject()) return absl::OkStatus();
  has_choice_ = true;
  if (const auto reason = TextOf(Member(choice, "finish_reason"))) {
    completion_.finish_reason = std::string(reason->substr(0, 100));
  }
  const rapidjson::Value* delta = Member(choice, "delta");
  if (delta == nullptr) delta = Member(choice, "message");
  return delta != nullptr && delta->IsObject() ? Delta(*delta) : absl::OkStatus();
}

absl::Status CompletionReader::Delta(const rapidjson::Value& delta) {
  for (const char* const name : {"reasoning_content", "reasoning"}) {
    const absl::string_view thought = TextOf(Member(delta, name)).value_or("");
    if (thought.empty()) continue;
    has_begun_ = true;
    completion_.num_reasoning_bytes += static_cast<int64_t>(thought.size());
    break;
  }
  if (const rapidjson::Value* const content = Member(delta, "content")) {
    if (content->IsString()) Text({content->GetString(), content->GetStringLength()});
    // Text in parts, between others such as thoughts.
    if (content->IsArray()) {
      for (const rapidjson::Value& part : content->GetArray()) {
        if (TextOf(Member(part, "type")) == "text") Text(TextOf(Member(part, "text")).value_or(""));
      }
    }
  }
  if (const rapidjson::Value* const calls = Member(delta, "tool_calls")) {
    if (calls->IsArray()) {
      for (const rapidjson::Value& piece : calls->GetArray()) {
        if (!piece.IsObject()) continue;
        if (absl::Status added = CallPiece(piece); !added.ok()) return added;
      }
    }
  }
  return absl::OkStatus();
}

void CompletionReader::Text(absl::string_view text) {
  if (text.empty()) return;
  has_begun_ = true;
  const std::string speech = spoken_.Add(text);
  if (speech.empty()) return;
  completion_.has_text = true;
  on_text_(speech);
}

CompletionReader::Call* CompletionReader::CallOf(const rapidjson::Value& piece,
                                                 const rapidjson::Value& function) {
  const rapidjson::Value* const index_value = Member(piece, "index");
  std::optional<int64_t> index;
  if (index_value != nullptr && index_value->IsInt64()) index = index_value->GetInt64();
  absl::string_view id = TextOf(Member(piece, "id")).value_or("");
  if (id.empty()) id = TextOf(Member(function, "id")).value_or("");
  absl::string_view name = TextOf(Member(function, "name")).value_or("");
  id = id.substr(0, kMaxNameBytes);
  name = name.substr(0, kMaxNameBytes);

  // The last one that it may go on with: the same number, or, if it has none, the same id or any.
  Call* last = nullptr;
  for (Call& call : calls_) {
    if (index.has_value() ? call.index == index : id.empty() || call.id == id) last = &call;
  }
  // Some give each piece another id, and only the first has a name.
  const auto goes_on = [&](const Call& call) {
    return name.empty() && !IsJsonObject(call.arguments);
  };
  if (last == nullptr && !index.has_value() && !calls_.empty() && goes_on(calls_.back())) {
    last = &calls_.back();
  }
  bool is_new = last == nullptr;
  if (last != nullptr) {
    if (!id.empty() && !last->id.empty()) {
      // Another id is another call, even if servers give all calls the same number.
      is_new = last->id != id && !goes_on(*last);
    } else if (!name.empty() && !last->name.empty()) {
      // Servers without ids: some repeat the name with each piece of a call; others begin the next
      // call with it, after the last was at its end.
      const auto* const arguments = Member(function, "arguments");
      const bool begins =
          arguments != nullptr &&
          (arguments->IsObject() ||
           (arguments->IsString() && absl::StartsWith(arguments->GetString(), "{")));
      is_new = last->name != name || (begins && IsJsonObject(last->arguments));
    }
  }
  if (is_new) {
    if (calls_.size() >= kMaxCalls) return nullptr;
    last = &calls_.emplace_back();
    last->index = index;
  }
  if (last->id.empty()) last->id = std::string(id);
  if (last->name.empty()) last->name = std::string(name);
  return last;
}

absl::Status CompletionReader::CallPiece(const rapidjson::Value& piece) {
  has_begun_ = true;
  static const rapidjson::Value kNone(rapidjson::kObjectType);
  const rapidjson::Value* function = Member(piece, "function");
  if (function == nullptr || !function->IsObject()) function = &kNone;
  Call* const call = CallOf(piece, *function);
  if (call == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the model wants more than ", kMaxCalls, " calls at once"));
  }
  std::string more;
  if (const rapidjson::Value* const arguments = Member(*function, "arguments")) {
    more = arguments->IsString() ? std::string(arguments->GetString(), arguments->GetStringLength())
                                 : JsonOf(*arguments);
  }
  num_call_bytes_ += more.size();
  if (num_call_bytes_ > kMaxCallBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the model's calls are longer than ", kMaxCallBytes, " bytes"));
  }
  call->arguments += more;
  return absl::OkStatus();
}

absl::Status CompletionReader::ErrorOfBody() const {
  if (const std::optional<rapidjson::Document> object = ParseServerJson(body_);
      object.has_value() && object->IsObject() &&
      (http_status_ > 299 || Member(*object, "error") != nullptr)) {
    return Errors().OfJson(*object, http_status_);
  }
  const bool is_page = absl::StartsWith(absl::StripLeadingAsciiWhitespace(body_), "<");
  if (http_status_ >= 200 && http_status_ <= 299) {
    return absl::UnknownError(absl::StrCat(
        "the model's server answers with ", is_page ? "a page of HTML" : "no completion",
        ": is the URL right? It ends with /v1 for most servers"));
  }
  return Errors().Of(http_status_, is_page ? "" : body_);
}

absl::StatusOr<Completion> CompletionReader::Finish() {
  if (!status_.ok()) return status_;
  if (form_ == Form::kError) return status_ = ErrorOfBody();
  if (form_ == Form::kWhole) {
    const std::optional<rapidjson::Document> object = ParseServerJson(body_);
    if (!object.has_value() || !object->IsObject()) return status_ = ErrorOfBody();
    status_ = Object(*object);
    if (!status_.ok()) return status_;
    if (!has_choice_) return status_ = ErrorOfBody();
  }
  // An event may be ended by the body's end. What was cut within it, and is none, was not all.
  if (form_ == Form::kStream && completion_.finish_reason.empty()) {
    if (absl::Status last = Append("\n\n"); !last.ok()) return last;
  }
  if (const std::string speech = spoken_.Finish(); !speech.empty()) {
    completion_.has_text = true;
    on_text_(speech);
  }
  completion_.has_call_as_text = spoken_.has_call();
  if (!has_choice_) {
    return status_ = absl::UnavailableError("the model's server ends without an answer");
  }
  for (Call& call : calls_) {
    const absl::string_view arguments = absl::StripAsciiWhitespace(call.arguments);
    if (arguments.empty() || arguments == "null") call.arguments = "{}";
    completion_.has_broken_call =
        completion_.has_broken_call || call.name.empty() || !IsJsonObject(call.arguments);
    completion_.calls.push_back(
        {.name = std::move(call.name), .arguments = std::move(call.arguments)});
  }
  if (completion_.has_broken_call) completion_.calls.clear();
  return std::move(completion_);
}

}  // namespace parlance::pipeline
