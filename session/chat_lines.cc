#include "session/chat_lines.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/json_text.h"
#include "session/message_check.h"
#include "session/new_session.h"

namespace parlance::session {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr int kPage = 500;

void WriteString(JsonWriter& writer, absl::string_view key, absl::string_view value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void WriteTime(JsonWriter& writer, absl::string_view key, absl::Time time) {
  // RFC 3339 wants four digits of a year, as %Y writes no zeros before them.
  WriteString(writer, key,
              absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E*S%Ez", time, absl::UTCTimeZone()));
}

void WriteInteger(JsonWriter& writer, absl::string_view key, int64_t value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.Int64(value);
}

void WriteJson(JsonWriter& writer, absl::string_view key, const std::string& text) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  // Text that is not JSON, as in a damaged store, must not make the line unreadable.
  if (!CheckJson(text).ok()) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return;
  }
  const std::string line = OnOneLine(text);
  writer.RawValue(line.data(), line.size(), rapidjson::kObjectType);
}

void WriteSession(JsonWriter& writer, const Session& session) {
  WriteString(writer, "id", session.id);
  WriteString(writer, "title", session.title);
  WriteTime(writer, "created", session.created);
  WriteTime(writer, "updated", session.updated);
  if (session.closed.has_value()) WriteTime(writer, "closed", *session.closed);
  WriteInteger(writer, "activity", session.activity);
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

std::string ObjectLine(const char* type, const std::function<void(JsonWriter&)>& write) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  if (type != nullptr) WriteString(writer, "type", type);
  write(writer);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

using Member = JsonMembers::Member;

absl::Status WrongType(const Member& member, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("\"", member.name, "\" is not ", expected));
}

template <typename String>
absl::Status ReadString(const Member& member, String& to) {
  if (KindOf(member.value) != JsonKind::kString) return WrongType(member, "a string");
  to = JsonString(member.value);
  return absl::OkStatus();
}

absl::Status ReadInteger(const Member& member, std::optional<int64_t>& to) {
  int64_t value = 0;
  // SimpleAtoi takes those of JSON's numbers that are integers.
  if (KindOf(member.value) != JsonKind::kNumber || !absl::SimpleAtoi(member.value, &value)) {
    return WrongType(member, "an integer of 64 bits");
  }
  to = value;
  return absl::OkStatus();
}

// Counts the time in `num_cut` if it is finer than what the store keeps.
template <typename Time>
absl::Status ReadTime(const Member& member, Time& to, int64_t& num_cut) {
  absl::Time time;
  if (KindOf(member.value) != JsonKind::kString ||
      !absl::ParseTime(absl::RFC3339_full, JsonString(member.value), &time, nullptr) ||
      time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return WrongType(member, "a time such as 2024-05-06T07:08:09Z");
  }
  num_cut += static_cast<int64_t>(time != absl::FromUnixMicros(absl::ToUnixMicros(time)));
  to = time;
  return absl::OkStatus();
}

absl::Status ReadJson(const Member& member, JsonKind kind, std::optional<std::string>& to) {
  if (KindOf(member.value) != kind) {
    return WrongType(member, kind == JsonKind::kArray ? "a JSON array" : "a JSON object");
  }
  to = std::string(member.value);
  return absl::OkStatus();
}

// OpenAI's content is a string, null, or parts; the store's is a text, so that parts have to be
// texts, with nothing else to them.
absl::Status ReadContent(const Member& member, std::string& content) {
  if (KindOf(member.value) != JsonKind::kArray) return ReadString(member, content);
  for (const absl::string_view element : JsonElements(member.value)) {
    absl::StatusOr<JsonMembers> part = JsonMembers::OfChecked(element);
    if (!part.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"content\" has a part that is not text: ", part.status().message()));
    }
    bool has_text = false;
    for (const Member& of_part : part->all()) {
      if (of_part.name == "text" && KindOf(of_part.value) == JsonKind::kString) {
        content.append(JsonString(of_part.value));
        has_text = true;
      } else if (of_part.name != "type") {
        return absl::InvalidArgumentError(absl::StrCat(
            "\"content\" has a part with \"", of_part.name, "\", which the store cannot keep"));
      } else if (const std::string type = JsonString(of_part.value);
                 type != "text" && type != "input_text" && type != "output_text") {
        return absl::InvalidArgumentError(
            absl::StrCat("\"content\" has a part that is not text but of type ", of_part.value));
      }
    }
    if (!has_text) return absl::InvalidArgumentError("\"content\" has a part that has no text");
  }
  return absl::OkStatus();
}

