#include "tools/executor.h"

#include <malloc.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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
    Register("passes_a_deadline", [](const rapidjson::Value&, const ToolContext&) {
      return absl::StatusOr<ToolOutput>(absl::DeadlineExceededError("the shop is slow"));
    });
    Register("is_cancelled", [](const rapidjson::Value&, const ToolContext&) {
      return absl::StatusOr<ToolOutput>(absl::CancelledError("given up"));
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
      EXPECT_THAT(registered, IsOk());
    }
  }

  void CreateExecutor(int max_concurrency, size_t max_pending = 100) {
    ToolExecutor::Options options;
    options.max_concurrency = max_concurrency;
    options.max_pending = max_pending;
    options.first_pause = absl::Milliseconds(1);
    auto created = ToolExecutor::Create(&registry_, options);
    ASSERT_THAT(created, IsOk());
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
  CreateExecutor(1);
  for (const char* name : {"echo", "echo_inline"}) {
    const ToolResult result = executor_->Execute(name, R"({"text":"hello"})");
    ASSERT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
    EXPECT_EQ(std::get<ToolOutput>(result).text, "hello");
  }
}

TEST_F(ExecutorTest, ErrorsAreTyped) {
  CreateExecutor(1);
  EXPECT_EQ(ErrorOf(executor_->Execute("nothing", "{}")),
            "unknown_tool: there is no tool 'nothing'");
  EXPECT_THAT(ErrorOf(executor_->Execute("echo", R"({"text":)")),
              StartsWith("invalid_arguments: the arguments are not JSON: at byte 8"));
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", R"({"text":1})")),
            "invalid_arguments: /text: is number, expected string");
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", "[]")),
            "invalid_arguments: the arguments: is array, expected object");
  EXPECT_THAT(ErrorOf(executor_->Execute("echo", std::string(70000, ' '))),
              HasSubstr("the limit is 65536"));
  EXPECT_THAT(ErrorOf(executor_->Execute("echo", std::string(60000, '['))),
              StartsWith("invalid_arguments: "));
  EXPECT_THAT(ErrorOf(executor_->Execute("echo", "{\"text\":\"\xff\"}")),
              StartsWith("invalid_arguments: the arguments are not JSON"));
  for (const std::string suffix : {"", "_inline"}) {
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("refuses", suffix), "")),
              "invalid_arguments: not that text");
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("passes_a_deadline", suffix), "")),
              "deadline_exceeded: the shop is slow");
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("is_cancelled", suffix), "")),
              "cancelled: given up");
    EXPECT_EQ(ErrorOf(executor_->Execute(absl::StrCat("fails", suffix), "")),
              "unavailable: the shop is closed");
  }
}

TEST_F(ExecutorTest, ADeadlineIsKeptWhateverTheHandlerDoes) {
  CreateExecutor(2);
  EXPECT_THAT(ErrorOf(executor_->Execute("blocked", "{}", absl::Milliseconds(1))),
              StartsWith("deadline_exceeded: "));
  // The handler that overran keeps its place, and no other.
  const ToolResult result = executor_->Execute("echo", R"({"text":"still here"})");
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
  release_.set_value();
}

TEST_F(ExecutorTest, AHandlerHearsThatNobodyWaits) {
  CreateExecutor(1);
  EXPECT_THAT(ErrorOf(executor_->Execute("until_cancelled", "{}", absl::Milliseconds(1))),
              StartsWith("deadline_exceeded: "));
  // Its place is free once it has ended.
  const ToolResult result = executor_->Execute("echo", R"({"text":"next"})");
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(result)) << ErrorOf(result);
}

TEST_F(ExecutorTest, RefusesWhatIsBeyondTheLimit) {
  CreateExecutor(1, 0);
  auto first = std::async(std::launch::async, [&] { return executor_->Execute("blocked", "{}"); });
  while (num_started_ == 0) std::this_thread::yield();
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", "{\"text\":\"a\"}")),
            "overloaded: 1 calls run and 0 wait already");
  release_.set_value();
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(first.get()));
}

