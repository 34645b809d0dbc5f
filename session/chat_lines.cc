#include "session/chat_lines.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::session {
namespace {

using Json = rapidjson::Value;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr int kPage = 500;

void WriteString(JsonWriter& writer, absl::string_view key, absl::string_view value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void WriteTime(JsonWriter& writer, absl::string_view key, absl::Time time) {
  WriteString(writer, key, absl::FormatTime(time, absl::UTCTimeZone()));
}

void WriteInteger(JsonWriter& writer, absl::string_view key, int64_t value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.Int64(value);
}

// Parsed and written again, because a JSON text may have line breaks and a line may not.
void WriteJson(JsonWriter& writer, absl::string_view key, const std::string& text) {
  rapidjson::Document value;
  value.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  value.Accept(writer);
}

void WriteSession(JsonWriter& writer, const Session& session) {
  WriteString(writer, "id", session.id);
  WriteString(writer, "title", session.title);
  WriteTime(writer, "created", session.created);
  WriteTime(writer, "updated", session.updated);
  if (session.closed.has_value()) WriteTime(writer, "closed", *session.closed);
  WriteInteger(writer, "num_messages", session.num_messages);
  if (session.metadata.has_value()) WriteJson(writer, "metadata", *session.metadata);
}

void WriteMessage(JsonWriter& writer, const Message& message) {
  WriteInteger(writer, "sequence", message.sequence);
  WriteString(writer, "role", RoleName(message.role));
  WriteString(writer, "content", message.content);
  if (message.name.has_value()) WriteString(writer, "name", *message.name);
  if (message.tool_call_id.has_value()) WriteString(writer, "tool_call_id", *message.tool_call_id);
  if (message.tool_calls.has_value()) WriteJson(writer, "tool_calls", *message.tool_calls);
  WriteTime(writer, "created", message.created);
  if (message.client_key.has_value()) WriteString(writer, "client_key", *message.client_key);
  if (message.metadata.has_value()) WriteJson(writer, "metadata", *message.metadata);
  if (message.input_tokens.has_value()) WriteInteger(writer, "input_tokens", *message.input_tokens);
  if (message.output_tokens.has_value()) {
    WriteInteger(writer, "output_tokens", *message.output_tokens);
  }
  if (message.latency.has_value()) {
    WriteInteger(writer, "latency_us", absl::ToInt64Microseconds(*message.latency));
  }
}

std::string Line(const char* type, const std::function<void(JsonWriter&)>& write) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  if (type != nullptr) WriteString(writer, "type", type);
  write(writer);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string JsonText(const Json& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

absl::Status WrongType(const char* key, const char* expected) {
  return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is not ", expected));
}

// None if the member is not there or null.
const Json* Find(const Json& object, const char* key) {
  const auto member = object.FindMember(key);
  return member == object.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

template <typename String>
absl::Status ReadString(const Json& object, const char* key, String& to) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absl::OkStatus();
  if (!value->IsString()) return WrongType(key, "a string");
  to = std::string(value->GetString(), value->GetStringLength());
  return absl::OkStatus();
}

absl::Status ReadInteger(const Json& object, const char* key, std::optional<int64_t>& to) {
  const Json* value = Find(object, key);
  if (value == nullptr) return absl::OkStatus();
  if (!value->IsInt64()) return WrongType(key, "an integer");
  to = value->GetInt64();
  return absl::OkStatus();
}

template <typename Time>
absl::Status ReadTime(const Json& object, const char* key, Time& to) {
  std::optional<std::string> text;
  if (absl::Status read = ReadString(object, key, text); !read.ok() || !text.has_value()) {
    return read;
  }
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr)) {
    return WrongType(key, "a time such as 2024-05-06T07:08:09Z");
  }
  to = time;
  return absl::OkStatus();
}

// The first error of several.
absl::Status FirstError(std::initializer_list<absl::Status> statuses) {
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// OpenAI's content is a string, null, or parts of which those of type text count.
absl::Status ReadContent(const Json& object, std::string& content) {
  const Json* value = Find(object, "content");
  if (value == nullptr || !value->IsArray()) return ReadString(object, "content", content);
  for (const Json& part : value->GetArray()) {
    const Json* text = part.IsObject() ? Find(part, "text") : nullptr;
    if (text == nullptr || !text->IsString()) {
      return absl::InvalidArgumentError("\"content\" has a part that is no text");
    }
    content.append(text->GetString(), text->GetStringLength());
  }
  return absl::OkStatus();
}

absl::StatusOr<Message> MessageOf(const Json& object) {
  if (!object.IsObject()) return absl::InvalidArgumentError("a message is not an object");
  Message message;
  std::string role;
  std::optional<int64_t> latency_us;
  if (absl::Status read = FirstError({
          ReadString(object, "role", role),
          ReadContent(object, message.content),
          ReadString(object, "name", message.name),
          ReadString(object, "tool_call_id", message.tool_call_id),
          ReadTime(object, "created", message.created),
          ReadString(object, "client_key", message.client_key),
          ReadInteger(object, "input_tokens", message.input_tokens),
          ReadInteger(object, "output_tokens", message.output_tokens),
          ReadInteger(object, "latency_us", latency_us),
      });
      !read.ok()) {
    return read;
  }
  const std::optional<Role> known = RoleOf(role);
  if (!known.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"role\" is '", role, "', not one of system, developer, user, assistant and tool"));
  }
  message.role = *known;
  if (latency_us.has_value()) message.latency = absl::Microseconds(*latency_us);
  if (const Json* calls = Find(object, "tool_calls")) message.tool_calls = JsonText(*calls);
  if (const Json* metadata = Find(object, "metadata")) message.metadata = JsonText(*metadata);
  return message;
}

