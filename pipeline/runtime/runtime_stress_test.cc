// Real threads, and many sessions that are opened, talked to, interrupted and hung up at once.
//
// $RUNTIME_STRESS_SESSIONS: how many are opened and closed as fast as they go; the product promises
// 10,000 a minute.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr int kThreads = 4;
constexpr uint64_t kSeed = 20260302;
constexpr size_t kFrameSamples = 320;

int NumSessions() {
  const char* text = std::getenv("RUNTIME_STRESS_SESSIONS");
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : 2000;
}

class RuntimeStressTest : public testing::Test {
 protected:
  RuntimeStressTest()
      : store_(*session::SqliteStore::Open(
            absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                         testing::UnitTest::GetInstance()->current_test_info()->name(), ".db"))),
        executor_(*tools::ToolExecutor::Create(&registry_, {})) {
    agent_.decide = [](const AgentInput& input) {
      return AgentStep{
          .calls = {},
          .reply = absl::StrCat("You said ", input.utterance.text,
                                ". That is what I heard, and now I say something long about it.")};
    };
  }

  // Nothing is late, whatever the machine is at: the times that are waited are hours.
  static SessionOptions Session() {
    SessionOptions options;
    ConversationOptions& conversation = options.conversation;
    conversation.hears_echo = false;
    conversation.recognition_timeout = absl::Hours(10);
    conversation.agent_timeout = absl::Hours(10);
    conversation.tool_timeout = absl::Hours(10);
    conversation.synthesis_timeout = absl::Hours(10);
    conversation.store_timeout = absl::Hours(10);
    return options;
  }

  // Time passes so many times as fast as it does.
  void Start(int speed, RuntimeOptions options) {
    options.num_threads = 3;
    options.max_utilization = 1e9;
    options.max_frame_age = absl::Hours(10);
    options.idle_timeout = absl::Hours(10);
    options.overdue_after = absl::Hours(10);
    options.max_sessions = 100000;
    options.now = [speed, began = std::chrono::steady_clock::now()] {
      return absl::FromChrono(std::chrono::steady_clock::now() - began) * speed;
    };
    auto runtime = Runtime::Create(
        {.create_vad = []() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
           return std::make_unique<LoudnessVad>();
         },
         .create_recognizer = [this] { return recognizers_.Create(); },
         .agent = &agent_,
         .synthesizer = &synthesizer_,
         .registry = &registry_,
         .executor = executor_.get(),
         .store = store_.get(),
         .announcer = &announcer_},
        options);
    ASSERT_THAT(runtime, IsOk());
    runtime_ = *std::move(runtime);
  }

  static void WaitUntilClosed(const RecordingSink& sink) {
    while (!sink.is_closed.load(std::memory_order_acquire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void ExpectCountsAddUp(int64_t num_opened) {
    const RuntimeStats stats = runtime_->stats();
    EXPECT_EQ(stats.num_sessions, 0U);
    EXPECT_EQ(stats.num_opened, num_opened);
    EXPECT_EQ(stats.num_refused_full + stats.num_refused_busy + stats.num_refused_stopping, 0);
    EXPECT_EQ(stats.num_frames_in, stats.frame_age.count() + stats.num_frames_dropped);
    EXPECT_EQ(stats.num_store_failures, 0);
    EXPECT_EQ(stats.recognizers.num_lost, 0);
    EXPECT_EQ(stats.recognizers.num_waiting, 0U);
  }

  RecognizerScript recognizers_;
  ScriptedAgent agent_;
  LetterSynthesizer synthesizer_;
  ScriptedAnnouncer announcer_;
  tools::ToolRegistry registry_;
  std::unique_ptr<session::SqliteStore> store_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::unique_ptr<Runtime> runtime_;
};

// Sessions that come and go as fast as they can, whatever they are at.
TEST_F(RuntimeStressTest, SessionsComeAndGo) {
  Start(50, {});
  const int num_each = NumSessions() / kThreads;
  std::atomic<int64_t> num_opened = 0;
  std::vector<std::vector<std::unique_ptr<RecordingSink>>> sinks(kThreads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(kSeed + static_cast<uint64_t>(thread));
      std::vector<std::shared_ptr<Runtime::Session>> open;
      for (int i = 0; i < num_each; ++i) {
        auto& sink =
            sinks[static_cast<size_t>(thread)].emplace_back(std::make_unique<RecordingSink>());
        auto session = runtime_->Open(Session(), sink.get());
        ASSERT_THAT(session, IsOk());
        ++num_opened;
        if (random() % 4 == 0) {
          sink->on_frame = nullptr;
        }
        open.push_back(*std::move(session));
        const auto& current = open[random() % open.size()];
        const auto num_frames = random() % 40;
        const auto word = static_cast<int>(random() % 100);
        for (uint64_t frame = 0; frame < num_frames; ++frame) {
          // Others may have hung up.
          current->Push(SoundOfWord(word, random() % 700)).IgnoreError();
          if (random() % 16 == 0) current->Played(static_cast<int64_t>(random() % 10000));
        }
        if (random() % 8 == 0) current->EndOfSound();
        if (random() % 8 == 0) announcer_.Ring(current->id(), "Your timer is up.");
        // Eight are open, some of which are let go of without a word.
        if (open.size() < 8) continue;
        const size_t leaving = random() % open.size();
        open[leaving]->HangUp();
        if (random() % 2 == 0) open[leaving]->Push(SoundOfWord(1, kFrameSamples)).IgnoreError();
        if (random() % 2 == 0) open[leaving]->HangUp();
        std::swap(open[leaving], open.back());
        open.pop_back();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Those that nobody hung up end with the runtime.
  runtime_->Shutdown(absl::Seconds(1)).IgnoreError();
  EXPECT_EQ(num_opened, num_each * kThreads);
  ExpectCountsAddUp(num_opened);
  for (const auto& of_thread : sinks) {
    for (const auto& sink : of_thread) {
      ASSERT_EQ(sink->num_closed, 1);
      ASSERT_EQ(sink->num_after_closed, 0);
      ASSERT_EQ(sink->log.back(), "closed");
    }
  }
  EXPECT_THAT(store_->CheckIntegrity(), IsOk());
}

// Callers who talk, interrupt and hang up: the store has what they heard, to the word.
TEST_F(RuntimeStressTest, TheStoreHasWhatWasHeard) {
  constexpr int kCallers = 40;
  Start(10, {.max_queued_sound = absl::Minutes(1)});
  struct Caller {
    RecordingSink sink;
    std::shared_ptr<Runtime::Session> session;
  };
  std::vector<Caller> callers(kCallers);
  for (Caller& caller : callers) {
    auto session = runtime_->Open(Session(), &caller.sink);
    ASSERT_THAT(session, IsOk());
    caller.session = *std::move(session);
  }
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(kSeed + 100 + static_cast<uint64_t>(thread));
      struct Speech {
        int frames_left = 0;
        int word = -1;
      };
      std::vector<Speech> speeches(kCallers);
      for (int tick = 0; tick < 400; ++tick) {
        for (size_t i = static_cast<size_t>(thread); i < kCallers; i += kThreads) {
          Speech& speech = speeches[i];
          if (speech.frames_left-- == 0) {
            const bool speaks = speech.word < 0;
            speech.word = speaks ? static_cast<int>(random() % 100) : -1;
            speech.frames_left = static_cast<int>(speaks ? 15 + random() % 20 : 5 + random() % 90);
          }
          const std::vector<int16_t> sound = speech.word < 0
                                                 ? std::vector<int16_t>(kFrameSamples)
                                                 : SoundOfWord(speech.word, kFrameSamples);
          ASSERT_THAT(callers[i].session->Push(sound), IsOk());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      for (size_t i = static_cast<size_t>(thread); i < kCallers; i += kThreads) {
        callers[i].session->HangUp();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int64_t num_turns = 0;
  int64_t num_interrupted = 0;
  for (Caller& caller : callers) {
    WaitUntilClosed(caller.sink);
    SCOPED_TRACE(caller.session->id());
    EXPECT_THAT(*caller.sink.closed, IsOk());
    EXPECT_EQ(caller.sink.num_closed, 1);
    EXPECT_EQ(caller.sink.num_after_closed, 0);
    std::vector<std::string> heard;
    for (const TurnReport& turn : caller.sink.turns) {
      ++num_turns;
      if (turn.ending == TurnEnding::kInterrupted) ++num_interrupted;
      if (!turn.heard.empty()) heard.push_back(turn.heard);
    }
    const auto history =
        store_->History(caller.session->id(), {.after = 0, .before = {}, .limit = 10000});
    ASSERT_THAT(history, IsOk());
    std::vector<std::string> stored;
    for (const session::Message& message : *history) {
      if (message.role == session::Role::kAssistant && !message.content.empty()) {
        stored.push_back(message.content);
      }
    }
    EXPECT_EQ(stored, heard);
  }
  // Somebody did talk.
  EXPECT_GT(num_turns, kCallers);
  EXPECT_GT(num_interrupted, 0);
  runtime_->Shutdown(absl::Seconds(1)).IgnoreError();
  ExpectCountsAddUp(kCallers);
  EXPECT_EQ(runtime_->stats().num_turns, num_turns);
  EXPECT_EQ(runtime_->stats().recognizers.num_busy, 0);
}

}  // namespace
}  // namespace parlance::pipeline
