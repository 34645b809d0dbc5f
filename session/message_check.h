// What a message and a session must be like before they are stored.
#ifndef SESSION_MESSAGE_CHECK_H_
#define SESSION_MESSAGE_CHECK_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/message.h"
#include "session/store.h"

namespace parlance::session {

// The errors with which every store says that there is no such session, or no such message in it
// (NotFound), that it is closed (FailedPrecondition), and that a message of that role cannot be
// amended (InvalidArgument).
absl::Status NoSession(absl::string_view session_id);
absl::Status NoMessage(absl::string_view session_id, int64_t sequence);
absl::Status SessionIsClosed(absl::string_view session_id);
absl::Status MayNotBeAmended(absl::string_view session_id, int64_t sequence,
                             absl::string_view role_name);

bool IsUtf8(absl::string_view text);

// All others return InvalidArgument with what is wrong. `what`: how the message calls the text.

// Checks that the text is UTF-8, and no longer than `max_bytes`.
absl::Status CheckText(absl::string_view what, absl::string_view text, size_t max_bytes);
// Checks as CheckText does, and that the text is one JSON value of that kind (CheckJson in
// json_text.h).
absl::Status CheckJsonObject(absl::string_view what, absl::string_view text, size_t max_bytes);
absl::Status CheckJsonArray(absl::string_view what, absl::string_view text, size_t max_bytes);
// Checks that the time is in the years 1 to 9999, which can be written and read again.
absl::Status CheckTime(absl::string_view what, absl::Time time);
// Checks that the id is 1 to 128 visible ASCII characters.
absl::Status CheckId(absl::string_view id);
// Checks that there is a message, that each is whole, and that no client key is used twice.
absl::Status CheckMessages(absl::Span<const Message> messages, size_t max_bytes);
// Checks that an amendment has what a message may have.
absl::Status CheckAmendment(const SessionStore::Amendment& amendment, size_t max_bytes);
// Checks that something is asked for, and can be done.
absl::Status CheckRetention(const SessionStore::Retention& retention);
// Checks how many rows are asked for at once: 1 to 10000.
absl::Status CheckLimit(int limit);

}  // namespace parlance::session

#endif  // SESSION_MESSAGE_CHECK_H_
