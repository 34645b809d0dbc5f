#include "tools/mcp/transport/line_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

std::vector<std::string> Lines(LineSplitter& splitter, absl::string_view text, size_t piece) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    splitter.Append(text.substr(0, piece), [&](std::optional<absl::string_view> line) {
      lines.push_back(line.has_value() ? std::string(*line) : "(too long)");
    });
    text.remove_prefix(std::min(piece, text.size()));
  }
  return lines;
}

TEST(LineSplitterTest, CutsLinesHoweverTheyArrive) {
  const std::string text = "one\n\n \r\n12345\r\ntoo long a line\nlast\nunfinished";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    LineSplitter splitter(6);
    EXPECT_EQ(Lines(splitter, text, piece),
              (std::vector<std::string>{"one", "12345\r", "(too long)", "last", "(too long)"}))
        << piece;
  }
}

TEST(LineSplitterTest, KeepsNothingOfALineThatIsTooLong) {
  LineSplitter splitter(10);
  EXPECT_EQ(Lines(splitter, std::string(1'000'000, 'x'), 1000).size(), 1);
  EXPECT_EQ(Lines(splitter, "rest\nnext\n", 100), std::vector<std::string>{"next"});
}

TEST(AsLineTest, HasOneNewlineAtItsEnd) {
  EXPECT_EQ(AsLine("{\n  \"a\":\r\n 1\n}"), "{   \"a\":   1 }\n");
}

TEST(WriteAllTest, WritesMoreThanAPipeHolds) {
  std::array<int, 2> fds;
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  // It has to wait for room.
  ASSERT_EQ(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
  std::string text(1'000'000, 'a');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  std::string arrived;
  std::thread reader([&] {
    std::array<char, 1000> buffer;
    while (const ssize_t count = read(fds[0], buffer.data(), buffer.size())) {
      if (count > 0) arrived.append(buffer.data(), static_cast<size_t>(count));
    }
  });
  EXPECT_THAT(WriteAll(fds[1], text), IsOk());
  close(fds[1]);
  reader.join();
  close(fds[0]);
  EXPECT_EQ(arrived, text);
}

TEST(WriteAllTest, AReaderThatIsGoneIsAnErrorAndNoSignal) {
  std::array<int, 2> fds;
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  close(fds[0]);
  // What a program has by default: the signal would end this test.
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  EXPECT_THAT(WriteAll(fds[1], "x"), StatusIs(absl::StatusCode::kUnavailable));
  sigset_t pending;
  ASSERT_EQ(sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
  close(fds[1]);
}

}  // namespace
}  // namespace parlance::tools::mcp
