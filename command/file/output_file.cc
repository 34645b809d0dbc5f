#include "command/file/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "command/file/user_path.h"

namespace command {
namespace {

// How many links are followed, as by the kernel; more is a loop.
constexpr int kMaxLinks = 40;
constexpr size_t kHeadBytes = 4096;
constexpr size_t kMaxWholeBytes = size_t{64} << 20;
// What SQLite adds to a database's name for its write-ahead log, shared memory and journal.
constexpr const char* kDatabaseEndings[] = {"-wal", "-shm", "-journal"};

std::string CannotWriteIt(absl::string_view typed) {
  return absl::StrCat("cannot write ", typed == "-" ? "standard output" : typed);
}

absl::Status CannotWrite(absl::string_view typed, int error) {
  return absl::ErrnoToStatus(error, CannotWriteIt(typed));
}

absl::Status Refused(absl::string_view typed, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(CannotWriteIt(typed), ": ", why));
}

// Attributes of what the path leads to; nullopt if there is nothing. Other errors as errno.
std::optional<struct stat> StatOf(const std::string& path, int& error) {
  struct stat status = {};
  error = 0;
  if (stat(path.c_str(), &status) == 0) return status;
  error = errno == ENOENT ? 0 : errno;
  return std::nullopt;
}

bool IsSameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

struct Place {
  // Absolute, without links.
  std::string folder;
  std::string name;

  std::string path() const { return absl::StrCat(folder, folder == "/" ? "" : "/", name); }
};

// Where a file of this path is or would be made: links are followed, also one that leads to nothing
// yet. An errno.
absl::StatusOr<Place> PlaceOf(std::string path, absl::string_view typed) {
  for (int links = 0; links < kMaxLinks; ++links) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = path.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") {
      return Refused(typed, "it is the name of a folder; name a file");
    }
    std::array<char, PATH_MAX> real;
    if (realpath(folder.c_str(), real.data()) == nullptr) {
      const int error = errno;
      if (error == ENOENT) {
        return absl::NotFoundError(absl::StrCat("cannot write ", typed, ": there is no folder ",
                                                folder, "; make it first"));
      }
      return CannotWrite(typed, error);
    }
    const Place place{real.data(), name};
    std::array<char, PATH_MAX> target;
    const ssize_t size = readlink(place.path().c_str(), target.data(), target.size());
    if (size < 0) return place;
    const std::string link(target.data(), static_cast<size_t>(size));
    path = !link.empty() && link.front() == '/' ? link : absl::StrCat(place.folder, "/", link);
  }
  return CannotWrite(typed, ELOOP);
}

// Whether `target`, at `place`, is one of the files to be kept. `status`: its attributes if it is
// there.
absl::Status CheckKept(absl::string_view typed, const Place& place,
                       const std::optional<struct stat>& status,
                       const std::vector<std::string>& keep) {
  for (const std::string& kept : keep) {
    if (kept.empty() || absl::StrContains(kept, "://")) continue;
    int error = 0;
    // Standard input may be a file as well: `program - <FILE --output FILE`.
    const bool is_stdin = kept == "-";
    const std::string path = is_stdin ? "/dev/stdin" : UserPath(kept);
    const std::optional<struct stat> other = StatOf(path, error);
    bool same = false;
    if (other.has_value() && status.has_value()) {
      same = IsSameFile(*other, *status);
    } else if (!other.has_value() && !status.has_value()) {
      const absl::StatusOr<Place> other_place = PlaceOf(path, kept);
      same = other_place.ok() && other_place->path() == place.path();
    }
    if (same) {
      return Refused(typed,
                     absl::StrCat("it is the same file as ", is_stdin ? "standard input" : kept,
                                  ", which is needed; name another file"));
    }
  }
  return absl::OkStatus();
}

