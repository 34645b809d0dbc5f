#include "tools/mcp/transport/json_rpc.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"

namespace parlance::tools::mcp {
namespace {

// What shows of a message whose text is no JSON, or too deep: the members of the outermost object.
struct Outline {
  std::optional<RequestId> id;
  bool has_method = false;
  bool has_answer = false;
};

// Follows strings and brackets only, so that it does not matter what else is wrong with the text.
class OutlineReader {
 public:
  explicit OutlineReader(absl::string_view text) : text_(text) {
    absl::ConsumePrefix(&text_, "\xEF\xBB\xBF");
  }

  // Outlines the object, or those in an array.
  std::vector<Outline> Read() {
    std::vector<Outline> outlines;
    const bool is_batch = StartsBatch(text_);
    const int level = is_batch ? 2 : 1;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        const absl::string_view name = String();
        if (depth == level && !outlines.empty() && TakeColon()) Member(name, outlines.back());
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') {
        ++depth;
        if (depth == level && c == '{') outlines.emplace_back();
      } else if (c == '}' || c == ']') {
        --depth;
        if (depth <= 0) break;
      } else if (depth == 0 && !absl::ascii_isspace(static_cast<unsigned char>(c))) {
        break;
      }
    }
    return outlines;
  }

  static bool StartsBatch(absl::string_view text) {
    absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
    return absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "[");
  }

 private:
  // Takes a string with its quotes. The end of the text ends it, too.
  absl::string_view String() {
    const size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(begin, at_ - begin);
  }

  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool TakeColon() {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != ':') return false;
    ++at_;
    SkipSpace();
    return true;
  }

  void Member(absl::string_view name, Outline& outline) {
    if (name == "\"method\"") outline.has_method = true;
    if (name == "\"result\"" || name == "\"error\"") outline.has_answer = true;
    if (name != "\"id\"" || outline.id.has_value()) return;
    const size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      String();
    } else {
      at_ = std::min(text_.find_first_of(",{}[] \t\r\n", at_), text_.size());
    }
    rapidjson::Document value;
    const absl::string_view json = text_.substr(begin, at_ - begin);
    if (!ParseJson(json, value, {.max_depth = 0}).has_value()) outline.id = IdOf(value);
  }

  absl::string_view text_;
  size_t at_ = 0;
};

// How many bytes the well-formed UTF-8 character at the start has; 0 if there is none. Unicode 15,
// table 3-7.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      if ((byte(i) & 0xC0U) != 0x80U) return false;
    }
    return true;
  };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1, 2) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool too_long = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return !too_long && !surrogate && continues(1, 3) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool too_long = first == 0xF0 && second < 0x90;
    const bool too_large = first == 0xF4 && second > 0x8F;
    return !too_long && !too_large && continues(1, 4) ? 4 : 0;
  }
  return 0;
}

}  // namespace

class MessageReader {
 public:
  // Reads a value that nothing else needs. `text`: what it was read from.
  ParsedMessage Read(rapidjson::Document value, absl::string_view text) {
    message_.document_ = std::move(value);
    message_.text_ = std::string(text);
    const rapidjson::Document& document = message_.document_;
    if (!document.IsObject()) return Malformed(kInvalidRequest, "the message is not an object");
    const rapidjson::Value* const id = FindMember(document, "id");
    if (id != nullptr) message_.id_ = IdOf(*id);
    const rapidjson::Value* const method = FindMember(document, "method");
    const rapidjson::Value* result = FindMember(document, "result");
    const rapidjson::Value* error = FindMember(document, "error");
    // JSON-RPC 1.0 sends both, one of them null.
    if (result != nullptr && error != nullptr) {
      if (error->IsNull()) {
        error = nullptr;
      } else if (result->IsNull()) {
        result = nullptr;
      }
    }
    has_method_ = method != nullptr;
    is_response_ = method == nullptr && (result != nullptr || error != nullptr);
    if (StringMember(document, "jsonrpc") != "2.0") {
      return Malformed(kInvalidRequest, "the member jsonrpc is not \"2.0\"");
    }
    if ((method != nullptr) + (result != nullptr) + (error != nullptr) != 1) {
      return Malformed(kInvalidRequest, "exactly one of method, result and error is expected");
    }
    // An error's id is null if the request's could not be read (JSON-RPC 2.0, section 5).
    const bool null_id = error != nullptr && id != nullptr && id->IsNull();
    if (id != nullptr && !message_.id_.has_value() && !null_id) {
      return Malformed(kInvalidRequest, IsInteger(*id)
                                            ? "the id is an integer beyond those of 64 bits"
                                            : "the id is neither a string nor an integer");
    }
    if (method != nullptr) return ReadCall(*method);
    if (result != nullptr) return ReadResult(*result);
    return ReadError(*error);
  }

