#include "session/sqlite/testing/fault_vfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace parlance::session {
namespace {

constexpr int64_t kSectorBytes = 512;

}  // namespace

// Laid out as SQLite wants it: its own part first, the real file's after this.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* vfs;
  std::string* path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static FaultFile& Of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }

  // Remembers how the range is now.
  void Remember(int64_t offset, int64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(vfs->mutex_) {
    sqlite3_int64 file_size = 0;
    real()->pMethods->xFileSize(real(), &file_size);
    std::string bytes(static_cast<size_t>(std::clamp<sqlite3_int64>(file_size - offset, 0, size)),
                      '\0');
    if (!bytes.empty()) {
      real()->pMethods->xRead(real(), bytes.data(), static_cast<int>(bytes.size()), offset);
    }
    vfs->unsynced_.push_back(
        {.path = *path, .offset = offset, .bytes = std::move(bytes), .file_size = file_size});
  }
};

// SQLite's tables of functions.
struct FaultMethods {
  static FaultVfs& Vfs(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }

  static int Close(sqlite3_file* file) {
    FaultFile& fault_file = FaultFile::Of(file);
    const int result = fault_file.real()->pMethods->xClose(fault_file.real());
    delete fault_file.path;
    return result;
  }
  static int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xRead(real, bytes, size, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    FaultFile& fault_file = FaultFile::Of(file);
    annotated::MutexLock lock(fault_file.vfs->mutex_);
    sqlite3_file* real = fault_file.real();
    const int failed = fault_file.vfs->Operate(SQLITE_IOERR_WRITE, false);
    if (failed != SQLITE_OK) {
      if (fault_file.vfs->fault_ == Fault::kShortWrite && size > 1) {
        fault_file.Remember(offset, size / 2);
        real->pMethods->xWrite(real, bytes, size / 2, offset);
      }
      return failed;
    }
    fault_file.Remember(offset, size);
    return real->pMethods->xWrite(real, bytes, size, offset);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    FaultFile& fault_file = FaultFile::Of(file);
    annotated::MutexLock lock(fault_file.vfs->mutex_);
    if (const int failed = fault_file.vfs->Operate(SQLITE_IOERR_TRUNCATE, false)) return failed;
    fault_file.Remember(size, INT32_MAX);
    sqlite3_file* real = fault_file.real();
    return real->pMethods->xTruncate(real, size);
  }
  static int Sync(sqlite3_file* file, int) {
    FaultFile& fault_file = FaultFile::Of(file);
    FaultVfs& vfs = *fault_file.vfs;
    annotated::MutexLock lock(vfs.mutex_);
    if (const int failed = vfs.Operate(SQLITE_IOERR_FSYNC, true)) return failed;
    vfs.unsynced_.erase(
        std::remove_if(vfs.unsynced_.begin(), vfs.unsynced_.end(),
                       [&](const FaultVfs::Undo& undo) { return undo.path == *fault_file.path; }),
        vfs.unsynced_.end());
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xFileSize(real, size);
  }
  static int Lock(sqlite3_file* file, int level) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xLock(real, level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xUnlock(real, level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* reserved) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xCheckReservedLock(real, reserved);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xFileControl(real, operation, argument);
  }
  static int SectorSize(sqlite3_file*) { return kSectorBytes; }
  // It makes none of the real file's promises, such as that appends are safe.
  static int DeviceCharacteristics(sqlite3_file*) { return 0; }
  static int ShmMap(sqlite3_file* file, int page, int page_size, int extend, void volatile** map) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xShmMap(real, page, page_size, extend, map);
  }
  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xShmLock(real, offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* file) {
    sqlite3_file* real = FaultFile::Of(file).real();
    real->pMethods->xShmBarrier(real);
  }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    sqlite3_file* real = FaultFile::Of(file).real();
    return real->pMethods->xShmUnmap(real, remove);
  }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                  int* out_flags) {
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = Close,
        .xRead = Read,
        .xWrite = Write,
        .xTruncate = Truncate,
        .xSync = Sync,
        .xFileSize = FileSize,
        .xLock = Lock,
        .xUnlock = Unlock,
        .xCheckReservedLock = CheckReservedLock,
        .xFileControl = FileControl,
        .xSectorSize = SectorSize,
        .xDeviceCharacteristics = DeviceCharacteristics,
        .xShmMap = ShmMap,
        .xShmLock = ShmLock,
        .xShmBarrier = ShmBarrier,
        .xShmUnmap = ShmUnmap,
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    FaultVfs& fault_vfs = Vfs(vfs);
    FaultFile& fault_file = FaultFile::Of(file);
    file->pMethods = nullptr;
    {
      annotated::MutexLock lock(fault_vfs.mutex_);
      if (fault_vfs.read_only_ && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
      }
    }
    const int result =
        fault_vfs.real_->xOpen(fault_vfs.real_, path, fault_file.real(), flags, out_flags);
    if (result != SQLITE_OK) return result;
    fault_file.vfs = &fault_vfs;
    fault_file.path = new std::string(path == nullptr ? "" : path);
    file->pMethods = &methods;
    return SQLITE_OK;
  }
  static int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    FaultVfs& fault_vfs = Vfs(vfs);
    annotated::MutexLock lock(fault_vfs.mutex_);
    if (const int failed = fault_vfs.Operate(SQLITE_IOERR_DELETE, false)) return failed;
    fault_vfs.unsynced_.erase(
        std::remove_if(fault_vfs.unsynced_.begin(), fault_vfs.unsynced_.end(),
                       [&](const FaultVfs::Undo& undo) { return undo.path == path; }),
        fault_vfs.unsynced_.end());
    return fault_vfs.real_->xDelete(fault_vfs.real_, path, sync_directory);
  }
};

