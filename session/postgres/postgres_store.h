// The store on a PostgreSQL server (15 or newer), for fleets that outgrow one machine.
//
// As durable as the server's commits. Writes of all threads of a process are committed together,
// pipelined; reads have connections of their own. After the server went away, service resumes when
// it is back.
//
// Differences from one file: PostgreSQL's text has no NUL, so text with one is refused with
// InvalidArgument; the search ranks by the cover density of the words instead of BM25, and knows a
// message by its first 200,000 characters, or 60,000 if it has any of a script without spaces. Such
// a word is found where all pairs of its characters are, in whatever order.
#ifndef SESSION_POSTGRES_POSTGRES_STORE_H_
#define SESSION_POSTGRES_POSTGRES_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/commit_queue.h"
#include "session/store.h"

namespace parlance::session {

struct PostgresStoreOptions {
  std::function<absl::Time()> now = absl::Now;
  // The following mean what they mean in SqliteStoreOptions.
  std::function<std::string()> new_id = {};
  size_t max_message_bytes = size_t{16} << 20;
  int max_readers = 4;
  CommitQueueOptions queue = {};
};

// `uri`: "postgresql://…", as libpq takes it. Makes the tables if they are not there. Unavailable
// if the server cannot be reached; FailedPrecondition if the tables are of a newer program.
absl::StatusOr<std::unique_ptr<SessionStore>> OpenPostgresStore(const std::string& uri,
                                                                PostgresStoreOptions options = {});

// Step i leads from version i of the schema to version i + 1. Steps are only ever added: what a
// step did, databases in the field have.
absl::Span<const std::string> PostgresMigrations();

}  // namespace parlance::session

#endif  // SESSION_POSTGRES_POSTGRES_STORE_H_
