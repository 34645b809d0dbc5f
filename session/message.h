// What was said: sessions and their messages, in the form of OpenAI's chat items.
#ifndef SESSION_MESSAGE_H_
#define SESSION_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::session {

enum class Role { kSystem, kDeveloper, kUser, kAssistant, kTool };

// The role's name: "system", "developer", "user", "assistant", "tool".
constexpr absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kSystem:
      return "system";
    case Role::kDeveloper:
      return "developer";
    case Role::kUser:
      return "user";
    case Role::kAssistant:
      return "assistant";
    case Role::kTool:
      return "tool";
  }
  return "";
}

// The role of that name; nothing if there is none.
constexpr std::optional<Role> RoleOf(absl::string_view name) {
  for (const Role role :
       {Role::kSystem, Role::kDeveloper, Role::kUser, Role::kAssistant, Role::kTool}) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

struct Message {
  Role role = Role::kUser;
  // The text that was said, in UTF-8.
  std::string content = {};
  // The tool's name, for role tool.
  std::optional<std::string> name = {};
  // The id of the call that the message answers, for role tool.
  std::optional<std::string> tool_call_id = {};
  // A JSON array of the calls the assistant made: [{"id": …, "type": "function", "function":
  // {"name": …, "arguments": "…"}}].
  std::optional<std::string> tool_calls = {};
  // Chosen by the caller, unique in the session: an append that is tried again with the same key
  // changes nothing and is acknowledged like the first.
  std::optional<std::string> client_key = {};
  // A JSON object that the store keeps as it is.
  std::optional<std::string> metadata = {};
  // The tokens of the model's call that made the message.
  std::optional<int64_t> input_tokens = {};
  std::optional<int64_t> output_tokens = {};
  // The time from the end of the question to the start of the answer.
  std::optional<absl::Duration> latency = {};
  // The time of the append, which says nothing of the order, because clocks jump. Set by the store,
  // unless the caller did; no message was said in the infinite past.
  absl::Time created = absl::InfinitePast();
  // Set by the store: the place in the session, from 1, without gaps.
  int64_t sequence = 0;
};

struct Session {
  std::string id;
  std::string title;
  // A JSON object that the store keeps as it is.
  std::optional<std::string> metadata;
  absl::Time created;
  // When the session was appended to or changed last.
  absl::Time updated;
  // Set if the session is closed: it takes no more messages until it is resumed.
  std::optional<absl::Time> closed;
  int64_t num_messages = 0;
  // Orders sessions by their last change, whatever the clock said then: microseconds, like those of
  // `updated`, but never fewer than at an earlier change in the same store.
  int64_t activity = 0;
};

}  // namespace parlance::session

#endif  // SESSION_MESSAGE_H_
