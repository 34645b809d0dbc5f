#include "command/terminal/status_line.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace command {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// All that can be read at once.
std::string ReadAll(int descriptor) {
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  std::string text(4096, '\0');
  const ssize_t count = read(descriptor, text.data(), text.size());
  text.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

// Shows `message` again and again until something is written, and returns that.
std::string ShowUntilWritten(StatusLine& line, absl::string_view message, int reader) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    line.Show(message);
    if (std::string text = ReadAll(reader); !text.empty()) return text;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return "nothing in a minute";
}

TEST(StatusLine, OnATerminalItIsOneLineWithinItsWidth) {
  int terminal = -1;
  int program = -1;
  winsize size = {.ws_row = 24, .ws_col = 30, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
  {
    StatusLine line("perf", program);
    const std::string text =
        ShowUntilWritten(line, "12 of 40 settled, 3 min left, and more\x1b[2J", terminal);
    EXPECT_EQ(text.front(), '\r');
    EXPECT_THAT(text, HasSubstr("12 of 40"));
    EXPECT_THAT(text, EndsWith("\x1b[K"));
    EXPECT_THAT(text, Not(HasSubstr("\n")));
    EXPECT_EQ(text.size(), 1u + 29 + 3);
    line.Clear();
    EXPECT_EQ(ReadAll(terminal), "\r\x1b[K");
    line.Clear();
    EXPECT_EQ(ReadAll(terminal), "") << "what is not shown is not cleared";
  }
  close(program);
  close(terminal);
}

TEST(StatusLine, ElsewhereItAddsLines) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  StatusLine line("perf", ends[1]);
  line.Show("too early");
  EXPECT_EQ(ReadAll(ends[0]), "");
  EXPECT_THAT(ShowUntilWritten(line, "12 of 40", ends[0]), EndsWith("perf: 12 of 40\n"));
  line.Show("too early again");
  line.Clear();
  EXPECT_EQ(ReadAll(ends[0]), "");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace command
