// Saves what can be read of a damaged store.
#ifndef SESSION_REPAIR_H_
#define SESSION_REPAIR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace parlance::session {

struct Salvaged {
  int64_t num_sessions = 0;
  int64_t num_messages = 0;
  // Of the sessions: those whose own row was lost, so that they have new ids and no title.
  int64_t num_orphans = 0;
  // Places where rows could not be read.
  int64_t num_gaps = 0;
};

// Copies every session and message of the store `damaged` that can be read to the new store
// `fresh`, and leaves the damaged file as it is. Messages keep their sequences, so that what is
// missing shows. AlreadyExists if `fresh` is there; NotFound if `damaged` is not; DataLoss if
// nothing at all can be read.
absl::StatusOr<Salvaged> SalvageStore(const std::string& damaged, const std::string& fresh);

}  // namespace parlance::session

#endif  // SESSION_REPAIR_H_
