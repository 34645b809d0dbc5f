// The header of a damaged database, written anew.
//
// Source: SQLite, "Database File Format", section 1.3, "The Database Header".
#ifndef SESSION_SQLITE_DATABASE_HEADER_H_
#define SESSION_SQLITE_DATABASE_HEADER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parlance::session {

// The smallest page that a database may have, and so the smallest file that is one.
inline constexpr int kMinPageBytes = 512;

// The page sizes that the database may have, in bytes, the likeliest first: what the header says if
// that can be, then SQLite's default, then all others. None if the header is whole and says that
// the file is another application's. Errors are the system's.
absl::StatusOr<std::vector<int>> PossiblePageSizes(const std::string& path);

// Writes a store's header over the first 100 bytes of the file: for pages of `page_bytes`, with the
// old header's schema version if there is one of it. The pages themselves stay as they are, so that
// SQLite reads them if the size is the right one. Errors are the system's.
absl::Status WriteHeader(const std::string& path, int page_bytes);

}  // namespace parlance::session

#endif  // SESSION_SQLITE_DATABASE_HEADER_H_