absl::StatusOr<SessionStore::NewSession> SessionOf(const Json& object) {
  SessionStore::NewSession session;
  std::optional<absl::Time> closed;
  if (absl::Status read = FirstError(
          {ReadString(object, "id", session.id), ReadString(object, "title", session.title),
           ReadTime(object, "created", session.created), ReadTime(object, "closed", closed)});
      !read.ok()) {
    return read;
  }
  session.closed = closed.has_value();
  if (const Json* metadata = Find(object, "metadata")) session.metadata = JsonText(*metadata);
  return session;
}

absl::Status AddMessage(const Json& object, SessionStore::NewSession& session) {
  absl::StatusOr<Message> message = MessageOf(object);
  if (!message.ok()) return message.status();
  session.messages.push_back(*std::move(message));
  return absl::OkStatus();
}

absl::Status AtLine(int64_t number, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("line ", number, ": ", status.message()));
}

// Errors name the line: that of its session for what the store refuses.
class Importer {
 public:
  explicit Importer(SessionStore& store) : store_(store) {}

  absl::Status TakeLine(const std::string& line, int64_t number) {
    rapidjson::Document object;
    object.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
    if (object.HasParseError()) {
      return AtLine(number,
                    absl::InvalidArgumentError(absl::StrCat(
                        "not JSON: ", rapidjson::GetParseError_En(object.GetParseError()))));
    }
    if (!object.IsObject()) {
      return AtLine(number, absl::InvalidArgumentError("not a JSON object"));
    }
    std::string type;
    if (absl::Status read = ReadString(object, "type", type); !read.ok()) {
      return AtLine(number, read);
    }
    const Json* messages = Find(object, "messages");
    if (type == "message" && messages == nullptr) {
      if (!open_.has_value()) {
        return AtLine(number,
                      absl::InvalidArgumentError("a message before the line of its session"));
      }
      return AtLine(number, AddMessage(object, *open_));
    }
    if (type != "session" && messages == nullptr) {
      return AtLine(number, absl::InvalidArgumentError("neither \"type\" is \"session\" or "
                                                       "\"message\", nor has it \"messages\""));
    }
    if (absl::Status stored = StoreOpen(); !stored.ok()) return stored;
    absl::StatusOr<SessionStore::NewSession> session = SessionOf(object);
    if (!session.ok()) return AtLine(number, session.status());
    if (messages != nullptr) {
      if (absl::Status added = AddMessages(*messages, *session); !added.ok()) {
        return AtLine(number, added);
      }
    }
    open_ = *std::move(session);
    open_line_ = number;
    return absl::OkStatus();
  }

  // Stores the session whose messages were being gathered.
  absl::Status StoreOpen() {
    if (!open_.has_value()) return absl::OkStatus();
    absl::StatusOr<Session> stored = store_.CreateSession(*open_);
    open_.reset();
    if (!stored.ok()) return AtLine(open_line_, stored.status());
    ++imported_.num_sessions;
    imported_.num_messages += stored->num_messages;
    return absl::OkStatus();
  }

  const Imported& imported() const { return imported_; }

 private:
  static absl::Status AddMessages(const Json& messages, SessionStore::NewSession& session) {
    if (!messages.IsArray()) return WrongType("messages", "an array");
    for (const Json& message : messages.GetArray()) {
      if (absl::Status added = AddMessage(message, session); !added.ok()) return added;
    }
    return absl::OkStatus();
  }

  SessionStore& store_;
  std::optional<SessionStore::NewSession> open_;
  int64_t open_line_ = 0;
  Imported imported_;
};

}  // namespace

std::string MessageJson(const Message& message) {
  return Line(nullptr, [&](JsonWriter& writer) { WriteMessage(writer, message); });
}

std::string SessionJson(const Session& session) {
  return Line(nullptr, [&](JsonWriter& writer) { WriteSession(writer, session); });
}

absl::Status ExportSession(SessionStore& store, absl::string_view session_id, std::ostream& out) {
  absl::StatusOr<Session> session = store.GetSession(session_id);
  if (!session.ok()) return session.status();
  out << Line("session", [&](JsonWriter& writer) { WriteSession(writer, *session); }) << '\n';
  SessionStore::HistoryOptions page{.after = 0, .before = std::nullopt, .limit = kPage};
  for (;;) {
    absl::StatusOr<std::vector<Message>> messages = store.History(session_id, page);
    if (!messages.ok()) return messages.status();
    for (const Message& message : *messages) {
      out << Line("message", [&](JsonWriter& writer) { WriteMessage(writer, message); }) << '\n';
    }
    if (!out.flush()) return absl::UnavailableError("cannot write the export");
    if (messages->empty()) return absl::OkStatus();
    page.after = messages->back().sequence;
  }
}

absl::StatusOr<Imported> ImportSessions(std::istream& in, SessionStore& store) {
  Importer importer(store);
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    if (absl::Status taken = importer.TakeLine(line, number); !taken.ok()) return taken;
  }
  if (in.bad()) return absl::UnavailableError("cannot read the import");
  if (absl::Status stored = importer.StoreOpen(); !stored.ok()) return stored;
  return importer.imported();
}

}  // namespace parlance::session
