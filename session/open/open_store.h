// Opens whichever store a location names.
#ifndef SESSION_OPEN_OPEN_STORE_H_
#define SESSION_OPEN_OPEN_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "session/store.h"

namespace parlance::session {

// Whether the location is a URI of PostgreSQL: "postgresql://…" or "postgres://…".
bool IsPostgresUri(absl::string_view location);

struct OpenStoreOptions {
  std::function<absl::Time()> now = absl::Now;
  // These two hold for a file, and mean what they mean in SqliteStoreOptions.
  bool may_make = true;
  bool may_be_read_only = false;
  // For how long who writes waits while too much is under way; with zero, a write is refused then.
  absl::Duration write_patience = absl::Seconds(5);
};

// Opens the store of a PostgreSQL server for its URI, and otherwise the one in the SQLite file of
// that path. Errors are those of OpenPostgresStore and SqliteStore::Open.
absl::StatusOr<std::unique_ptr<SessionStore>> OpenStore(const std::string& location,
                                                        const OpenStoreOptions& options = {});

}  // namespace parlance::session

#endif  // SESSION_OPEN_OPEN_STORE_H_
