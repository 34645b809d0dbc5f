#include "tools/mcp/json_rpc.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/json_value.h"

namespace parlance::tools::mcp {
namespace {

// Of a text that is JSON, exactly; of any other, whatever, since it is refused anyway.
int DepthOf(absl::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

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
  std::variant<Message, MalformedMessage> Read(absl::string_view text,
                                               const MessageLimits& limits) {
    if (text.size() > limits.max_bytes) {
      return Malformed(kInvalidRequest, absl::StrCat("the message has ", text.size(),
                                                     " bytes; the limit is ", limits.max_bytes));
    }
    // First, because what works on a DOM recurses.
    if (DepthOf(text) > limits.max_depth) {
      return Malformed(kInvalidRequest,
                       absl::StrCat("the message is nested deeper than ", limits.max_depth));
    }
    rapidjson::Document& document = message_.document_;
    if (const std::optional<std::string> malformed = ParseJson(text, document)) {
      return Malformed(kParseError, absl::StrCat("not JSON: ", *malformed));
    }
    if (document.IsArray()) return Malformed(kInvalidRequest, "batches are not supported");
    if (!document.IsObject()) return Malformed(kInvalidRequest, "the message is not an object");
    const rapidjson::Value* const id = FindMember(document, "id");
    if (id != nullptr) message_.id_ = IdOf(*id);
    const rapidjson::Value* const method = FindMember(document, "method");
    const rapidjson::Value* const result = FindMember(document, "result");
    const rapidjson::Value* const error = FindMember(document, "error");
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
      return Malformed(kInvalidRequest, "the id is neither a string nor an integer");
    }
    if (method != nullptr) return ReadCall(*method);
    if (result != nullptr) return ReadResult(*result);
    return ReadError(*error);
  }

 private:
  std::variant<Message, MalformedMessage> ReadCall(const rapidjson::Value& method) {
    if (!method.IsString()) return Malformed(kInvalidRequest, "the method is not a string");
    message_.method_.assign(method.GetString(), method.GetStringLength());
    const rapidjson::Value* const params = FindMember(message_.document_, "params");
    if (params != nullptr && !params->IsObject()) {
      // An array is well-formed by JSON-RPC; no method of the protocol takes one.
      return Malformed(params->IsArray() ? kInvalidParams : kInvalidRequest,
                       "the params are not an object");
    }
    return Done(message_.id_.has_value() ? Message::Kind::kRequest : Message::Kind::kNotification);
  }

  std::variant<Message, MalformedMessage> ReadResult(const rapidjson::Value& result) {
    if (!message_.id_.has_value()) return Malformed(kInvalidRequest, "the result has no id");
    if (!result.IsObject()) return Malformed(kInvalidRequest, "the result is not an object");
    return Done(Message::Kind::kResult);
  }

  std::variant<Message, MalformedMessage> ReadError(const rapidjson::Value& error) {
    const rapidjson::Value* const code = FindMember(error, "code");
    std::optional<std::string> text = StringMember(error, "message");
    if (code == nullptr || !code->IsInt64() || !text.has_value()) {
      return Malformed(kInvalidRequest, "the error has no code and message");
    }
    message_.error_ = {.code = code->GetInt64(), .message = *std::move(text)};
    return Done(Message::Kind::kError);
  }

  std::variant<Message, MalformedMessage> Done(Message::Kind kind) {
    message_.kind_ = kind;
    return std::move(message_);
  }

  MalformedMessage Malformed(int64_t code, std::string text) {
    return {.error = {.code = code, .message = std::move(text)},
            .id = std::move(message_.id_),
            .is_response = is_response_};
  }

  Message message_;
  bool is_response_ = false;
};

std::variant<Message, MalformedMessage> ParseMessage(absl::string_view text,
                                                     const MessageLimits& limits) {
  return MessageReader().Read(text, limits);
}

const rapidjson::Value& Message::Member(const char* name) const {
  static const auto* const kEmpty = new rapidjson::Value(rapidjson::kObjectType);
  const rapidjson::Value* const member = FindMember(document_, name);
  return member == nullptr ? *kEmpty : *member;
}

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

std::string ErrorText(const std::optional<RequestId>& id, const JsonRpcError& error) {
  return absl::StrCat(
      R"({"jsonrpc":"2.0",)", id.has_value() ? absl::StrCat(R"("id":)", IdJson(*id), ",") : "",
      R"("error":{"code":)", error.code, R"(,"message":)", StringJson(error.message), "}}");
}

std::optional<RequestId> IdOf(const rapidjson::Value& value) {
  if (value.IsString()) return std::string(value.GetString(), value.GetStringLength());
  if (value.IsInt64()) return value.GetInt64();
  return std::nullopt;
}

}  // namespace parlance::tools::mcp
