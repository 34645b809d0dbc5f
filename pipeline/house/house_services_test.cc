#include "pipeline/house/house_services.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/door/wyoming/services.h"
#include "pipeline/door/wyoming/wyoming.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::SizeIs;

// Refuses what Flite does.
class FussySynthesizer : public LetterSynthesizer {
 public:
  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override {
    if (text.empty() || text.size() > 10000) return absl::InvalidArgumentError("cannot say it");
    return LetterSynthesizer::Synthesize(text, sink);
  }
};

class HouseServicesTest : public testing::Test {
 protected:
  HouseServicesTest()
      : sqlite_(*session::SqliteStore::Open(
            absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                         testing::UnitTest::GetInstance()->current_test_info()->name(), ".db"))),
        executor_(*tools::ToolExecutor::Create(&registry_, {})) {
    RuntimeParts parts = {
        .create_vad = []() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
          return std::make_unique<LoudnessVad>();
        },
        .create_recognizer = [this] { return recognizers_.Create(); },
        .agent = &agent_,
        .synthesizer = &synthesizer_,
        .registry = &registry_,
        .executor = executor_.get(),
        .store = sqlite_.get()};
    RuntimeOptions options;
    options.num_threads = 1;
    // However busy the machine is.
    options.max_utilization = 1000;
    options.max_frame_age = absl::InfiniteDuration();
    runtime_ = *Runtime::Create(parts, options);
    house_ = HouseParts::Create({.parts = parts, .runtime = runtime_.get(), .now = [this] {
                                   return absl::Seconds(seconds_.load());
                                 }});
    services_ = house_->services();
  }

  door::Answerer::Answer Ask(const std::string& text, const std::string& conversation = "") {
    absl::Notification done;
    absl::StatusOr<door::Answerer::Answer> answer;
    services_.answerer->Ask({.text = text, .conversation_id = conversation},
                            [&](const absl::StatusOr<door::Answerer::Answer>& given) {
                              answer = given;
                              done.Notify();
                            });
    done.WaitForNotification();
    EXPECT_THAT(answer, IsOk());
    return answer.value_or(door::Answerer::Answer{});
  }

  // What is heard of a text that is given in parts.
  std::string Said(const std::vector<std::string>& parts) {
    absl::Notification done;
    std::string heard;
    const auto speech = services_.speaker->Start("", {.sound =
                                                          [&](absl::Span<const int16_t> samples) {
                                                            EXPECT_FALSE(samples.empty());
                                                            heard += TextOfSound(samples);
                                                            return true;
                                                          },
                                                      .done =
                                                          [&](const absl::Status& status) {
                                                            EXPECT_THAT(status, IsOk());
                                                            done.Notify();
                                                          }});
    for (const std::string& part : parts) speech->Text(part);
    speech->End();
    done.WaitForNotification();
    return heard;
  }

  // What the house takes for the time.
  std::atomic<int64_t> seconds_ = 0;
  RecognizerScript recognizers_;
  ScriptedAgent agent_;
  FussySynthesizer synthesizer_;
  std::unique_ptr<session::SqliteStore> sqlite_;
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<HouseParts> house_;
  door::HouseServices services_;
};

TEST_F(HouseServicesTest, SoundBecomesText) {
  absl::Notification done;
  std::string text;
  const auto transcription =
      services_.transcriber->Start("en", {.done = [&](const absl::StatusOr<std::string>& given) {
                                     text = given.value_or("failed");
                                     done.Notify();
                                   }});
  for (int i = 0; i < 10; ++i) transcription->Sound(SoundOfWord(7, 320));
  transcription->End();
  done.WaitForNotification();
  EXPECT_EQ(text, "word 7");
  EXPECT_THAT(*sqlite_->ListSessions(10, ""), SizeIs(0)) << "nothing is stored";
}

TEST_F(HouseServicesTest, TextBecomesSound) {
  // It asks whether anybody listens, which is no sound.
  synthesizer_.is_waiting = [num_asked = 0]() mutable { return ++num_asked % 3 != 0; };
  EXPECT_EQ(Said({"Good ", "morning."}), "Good morning.");
}

TEST_F(HouseServicesTest, ALongTextIsSaidInPiecesAndAnEmptyOneIsDone) {
  std::string text;
  while (text.size() < door::kMaxWyomingText) absl::StrAppend(&text, "word ");
  text.resize(door::kMaxWyomingText, '!');
  for (const std::string& each : {text, std::string(), std::string("  ")}) {
    EXPECT_EQ(Said({each}), absl::StripAsciiWhitespace(each));
  }
}

TEST_F(HouseServicesTest, NobodyWaitsForMoreThanAPieceOfAnothersText) {
  absl::Notification may_speak;
  std::vector<std::string> said;
  synthesizer_.before = [&](absl::string_view text, size_t num_given) {
    may_speak.WaitForNotification();
    if (num_given == 0) said.emplace_back(text);
    return absl::OkStatus();
  };
  absl::Notification done[2];
  const auto start = [&](int i) {
    return services_.speaker->Start(
        "", {.sound = [](absl::Span<const int16_t>) { return true; },
             .done = [&done, i](const absl::Status&) { done[i].Notify(); }});
  };
  const auto long_speech = start(0);
  long_speech->Text("The first sentence is here. The second sentence is there.");
  long_speech->End();
  const auto short_speech = start(1);
  short_speech->Text("Hello.");
  short_speech->End();
  // Whoever asks does not wait for the voice.
  EXPECT_EQ(Ask("hello").text, "You said hello.");
  may_speak.Notify();
  for (absl::Notification& each : done) each.WaitForNotification();
  EXPECT_THAT(
      said, ElementsAre("The first sentence is here. ", "Hello.", "The second sentence is there."));
}

