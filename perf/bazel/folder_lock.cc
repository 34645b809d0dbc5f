#include "perf/bazel/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace perf {
namespace {

constexpr std::chrono::milliseconds kBetweenTries(200);
constexpr std::chrono::seconds kBetweenReports(30);

// Somebody may have removed the file, and a third process have made and locked another.
bool IsAt(int descriptor, const std::string& path) {
  struct stat held = {};
  struct stat there = {};
  return fstat(descriptor, &held) == 0 && stat(path.c_str(), &there) == 0 &&
         held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

std::string Holder(int descriptor) {
  std::array<char, 1000> text{};
  const ssize_t count = pread(descriptor, text.data(), text.size(), 0);
  return count > 0 ? std::string(text.data(), static_cast<size_t>(count))
                   : "a process that does not say which";
}

}  // namespace

absl::StatusOr<FolderLock> FolderLock::Acquire(
    const std::string& path, const std::string& who,
    absl::FunctionRef<void(const std::string& holder)> waiting) {
  auto next_report = std::chrono::steady_clock::now();
  for (;;) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
    FolderLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      if (!IsAt(descriptor, path)) continue;
      if (ftruncate(descriptor, 0) != 0 ||
          pwrite(descriptor, who.data(), who.size(), 0) != static_cast<ssize_t>(who.size())) {
        return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
      }
      return lock;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path));
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= next_report) {
      next_report = now + kBetweenReports;
      waiting(Holder(descriptor));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace perf
