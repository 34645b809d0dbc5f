#include "pipeline/telemetry/span_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {
namespace {

constexpr absl::string_view kLineBegin = R"({"resourceSpans")";

class SpanFile : public SpanDestination {
 public:
  SpanFile(int descriptor, bool is_regular, std::string path)
      : descriptor_(descriptor), is_regular_(is_regular), path_(std::move(path)) {}
  ~SpanFile() override { close(descriptor_); }
  SpanFile(const SpanFile&) = delete;
  SpanFile& operator=(const SpanFile&) = delete;

  SendResult Send(const std::string& request) override {
    struct stat before = {};
    const bool has_size = is_regular_ && fstat(descriptor_, &before) == 0;
    const bool follows_half = has_size && EndsInHalfALine(before.st_size);
    const std::string line = absl::StrCat(follows_half ? "\n" : "", request, "\n");
    absl::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t written = write(descriptor_, rest.data(), rest.size());
      if (written >= 0) {
        rest.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        const absl::Status status =
            absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", path_));
        // Half a line would spoil the next one, too.
        if (has_size && rest.size() < line.size() && ftruncate(descriptor_, before.st_size) != 0) {
          return {.kind = SendResult::Kind::kRefused,
                  .message = absl::StrCat(status.message(), ", and its last line is cut")};
        }
        return {.kind = SendResult::Kind::kRefused, .message = std::string(status.message())};
      }
    }
    return {};
  }

  void Abort() override {}

 private:
  // As a run that was killed leaves it.
  bool EndsInHalfALine(off_t size) const {
    char last = '\n';
    return size > 0 && pread(descriptor_, &last, 1, size - 1) == 1 && last != '\n';
  }

  const int descriptor_;
  const bool is_regular_;
  const std::string path_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SpanDestination>> OpenSpanFile(const std::string& path) {
  struct stat there = {};
  const bool is_regular = stat(path.c_str(), &there) != 0 || S_ISREG(there.st_mode);
  // What is no regular file cannot be read to see what it has.
  const int access = is_regular ? O_RDWR : O_WRONLY;
  const int descriptor = open(path.c_str(), access | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  auto file = std::make_unique<SpanFile>(descriptor, is_regular, path);
  if (is_regular) {
    std::array<char, kLineBegin.size()> begin = {};
    const ssize_t count = pread(descriptor, begin.data(), begin.size(), 0);
    if (count < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (count > 0 && absl::string_view(begin.data(), static_cast<size_t>(count)) != kLineBegin) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is there already and has no traces; name another file"));
    }
  }
  return file;
}

}  // namespace parlance::pipeline