// How members of a name are read.
using Reading = std::pair<absl::string_view, std::function<absl::Status(const Member&)>>;

// Reads the members that are known; null is as if the member were not there. What is not known is
// added to `metadata`, as it is.
absl::Status ReadMembers(const JsonMembers& members, const std::vector<Reading>& readings,
                         std::optional<std::string>& metadata) {
  std::vector<const Member*> unknown;
  for (const Member& member : members.all()) {
    const auto known = std::find_if(readings.begin(), readings.end(),
                                    [&](const Reading& one) { return one.first == member.name; });
    if (known == readings.end()) {
      unknown.push_back(&member);
    } else if (KindOf(member.value) != JsonKind::kNull) {
      if (absl::Status read = known->second(member); !read.ok()) return read;
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  std::string kept = metadata.value_or("{}");
  absl::StatusOr<JsonMembers> already = JsonMembers::OfChecked(kept);
  if (!already.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("\"metadata\": ", already.status().message()));
  }
  bool is_empty = already->all().empty();
  std::string added;
  for (const Member* const member : unknown) {
    for (const Member& other : already->all()) {
      if (other.name == member->name) {
        return absl::InvalidArgumentError(absl::StrCat(
            "\"", member->name,
            "\" is unknown, and \"metadata\", where it would be kept, has a member of that "
            "name already"));
      }
    }
    absl::StrAppend(&added, is_empty ? "" : ",", member->name_text, ":", member->value);
    is_empty = false;
  }
  kept.insert(kept.rfind('}'), added);
  metadata = std::move(kept);
  return absl::OkStatus();
}

// `sequence`: takes the sequence of a line that we wrote. Null for OpenAI's messages, which have
// none. `num_cut`: as ReadTime.
absl::StatusOr<Message> MessageOf(const JsonMembers& members, std::optional<int64_t>* sequence,
                                  int64_t& num_cut) {
  Message message;
  std::string role;
  std::optional<int64_t> latency_us;
  std::vector<Reading> readings = {
      {"role", [&](const Member& member) { return ReadString(member, role); }},
      {"content", [&](const Member& member) { return ReadContent(member, message.content); }},
      {"name", [&](const Member& member) { return ReadString(member, message.name); }},
      {"tool_call_id",
       [&](const Member& member) { return ReadString(member, message.tool_call_id); }},
      {"tool_calls",
       [&](const Member& member) {
         return ReadJson(member, JsonKind::kArray, message.tool_calls);
       }},
      {"created", [&](const Member& member) { return ReadTime(member, message.created, num_cut); }},
      {"client_key", [&](const Member& member) { return ReadString(member, message.client_key); }},
      {"metadata",
       [&](const Member& member) { return ReadJson(member, JsonKind::kObject, message.metadata); }},
      {"input_tokens",
       [&](const Member& member) { return ReadInteger(member, message.input_tokens); }},
      {"output_tokens",
       [&](const Member& member) { return ReadInteger(member, message.output_tokens); }},
      {"latency_us", [&](const Member& member) { return ReadInteger(member, latency_us); }},
  };
  if (sequence != nullptr) {
    readings.emplace_back("type", [](const Member&) { return absl::OkStatus(); });
    readings.emplace_back("sequence",
                          [&](const Member& member) { return ReadInteger(member, *sequence); });
  }
  if (absl::Status read = ReadMembers(members, readings, message.metadata); !read.ok()) {
    return read;
  }
  const std::optional<Role> known = RoleOf(role);
  if (!known.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"role\" is '", role, "', not one of system, developer, user, assistant and tool"));
  }
  message.role = *known;
  if (latency_us.has_value()) message.latency = absl::Microseconds(*latency_us);
  // What the store would refuse as well, without the line.
  if (absl::Status ok = CheckMessages(absl::MakeConstSpan(&message, 1), SIZE_MAX); !ok.ok()) {
    return ok;
  }
  return message;
}

