// Sessions as JSON Lines, one object a line, in the form of OpenAI's chat messages.
//
// A session is a line {"type":"session","id":…,"title":…,"created":…,…} and after it one line for
// each message, in order: {"type":"message","sequence":…,"role":…,"content":…,"tool_calls":[…],
// "tool_call_id":…,"created":…,…}. Several sessions may follow each other. Import also takes lines
// {"messages":[…]} as OpenAI's fine-tuning files have them, each of which becomes a session.
#ifndef SESSION_CHAT_LINES_H_
#define SESSION_CHAT_LINES_H_

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "session/message.h"
#include "session/store.h"

namespace parlance::session {

// Reads in pages, so memory does not grow with the session; messages appended meanwhile may or may
// not be there. NotFound; Unavailable if the stream fails; the store's errors.
absl::Status ExportSession(SessionStore& store, absl::string_view session_id, std::ostream& out);

struct Imported {
  int64_t num_sessions = 0;
  int64_t num_messages = 0;
};

// Sessions keep their ids and times; AlreadyExists if the store has one of them. A session is there
// whole or not at all: after an error, those before it are, and the error names the line.
// InvalidArgument for a line that is none of the above.
absl::StatusOr<Imported> ImportSessions(std::istream& in, SessionStore& store);

// Without "type".
std::string MessageJson(const Message& message);
std::string SessionJson(const Session& session);

}  // namespace parlance::session

#endif  // SESSION_CHAT_LINES_H_
