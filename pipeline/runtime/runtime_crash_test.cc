// A whole agent is killed with signal 9 at many moments: what its caller has heard is in the store.
//
// The test runs itself as the agent, which answers a caller of its own and writes each character
// that is heard to a pipe, and a line's end after each answer.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
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
using testing::StartsWith;

constexpr uint64_t kSeed = 20260303;
constexpr size_t kFrameSamples = 320;
// How much faster time passes for the agent.
constexpr int kSpeed = 20;

// Writes what is heard to a pipe, as soon as it is.
class PipeSink : public SessionSink {
 public:
  explicit PipeSink(int pipe) : pipe_(pipe) {}
  void Frame(absl::Span<const int16_t> samples) override { Write(TextOfSound(samples)); }
  void TurnDone(const TurnReport&) override {
    Write("\n");
    ++num_turns;
  }

  std::atomic<int> num_turns = 0;

 private:
  void Write(absl::string_view text) {
    if (write(pipe_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(4);
  }
  const int pipe_;
};

// The agent: answers until it is killed.
int RunAgent(const std::string& path, const std::string& session_id, int pipe) {
  auto store = session::SqliteStore::Open(path);
  if (!store.ok()) return 2;
  RecognizerScript recognizers;
  ScriptedAgent agent;
  agent.decide = [](const AgentInput& input) {
    return AgentStep{.calls = {},
                     .reply = absl::StrCat("You said ", input.utterance.text,
                                           ". Let me think about that. It is a good word.")};
  };
  LetterSynthesizer synthesizer;
  tools::ToolRegistry registry;
  auto executor = tools::ToolExecutor::Create(&registry, {});
  if (!executor.ok()) return 2;
  RuntimeOptions options;
  options.idle_timeout = absl::Hours(10);
  // Nothing that is said is lost, whatever the machine is at.
  options.max_queued_sound = absl::Minutes(10);
  options.now = [began = std::chrono::steady_clock::now()] {
    return absl::FromChrono(std::chrono::steady_clock::now() - began) * kSpeed;
  };
  auto runtime = Runtime::Create(
      {.create_vad = []() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
         return std::make_unique<LoudnessVad>();
       },
       .create_recognizer = [&] { return recognizers.Create(); },
       .agent = &agent,
       .synthesizer = &synthesizer,
       .registry = &registry,
       .executor = executor->get(),
       .store = store->get()},
      options);
  if (!runtime.ok()) return 2;
  PipeSink sink(pipe);
  SessionOptions session_options;
  session_options.session_id = session_id;
  session_options.conversation.hears_echo = false;
  auto session = (*runtime)->Open(std::move(session_options), &sink);
  if (!session.ok()) return 3;
  for (int turn = 0;; ++turn) {
    for (int frame = 0; frame < 25 || sink.num_turns <= turn; ++frame) {
      const std::vector<int16_t> sound =
          frame < 25 ? SoundOfWord(turn % 100, kFrameSamples) : std::vector<int16_t>(kFrameSamples);
      if (!(*session)->Push(sound).ok()) return 5;
      std::this_thread::sleep_for(std::chrono::milliseconds(20 / kSpeed));
    }
  }
}

int Trials() {
  const char* text = std::getenv("RUNTIME_CRASH_TRIALS");
  int trials = 0;
  return text != nullptr && absl::SimpleAtoi(text, &trials) ? trials : 30;
}

TEST(RuntimeCrashTest, WhatWasHeardIsStored) {
  std::mt19937_64 random(kSeed);
  const std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/crash.db");
  int num_in_the_middle = 0;
  for (int trial = 0; trial < Trials(); ++trial) {
    SCOPED_TRACE(absl::StrCat("trial ", trial, ", seed ", kSeed));
    const std::string id = absl::StrCat("trial_", trial);
    {
      auto store = session::SqliteStore::Open(path);
      ASSERT_THAT(store, IsOk());
      ASSERT_THAT(
          (*store)->CreateSession(session::SessionStore::NewSession{.title = "talk", .id = id}),
          IsOk());
    }
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const std::string end = absl::StrCat(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      execl("/proc/self/exe", "agent", "--agent", path.c_str(), id.c_str(), end.c_str(), nullptr);
      _exit(6);
    }
    ASSERT_GT(child, 0);
    close(ends[1]);
    // After so many characters, some time later.
    const auto wanted = static_cast<size_t>(random() % 250);
    const absl::Duration later = absl::Microseconds(random() % 4000);
    std::string heard;
    bool killed = false;
    const auto maybe_kill = [&] {
      if (killed || heard.size() < wanted) return;
      absl::SleepFor(later);
      kill(child, SIGKILL);
      killed = true;
    };
    maybe_kill();
    char buffer[256];
    for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
      heard.append(buffer, static_cast<size_t>(size));
      maybe_kill();
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;

    auto store = session::SqliteStore::Open(path);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->CheckIntegrity(), IsOk());
    const auto history = (*store)->History(id, {.after = 0, .before = {}, .limit = 10000});
    ASSERT_THAT(history, IsOk());
    std::vector<std::string> stored;
    for (const session::Message& message : *history) {
      if (message.role == session::Role::kAssistant) stored.push_back(message.content + " ");
    }
    std::vector<std::string> answers = absl::StrSplit(heard, '\n');
    if (answers.back().empty()) {
      answers.pop_back();
    } else {
      ++num_in_the_middle;
    }
    // There may be one more, of which nothing was heard.
    ASSERT_GE(stored.size(), answers.size()) << heard;
    ASSERT_LE(stored.size(), answers.size() + 1) << heard;
    for (size_t i = 0; i < answers.size(); ++i) {
      EXPECT_THAT(stored[i], StartsWith(answers[i]));
    }
  }
  EXPECT_GT(num_in_the_middle, Trials() / 4);
}

}  // namespace
}  // namespace parlance::pipeline

int main(int argc, char** argv) {
  int pipe = 0;
  if (argc == 5 && absl::string_view(argv[1]) == "--agent" && absl::SimpleAtoi(argv[4], &pipe)) {
    return parlance::pipeline::RunAgent(argv[2], argv[3], pipe);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
