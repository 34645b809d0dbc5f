// Opens whichever history a location names: a file, or a database on a server.
#ifndef PERF_HISTORY_OPEN_OPEN_HISTORY_H_
#define PERF_HISTORY_OPEN_OPEN_HISTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/history/history.h"

namespace perf {

// InvalidArgument, without a word of it, for a location that is neither the path of a file nor a
// URI of PostgreSQL: with "://" and another scheme, a URI whose password may be read wrongly, or
// what begins as libpq's "host=… password=…" does, or contains "password=".
absl::Status CheckHistoryLocation(const std::string& location);

// Opens the history of a location that passes that check, and makes it if there is none. Errors are
// those of OpenPostgresHistory for "postgresql://…" and "postgres://…", and otherwise those of
// SqliteHistory::Open.
absl::StatusOr<std::unique_ptr<History>> OpenHistory(const std::string& location);

// The same, but null if the location is empty or names a file that is not there.
absl::StatusOr<std::unique_ptr<History>> OpenHistoryIfThere(const std::string& location);

// Whether it is on a server, so that it consists of no files here.
bool IsOnServer(absl::string_view location);

// The name that messages have for a history that passes the check: the path, or the URI without
// password and options.
std::string HistoryName(const std::string& location);

}  // namespace perf

#endif  // PERF_HISTORY_OPEN_OPEN_HISTORY_H_
