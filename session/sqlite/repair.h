// Saves what can be read of a damaged store.
#ifndef SESSION_SQLITE_REPAIR_H_
#define SESSION_SQLITE_REPAIR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parlance::session {

struct Salvaged {
  int64_t num_sessions = 0;
  int64_t num_messages = 0;
  // How many of the sessions have lost their own row, so that they have no title, and a new id
  // unless an index had it.
  int64_t num_orphans = 0;
  // Places where rows could not be read.
  int64_t num_gaps = 0;
  // Rows that were read and are none: of a wrong kind, or there twice.
  int64_t num_refused = 0;
  // The file's log (FILE-wal) could not be used, so that what was said last may be missing.
  bool log_was_ignored = false;

  // A session of which something is missing or doubtful, and how much.
  struct Loss {
    std::string session_id;
    // Messages, by the session's own count and by the places of those that are there.
    int64_t num_lost = 0;
    // Messages and titles that are not UTF-8 or have a stretch of NULs, as a page of zeros leaves
    // it, and tool_calls or metadata that were no JSON and are left out.
    int64_t num_doubtful = 0;
  };
  // The losses in the order of the sessions.
  std::vector<Loss> losses;

  // Whether every row could be read, and nothing is known to be missing.
  bool lost_nothing() const {
    return num_orphans == 0 && num_gaps == 0 && num_refused == 0 && !log_was_ignored &&
           losses.empty();
  }
};

// Whether SalvageStore can read anything of the file: OK, or what it would say. DataLoss for what
// is no database, or has lost its first page.
absl::Status CheckSalvageable(const std::string& damaged);

// Copies every session and message of the store `damaged` that can be read to the new store
// `fresh`, and leaves the damaged file as it is; it may be one that may only be read. Messages keep
// their sequences, so that what is missing shows. AlreadyExists if `fresh` is there and not empty;
// after an error it is not there, or empty again. NotFound if `damaged` is not there; DataLoss if
// nothing at all can be read. A damaged header is written anew in a copy. If `damaged` has a log
// (FILE-wal), both are copied. Copies are beside `fresh`, for the time being.
absl::StatusOr<Salvaged> SalvageStore(const std::string& damaged, const std::string& fresh);

}  // namespace parlance::session

#endif  // SESSION_SQLITE_REPAIR_H_
