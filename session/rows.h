// What a row of either store's tables means: the columns that its queries select, in order, and the
// session or message they make.
#ifndef SESSION_ROWS_H_
#define SESSION_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "session/message.h"

namespace parlance::session {

inline constexpr char kSessionColumns[] =
    "public_id, title, metadata, created_us, updated_us, closed_us, next_sequence - 1, activity";
// The columns of a table of messages that the query calls m.
inline constexpr char kMessageColumns[] =
    "m.sequence, m.role, m.content, m.name, m.tool_call_id, m.tool_calls, m.created_us, "
    "m.client_key, m.metadata, m.input_tokens, m.output_tokens, m.latency_us";
inline constexpr int kNumMessageColumns = 12;

// `Row` has Text(column), OptionalText, Integer and OptionalInteger, as a Statement has.
template <typename Row>
Session SessionOf(const Row& row) {
  Session session;
  session.id = std::string(row.Text(0));
  session.title = std::string(row.Text(1));
  session.metadata = row.OptionalText(2);
  session.created = absl::FromUnixMicros(row.Integer(3));
  session.updated = absl::FromUnixMicros(row.Integer(4));
  if (const std::optional<int64_t> closed_us = row.OptionalInteger(5)) {
    session.closed = absl::FromUnixMicros(*closed_us);
  }
  session.num_messages = row.Integer(6);
  session.activity = row.Integer(7);
  return session;
}

template <typename Row>
Message MessageOf(const Row& row) {
  Message message;
  message.sequence = row.Integer(0);
  message.role = RoleOf(row.Text(1)).value_or(Role::kTool);
  message.content = std::string(row.Text(2));
  message.name = row.OptionalText(3);
  message.tool_call_id = row.OptionalText(4);
  message.tool_calls = row.OptionalText(5);
  message.created = absl::FromUnixMicros(row.Integer(6));
  message.client_key = row.OptionalText(7);
  message.metadata = row.OptionalText(8);
  message.input_tokens = row.OptionalInteger(9);
  message.output_tokens = row.OptionalInteger(10);
  if (const std::optional<int64_t> latency_us = row.OptionalInteger(11)) {
    message.latency = absl::Microseconds(*latency_us);
  }
  return message;
}

}  // namespace parlance::session

#endif  // SESSION_ROWS_H_
