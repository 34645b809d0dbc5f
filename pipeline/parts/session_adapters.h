// The services that the tools ask for, kept in the session store.
#ifndef PIPELINE_PARTS_SESSION_ADAPTERS_H_
#define PIPELINE_PARTS_SESSION_ADAPTERS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "session/store.h"
#include "tools/builtin/dependencies.h"

namespace parlance::pipeline {

// Notes as messages of a session titled "Notes", which is made if it is not there: one message a
// note, and one for each that was removed. Durable like every message. Thread-safe. `store` must
// outlive it.
absl::StatusOr<std::unique_ptr<tools::NoteStore>> CreateSessionNoteStore(
    session::SessionStore* store);

// What the user said in the session that the caller's name is the id of. Thread-safe. `store` must
// outlive it.
std::unique_ptr<tools::ConversationSearch> CreateSessionSearch(session::SessionStore* store);

}  // namespace parlance::pipeline

#endif  // PIPELINE_PARTS_SESSION_ADAPTERS_H_
