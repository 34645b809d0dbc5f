// Several callers at once, and one who never hangs up.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"
#include "pipeline/components.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/testing/spoken_requests.h"
#include "pipeline/voice_agent.h"
#include "session/message.h"
#include "session/store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;

std::unique_ptr<Components> CreateComponents(const std::string& name) {
  ComponentOptions options;
  options.database_path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name, ".db");
  auto components = Components::Create(options);
  EXPECT_THAT(components, IsOk());
  return *std::move(components);
}

// One caller: asks one request after the other, and checks the answers.
class Caller {
 public:
  explicit Caller(Components& components) {
    VoiceAgent::Options options;
    options.on_turn = [this](const TurnReport& turn) {
      turn_ = turn;
      ++num_turns_;
    };
    auto conversation = components.Start(options);
    EXPECT_THAT(conversation, IsOk());
    conversation_ = *std::move(conversation);
  }

  void Ask(const SpokenRequest& request) {
    num_turns_ = 0;
    const absl::Status pushed = conversation_->agent->Push(request.sound);
    ASSERT_THAT(pushed, IsOk());
    ASSERT_EQ(num_turns_, 1) << request.text;
    ASSERT_THAT(turn_.reply, HasSubstr(request.reply)) << request.text;
  }

  const TurnLatency& latency() const { return turn_.latency; }

 private:
  std::unique_ptr<LocalConversation> conversation_;
  TurnReport turn_;
  int num_turns_ = 0;
};

// All callers speak at once, as fast as the machine takes it: a harder load than as many calls,
// which are mostly silence.
TEST(StressPipeline, ConcurrentSessions) {
  const auto num_sessions = static_cast<size_t>(perf::Load("concurrent_sessions"));
  const auto components = CreateComponents("concurrent");
  const std::vector<SpokenRequest> requests = SpokenRequests();
  std::vector<std::unique_ptr<Caller>> callers;
  for (size_t i = 0; i < num_sessions; ++i)
    callers.push_back(std::make_unique<Caller>(*components));
  perf::Recorder sessions({.name = "pipeline.concurrent.sessions",
                           .title = "Concurrent Sessions",
                           .unit = "sessions",
                           .better = perf::HIGHER});
  perf::Recorder latency({.name = "pipeline.concurrent.first_sample",
                          .title = "Latency with Concurrent Sessions",
                          .unit = "ms",
                          .better = perf::LOWER});
  std::vector<std::vector<absl::Duration>> latencies(num_sessions);
  const auto min_turns = static_cast<size_t>(perf::Load("concurrent_turns"));
  std::atomic<size_t> num_answered = 0;
  const absl::Time end = absl::Now() + absl::Milliseconds(perf::LoadValue("stress_duration_ms"));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < num_sessions; ++i) {
    threads.emplace_back([&, i] {
      for (size_t turn = 0; turn < min_turns || absl::Now() < end; ++turn) {
        callers[i]->Ask(requests[(i + turn) % requests.size()]);
        latencies[i].push_back(callers[i]->latency().since_endpoint());
      }
      if (!testing::Test::HasFailure()) ++num_answered;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_answered, num_sessions);
  sessions.Add(static_cast<double>(num_answered));
  for (const auto& of_session : latencies) {
    for (const absl::Duration duration : of_session) latency.Add(duration);
  }
}

// Fills what is bounded and fills up once, so that it is not taken for growth: the database pages
// that SQLite keeps at hand (2 MB), and the ended calls that the executor remembers. The turns of
// a short run would not fill them, and those of a long one only in its second half.
void FillCaches(Components& components) {
  const absl::StatusOr<session::Session> session = components.store().CreateSession("Pages");
  ASSERT_THAT(session, IsOk());
  // Each is longer than a page.
  const session::Message message = {.content = std::string(5000, 'x')};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(components.store().AppendAll(session->id, {message}), IsOk());
  }
  for (size_t i = 0; i < tools::ToolExecutor::Options().max_remembered; ++i) {
    const tools::ToolResponse response =
        components.executor().Execute({.name = "timers",
                                       .arguments = R"({"action":"list"})",
                                       .id = absl::StrCat(i),
                                       .caller = session->id});
    ASSERT_TRUE(std::holds_alternative<tools::ToolOutput>(response.result));
  }
}

TEST(StressPipeline, MemoryStability) {
  const auto components = CreateComponents("memory");
  ASSERT_NO_FATAL_FAILURE(FillCaches(*components));
  const std::vector<SpokenRequest> requests = SpokenRequests();
  Caller caller(*components);
  const auto num_warm = static_cast<size_t>(perf::Load("memory_warm_turns"));
  for (size_t i = 0; i < num_warm; ++i) caller.Ask(requests[i % requests.size()]);
  perf::MemoryRecorder memory({.name = "pipeline.agent", .title = "Agent", .work_unit = "turn"});
  const absl::Time end = absl::Now() + absl::Milliseconds(perf::LoadValue("stress_duration_ms"));
  int64_t num_turns = 0;
  do {
    for (const SpokenRequest& request : requests) {
      caller.Ask(request);
      memory.Sample(++num_turns);
    }
  } while (absl::Now() < end);
}

}  // namespace
}  // namespace parlance::pipeline
