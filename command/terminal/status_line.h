// One line that says how far a long work is.
#ifndef COMMAND_TERMINAL_STATUS_LINE_H_
#define COMMAND_TERMINAL_STATUS_LINE_H_

#include <unistd.h>

#include <chrono>
#include <string>

#include "absl/strings/string_view.h"

namespace command {

// On a terminal, the line is written over, several times a second. Elsewhere lines are added, after
// 2, 4, 8, … seconds and then once a minute, so that a log stays short. Not thread-safe.
class StatusLine {
 public:
  // `what`: what the line begins with, such as the program's name. `descriptor`: where it goes; it
  // stays the caller's.
  explicit StatusLine(absl::string_view what, int descriptor = STDERR_FILENO);
  // Clears the line.
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Shows "WHAT: MESSAGE", made harmless and cut to the terminal's width, if the last one is old
  // enough.
  void Show(absl::string_view message);

  // Takes the line away from a terminal, before anything else is written there.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const int descriptor_;
  const bool is_terminal_;
  // Whether a terminal shows a line.
  bool shown_ = false;
  Clock::time_point next_;
  Clock::duration interval_;
};

}  // namespace command

#endif  // COMMAND_TERMINAL_STATUS_LINE_H_
