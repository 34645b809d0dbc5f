// Brings a database to the program's schema.
//
// The schema's version is SQLite's `user_version`, and `application_id` marks the file as ours.
#ifndef SESSION_SQLITE_MIGRATIONS_H_
#define SESSION_SQLITE_MIGRATIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "session/sqlite/database.h"

namespace parlance::session {

// "Parl" in ASCII.
inline constexpr int64_t kApplicationId = 0x5061726c;

// A row of `messages` has its session's row number, shifted by so many bits, and its sequence as
// its own number. So a session's messages lie side by side, and there are at most so many of them.
inline constexpr int kSequenceBits = 24;
inline constexpr int64_t kMaxMessages = (int64_t{1} << kSequenceBits) - 1;

// Step i leads from version i to version i + 1. Steps are only ever added: what a step did,
// databases in the field have.
absl::Span<const std::string> SchemaMigrations();

// Turns the counts that order sessions up to version 3 into the times of version 4, in any schema
// where no index keeps two from being the same for a moment.
inline constexpr char kTimeActivities[] = R"sql(
UPDATE sessions SET activity = timed.activity FROM
  (SELECT id, max(updated_us - place) OVER (ORDER BY place) + place AS activity FROM
    (SELECT id, updated_us, row_number() OVER (ORDER BY activity) AS place FROM sessions)) AS timed
  WHERE timed.id = sessions.id;
)sql";

// Whether the database has the newest version, and nothing needs to be run. Changes nothing.
// FailedPrecondition as Migrate; an empty database is not current.
absl::StatusOr<bool> IsCurrent(Database& database, absl::Span<const std::string> migrations);

// Whether the database has no tables and no mark of any application, as a new file.
absl::StatusOr<bool> IsEmpty(Database& database);

// Runs the steps that are missing, all in one transaction: after an error or a crash the database
// is as it was. FailedPrecondition for a database of another application, and for one that a newer
// program made; otherwise as Database.
absl::Status Migrate(Database& database, absl::Span<const std::string> migrations);

}  // namespace parlance::session

#endif  // SESSION_SQLITE_MIGRATIONS_H_