absl::Status AtLine(int64_t number, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("line ", number, ": ", status.message()));
}

// Errors name the line: that of its session for what the store refuses.
class Importer {
 public:
  explicit Importer(SessionStore& store) : store_(store) {}

  absl::Status TakeLine(absl::string_view text, int64_t number) {
    absl::StatusOr<JsonMembers> members = JsonMembers::Parse(text, kMaxLineDepth);
    if (!members.ok()) return AtLine(number, members.status());
    std::string type;
    bool has_messages = false;
    for (const Member& member : members->all()) {
      if (member.name == "type" && KindOf(member.value) != JsonKind::kNull) {
        if (absl::Status read = ReadString(member, type); !read.ok()) return AtLine(number, read);
      }
      has_messages |= member.name == "messages" && KindOf(member.value) != JsonKind::kNull;
    }
    if (type == "message" && !has_messages) return AtLine(number, TakeMessage(*members));
    if (type != "session" && !has_messages) {
      return AtLine(number, absl::InvalidArgumentError("it has neither the \"type\" \"session\" or "
                                                       "\"message\" nor \"messages\""));
    }
    if (absl::Status stored = StoreOpen(); !stored.ok()) return stored;
    Open open = {.line = number};
    if (absl::Status taken = TakeSession(*members, type, open); !taken.ok()) {
      return AtLine(number, taken);
    }
    open_ = std::move(open);
    // A chat has all its messages in its line.
    return has_messages && type != "session" ? StoreOpen() : absl::OkStatus();
  }

  // Stores the session whose messages were being gathered.
  absl::Status StoreOpen() {
    if (!open_.has_value()) return absl::OkStatus();
    const Open open = *std::exchange(open_, std::nullopt);
    absl::StatusOr<Session> stored = store_.CreateSession(open.session);
    if (!stored.ok()) return AtLine(open.line, stored.status());
    ++imported_.num_sessions;
    imported_.num_messages += stored->num_messages;
    imported_.num_cut_times += open.num_cut;
    const int64_t activity = open.session.activity.value_or(0);
    if (activity > kMaxActivity || activity < -kMaxActivity) ++imported_.num_cut_activities;
    const int64_t expected =
        std::max(open.num_messages.value_or(0), open.last_sequence.value_or(0));
    if (expected > stored->num_messages) {
      if (++imported_.num_incomplete == 1) {
        imported_.first_incomplete =
            absl::StrCat("line ", open.line, ": the session '", stored->id, "' has ",
                         stored->num_messages, " of ", expected, " messages");
      }
    }
    return absl::OkStatus();
  }

  const Imported& imported() const { return imported_; }

  // The error that ends an import, with what is in the store already, so that nobody imports that
  // twice.
  absl::Status Ended(const absl::Status& error) const {
    const int64_t count = imported_.num_sessions;
    return absl::Status(
        error.code(),
        absl::StrCat(
            error.message(), "; ",
            count == 0
                ? "nothing was imported"
                : absl::StrCat("the ", count, count == 1 ? " session" : " sessions", " before it ",
                               count == 1 ? "is" : "are",
                               " imported; correct the line and import the rest of the file")));
  }

 private:
  // A session whose messages may follow, and what the file says of it.
  struct Open {
    int64_t line = 0;
    SessionStore::NewSession session = {};
    std::optional<int64_t> num_messages = {};
    std::optional<int64_t> last_sequence = {};
    int64_t num_cut = 0;
  };