TEST_F(ExecutorTest, WaitsForRoomUntilTheDeadline) {
  CreateExecutor(1);
  auto first = std::async(std::launch::async, [&] { return executor_->Execute("blocked", "{}"); });
  while (num_started_ == 0) std::this_thread::yield();
  EXPECT_THAT(
      ErrorOf(executor_->Execute("echo", "{\"text\":\"a\"}", absl::Milliseconds(1))),
      StartsWith("deadline_exceeded: the call of 'echo' waited for others until its deadline"));
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
  CreateExecutor(3);
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
  CreateExecutor(1);
  auto call = std::async(std::launch::async, [&] {
    return executor_->Execute("until_cancelled", "{}", absl::Milliseconds(1));
  });
  EXPECT_THAT(ErrorOf(call.get()), StartsWith("deadline_exceeded"));
  executor_.reset();
}

// A call that is under way, and how it ends.
struct Started {
  std::shared_ptr<ToolExecutor::Call> call;
  std::future<ToolResponse> ending;
};

Started Start(ToolExecutor& executor, ToolRequest request) {
  auto promise = std::make_shared<std::promise<ToolResponse>>();
  Started started;
  started.ending = promise->get_future();
  // A second ending would throw.
  started.call = executor.Start(std::move(request), [promise](const ToolResponse& response) {
    promise->set_value(response);
  });
  return started;
}

TEST_F(ExecutorTest, ACancelReturnsAtOnceThoughTheToolHangs) {
  CreateExecutor(1);
  Started hung = Start(*executor_, {.name = "blocked"});
  while (num_started_ == 0) std::this_thread::yield();
  Started waiting = Start(*executor_, {.name = "echo", .arguments = R"({"text":"next"})"});
  executor_->Cancel(hung.call);
  const auto [result, record] = hung.ending.get();
  EXPECT_EQ(ErrorOf(result), "cancelled: cancelled by the caller");
  EXPECT_EQ(record.ending, CallState::kCancelled);
  // Its room is free, though its worker is not.
  EXPECT_EQ(std::get<ToolOutput>(waiting.ending.get().result).text, "next");
  EXPECT_EQ(executor_->num_abandoned(), 1);
  executor_->Cancel(hung.call);
  release_.set_value();
}

TEST_F(ExecutorTest, WhatIsCancelledEndsWhetherItRunsOrWaits) {
  CreateExecutor(2);
  std::vector<Started> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(Start(*executor_, {.name = "until_cancelled"}));
  for (Started& call : calls) executor_->Cancel(call.call);
  for (Started& call : calls) {
    EXPECT_EQ(call.ending.get().record.ending, CallState::kCancelled);
  }
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute("echo", R"({"text":"a"})")));
}

TEST_F(ExecutorTest, ResultsOfATurnAreInTheOrderOfItsCalls) {
  // The first waits for the last.
  std::promise<void> last_ran;
  Register("first", [&](const rapidjson::Value&, const ToolContext&) {
    last_ran.get_future().wait();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "first"});
  });
  Register("last", [&](const rapidjson::Value&, const ToolContext&) {
    last_ran.set_value();
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "last"});
  });
  CreateExecutor(2);
  const std::vector<ToolRequest> requests = {
      {.name = "first"}, {.name = "nothing"}, {.name = "last"}};
  const std::vector<ToolResponse> responses = executor_->ExecuteAll(requests);
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(std::get<ToolOutput>(responses[0].result).text, "first");
  EXPECT_EQ(std::get<ToolError>(responses[1].result).kind, ToolErrorKind::kUnknownTool);
  EXPECT_EQ(std::get<ToolOutput>(responses[2].result).text, "last");
  EXPECT_TRUE(executor_->ExecuteAll({}).empty());
}

TEST_F(ExecutorTest, TriesAgainWhatMayRepeatAndNothingElse) {
  std::atomic<int> num_calls = 0;
  const ToolHandler third_time = [&](const rapidjson::Value&, const ToolContext&) {
    if (++num_calls < 3) return absl::StatusOr<ToolOutput>(absl::UnavailableError("not yet"));
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "third time"});
  };
  ASSERT_THAT(registry_.Register({.name = "lucky",
                                  .description = "For tests.",
                                  .parameters = "{}",
                                  .annotations = {.idempotent = true},
                                  .max_attempts = 3,
                                  .handler = third_time}),
              IsOk());
  EXPECT_THAT(registry_.Register({.name = "once",
                                  .description = "For tests.",
                                  .parameters = "{}",
                                  .max_attempts = 3,
                                  .handler = third_time}),
              Not(IsOk()));
  CreateExecutor(1);
  const auto [result, record] = executor_->Execute(ToolRequest{.name = "lucky"});
  EXPECT_EQ(std::get<ToolOutput>(result).text, "third time");
  EXPECT_EQ(record.num_attempts, 3);
  EXPECT_EQ(ErrorOf(executor_->Execute("fails", "{}")), "unavailable: the shop is closed");
}

