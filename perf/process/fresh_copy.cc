#include "perf/process/fresh_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace perf {
namespace {

// Copies what `from` has. False, with errno, if that fails.
bool CopyAll(int from, int to) {
  constexpr size_t kChunk = 1 << 20;
  std::vector<char> chunk(kChunk);
  for (;;) {
    const ssize_t got = read(from, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(to, chunk.data() + done, static_cast<size_t>(got - done));
      if (put < 0 && errno != EINTR) return false;
      if (put > 0) done += put;
    }
  }
}

}  // namespace

absl::StatusOr<FreshCopy> FreshCopy::Create(const std::string& program, const std::string& folder) {
  const int from = open(program.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", program));
  std::string path =
      absl::StrCat(folder, "/", std::filesystem::path(program).filename().string(), "-XXXXXX");
  const int to = mkostemp(path.data(), O_CLOEXEC);
  if (to < 0) {
    const absl::Status status = absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
    close(from);
    return status;
  }
  FreshCopy copy(path);
  const bool copied = CopyAll(from, to) && fchmod(to, S_IRWXU) == 0;
  const int error = errno;
  close(from);
  close(to);
  if (!copied) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot copy ", program, " to ", path));
  }
  return copy;
}

FreshCopy::~FreshCopy() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace perf