// Reads the first `count` bytes of a file, or all of a shorter one. Returns an errno, or 0.
int ReadHead(int fd, size_t count, std::string& head) {
  std::array<char, 1 << 16> buffer;
  while (head.size() < count) {
    const ssize_t size = pread(fd, buffer.data(), std::min(buffer.size(), count - head.size()),
                               static_cast<off_t>(head.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    if (size == 0) break;
    head.append(buffer.data(), static_cast<size_t>(size));
  }
  return 0;
}

// Whether an existing regular file may be replaced.
absl::Status CheckReplaceable(absl::string_view typed, const std::string& path,
                              const struct stat& status, const OutputOptions& options) {
  if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) return CannotWrite(typed, errno);
  if (status.st_size == 0) return absl::OkStatus();
  if (!options.may_replace) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot write ", typed, ": it is there already; remove it, or name another"));
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotWrite(typed, errno);
  const size_t wanted = options.kind.wants_all ? kMaxWholeBytes + 1 : kHeadBytes;
  std::string head;
  const int error = ReadHead(fd, wanted, head);
  close(fd);
  if (error != 0) return CannotWrite(typed, error);
  const bool is_too_long = options.kind.wants_all && head.size() == wanted;
  if (!head.empty() && (is_too_long || !options.kind.matches(head))) {
    return Refused(typed, absl::StrCat("it is there already and is not ", options.kind.name,
                                       "; remove it, or name another file"));
  }
  return absl::OkStatus();
}

// A new file of a name that nothing has, in the place's folder. Sets `path`. -1 and errno.
int OpenUnique(const Place& place, mode_t mode, std::string& path) {
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    path = Place{place.folder, absl::StrFormat(".output-%08x%08x", random(), random())}.path();
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// Best effort for the owner, which only root may change; the mode follows, as a change of owner
// clears parts of it.
void CopyAttributes(const struct stat& from, int fd) {
  const int owned = fchown(fd, from.st_uid, from.st_gid);
  static_cast<void>(owned);
  fchmod(fd, from.st_mode & 07777);
}

}  // namespace

struct OutputFile::State {
  std::string typed;
  OutputOptions options;
  int fd = -1;
  // Whether fd is the target itself: a device, a FIFO or a standard stream.
  bool is_direct = false;
  Place place;
  // The temporary file's; empty while it has none.
  std::string temporary;
  // Whether the caller knows the temporary file's name.
  bool is_named = false;
  absl::Status error;

  ~State() {
    if (fd >= 0) close(fd);
    if (temporary.empty()) return;
    unlink(temporary.c_str());
    if (!is_named) return;
    // What SQLite leaves beside a database that it did not finish.
    for (const char* const ending : kDatabaseEndings) {
      unlink(absl::StrCat(temporary, ending).c_str());
    }
  }

  // SQLite would take another database's log, left where that one was, for the new one's, and write
  // it into it.
  absl::Status CheckNoForeignLog() const {
    if (options.kind.matches != kSqliteFile.matches) return absl::OkStatus();
    for (const char* const ending : kDatabaseEndings) {
      const std::string file = absl::StrCat(place.path(), ending);
      if (access(file.c_str(), F_OK) != 0) continue;
      return Refused(typed, absl::StrCat("there is ", file,
                                         ", left by another database of that name; remove it, or "
                                         "name another file"));
    }
    return absl::OkStatus();
  }

  // Checks what is at the target now. Sets `status` to its attributes, or nullopt.
  absl::Status CheckTarget(std::optional<struct stat>& status) const {
    int error_number = 0;
    status = StatOf(place.path(), error_number);
    if (error_number != 0) return CannotWrite(typed, error_number);
    if (absl::Status kept = CheckKept(typed, place, status, options.keep); !kept.ok()) return kept;
    if (absl::Status alone = CheckNoForeignLog(); !alone.ok()) return alone;
    if (!status.has_value()) return absl::OkStatus();
    if (!S_ISREG(status->st_mode)) return Refused(typed, "it is not a file any more");
    return CheckReplaceable(typed, place.path(), *status, options);
  }

  // Opens a standard stream, device or FIFO. A stream may lead to a file, as in `>>FILE`, that must
  // not be written.
  absl::Status OpenDirect(int stream, const std::string& path) {
    struct stat status = {};
    if (stream >= 0 && fstat(stream, &status) == 0 && S_ISREG(status.st_mode)) {
      if (absl::Status kept = CheckKept(typed, Place(), status, options.keep); !kept.ok()) {
        return kept;
      }
    }
    is_direct = true;
    // What was printed before comes before.
    std::fflush(stdout);
    fd = stream >= 0 ? dup(stream) : open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 ? absl::OkStatus() : CannotWrite(typed, errno);
  }

  absl::Status OpenTemporary(const std::optional<struct stat>& target) {
    mode_t mode = target.has_value() ? 0600 : 0666;
    int source_error = 0;
    if (!options.as_private_as.empty()) {
      const std::optional<struct stat> source =
          StatOf(UserPath(options.as_private_as), source_error);
      // One that is not there is the program's to refuse.
      if (source.has_value()) mode &= source->st_mode | S_IRUSR | S_IWUSR;
    }
    // A file without a name cannot be left behind, however the program ends. It gets its name by
    // way of /proc.
    if (!is_named && access("/proc/self/fd", F_OK) == 0) {
      fd = open(place.folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
    }
    if (fd < 0) fd = OpenUnique(place, mode, temporary);
    if (fd < 0) {
      temporary.clear();
      const absl::Status error = CannotWrite(typed, errno);
      return absl::Status(error.code(),
                          absl::StrCat(error.message(), "; a new file is written into its folder, ",
                                       place.folder, ", and then takes its name"));
    }
    if (target.has_value()) CopyAttributes(*target, fd);
    return absl::OkStatus();
  }

  absl::Status Open() {
    if (typed.empty()) return Refused("the output", "its name is empty");
    if (typed == "-") {
      return is_named ? Refused("-", "this cannot be written to standard output; name a file")
                      : OpenDirect(STDOUT_FILENO, "");
    }
    const std::string path = UserPath(typed);
    int error_number = 0;
    const std::optional<struct stat> found = StatOf(path, error_number);
    if (error_number != 0) return CannotWrite(typed, error_number);
    if (found.has_value()) {
      if (S_ISDIR(found->st_mode)) return Refused(typed, "it is a folder; name a file in it");
      if (S_ISSOCK(found->st_mode)) return Refused(typed, "it is a socket");
      if (S_ISBLK(found->st_mode)) return Refused(typed, "it is a disk");
      if (!S_ISREG(found->st_mode) && is_named) {
        return Refused(typed, "this can only be written to a file");
      }
      // /dev/stdout of `> FILE` leads to a file that others write, too: it must not be replaced
      // below them.
      for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
        struct stat status = {};
        if (!is_named && fstat(stream, &status) == 0 && IsSameFile(status, *found)) {
          return OpenDirect(stream, "");
        }
      }
      if (!S_ISREG(found->st_mode)) return OpenDirect(-1, path);
    }
    absl::StatusOr<Place> resolved = PlaceOf(path, typed);
    if (!resolved.ok()) return resolved.status();
    place = *std::move(resolved);
    std::optional<struct stat> target;
    if (absl::Status checked = CheckTarget(target); !checked.ok()) return checked;
    return OpenTemporary(target);
  }

  // Gives a file without a name a unique one.
  absl::Status Link() {
    const std::string self = absl::StrCat("/proc/self/fd/", fd);
    std::random_device random;
    for (int attempt = 0; attempt < 100; ++attempt) {
      const std::string name =
          Place{place.folder, absl::StrFormat(".output-%08x%08x", random(), random())}.path();
      if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        temporary = name;
        return absl::OkStatus();
      }
      if (errno != EEXIST) break;
    }
    return CannotWrite(typed, errno);
  }

  absl::Status Finish() {
    if (is_direct) {
      const int closed = close(std::exchange(fd, -1));
      return closed == 0 ? absl::OkStatus() : CannotWrite(typed, errno);
    }
    if (is_named) {
      // A library may have replaced the file of that name.
      close(fd);
      fd = open(temporary.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
      if (fd < 0) return CannotWrite(typed, errno);
    }
    if (fsync(fd) != 0) return CannotWrite(typed, errno);
    std::optional<struct stat> target;
    if (absl::Status checked = CheckTarget(target); !checked.ok()) return checked;
    if (target.has_value()) CopyAttributes(*target, fd);
    if (temporary.empty()) {
      if (absl::Status linked = Link(); !linked.ok()) return linked;
    }
    if (std::rename(temporary.c_str(), place.path().c_str()) != 0) return CannotWrite(typed, errno);
    temporary.clear();
    // The new name has to be on the disk, too. Some file systems cannot sync folders, which is no
    // error of ours.
    const int folder = open(place.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      fsync(folder);
      close(folder);
    }
    return absl::OkStatus();
  }
};

std::vector<std::string> DatabaseFiles(const std::string& path) {
  std::vector<std::string> files;
  const auto add = [&](const std::string& database) {
    files.push_back(database);
    for (const char* const ending : kDatabaseEndings) {
      files.push_back(absl::StrCat(database, ending));
    }
  };
  add(path);
  // SQLite names them after what a link leads to.
  std::array<char, PATH_MAX> real;
  if (path.empty() || absl::StrContains(path, "://")) return files;
  if (realpath(UserPath(path).c_str(), real.data()) != nullptr) add(real.data());
  return files;
}

absl::Status CheckStandardOutput(const std::vector<std::string>& keep) {
  struct stat status = {};
  if (fstat(STDOUT_FILENO, &status) != 0 || !S_ISREG(status.st_mode)) return absl::OkStatus();
  return CheckKept("-", Place(), status, keep);
}

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::OutputFile(OutputFile&& other) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&& other) noexcept = default;
OutputFile::~OutputFile() = default;

