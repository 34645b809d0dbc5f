// The store in one SQLite file: WAL mode, synchronous=FULL.
//
// Latency: a lone write waits for one fsync of the log; writes of many threads share it. Reads
// touch what they return, whatever the size of the store.
#ifndef SESSION_SQLITE_SQLITE_STORE_H_
#define SESSION_SQLITE_SQLITE_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "session/commit_queue.h"
#include "session/sqlite/database.h"
#include "session/store.h"

namespace parlance::session {

struct SqliteStoreOptions {
  std::function<absl::Time()> now = absl::Now;
  // Unique names for new sessions. Default: NewSessionId.
  std::function<std::string()> new_id = {};
  // The most bytes that content, metadata or tool_calls may have. SQLite's own limit is
  // 1,000,000,000.
  size_t max_message_bytes = size_t{16} << 20;
  // Whether a store is made if the file is not there, or is empty. Otherwise that is NotFound.
  bool may_make = true;
  // Whether a store that may not be changed (the file, its folder or the file system may only be
  // read) is opened all the same. What would change it is PermissionDenied then, and searching
  // messages that search does not know yet, and checking, work on a copy in a temporary folder
  // ($TMPDIR or /tmp); so does everything if the store is of an older version, or if its log
  // (FILE-wal) cannot be read where it is.
  bool may_be_read_only = false;
  // Connections for reading that are kept open.
  int max_readers = 4;
  DatabaseOptions database = {};
  CommitQueueOptions queue = {};
};

class SqliteStore : public SessionStore {
 public:
  // Opens the file and brings it to the current schema; makes it if it is not there. NotFound if it
  // cannot be opened (a missing folder, a folder); DataLoss if it is not a database;
  // FailedPrecondition if it belongs to another application or a newer program; PermissionDenied if
  // it may only be read.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path,
                                                           SqliteStoreOptions options = {});

  // Copies the store, as it is at one moment, to another file, while it is read and written.
  // AlreadyExists if the file is there, unless it is empty. One that is not there appears when the
  // copy is whole and on the disk; an empty one is written where it is, and is empty again after an
  // error.
  virtual absl::Status Backup(const std::string& path) = 0;

  // How many transactions writes were gathered into since the store was opened.
  virtual int64_t num_commits() const = 0;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_SQLITE_STORE_H_
