#include "command/terminal/status_line.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "command/terminal/printable.h"

namespace command {
namespace {

constexpr std::chrono::milliseconds kOnTerminal(200);
constexpr std::chrono::seconds kFirst(2);
constexpr std::chrono::seconds kMaxInterval(60);

// Columns of the terminal; 80 if it does not say.
size_t Columns(int descriptor) {
  winsize size = {};
  constexpr size_t kUsual = 80;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

// As much of UTF-8 text as has room in so many columns, if no character is wide.
absl::string_view Fitting(absl::string_view text, size_t columns) {
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && seen++ == columns) break;
  }
  return text.substr(0, end);
}

// A line of progress that cannot be written is no error of the work.
void Write(int descriptor, absl::string_view text) {
  [[maybe_unused]] const ssize_t written = write(descriptor, text.data(), text.size());
}

}  // namespace

StatusLine::StatusLine(absl::string_view what, int descriptor)
    : what_(what),
      descriptor_(descriptor),
      is_terminal_(isatty(descriptor) == 1),
      next_(Clock::now() + kFirst),
      interval_(kFirst) {}

StatusLine::~StatusLine() { Clear(); }

void StatusLine::Show(absl::string_view message) {
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  const std::string line = PrintableLine(absl::StrCat(what_, ": ", message));
  if (is_terminal_) {
    // The last column stays free, as some terminals break the line there.
    Write(descriptor_, absl::StrCat("\r", Fitting(line, Columns(descriptor_) - 1), "\x1b[K"));
    shown_ = true;
    next_ = now + kOnTerminal;
    return;
  }
  Write(descriptor_, absl::StrCat(line, "\n"));
  next_ = now + interval_;
  interval_ = std::min<Clock::duration>(2 * interval_, kMaxInterval);
}

void StatusLine::Clear() {
  if (!shown_) return;
  Write(descriptor_, "\r\x1b[K");
  shown_ = false;
}

}  // namespace command