TEST_F(ExecutorTest, ACallIdRunsOnce) {
  std::atomic<int> num_calls = 0;
  Register("order", [&](const rapidjson::Value&, const ToolContext&) {
    released_.wait();
    return absl::StatusOr<ToolOutput>(
        ToolOutput{.json = "{}", .text = absl::StrCat("order ", ++num_calls)});
  });
  CreateExecutor(2);
  const ToolRequest request{.name = "order", .arguments = R"({"text":"tea"})", .id = "call_1"};
  Started first = Start(*executor_, request);
  Started same = Start(*executor_, request);
  release_.set_value();
  EXPECT_EQ(std::get<ToolOutput>(first.ending.get().result).text, "order 1");
  EXPECT_EQ(std::get<ToolOutput>(same.ending.get().result).text, "order 1");
  EXPECT_EQ(std::get<ToolOutput>(executor_->Execute(request).result).text, "order 1");
  ToolRequest other = request;
  other.arguments = R"({"text":"coffee"})";
  EXPECT_EQ(ErrorOf(executor_->Execute(other).result),
            "invalid_arguments: the call id 'call_1' was used for another call");
  other.id = "call_2";
  EXPECT_EQ(std::get<ToolOutput>(executor_->Execute(other).result).text, "order 2");
  other.name = "order_inline";
  other.id = "call_3";
  EXPECT_EQ(std::get<ToolOutput>(executor_->Execute(other).result).text, "order 3");
  EXPECT_EQ(std::get<ToolOutput>(executor_->Execute(other).result).text, "order 3");
}

// A conversation of a day has many calls: what is kept of each is what it gave, not the memory that
// its arguments were read into, which is 64 kB.
TEST_F(ExecutorTest, WhatIsRememberedIsSmall) {
  CreateExecutor(1);
  const auto call = [&](int number) {
    const ToolResponse response = executor_->Execute(
        {.name = "echo", .arguments = R"({"text":"hello"})", .id = absl::StrCat("call_", number)});
    EXPECT_TRUE(std::holds_alternative<ToolOutput>(response.result));
  };
  for (int i = 0; i < 20; ++i) call(i);
  const size_t before = mallinfo2().uordblks;
  for (int i = 20; i < 120; ++i) call(i);
  EXPECT_LT(mallinfo2().uordblks - before, size_t{100} * 8000);
}

TEST_F(ExecutorTest, ForgetsIdsThatEndedLongAgoAndNoOther) {
  std::atomic<int> num_calls = 0;
  Register("order", [&](const rapidjson::Value&, const ToolContext&) {
    return absl::StatusOr<ToolOutput>(
        ToolOutput{.json = "{}", .text = absl::StrCat("order ", ++num_calls)});
  });
  auto created = ToolExecutor::Create(&registry_, {.max_remembered = 2});
  executor_ = *std::move(created);
  Started running = Start(*executor_, {.name = "blocked", .id = "long"});
  for (int i = 1; i <= 4; ++i) {
    const ToolRequest request{.name = "order", .id = absl::StrCat(i)};
    EXPECT_EQ(std::get<ToolOutput>(executor_->Execute(request).result).text,
              absl::StrCat("order ", i));
  }
  EXPECT_EQ(
      std::get<ToolOutput>(executor_->Execute(ToolRequest{.name = "order", .id = "4"}).result).text,
      "order 4");
  EXPECT_EQ(
      std::get<ToolOutput>(executor_->Execute(ToolRequest{.name = "order", .id = "1"}).result).text,
      "order 5");
  Started same = Start(*executor_, {.name = "blocked", .id = "long"});
  release_.set_value();
  EXPECT_EQ(std::get<ToolOutput>(same.ending.get().result).text, "released");
  EXPECT_EQ(std::get<ToolOutput>(running.ending.get().result).text, "released");
  EXPECT_EQ(num_started_, 1);
}

