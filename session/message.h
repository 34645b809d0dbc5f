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

// "system", "developer", "user", "assistant", "tool".
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

struct Message {
  Role role = Role::kUser;
  // UTF-8.
  std::string content;
  // Of the tool, for role tool.
  std::optional<std::string> name;
  // Which call the message answers, for role tool.
  std::optional<std::string> tool_call_id;
  // A JSON array of the calls the assistant made: [{"id": …, "type": "function", "function":
  // {"name": …, "arguments": "…"}}].
  std::optional<std::string> tool_calls;
  // Set by the store: the place in the session, from 1, without gaps; and the time of the append,
  // which says nothing of the order, because clocks jump.
  int64_t sequence = 0;
  absl::Time created;
};

struct Session {
  std::string id;
  std::string title;
  absl::Time created;
  absl::Time updated;
  int64_t num_messages = 0;
};

}  // namespace parlance::session

#endif  // SESSION_MESSAGE_H_