  static absl::Status TakeSession(const JsonMembers& members, const std::string& type, Open& open) {
    SessionStore::NewSession& session = open.session;
    std::vector<Reading> readings = {
        {"messages",
         [&](const Member& member) { return AddMessages(member, session, open.num_cut); }},
        {"id", [&](const Member& member) { return ReadString(member, session.id); }},
        {"title", [&](const Member& member) { return ReadString(member, session.title); }},
        {"created",
         [&](const Member& member) { return ReadTime(member, session.created, open.num_cut); }},
        {"updated",
         [&](const Member& member) { return ReadTime(member, session.updated, open.num_cut); }},
        {"closed",
         [&](const Member& member) { return ReadTime(member, session.closed, open.num_cut); }},
        {"activity", [&](const Member& member) { return ReadInteger(member, session.activity); }},
        {"metadata",
         [&](const Member& member) {
           return ReadJson(member, JsonKind::kObject, session.metadata);
         }},
    };
    if (type == "session") {
      readings.emplace_back("type", [](const Member&) { return absl::OkStatus(); });
      readings.emplace_back("num_messages", [&](const Member& member) {
        return ReadInteger(member, open.num_messages);
      });
    }
    return ReadMembers(members, readings, session.metadata);
  }

  absl::Status TakeMessage(const JsonMembers& members) {
    if (!open_.has_value()) {
      return absl::InvalidArgumentError("the message comes before the line of its session");
    }
    std::optional<int64_t> sequence;
    absl::StatusOr<Message> message = MessageOf(members, &sequence, open_->num_cut);
    if (!message.ok()) return message.status();
    if (sequence.has_value()) {
      if (*sequence <= open_->last_sequence.value_or(0)) {
        return absl::InvalidArgumentError(absl::StrCat("\"sequence\" is ", *sequence, " after ",
                                                       open_->last_sequence.value_or(0),
                                                       ": the messages are not in order"));
      }
      open_->last_sequence = sequence;
    }
    open_->session.messages.push_back(*std::move(message));
    return absl::OkStatus();
  }

  static absl::Status AddMessages(const Member& member, SessionStore::NewSession& session,
                                  int64_t& num_cut) {
    if (KindOf(member.value) != JsonKind::kArray) return WrongType(member, "an array");
    int64_t number = 0;
    for (const absl::string_view element : JsonElements(member.value)) {
      ++number;
      absl::StatusOr<JsonMembers> members = JsonMembers::OfChecked(element);
      absl::StatusOr<Message> message =
          members.ok() ? MessageOf(*members, nullptr, num_cut) : members.status();
      if (!message.ok()) {
        return absl::Status(message.status().code(),
                            absl::StrCat("message ", number, ": ", message.status().message()));
      }
      session.messages.push_back(*std::move(message));
    }
    return absl::OkStatus();
  }

  SessionStore& store_;
  std::optional<Open> open_;
  Imported imported_;
};

class LineReader {
 public:
  LineReader(ChatLinesSource source, size_t max_bytes) : source_(source), max_bytes_(max_bytes) {}

  // Reads the next line, without its end. False at the end of the input; the source's errors;
  // InvalidArgument with the line's number if it is too long, before more of it is read.
  absl::StatusOr<bool> Read(std::string& line) {
    ++number_;
    line.clear();
    for (;;) {
      const size_t end = rest_.find('\n');
      absl::StrAppend(&line, rest_.substr(0, end));
      if (line.size() > max_bytes_) {
        return AtLine(number_,
                      absl::InvalidArgumentError(absl::StrCat("the line has more than ", max_bytes_,
                                                              " bytes, which is the limit")));
      }
      if (end != absl::string_view::npos) {
        rest_.remove_prefix(end + 1);
        return true;
      }
      const absl::StatusOr<size_t> count = source_(absl::MakeSpan(part_));
      if (!count.ok()) return count.status();
      rest_ = {part_.data(), *count};
      if (rest_.empty()) return !line.empty();
    }
  }