absl::StatusOr<OutputFile> OutputFile::Create(absl::string_view typed,
                                              const OutputOptions& options) {
  auto state = std::make_unique<State>();
  state->typed = std::string(typed);
  state->options = options;
  if (absl::Status opened = state->Open(); !opened.ok()) return opened;
  return OutputFile(std::move(state));
}

absl::StatusOr<OutputFile> OutputFile::CreateNamed(absl::string_view typed,
                                                   const OutputOptions& options) {
  auto state = std::make_unique<State>();
  state->typed = std::string(typed);
  state->options = options;
  state->is_named = true;
  if (absl::Status opened = state->Open(); !opened.ok()) return opened;
  return OutputFile(std::move(state));
}

const std::string& OutputFile::path() const { return state_->temporary; }

absl::Status OutputFile::Write(absl::string_view bytes) {
  // What was printed meanwhile comes before, if this is standard output.
  if (state_->is_direct && !bytes.empty()) std::fflush(stdout);
  while (!bytes.empty() && state_->error.ok()) {
    const ssize_t count = write(state_->fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      state_->error = CannotWrite(state_->typed, errno);
    }
  }
  return state_->error;
}

absl::Status OutputFile::Commit() {
  if (state_->error.ok()) state_->error = state_->Finish();
  return state_->error;
}

absl::Status WriteOutput(absl::string_view typed, const OutputOptions& options,
                         absl::string_view bytes) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(typed, options);
  if (!file.ok()) return file.status();
  if (absl::Status written = file->Write(bytes); !written.ok()) return written;
  return file->Commit();
}

}  // namespace command
