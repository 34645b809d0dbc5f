#include "tools/process/stderr_tail.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace parlance::tools {
namespace {

constexpr size_t kMaxBytes = 4096;

}  // namespace

bool StderrTail::Read(int fd) {
  std::array<char, kMaxBytes> bytes;
  bool goes_on = true;
  while (text_.size() <= kMaxBytes) {
    const ssize_t size = read(fd, bytes.data(), bytes.size());
    if (size <= 0) {
      goes_on = size < 0 && (errno == EAGAIN || errno == EINTR);
      break;
    }
    text_.append(bytes.data(), static_cast<size_t>(size));
  }
  if (text_.size() > kMaxBytes) text_.erase(0, text_.size() - kMaxBytes);
  return goes_on;
}

std::string StderrTail::LastLine() const {
  const absl::string_view text = absl::StripAsciiWhitespace(text_);
  const size_t end_before = text.rfind('\n');
  return std::string(text.substr(end_before == absl::string_view::npos ? 0 : end_before + 1));
}

}  // namespace parlance::tools
