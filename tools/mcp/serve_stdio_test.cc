#include "tools/mcp/serve_stdio.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/json/json_value.h"
#include "tools/mcp/transport/json_rpc.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr char kInitialize[] =
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
    "\"2025-11-25\"}}\n";

class ServeStdioTest : public testing::Test {
 protected:
  ServeStdioTest() {
    Tool tool;
    tool.name = "echo";
    tool.description = "Says it\nagain.";
    tool.parameters = "{\n\"type\": \"object\"\n}";
    tool.handler = [](const rapidjson::Value& arguments, const ToolContext&) {
      return ToolOutput{.json = ValueJson(arguments), .text = "two\nlines"};
    };
    EXPECT_THAT(registry_.Register(std::move(tool)), IsOk());
    executor_ = *ToolExecutor::Create(&registry_, {});
    EXPECT_EQ(pipe2(in_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out_.data(), O_CLOEXEC), 0);
  }

  ~ServeStdioTest() override {
    for (const int fd : {in_[0], in_[1], out_[0], out_[1]}) close(fd);
  }

  // Serves this input to its end, and gives the lines of the output.
  std::vector<std::string> Serve(const std::string& input, const ServerOptions& options = {}) {
    std::thread writer([&] {
      absl::string_view rest = input;
      while (!rest.empty()) {
        const ssize_t count = write(in_[1], rest.data(), rest.size());
        if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
      }
      close(in_[1]);
    });
    std::string output;
    std::thread reader([&] {
      std::array<char, 4096> buffer;
      while (const ssize_t count = read(out_[0], buffer.data(), buffer.size())) {
        if (count > 0) output.append(buffer.data(), static_cast<size_t>(count));
      }
    });
    const absl::Status served = ServeStdio(&registry_, executor_.get(), in_[0], out_[1], options);
    EXPECT_THAT(served, IsOk());
    close(out_[1]);
    writer.join();
    reader.join();
    EXPECT_TRUE(output.empty() || output.back() == '\n');
    return absl::StrSplit(output, '\n', absl::SkipEmpty());
  }

  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
  std::array<int, 2> in_;
  std::array<int, 2> out_;
};

TEST_F(ServeStdioTest, AnswersEverythingBeforeItEnds) {
  std::string input = kInitialize;
  constexpr int64_t kNumCalls = 50;
  for (int64_t id = 1; id <= kNumCalls; ++id) {
    absl::StrAppend(&input,
                    RequestText(id, "tools/call",
                                absl::StrCat(R"({"name":"echo","arguments":{"big":")",
                                             std::string(5000, 'x'), "\"}}")),
                    "\r\n\n");
  }
  const std::vector<std::string> lines = Serve(input);
  std::set<int64_t> ids;
  for (const std::string& line : lines) {
    // Whole messages, one a line.
    const auto parsed = ParseMessage(line);
    ASSERT_TRUE(std::holds_alternative<Message>(parsed)) << line;
    ids.insert(std::get<int64_t>(*std::get<Message>(parsed).id()));
  }
  EXPECT_EQ(lines.size(), kNumCalls + 1);
  EXPECT_EQ(ids.size(), kNumCalls + 1);
}

TEST_F(ServeStdioTest, ALastRequestWithoutAnEndOfLineIsAnswered) {
  const std::vector<std::string> lines =
      Serve(absl::StrCat(kInitialize, RequestText(int64_t{7}, "tools/list", "{}")));
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[1], HasSubstr(R"("id":7,"result")"));
}

TEST_F(ServeStdioTest, GoesOnAfterAMessageThatIsTooLong) {
  const std::vector<std::string> lines =
      Serve(absl::StrCat(kInitialize, std::string(100'000, ' '), "\n",
                         RequestText(int64_t{7}, "tools/list", "{}"), "\n"),
            {.limits = {.max_bytes = 1000}});
  ASSERT_EQ(lines.size(), 3);
  EXPECT_THAT(lines[1], HasSubstr("-32600"));
  EXPECT_THAT(lines[2], HasSubstr(R"("id":7)"));
}

TEST_F(ServeStdioTest, WaitsForInputThatDoesNotBlock) {
  ASSERT_EQ(fcntl(in_[0], F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(Serve(kInitialize).size(), 1);
}

TEST_F(ServeStdioTest, SaysThatTheClientIsGone) {
  close(std::exchange(out_[0], -1));
  ASSERT_GT(write(in_[1], kInitialize, sizeof(kInitialize) - 1), 0);
  EXPECT_THAT(ServeStdio(&registry_, executor_.get(), in_[0], out_[1], {}),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServeStdioTest, SaysThatItCannotRead) {
  close(std::exchange(in_[0], -1));
  EXPECT_THAT(ServeStdio(&registry_, executor_.get(), -1, out_[1], {}),
              StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace parlance::tools::mcp
