// Names for new sessions.
#ifndef SESSION_SESSION_ID_H_
#define SESSION_SESSION_ID_H_

#include <string>

#include "absl/time/time.h"

namespace parlance::session {

// "sess_", 48 bits of the time in milliseconds and 80 random bits, in hexadecimal: the time first,
// so that new ones are neighbours in an index (as UUIDv7, RFC 9562, section 5.7). Thread-safe.
std::string NewSessionId(absl::Time now);

}  // namespace parlance::session

#endif  // SESSION_SESSION_ID_H_