 private:
  static bool IsInteger(const rapidjson::Value& id) {
    return id.IsNumber() && std::floor(id.GetDouble()) == id.GetDouble();
  }

  ParsedMessage ReadCall(const rapidjson::Value& method) {
    if (!method.IsString()) return Malformed(kInvalidRequest, "the method is not a string");
    message_.method_.assign(method.GetString(), method.GetStringLength());
    is_notification_ = !message_.id_.has_value();
    const rapidjson::Value* const params = FindMember(message_.document_, "params");
    if (params != nullptr && !params->IsObject() && !params->IsNull()) {
      // An array is well-formed by JSON-RPC; no method of the protocol takes one.
      return Malformed(params->IsArray() ? kInvalidParams : kInvalidRequest,
                       "the params are not an object");
    }
    return Done(message_.id_.has_value() ? Message::Kind::kRequest : Message::Kind::kNotification);
  }

  ParsedMessage ReadResult(const rapidjson::Value& result) {
    if (!message_.id_.has_value()) return Malformed(kInvalidRequest, "the result has no id");
    if (!result.IsObject()) return Malformed(kInvalidRequest, "the result is not an object");
    return Done(Message::Kind::kResult);
  }

  ParsedMessage ReadError(const rapidjson::Value& error) {
    const rapidjson::Value* const code = FindMember(error, "code");
    std::optional<std::string> text = StringMember(error, "message");
    if (code == nullptr || !code->IsInt64() || !text.has_value()) {
      return Malformed(kInvalidRequest, "the error has no code and message");
    }
    message_.error_ = {.code = code->GetInt64(), .message = *std::move(text)};
    return Done(Message::Kind::kError);
  }

  ParsedMessage Done(Message::Kind kind) {
    message_.kind_ = kind;
    return std::move(message_);
  }

  MalformedMessage Malformed(int64_t code, std::string text) {
    return {.error = {.code = code, .message = std::move(text)},
            .id = std::move(message_.id_),
            .is_response = is_response_,
            .is_notification = is_notification_,
            .has_method = has_method_};
  }

  Message message_;
  bool has_method_ = false;
  bool is_response_ = false;
  bool is_notification_ = false;
};

namespace {

ParsedText One(ParsedMessage message) {
  ParsedText parsed;
  parsed.messages.push_back(std::move(message));
  return parsed;
}

// What can be said of a text that is not read. If it is a batch, those who wait for an answer in it
// hear of it.
ParsedText Unreadable(absl::string_view text, const JsonRpcError& error) {
  ParsedText parsed;
  for (Outline& outline : OutlineReader(text).Read()) {
    const bool is_response = outline.has_answer && !outline.has_method;
    if (OutlineReader::StartsBatch(text) && !is_response) continue;
    parsed.messages.emplace_back(MalformedMessage{.error = error,
                                                  .id = std::move(outline.id),
                                                  .is_response = is_response,
                                                  .has_method = !is_response});
  }
  if (parsed.messages.empty())
    parsed.messages.emplace_back(MalformedMessage{.error = error, .id = {}});
  parsed.is_batch = parsed.messages.size() > 1;
  return parsed;
}

}  // namespace

