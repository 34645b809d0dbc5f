// The steps that every store takes before it stores a new session.
#ifndef SESSION_NEW_SESSION_H_
#define SESSION_NEW_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "session/message.h"
#include "session/store.h"

namespace parlance::session {

// Makes a new id: "sess_", 48 bits of the time in milliseconds and 80 random bits of the system's,
// in hexadecimal: the time first, so that new ones are neighbours in an index (as UUIDv7, RFC 9562,
// section 5.7). Thread-safe.
std::string NewSessionId(absl::Time now);

// Checks what a session is made from. InvalidArgument with what is wrong. `max_bytes`: the most
// that each text may have.
absl::Status CheckNewSession(const SessionStore::NewSession& from, size_t max_bytes);

// The activity of a session while the store has not chosen one yet.
inline constexpr int64_t kNoActivity = INT64_MIN;

// The greatest activity that a session from elsewhere may bring; more counts as this. It is far
// beyond all times, and leaves room for that of all changes after it.
inline constexpr int64_t kMaxActivity = int64_t{1} << 62;

// The session as it will be. Its activity is kNoActivity if the store is to choose it. `new_id`
// names it if it has no name; NewSessionId if null.
Session SessionFrom(const SessionStore::NewSession& from, absl::Time now,
                    const std::function<std::string()>& new_id);

}  // namespace parlance::session

#endif  // SESSION_NEW_SESSION_H_
