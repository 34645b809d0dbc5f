// Calls over a real runtime, in virtual time: a carrier on one side, what the store has on the
// other.
#include "pipeline/door/telephony/runtime_calls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/call.h"
#include "pipeline/door/telephony/media_stream.h"
#include "pipeline/door/telephony/media_stream_dialect.h"
#include "pipeline/door/testing/fake_connection.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/runtime/testing/virtual_runtime.h"

namespace parlance::pipeline::door {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr absl::Duration kFrameOfLine = absl::Milliseconds(20);

// A caller of Vonage at 16 kHz, whose sound the runtime's made-up parts understand as it is.
class RuntimeCallsTest : public testing::Test {
 protected:
  RuntimeCallsTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {
    world_.Start();
    calls_ = CreateRuntimeCalls(
        world_.runtime.get(),
        {.session = UsualSession(), .keys = [this](Runtime::Session& session, std::string keys) {
           keys_ = std::move(keys);
           session_id_ = session.id();
         }});
    handler_ = CreateMediaStream(*FindMediaStreamDialect("vonage"), Environment(), connection_);
    handler_->OnText(R"({"event":"websocket:connected","content-type":"audio/l16;rate=16000"})");
    handler_->OnText(R"({"event":"websocket:dtmf","digit":"#"})");
  }
  ~RuntimeCallsTest() override {
    handler_->OnClosed(absl::OkStatus());
    world_.Pass(absl::Seconds(1));
  }

  CallEnvironment Environment() {
    return {.opener = calls_.get(),
            .run = [](const std::function<void()>& task) { task(); },
            .run_after =
                [this](absl::Duration time, std::function<void()> task) {
                  timers_.emplace_back(world_.now + time, std::move(task));
                },
            .count = nullptr};
  }
  // Runs what is due by now.
  void RunTimers() {
    for (auto& [due, task] : std::exchange(timers_, {})) {
      if (due <= world_.now) {
        task();
      } else {
        timers_.emplace_back(due, std::move(task));
      }
    }
  }

  // Time passes on the line, on which a sound of that loudness is heard.
  void Pass(absl::Duration length, int16_t loudness = 0) {
    std::vector<uint8_t> frame;
    for (int i = 0; i < 320; ++i) {
      frame.push_back(static_cast<uint8_t>(loudness & 0xFF));
      frame.push_back(static_cast<uint8_t>(loudness >> 8));
    }
    for (; length > absl::ZeroDuration(); length -= kFrameOfLine) {
      world_.RunUntil(world_.now + kFrameOfLine);
      RunTimers();
      handler_->OnBinary(frame);
      world_.RunUntil(world_.now);
      for (const FakeConnection::Message& each : connection_->Take()) {
        if (!each.is_text) {
          ++num_frames_;
        } else if (absl::StrContains(each.bytes, "notify")) {
          if (num_marks_ > 0) {
            --num_marks_;
            Return(each.bytes);
          } else {
            unreturned_.push_back(each.bytes);
          }
        } else {
          said_.push_back(each.bytes);
        }
      }
    }
  }
  void Say(int word) {
    Pass(absl::Milliseconds(600), static_cast<int16_t>(kLoudnessOfWords + word));
  }
  // The line has played what was before the mark.
  void Return(const std::string& mark) {
    const std::string payload = mark.substr(mark.find(",\"payload\""));
    handler_->OnText(absl::StrCat(R"({"event":"websocket:notify")", payload));
  }

  VirtualRuntime world_;
  std::unique_ptr<CallOpener> calls_;
  const std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  std::unique_ptr<MessageHandler> handler_;
  std::vector<std::pair<absl::Duration, std::function<void()>>> timers_;
  std::string keys_;
  std::string session_id_;
  // How many marks the line still returns.
  int num_marks_ = 1000;
  int num_frames_ = 0;
  std::vector<std::string> unreturned_;
  std::vector<std::string> said_;
};

TEST_F(RuntimeCallsTest, AQuestionIsAnswered) {
  Say(1);
  Pass(absl::Seconds(4));
  EXPECT_EQ(keys_, "#");
  // 16 characters of 10 ms each.
  EXPECT_EQ(num_frames_, 8);
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(world_.Stored(session_id_),
              ElementsAre("user: word 1", "assistant: You said word 1."));
  // The turn is over, so the next one is a turn of its own.
  Say(2);
  Pass(absl::Seconds(4));
  EXPECT_THAT(world_.Stored(session_id_),
              ElementsAre("user: word 1", "assistant: You said word 1.", "user: word 2",
                          "assistant: You said word 2."));
  EXPECT_THAT(unreturned_, IsEmpty());
}

// twilio/twilio-agent-connect-python#118: what was sent is not what was heard.
TEST_F(RuntimeCallsTest, WhatWasHeardIsWhatMarksSay) {
  num_marks_ = 1;
  Say(1);
  Pass(absl::Seconds(2));
  EXPECT_EQ(num_frames_, 8);
  EXPECT_THAT(unreturned_, Not(IsEmpty()));
  handler_->OnClosed(absl::OkStatus());
  world_.Pass(absl::Milliseconds(100));
  // The first mark is for 100 ms, ten characters: "You said w".
  EXPECT_THAT(world_.Stored(session_id_), ElementsAre("user: word 1", "assistant: You said"));
}

TEST_F(RuntimeCallsTest, AnInterruptedAnswerIsCleared) {
  num_marks_ = 1;
  Say(1);
  while (num_frames_ < 8) Pass(kFrameOfLine);
  Say(2);
  Pass(absl::Milliseconds(500));
  EXPECT_THAT(said_, ElementsAre(R"({"action":"clear"})"));
  // A line that is cleared gives all its marks back, which proves nothing.
  for (const std::string& each : std::exchange(unreturned_, {})) Return(each);
  num_marks_ = 1000;
  Pass(absl::Seconds(4));
  EXPECT_THAT(world_.Stored(session_id_),
              ElementsAre("user: word 1", "assistant: You said", "user: word 2",
                          "assistant: You said word 2."));
}

TEST_F(RuntimeCallsTest, ARefusedCallSaysWhy) {
  const auto refused = std::make_shared<FakeConnection>();
  const auto handler = CreateMediaStream(*FindMediaStreamDialect("vonage"), Environment(), refused);
  handler->OnText(R"({"event":"websocket:connected","session_id":"not there"})");
  ASSERT_TRUE(refused->end().has_value());
  EXPECT_EQ(refused->end()->code, kClosePolicyViolation);
  EXPECT_THAT(refused->end()->reason, HasSubstr("not there"));
  handler->OnClosed(absl::OkStatus());
}

}  // namespace
}  // namespace parlance::pipeline::door