ParsedText ParseMessages(absl::string_view text, const MessageLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Unreadable(text, {.code = kInvalidRequest,
                             .message = absl::StrCat("the message has ", text.size(),
                                                     " bytes; the limit is ", limits.max_bytes)});
  }
  rapidjson::Document document;
  const int batch_depth = OutlineReader::StartsBatch(text) ? 1 : 0;
  if (const auto malformed =
          ParseJson(text, document, {.max_depth = limits.max_depth + batch_depth})) {
    return Unreadable(text,
                      {.code = kParseError, .message = absl::StrCat("not JSON: ", *malformed)});
  }
  if (!document.IsArray()) return One(MessageReader().Read(std::move(document), text));
  const auto refuse = [](std::string why) {
    return One(
        MalformedMessage{.error = {.code = kInvalidRequest, .message = std::move(why)}, .id = {}});
  };
  if (document.Empty()) return refuse("the batch is empty");
  if (document.Size() > limits.max_batch) {
    return refuse(absl::StrCat("the batch has ", document.Size(), " messages; the limit is ",
                               limits.max_batch));
  }
  ParsedText parsed;
  parsed.is_batch = true;
  const std::vector<absl::string_view> texts = ElementTexts(text);
  for (rapidjson::SizeType i = 0; i < document.Size(); ++i) {
    rapidjson::Document copy;
    copy.CopyFrom(document[i], copy.GetAllocator());
    parsed.messages.push_back(MessageReader().Read(std::move(copy), texts[i]));
  }
  return parsed;
}

ParsedMessage ParseMessage(absl::string_view text, const MessageLimits& limits) {
  ParsedText parsed = ParseMessages(text, limits);
  if (parsed.is_batch) {
    return MalformedMessage{
        .error = {.code = kInvalidRequest, .message = "a batch where one message is expected"},
        .id = {}};
  }
  return std::move(parsed.messages[0]);
}

const rapidjson::Value& Message::Member(const char* name) const {
  static const auto* const kEmpty = new rapidjson::Value(rapidjson::kObjectType);
  const rapidjson::Value* const member = FindMember(document_, name);
  return member == nullptr || member->IsNull() ? *kEmpty : *member;
}

absl::string_view Message::params_text() const { return MemberText(text_, "params"); }
absl::string_view Message::result_text() const { return MemberText(text_, "result"); }

std::string IdJson(const RequestId& id) {
  if (const auto* number = std::get_if<int64_t>(&id)) return absl::StrCat(*number);
  return StringJson(std::get<std::string>(id));
}

std::string StringJson(absl::string_view text) {
  // Foreign text may be of any bytes, and a message with malformed UTF-8 would be refused whole.
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    valid.append(length == 0 ? "\xEF\xBF\xBD" : std::string(text.substr(0, length)));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string RequestText(const RequestId& id, absl::string_view method, absl::string_view params) {
  return absl::StrCat(R"({"jsonrpc":"2.0","id":)", IdJson(id), R"(,"method":)", StringJson(method),
                      R"(,"params":)", params, "}");
}

std::string NotificationText(absl::string_view method, absl::string_view params) {
  return absl::StrCat(R"({"jsonrpc":"2.0","method":)", StringJson(method), R"(,"params":)", params,
                      "}");
}

std::string ResultText(const RequestId& id, absl::string_view result) {
  return absl::StrCat(R"({"jsonrpc":"2.0","id":)", IdJson(id), R"(,"result":)", result, "}");
}

std::string ErrorText(const std::optional<RequestId>& id, const JsonRpcError& error,
                      UnreadableId unreadable) {
  std::string member;
  if (id.has_value()) {
    member = absl::StrCat(R"("id":)", IdJson(*id), ",");
  } else if (unreadable == UnreadableId::kNull) {
    member = R"("id":null,)";
  }
  return absl::StrCat(R"({"jsonrpc":"2.0",)", member, R"("error":{"code":)", error.code,
                      R"(,"message":)", StringJson(error.message), "}}");
}

std::string BatchText(const std::vector<std::string>& messages) {
  return absl::StrCat("[", absl::StrJoin(messages, ","), "]");
}

std::optional<RequestId> IdOf(const rapidjson::Value& value) {
  if (value.IsString()) return std::string(value.GetString(), value.GetStringLength());
  if (value.IsInt64()) return value.GetInt64();
  constexpr double kMaxExact = 9007199254740992;
  if (value.IsDouble() && std::abs(value.GetDouble()) <= kMaxExact &&
      std::floor(value.GetDouble()) == value.GetDouble()) {
    return static_cast<int64_t>(value.GetDouble());
  }
  return std::nullopt;
}

}  // namespace parlance::tools::mcp
