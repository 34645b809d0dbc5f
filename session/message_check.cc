#include "session/message_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "rapidjson/encodings.h"
#include "rapidjson/memorystream.h"
#include "session/json_text.h"

namespace parlance::session {
namespace {

absl::Status CheckJsonOfKind(absl::string_view what, absl::string_view text, JsonKind expected,
                             absl::string_view expected_name, size_t max_bytes) {
  if (absl::Status ok = CheckText(what, text, max_bytes); !ok.ok()) return ok;
  const absl::StatusOr<JsonKind> kind = CheckJson(text);
  if (kind.ok() && *kind == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is not ", expected_name,
                   kind.ok() ? "" : absl::StrCat(": ", kind.status().message())));
}

absl::Status CheckMetadata(const std::optional<std::string>& metadata, size_t max_bytes) {
  return metadata.has_value() ? CheckJsonObject("metadata", *metadata, max_bytes)
                              : absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, size_t max_bytes) {
  if (absl::Status ok = CheckText("content", message.content, max_bytes); !ok.ok()) return ok;
  const std::pair<absl::string_view, const std::optional<std::string>&> optional_texts[] = {
      {"name", message.name},
      {"tool_call_id", message.tool_call_id},
      {"client_key", message.client_key}};
  for (const auto& [what, text] : optional_texts) {
    if (!text.has_value()) continue;
    if (absl::Status ok = CheckText(what, *text, max_bytes); !ok.ok()) return ok;
  }
  if (absl::Status ok = CheckMetadata(message.metadata, max_bytes); !ok.ok()) return ok;
  if (message.role == Role::kTool && !message.tool_call_id.has_value()) {
    return absl::InvalidArgumentError("a message of role tool needs the tool_call_id it answers");
  }
  if (message.tool_calls.has_value()) {
    if (absl::Status ok = CheckJsonArray("tool_calls", *message.tool_calls, max_bytes); !ok.ok()) {
      return ok;
    }
  }
  return message.created == absl::InfinitePast() ? absl::OkStatus()
                                                 : CheckTime("created", message.created);
}
}  // namespace

bool IsUtf8(absl::string_view text) {
  struct Discard {
    void Put(char) {}
  } discard;
  rapidjson::MemoryStream stream(text.data(), text.size());
  while (stream.Tell() < text.size()) {
    // Takes nothing from a stream that ends within a character.
    if (!rapidjson::UTF8<>::Validate(stream, discard) || stream.Tell() > text.size()) return false;
  }
  return true;
}

absl::Status NoSession(absl::string_view session_id) {
  return absl::NotFoundError(absl::StrCat("there is no session '", session_id, "'"));
}

absl::Status NoMessage(absl::string_view session_id, int64_t sequence) {
  return absl::NotFoundError(
      absl::StrCat("the session '", session_id, "' has no message ", sequence));
}

absl::Status SessionIsClosed(absl::string_view session_id) {
  return absl::FailedPreconditionError(
      absl::StrCat("the session '", session_id, "' is closed; resume it first"));
}

absl::Status MayNotBeAmended(absl::string_view session_id, int64_t sequence,
                             absl::string_view role_name) {
  return absl::InvalidArgumentError(absl::StrCat("message ", sequence, " of the session '",
                                                 session_id, "' is of role ", role_name,
                                                 "; only what an assistant said can be amended"));
}

absl::Status CheckText(absl::string_view what, absl::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " has ", text.size(), " bytes; the limit is ", max_bytes));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrCat(what, " is not UTF-8"));
  return absl::OkStatus();
}

absl::Status CheckJsonObject(absl::string_view what, absl::string_view text, size_t max_bytes) {
  return CheckJsonOfKind(what, text, JsonKind::kObject, "a JSON object", max_bytes);
}

absl::Status CheckJsonArray(absl::string_view what, absl::string_view text, size_t max_bytes) {
  return CheckJsonOfKind(what, text, JsonKind::kArray, "a JSON array", max_bytes);
}

absl::Status CheckTime(absl::string_view what, absl::Time time) {
  const auto start_of = [](int year) {
    return absl::FromCivil(absl::CivilSecond(year, 1, 1, 0, 0, 0), absl::UTCTimeZone());
  };
  static const absl::Time first = start_of(1);
  static const absl::Time end = start_of(10000);
  if (time >= first && time < end) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is ",
                                                 absl::FormatTime(time, absl::UTCTimeZone()),
                                                 ", which is not in the years 1 to 9999"));
}

absl::Status CheckId(absl::string_view id) {
  constexpr size_t kMaxIdSize = 128;
  if (id.empty() || id.size() > kMaxIdSize || !std::all_of(id.begin(), id.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError(
        absl::StrCat("a session's id must be 1 to ", kMaxIdSize, " visible ASCII characters"));
  }
  return absl::OkStatus();
}

absl::Status CheckMessages(absl::Span<const Message> messages, size_t max_bytes) {
  if (messages.empty()) return absl::InvalidArgumentError("there is no message to append");
  std::set<absl::string_view> keys;
  for (const Message& message : messages) {
    if (absl::Status ok = CheckMessage(message, max_bytes); !ok.ok()) return ok;
    if (message.client_key.has_value() && !keys.insert(*message.client_key).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("client_key '", *message.client_key, "' is used twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAmendment(const SessionStore::Amendment& amendment, size_t max_bytes) {
  if (absl::Status ok = CheckText("content", amendment.content, max_bytes); !ok.ok()) return ok;
  return CheckMetadata(amendment.metadata, max_bytes);
}

absl::Status CheckRetention(const SessionStore::Retention& retention) {
  if (!retention.changed_since.has_value() && !retention.most_sessions.has_value()) {
    return absl::InvalidArgumentError("say what to delete: by age, by number, or both");
  }
  if (retention.most_sessions.value_or(0) < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the sessions to keep must be 0 or more, but are ", *retention.most_sessions));
  }
  return absl::OkStatus();
}

absl::Status CheckLimit(int limit) {
  constexpr int kMaxRows = 10000;
  if (limit < 1 || limit > kMaxRows) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit ", limit, " is not between 1 and ", kMaxRows));
  }
  return absl::OkStatus();
}

}  // namespace parlance::session
