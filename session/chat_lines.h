// Sessions as JSON Lines, one object a line, in the form of OpenAI's chat messages.
//
// A session is a line {"type":"session","id":…,"title":…,"created":…,…} and after it one line for
// each message, in order: {"type":"message","sequence":…,"role":…,"content":…,"tool_calls":[…],
// "tool_call_id":…,"created":…,…}. Several sessions may follow each other. Import also takes lines
// {"messages":[…]} as OpenAI's fine-tuning files have them, each of which becomes a session.
//
// An import of what was exported makes the same sessions, with their ids, times and order. metadata
// and tool_calls are kept byte for byte, except that a line break between their values becomes a
// space. What a line or an OpenAI message has and we do not know, such as "refusal" or "weight", is
// kept in metadata, as it is; what the store has no place for is refused.
#ifndef SESSION_CHAT_LINES_H_
#define SESSION_CHAT_LINES_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "session/message.h"
#include "session/store.h"

namespace parlance::session {

// Takes the next part of what is written, and may refuse it.
using ChatLinesSink = absl::FunctionRef<absl::Status(absl::string_view)>;

// Reads in pages, so memory does not grow with the session; messages appended meanwhile may or may
// not be there. NotFound; the sink's and the store's errors.
absl::Status ExportSession(SessionStore& store, absl::string_view session_id, ChatLinesSink sink);
// Writes to a stream; Unavailable if it fails.
absl::Status ExportSession(SessionStore& store, absl::string_view session_id, std::ostream& out);

// Returns the ids of all sessions, that of the one that changed last at the end: an import in this
// order changes them in this order, too.
absl::StatusOr<std::vector<std::string>> AllSessionIds(SessionStore& store);

// The most bytes that a line may have. The longest line that an export writes is shorter, with
// messages of up to 16 MiB.
inline constexpr size_t kMaxLineBytes = size_t{512} << 20;

struct Imported {
  int64_t num_sessions = 0;
  int64_t num_messages = 0;
  // Sessions without some of the messages that they say they have, as in a file that was cut, or
  // from a store that was repaired. Their messages are numbered anew.
  int64_t num_incomplete = 0;
  // The first of them, and its line.
  std::string first_incomplete;
  // Times with parts of a microsecond, which the store does not keep.
  int64_t num_cut_times = 0;
  // Activities beyond 2^62 or below its negative, which count as those.
  int64_t num_cut_activities = 0;
};

// Reads the next bytes into a part of what it is given, and returns how many: 0 at the end and
// never before.
using ChatLinesSource = absl::FunctionRef<absl::StatusOr<size_t>(absl::Span<char>)>;

// Sessions keep their ids, times and order; AlreadyExists if the store has one of them. A session
// is there whole or not at all: after an error, those before it are, and the error names the line.
// InvalidArgument for a line that is none of the above, for one longer than `max_line_bytes`, for
// JSON that CheckJson refuses (json_text.h), for a name that is twice in an object, and for what
// the store has no place for; the source's and the store's errors.
absl::StatusOr<Imported> ImportSessions(ChatLinesSource source, SessionStore& store,
                                        size_t max_line_bytes = kMaxLineBytes);
// Reads a stream; Unavailable if it fails.
absl::StatusOr<Imported> ImportSessions(std::istream& in, SessionStore& store,
                                        size_t max_line_bytes = kMaxLineBytes);

// The object of a message or a session as an export writes it, without "type".
std::string MessageJson(const Message& message);
std::string SessionJson(const Session& session);

}  // namespace parlance::session

#endif  // SESSION_CHAT_LINES_H_