TEST_F(ExecutorTest, ProgressIsHeardAndMovesNoDeadline) {
  std::atomic<bool> may_report_again = false;
  Register("slow", [&](const rapidjson::Value&, const ToolContext& context) {
    context.ReportProgress({.progress = 1, .total = 2, .message = "half"});
    while (!context.cancelled) std::this_thread::yield();
    while (!may_report_again) std::this_thread::yield();
    context.ReportProgress({.progress = 2, .total = 2, .message = "late"});
    return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "late"});
  });
  CreateExecutor(1);
  std::atomic<int> num_heard = 0;
  Started call = Start(*executor_, {.name = "slow",
                                    .timeout = absl::Milliseconds(20),
                                    .on_progress = [&](const ToolProgress& progress) {
                                      num_heard += progress.message == "half" ? 1 : 100;
                                    }});
  const auto [result, record] = call.ending.get();
  EXPECT_EQ(record.ending, CallState::kTimedOut);
  EXPECT_EQ(record.num_progress, 1);
  may_report_again = true;
  while (executor_->num_abandoned() > 0) std::this_thread::yield();
  EXPECT_EQ(num_heard, 1);
}

TEST_F(ExecutorTest, LetsGoOfWhoWaitsWhenACallHasEnded) {
  struct Waiting {
    std::promise<void> ended;
    std::shared_ptr<ToolExecutor::Call> call;
  };
  CreateExecutor(1);
  auto waiting = std::make_shared<Waiting>();
  const std::weak_ptr<Waiting> watch = waiting;
  std::future<void> ended = waiting->ended.get_future();
  waiting->call = executor_->Start({.name = "blocked"},
                                   [waiting](const ToolResponse&) { waiting->ended.set_value(); });
  release_.set_value();
  ended.get();
  waiting.reset();
  executor_.reset();
  EXPECT_TRUE(watch.expired());
}

TEST_F(ExecutorTest, AResultHasToBeWhatItsSchemaSays) {
  for (const bool computes_only : {false, true}) {
    ASSERT_THAT(
        registry_.Register({.name = computes_only ? "b" : "a",
                            .description = "For tests.",
                            .parameters = "{}",
                            .result_schema = R"({"type":"object","required":["sum"]})",
                            .computes_only = computes_only,
                            .handler =
                                [](const rapidjson::Value& arguments, const ToolContext&) {
                                  return absl::StatusOr<ToolOutput>(ToolOutput{
                                      .json = arguments.HasMember("ok") ? R"({"sum":1})" : "{}",
                                      .text = "1"});
                                }}),
        IsOk());
  }
  CreateExecutor(1);
  for (const char* name : {"a", "b"}) {
    EXPECT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute(name, R"({"ok":1})")));
    EXPECT_THAT(ErrorOf(executor_->Execute(name, "{}")), StartsWith("failed: the tool's result"));
  }
}

TEST_F(ExecutorTest, AToolThatThrowsFailsItsCallOnly) {
  Register("throws", [](const rapidjson::Value&, const ToolContext&) -> absl::StatusOr<ToolOutput> {
    throw std::runtime_error("out of tea");
  });
  CreateExecutor(1);
  for (const char* name : {"throws", "throws_inline"}) {
    EXPECT_EQ(ErrorOf(executor_->Execute(name, "{}")), "failed: the tool threw: out of tea");
  }
}

TEST_F(ExecutorTest, AToolMayCallTools) {
  Register("outer", [&](const rapidjson::Value& arguments, const ToolContext&) {
    const ToolResult inner = executor_->Execute("echo_inline", R"({"text":"inner"})");
    return absl::StatusOr<ToolOutput>(
        ToolOutput{.json = "{}",
                   .text = absl::StrCat(std::get<ToolOutput>(inner).text, " and ",
                                        arguments["text"].GetString())});
  });
  CreateExecutor(1);
  for (const char* name : {"outer", "outer_inline"}) {
    EXPECT_EQ(
        std::get<ToolOutput>(executor_->Execute(name, R"({"text":"a text of its own"})")).text,
        "inner and a text of its own");
  }
}