TEST_F(HouseServicesTest, AVoiceThatHangsIsTheErrorOfOneTextAndNotOfTheNext) {
  absl::Notification hangs;
  absl::Notification may_go_on;
  synthesizer_.before = [&](absl::string_view text, size_t) {
    if (text == "Stuck.") {
      hangs.Notify();
      may_go_on.WaitForNotification();
    }
    return absl::OkStatus();
  };
  absl::Notification done;
  absl::Status status;
  int num_sounds = 0;
  const auto stuck = services_.speaker->Start("", {.sound =
                                                       [&](absl::Span<const int16_t>) {
                                                         ++num_sounds;
                                                         return true;
                                                       },
                                                   .done =
                                                       [&](const absl::Status& given) {
                                                         status = given;
                                                         done.Notify();
                                                       }});
  stuck->Text("Stuck.");
  stuck->End();
  hangs.WaitForNotification();
  seconds_ += 11;
  done.WaitForNotification();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Said({"Hello."}), "Hello.");
  may_go_on.Notify();
  house_ = nullptr;
  EXPECT_EQ(num_sounds, 0);
}

TEST_F(HouseServicesTest, TextIsAnsweredAndAConversationIsOneSession) {
  EXPECT_EQ(Ask("hello", "kitchen").text, "You said hello.");
  EXPECT_EQ(Ask("and more", "kitchen").text, "You said and more.");
  EXPECT_TRUE(Ask("something else").is_handled);
  const auto sessions = sqlite_->ListSessions(10, "");
  ASSERT_THAT(sessions, IsOk());
  EXPECT_THAT(*sessions, SizeIs(2));
}

TEST_F(HouseServicesTest, QuestionsOfAConversationAreAnsweredOneAfterTheOther) {
  absl::Notification may_answer;
  agent_.decide = [&](const AgentInput& input) -> absl::StatusOr<AgentStep> {
    may_answer.WaitForNotification();
    return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  };
  constexpr size_t kNumQuestions = 1 + HouseParts::kMaxWaitingQuestions;
  std::vector<std::string> answers;
  std::string too_many;
  absl::Notification done;
  for (size_t i = 0; i <= kNumQuestions; ++i) {
    services_.answerer->Ask(
        {.text = absl::StrCat(i), .conversation_id = "kitchen"},
        [&, i](const absl::StatusOr<door::Answerer::Answer>& given) {
          if (i == kNumQuestions) {
            too_many = std::string(given.status().message());
            return;
          }
          answers.push_back(given.ok() ? given->text : given.status().ToString());
          if (answers.size() == kNumQuestions) done.Notify();
        });
  }
  EXPECT_EQ(too_many, "the queue of this conversation's questions is full; try again later");
  may_answer.Notify();
  done.WaitForNotification();
  std::vector<std::string> expected;
  for (size_t i = 0; i < kNumQuestions; ++i) {
    expected.push_back(absl::StrCat("You said ", i, "."));
  }
  EXPECT_EQ(answers, expected);
  EXPECT_THAT(*sqlite_->ListSessions(10, ""), SizeIs(1));
}

TEST_F(HouseServicesTest, ASessionThatWasDeletedIsFollowedByAnother) {
  EXPECT_EQ(Ask("hello", "kitchen").text, "You said hello.");
  const auto sessions = sqlite_->ListSessions(10, "");
  ASSERT_THAT(sessions, IsOk());
  ASSERT_THAT(*sessions, SizeIs(1));
  ASSERT_THAT(sqlite_->DeleteSession(sessions->front().id), IsOk());
  EXPECT_EQ(Ask("and more", "kitchen").text, "You said and more.");
  EXPECT_EQ(Ask("and still more", "kitchen").text, "You said and still more.");
  EXPECT_THAT(*sqlite_->ListSessions(10, ""), SizeIs(1));
}

TEST_F(HouseServicesTest, SpeechIsFound) {
  std::vector<int64_t> started;
  std::vector<int64_t> stopped;
  const auto detection = services_.voices->Start(
      {.started = [&](absl::Duration at) { started.push_back(absl::ToInt64Milliseconds(at)); },
       .stopped = [&](absl::Duration at) { stopped.push_back(absl::ToInt64Milliseconds(at)); }});
  ASSERT_THAT(detection, IsOk());
  (*detection)->Sound(std::vector<int16_t>(16000, 0));
  (*detection)->Sound(std::vector<int16_t>(16000, 5000));
  (*detection)->Sound(std::vector<int16_t>(16000, 0));
  EXPECT_THAT(started, ElementsAre(800));
  EXPECT_THAT(stopped, ElementsAre(2200));
}

}  // namespace
}  // namespace parlance::pipeline