FaultVfs::FaultVfs() {
  static std::atomic<int> number = 0;
  name_ = absl::StrCat("fault_", ++number);
  real_ = sqlite3_vfs_find(nullptr);
  vfs_ = *real_;
  vfs_.zName = name_.c_str();
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_->szOsFile;
  vfs_.xOpen = FaultMethods::Open;
  vfs_.xDelete = FaultMethods::Delete;
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* result) {
    sqlite3_vfs* real = FaultMethods::Vfs(vfs).real_;
    return real->xAccess(real, path, flags, result);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* full) {
    sqlite3_vfs* real = FaultMethods::Vfs(vfs).real_;
    return real->xFullPathname(real, path, size, full);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

int FaultVfs::Operate(int if_io, bool is_sync) {
  if (num_operations_++ < breaks_at_) return SQLITE_OK;
  switch (fault_) {
    case Fault::kDiskFull:
      return is_sync ? SQLITE_OK : SQLITE_FULL;
    case Fault::kSyncError:
      return is_sync ? if_io : SQLITE_OK;
    default:
      return if_io;
  }
}

void FaultVfs::BreakAfter(int64_t num_operations, Fault fault) {
  annotated::MutexLock lock(mutex_);
  breaks_at_ = num_operations_ + num_operations;
  fault_ = fault;
}

void FaultVfs::Heal() {
  annotated::MutexLock lock(mutex_);
  breaks_at_ = INT64_MAX;
}

void FaultVfs::SetReadOnly(bool read_only) {
  annotated::MutexLock lock(mutex_);
  read_only_ = read_only;
}

int64_t FaultVfs::num_operations() const {
  annotated::MutexLock lock(mutex_);
  return num_operations_;
}

bool FaultVfs::broken() const {
  annotated::MutexLock lock(mutex_);
  return num_operations_ > breaks_at_;
}

void FaultVfs::LoseUnsynced(std::mt19937_64& random) {
  annotated::MutexLock lock(mutex_);
  std::reverse(unsynced_.begin(), unsynced_.end());
  for (const Undo& undo : unsynced_) {
    // 0: it was written after all.
    const auto luck = random() % 3;
    if (luck == 0) continue;
    const int file = open(undo.path.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) continue;
    // Written in part: from some sector on it was not.
    const int64_t sectors = static_cast<int64_t>(undo.bytes.size()) / kSectorBytes;
    const int64_t kept =
        luck == 1 || sectors == 0
            ? 0
            : static_cast<int64_t>(random() % static_cast<uint64_t>(sectors)) * kSectorBytes;
    if (pwrite(file, undo.bytes.data() + kept, undo.bytes.size() - static_cast<size_t>(kept),
               undo.offset + kept) < 0 ||
        (random() % 2 == 0 && ftruncate(file, undo.file_size) != 0)) {
      std::abort();
    }
    close(file);
  }
  unsynced_.clear();
}

}  // namespace parlance::session
