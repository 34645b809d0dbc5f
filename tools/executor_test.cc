#include "tools/executor.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

// Tools that end when the test lets them.
class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() {
    Register("echo", [](const rapidjson::Value& arguments, const ToolContext&) {
      return absl::StatusOr<ToolOutput>(
          ToolOutput{.json = "{}", .text = arguments["text"].GetString()});
    });
    Register("blocked", [this](const rapidjson::Value&, const ToolContext&) {
      ++num_started_;
      released_.wait();
      return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "released"});
    });
    Register("until_cancelled", [](const rapidjson::Value&, const ToolContext& context) {
      while (!context.cancelled) std::this_thread::yield();
      return absl::StatusOr<ToolOutput>(absl::CancelledError("cancelled"));
    });
    Register("refuses", [](const rapidjson::Value&, const ToolContext&) {
      return absl::StatusOr<ToolOutput>(absl::InvalidArgumentError("not that text"));
    });
    Register("fails", [](const rapidjson::Value&, const ToolContext&) {
      return absl::StatusOr<ToolOutput>(absl::UnavailableError("the shop is closed"));
    });
  }

  void Register(const std::string& name, const ToolHandler& handler) {
    for (const bool computes_only : {false, true}) {
      const absl::Status registered = registry_.Register(
          {.name = computes_only ? absl::StrCat(name, "_inline") : name,
           .description = "For tests.",
           .parameters = R"({"type":"object","properties":{"text":{"type":"string"}}})",
           .computes_only = computes_only,
           .handler = handler});
      EXPECT_TRUE(registered.ok()) << registered;
    }
  }

  void CreateExecutor(int max_concurrency, bool wait_when_busy) {
    ToolExecutor::Options options;
    options.max_concurrency = max_concurrency;
    options.wait_when_busy = wait_when_busy;
    auto created = ToolExecutor::Create(&registry_, options);
    ASSERT_TRUE(created.ok()) << created.status();
    executor_ = *std::move(created);
  }

  static std::string ErrorOf(const ToolResult& result) {
    const auto* error = std::get_if<ToolError>(&result);
    return error == nullptr ? "no error"
                            : absl::StrCat(ToolErrorName(error->kind), ": ", error->message);
  }

  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::atomic<int> num_started_ = 0;
  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
};

TEST_F(ExecutorTest, ReturnsWhatTheToolFound) {
  CreateExecutor(1, true);
  for (const char* name : {"echo", "echo_inline"}) {
    const ToolResult result = executor_->Execute(name, R"({"text":"hello"})");
    ASSERT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
    EXPECT_EQ(std::get<ToolOutput>(result).text, "hello");
  }
}

TEST_F(ExecutorTest, ErrorsAreTyped) {
  CreateExecutor(1, true);
  EXPECT_EQ(ErrorOf(executor_->Execute("nothing", "{}")),
            "unknown_tool: there is no tool 'nothing'");
  EXPECT_TRUE(absl::StartsWith(ErrorOf(executor_->Execute("echo", R"({"text":)")),
                               "invalid_arguments: the arguments are not JSON: at byte 8"));
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", R"({"text":1})")),
            "invalid_arguments: /text: is number, expected string");
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", "[]")),
            "invalid_arguments: the arguments: is array, expected object");
  EXPECT_TRUE(absl::StrContains(ErrorOf(executor_->Execute("echo", std::string(70000, ' '))),
                                "the limit is 65536"));
  EXPECT_TRUE(absl::StartsWith(ErrorOf(executor_->Execute("echo", std::string(60000, '['))),
                               "invalid_arguments: "));
  EXPECT_TRUE(absl::StartsWith(ErrorOf(executor_->Execute("echo", "{\"text\":\"\xff\"}")),
                               "invalid_arguments: the arguments are not JSON"));
  for (const std::string suffix : {"", "_inline"}) {
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("refuses", suffix), "")),
              "invalid_arguments: not that text");
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("fails", suffix), "")),
              "failed: the shop is closed");
  }
}

TEST_F(ExecutorTest, ADeadlineIsKeptWhateverTheHandlerDoes) {
  CreateExecutor(2, true);
  EXPECT_TRUE(absl::StartsWith(ErrorOf(executor_->Execute("blocked", "{}", absl::Milliseconds(1))),
                               "deadline_exceeded: "));
  // The handler that overran keeps its place, and no other.
  const ToolResult result = executor_->Execute("echo", R"({"text":"still here"})");
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
  release_.set_value();
}

TEST_F(ExecutorTest, AHandlerHearsThatNobodyWaits) {
  CreateExecutor(1, true);
  EXPECT_TRUE(
      absl::StartsWith(ErrorOf(executor_->Execute("until_cancelled", "{}", absl::Milliseconds(1))),
                       "deadline_exceeded: "));
  // Its place is free once it has ended.
  const ToolResult result = executor_->Execute("echo", R"({"text":"next"})");
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
}

TEST_F(ExecutorTest, RefusesWhatIsBeyondTheLimit) {
  CreateExecutor(1, false);
  auto first = std::async(std::launch::async, [&] { return executor_->Execute("blocked", "{}"); });
  while (num_started_ == 0) std::this_thread::yield();
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", "{\"text\":\"a\"}")),
            "overloaded: 1 calls run already");
  release_.set_value();
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(first.get()));
}

TEST_F(ExecutorTest, WaitsForRoomUntilTheDeadline) {
  CreateExecutor(1, true);
  auto first = std::async(std::launch::async, [&] { return executor_->Execute("blocked", "{}"); });
  while (num_started_ == 0) std::this_thread::yield();
  EXPECT_TRUE(absl::StartsWith(
      ErrorOf(executor_->Execute("echo", "{\"text\":\"a\"}", absl::Milliseconds(1))),
      "overloaded: no call ended before the deadline"));
  auto second = std::async(std::launch::async,
                           [&] { return executor_->Execute("echo", R"({"text":"waited"})"); });
  release_.set_value();
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(first.get()));
  EXPECT_EQ(std::get<ToolOutput>(second.get()).text, "waited");
}

TEST_F(ExecutorTest, NeverRunsMoreThanTheLimit) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  Register("counted", [&](const rapidjson::Value&, const ToolContext&) {
    const int now = ++running;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::yield();
    --running;
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "counted"});
  });
  CreateExecutor(3, true);
  std::vector<std::thread> callers;
  std::atomic<int> num_answers = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        num_answers += std::holds_alternative<ToolOutput>(executor_->Execute("counted", "{}"));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(num_answers, 400);
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST_F(ExecutorTest, ItsEndCancelsWhatRuns) {
  CreateExecutor(1, true);
  auto call = std::async(std::launch::async, [&] {
    return executor_->Execute("until_cancelled", "{}", absl::Milliseconds(1));
  });
  EXPECT_TRUE(absl::StartsWith(ErrorOf(call.get()), "deadline_exceeded"));
  executor_.reset();
}

TEST_F(ExecutorTest, RefusesOptionsOutOfRange) {
  EXPECT_FALSE(ToolExecutor::Create(&registry_, {.max_concurrency = 0}).ok());
  EXPECT_FALSE(ToolExecutor::Create(&registry_, {.default_timeout = absl::ZeroDuration()}).ok());
  EXPECT_FALSE(ToolExecutor::Create(&registry_, {.max_argument_bytes = 0}).ok());
}

}  // namespace
}  // namespace parlance::tools
