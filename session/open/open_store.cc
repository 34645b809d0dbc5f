#include "session/open/open_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "session/postgres/postgres_store.h"
#include "session/sqlite/sqlite_store.h"

namespace parlance::session {

bool IsPostgresUri(absl::string_view location) {
  return absl::StartsWith(location, "postgresql://") || absl::StartsWith(location, "postgres://");
}

absl::StatusOr<std::unique_ptr<SessionStore>> OpenStore(const std::string& location,
                                                        const OpenStoreOptions& options) {
  if (IsPostgresUri(location)) {
    PostgresStoreOptions postgres_options;
    postgres_options.now = options.now;
    postgres_options.queue.patience = options.write_patience;
    return OpenPostgresStore(location, std::move(postgres_options));
  }
  SqliteStoreOptions sqlite_options;
  sqlite_options.now = options.now;
  sqlite_options.may_make = options.may_make;
  sqlite_options.may_be_read_only = options.may_be_read_only;
  sqlite_options.queue.patience = options.write_patience;
  absl::StatusOr<std::unique_ptr<SqliteStore>> store =
      SqliteStore::Open(location, std::move(sqlite_options));
  if (!store.ok()) return store.status();
  return *std::move(store);
}

}  // namespace parlance::session