// Published test vectors (Noll).
TEST(CallRecordTest, DigestsAreFnv1a) {
  EXPECT_EQ(DigestOf(""), 0xcbf29ce484222325);
  EXPECT_EQ(DigestOf("a"), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(DigestOf("foobar"), 0x85944171f73967e8);
}

TEST_F(ExecutorTest, LeavesARecordOfEachCall) {
  CreateExecutor(1);
  CallRecord record =
      executor_
          ->Execute(ToolRequest{.name = "echo", .arguments = R"({"text":"a"})", .id = "call_7"})
          .record;
  EXPECT_EQ(record.ending, CallState::kSucceeded);
  EXPECT_FALSE(record.error.has_value());
  EXPECT_EQ(record.num_attempts, 1);
  EXPECT_LE(record.validated, *record.running);
  EXPECT_LE(*record.running, record.ended);
  const std::string json = record.ToJson();
  for (const char* part :
       {R"("gen_ai.operation.name":"execute_tool")", R"("gen_ai.tool.name":"echo")",
        R"("gen_ai.tool.call.id":"call_7")", R"("gen_ai.execute_tool.duration":)",
        R"("parlance.tool.ending":"succeeded")",
        R"("parlance.tool.arguments_digest":"46e18969cb83033f")"}) {
    EXPECT_THAT(json, HasSubstr(part)) << part << " in ";
  }
  rapidjson::Document document;
  EXPECT_FALSE(document.Parse(json.c_str()).HasParseError());
  for (const auto& [name, error, ending] :
       {std::tuple("nothing", ToolErrorKind::kUnknownTool, CallState::kFailed),
        std::tuple("fails", ToolErrorKind::kUnavailable, CallState::kFailed),
        std::tuple("fails_inline", ToolErrorKind::kUnavailable, CallState::kFailed)}) {
    record = executor_->Execute(ToolRequest{.name = name}).record;
    EXPECT_EQ(record.error, error) << name;
    EXPECT_EQ(record.ending, ending) << name;
  }
}

TEST_F(ExecutorTest, HungToolsHoldUpNobodyUntilTheyAreTooMany) {
  auto created = ToolExecutor::Create(&registry_, {.max_concurrency = 4, .max_abandoned = 100});
  executor_ = *std::move(created);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(std::get<ToolError>(executor_->Execute("blocked", "{}", absl::Milliseconds(1))).kind,
              ToolErrorKind::kDeadlineExceeded);
    EXPECT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute("echo", R"({"text":"a"})")) ||
                executor_->num_abandoned() == 100);
  }
  // Those that ended before they were taken are no loss.
  while (executor_->num_abandoned() < 100) {
    executor_->Execute("blocked", "{}", absl::Milliseconds(1));
  }
  EXPECT_EQ(ErrorOf(executor_->Execute("echo", R"({"text":"a"})")),
            "overloaded: 100 handlers did not return when their calls ended");
  release_.set_value();
  while (executor_->num_abandoned() > 0) std::this_thread::yield();
  EXPECT_TRUE(std::holds_alternative<ToolOutput>(executor_->Execute("echo", R"({"text":"a"})")));
}

TEST_F(ExecutorTest, ItsEndEndsCallsThatWaitAndRun) {
  CreateExecutor(1);
  Started running = Start(*executor_, {.name = "until_cancelled"});
  Started waiting = Start(*executor_, {.name = "echo", .arguments = R"({"text":"a"})"});
  executor_.reset();
  EXPECT_EQ(ErrorOf(running.ending.get().result), "cancelled: the executor ends");
  EXPECT_EQ(ErrorOf(waiting.ending.get().result), "cancelled: the executor ends");
}

TEST_F(ExecutorTest, ARemovedToolsCallsGoOn) {
  CreateExecutor(1);
  Started call = Start(*executor_, {.name = "blocked"});
  while (num_started_ == 0) std::this_thread::yield();
  ASSERT_THAT(registry_.Remove("blocked"), IsOk());
  EXPECT_EQ(std::get<ToolError>(executor_->Execute("blocked", "{}")).kind,
            ToolErrorKind::kUnknownTool);
  release_.set_value();
  EXPECT_EQ(std::get<ToolOutput>(call.ending.get().result).text, "released");
}

TEST_F(ExecutorTest, RefusesOptionsOutOfRange) {
  EXPECT_THAT(ToolExecutor::Create(&registry_, {.max_concurrency = 0}), Not(IsOk()));
  EXPECT_THAT(ToolExecutor::Create(&registry_, {.default_timeout = absl::ZeroDuration()}),
              Not(IsOk()));
  EXPECT_THAT(ToolExecutor::Create(&registry_, {.max_argument_bytes = 0}), Not(IsOk()));
}

}  // namespace
}  // namespace parlance::tools
