#include "pipeline/parts/record_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

constexpr int kMaxRecordsOfSession = 10000;

// A session's id as a part of a file's name: ids may come from elsewhere.
std::string FileNameOf(absl::string_view session_id) {
  std::string name;
  for (const char c : session_id.substr(0, 100)) {
    const bool harmless = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') ||
                          ('0' <= c && c <= '9') || c == '-' || c == '_';
    name.push_back(harmless ? c : '_');
  }
  return name.empty() ? "session" : name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordFile>> RecordFile::Create(const std::string& folder,
                                                               absl::string_view session_id) {
  // A folder that is there already is what its owner made of it.
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", folder));
  }
  const std::string name = FileNameOf(session_id);
  for (int number = 1; number <= kMaxRecordsOfSession; ++number) {
    std::string path = absl::StrCat(folder, "/", name, number == 1 ? "" : absl::StrCat("-", number),
                                    ".conversation");
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
      return std::unique_ptr<RecordFile>(new RecordFile(descriptor, std::move(path)));
    }
    if (errno != EEXIST) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot record to the folder ", folder));
    }
  }
  return absl::AlreadyExistsError(absl::StrCat("the folder ", folder, " has ", kMaxRecordsOfSession,
                                               " records of this session; move some away"));
}

RecordFile::RecordFile(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {}

RecordFile::~RecordFile() { close(descriptor_); }

void RecordFile::Write(absl::string_view bytes) {
  while (status_.ok() && !bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      status_ = absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path_));
    }
  }
}

}  // namespace parlance::pipeline
