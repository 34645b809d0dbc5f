// The history on a PostgreSQL server (15 or newer), for machines that share one.
//
// It makes its tables itself, and keeps what the one in a file keeps. Programs that add at the same
// time wait for one another on the server, for as long as it takes the server to add a run, and no
// longer than a minute. Every statement has two minutes on the server, and a server that does not
// answer within two and a half is given up; a run that is to be added is then tried once more.
#ifndef PERF_HISTORY_POSTGRES_POSTGRES_HISTORY_H_
#define PERF_HISTORY_POSTGRES_POSTGRES_HISTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "perf/history/history.h"

namespace perf {

// `uri`: "postgresql://…" or "postgres://…", as libpq takes it (PostgreSQL documentation, 34.1.1);
// what it lacks comes from libpq's variables and files, such as PGPASSWORD and ~/.pgpass. A server
// that does not answer is given up after 5 s for each of its addresses, unless the URI has another
// connect_timeout; how long it takes to look up the addresses of a name, the resolver alone
// decides.
//
// InvalidArgument for what is no such URI; FailedPrecondition for tables of a newer version, and
// for a database without tables whose encoding is not UTF8; Unavailable if there is no connection:
// no server, a wrong password, no such database. PermissionDenied if the user may not read the
// tables, or make them where there are none; to read a history that is there, SELECT on its tables
// is enough. Messages are one line, without password.
absl::StatusOr<std::unique_ptr<History>> OpenPostgresHistory(const std::string& uri);

}  // namespace perf

#endif  // PERF_HISTORY_POSTGRES_POSTGRES_HISTORY_H_