  // That of the line that was read last.
  int64_t number() const { return number_; }

 private:
  const ChatLinesSource source_;
  const size_t max_bytes_;
  int64_t number_ = 0;
  std::array<char, 65536> part_;
  // What has been read of the source, and belongs to the lines that follow.
  absl::string_view rest_;
};

}  // namespace

std::string MessageJson(const Message& message) {
  return ObjectLine(nullptr, [&](JsonWriter& writer) { WriteMessage(writer, message); });
}

std::string SessionJson(const Session& session) {
  return ObjectLine(nullptr, [&](JsonWriter& writer) { WriteSession(writer, session); });
}

absl::Status ExportSession(SessionStore& store, absl::string_view session_id, ChatLinesSink sink) {
  absl::StatusOr<Session> session = store.GetSession(session_id);
  if (!session.ok()) return session.status();
  std::string lines =
      ObjectLine("session", [&](JsonWriter& writer) { WriteSession(writer, *session); }) + "\n";
  SessionStore::HistoryOptions page{.after = 0, .before = std::nullopt, .limit = kPage};
  for (;;) {
    absl::StatusOr<std::vector<Message>> messages = store.History(session_id, page);
    if (!messages.ok()) return messages.status();
    for (const Message& message : *messages) {
      absl::StrAppend(
          &lines, ObjectLine("message", [&](JsonWriter& writer) { WriteMessage(writer, message); }),
          "\n");
    }
    if (absl::Status written = sink(lines); !written.ok()) return written;
    if (messages->empty()) return absl::OkStatus();
    lines.clear();
    page.after = messages->back().sequence;
  }
}

absl::Status ExportSession(SessionStore& store, absl::string_view session_id, std::ostream& out) {
  return ExportSession(store, session_id, [&](absl::string_view lines) -> absl::Status {
    if (out.write(lines.data(), static_cast<std::streamsize>(lines.size())).flush()) {
      return absl::OkStatus();
    }
    return absl::UnavailableError("cannot write the export");
  });
}

absl::StatusOr<std::vector<std::string>> AllSessionIds(SessionStore& store) {
  std::vector<std::string> ids;
  std::string before;
  for (;;) {
    absl::StatusOr<std::vector<Session>> sessions = store.ListSessions(1000, before);
    if (!sessions.ok()) return sessions.status();
    if (sessions->empty()) break;
    for (Session& session : *sessions) ids.push_back(std::move(session.id));
    before = ids.back();
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

absl::StatusOr<Imported> ImportSessions(ChatLinesSource source, SessionStore& store,
                                        size_t max_line_bytes) {
  Importer importer(store);
  LineReader lines(source, max_line_bytes);
  std::string line;
  for (;;) {
    absl::StatusOr<bool> read = lines.Read(line);
    if (!read.ok()) return importer.Ended(read.status());
    if (!*read) break;
    absl::string_view text = line;
    // The byte order mark that some editors write.
    if (lines.number() == 1) absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
    if (absl::StripAsciiWhitespace(text).empty()) continue;
    if (absl::Status taken = importer.TakeLine(text, lines.number()); !taken.ok()) {
      return importer.Ended(taken);
    }
  }
  if (absl::Status stored = importer.StoreOpen(); !stored.ok()) return importer.Ended(stored);
  return importer.imported();
}

absl::StatusOr<Imported> ImportSessions(std::istream& in, SessionStore& store,
                                        size_t max_line_bytes) {
  return ImportSessions(
      [&](absl::Span<char> part) -> absl::StatusOr<size_t> {
        in.read(part.data(), static_cast<std::streamsize>(part.size()));
        if (in.bad()) return absl::UnavailableError("cannot read what is to be imported");
        return static_cast<size_t>(in.gcount());
      },
      store, max_line_bytes);
}

}  // namespace parlance::session
