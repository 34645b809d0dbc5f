// A disk, as SQLite sees it, that fails when it is told to, and forgets at a power cut what was not
// synced.
//
// It lies before the operating system's real files, and passes everything on until it breaks. Its
// syncs are remembered and not done: a test of what survives needs them exact, not slow.
#ifndef SESSION_SQLITE_TESTING_FAULT_VFS_H_
#define SESSION_SQLITE_TESTING_FAULT_VFS_H_

#include <sqlite3.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "third_party/annotated_mutex.h"

namespace parlance::session {

enum class Fault {
  // Every write and sync fails.
  kIoError,
  kDiskFull,
  // The first half is written, and the rest is not.
  kShortWrite,
  // Syncs fail; writes do not.
  kSyncError,
};

// Thread-safe. Databases opened on it must be closed before its end.
class FaultVfs {
 public:
  // Registers itself with SQLite under a name of its own.
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const { return name_; }

  // Breaks after so many more operations: writes, truncations, deletions and syncs.
  void BreakAfter(int64_t num_operations, Fault fault);
  void Heal();
  // Databases that are opened from now on cannot be written.
  void SetReadOnly(bool read_only);
  // How many operations there were so far.
  int64_t num_operations() const;
  bool broken() const;

  // Leaves files as a power cut may: of what was not synced, each write is there, or not, or in
  // part, whatever the order. No file may be open.
  void LoseUnsynced(std::mt19937_64& random);

 private:
  friend struct FaultFile;
  friend struct FaultMethods;
  // How a file was before a write that is not synced.
  struct Undo {
    std::string path;
    int64_t offset;
    std::string bytes;
    int64_t file_size;
  };

  // Counts one operation. SQLITE_OK, or the error with which it fails; `if_io`: for an I/O error.
  int Operate(int if_io, bool is_sync) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::string name_;
  sqlite3_vfs vfs_ = {};
  sqlite3_vfs* real_ = nullptr;
  mutable annotated::Mutex mutex_;
  int64_t num_operations_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t breaks_at_ ABSL_GUARDED_BY(mutex_) = INT64_MAX;
  Fault fault_ ABSL_GUARDED_BY(mutex_) = Fault::kIoError;
  bool read_only_ ABSL_GUARDED_BY(mutex_) = false;
  // How to undo the writes that are not synced, in their order.
  std::vector<Undo> unsynced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_TESTING_FAULT_VFS_H_
