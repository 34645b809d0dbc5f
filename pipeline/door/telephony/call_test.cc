#include "pipeline/door/telephony/call.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/testing/fake_calls.h"

namespace parlance::pipeline::door {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }

// What a line was told.
struct LineLog {
  std::vector<std::string> events;
  std::vector<int16_t> sound;
  std::vector<size_t> frame_sizes;
};

class FakeWriter : public LineWriter {
 public:
  FakeWriter(LineLog* log, bool has_marks) : log_(*log), has_marks_(has_marks) {}
  void Sound(absl::Span<const int16_t> frame) override {
    log_.sound.insert(log_.sound.end(), frame.begin(), frame.end());
    log_.frame_sizes.push_back(frame.size());
    log_.events.push_back("sound");
  }
  bool has_marks() const override { return has_marks_; }
  void Mark(int64_t number) override { log_.events.push_back(absl::StrCat("mark ", number)); }
  void Clear() override { log_.events.push_back("clear"); }
  void Pause() override { log_.events.push_back("pause"); }
  void Continue() override { log_.events.push_back("continue"); }
  void End(uint16_t code, absl::string_view reason) override {
    log_.events.push_back(absl::StrCat("end ", code, " ", reason));
  }

 private:
  LineLog& log_;
  const bool has_marks_;
};

class CallTest : public testing::Test {
 protected:
  // A call that is open.
  std::shared_ptr<Call> Open(bool has_marks = true) {
    auto call = Dial(has_marks);
    calls_.Run();
    return call;
  }
  std::shared_ptr<Call> Dial(bool has_marks = true) {
    return Call::Open(calls_.environment(), "", "A call", {.sample_rate_hz = 8000},
                      std::make_unique<FakeWriter>(&line_, has_marks));
  }
  std::vector<std::string> EventsWithoutSound() {
    std::vector<std::string> events;
    for (const std::string& each : std::exchange(line_.events, {})) {
      if (each != "sound") events.push_back(each);
    }
    return events;
  }

  LineLog line_;
  FakeCalls calls_;
};

TEST_F(CallTest, SoundGoesBothWays) {
  const auto call = Open();
  EXPECT_EQ(calls_.last().request.sample_rate_hz, 8000);
  EXPECT_EQ(calls_.last().request.title, "A call");
  call->Hear(std::vector<int16_t>(160, 5));
  EXPECT_THAT(calls_.last().sound, AllOf(SizeIs(160), Each(5)));
  // 100 ms at 16 kHz are 5 frames at 8 kHz; the resampler keeps the last milliseconds back.
  calls_.last().Say(std::vector<int16_t>(1600, 1000));
  EXPECT_THAT(line_.frame_sizes, ElementsAre(160, 160, 160, 160));
}

TEST_F(CallTest, AnAnswerIsHeardToItsEnd) {
  const auto call = Open();
  // 330 samples: one frame, and a short one, which is the last.
  calls_.last().Say(std::vector<int16_t>(330, 1000));
  EXPECT_THAT(line_.frame_sizes, ElementsAre(160, 160));
  EXPECT_THAT(line_.events, ElementsAre("sound", "sound", "mark 1"));
  // An answer that ends with a whole frame ends when no other comes.
  line_ = {};
  calls_.last().sink->TurnDone({});
  calls_.last().Say(std::vector<int16_t>(640, 1000));
  EXPECT_THAT(line_.frame_sizes, SizeIs(1));
  calls_.Pass(Ms(200));
  EXPECT_THAT(line_.events, ElementsAre("sound", "sound", "mark 2"));
  // 640 samples are 320 of the line.
  EXPECT_EQ(line_.sound.size(), 320U);
  EXPECT_NEAR(line_.sound[300], 1000, 50);
}

TEST_F(CallTest, WhatWasPlayedIsKnownByMarks) {
  const auto call = Open();
  calls_.last().Say(std::vector<int16_t>(16000, 1000));
  calls_.last().Say(std::vector<int16_t>(10, 1000));
  EXPECT_THAT(EventsWithoutSound(), ElementsAre("mark 1", "mark 2", "mark 3", "mark 4", "mark 5",
                                                "mark 6", "mark 7", "mark 8", "mark 9", "mark 10"));
  call->Hear(std::vector<int16_t>(160));
  call->MarkReturned(1);
  call->MarkReturned(3);
  call->MarkReturned(2);
  call->MarkReturned(10);
  EXPECT_THAT(calls_.last().log,
              ElementsAre("played 0", "played 1600", "played 4800", "played 16010"));
  EXPECT_EQ(calls_.counts["mark_of_nothing"], 1) << "the one that was overtaken";
}

// Twilio gives all marks back when it is told to clear.
TEST_F(CallTest, MarksOfAStoppedAnswerProveNothing) {
  const auto call = Open();
  calls_.last().Say(std::vector<int16_t>(8000, 1000));
  call->MarkReturned(1);
  line_ = {};
  calls_.last().sink->Stop();
  EXPECT_THAT(line_.events, ElementsAre("clear"));
  for (int number = 2; number <= 4; ++number) call->MarkReturned(number);
  EXPECT_THAT(calls_.last().log, ElementsAre("played 1600"));
  // The next answer's positions begin at its beginning.
  calls_.last().sink->TurnDone({});
  line_ = {};
  calls_.last().Say(std::vector<int16_t>(2010, 1000));
  EXPECT_THAT(EventsWithoutSound(), ElementsAre("mark 5", "mark 6"));
  call->MarkReturned(5);
  call->MarkReturned(6);
  EXPECT_THAT(calls_.last().log, ElementsAre("played 1600", "played 1600", "played 2010"));
}

TEST_F(CallTest, ALostMarkHoldsNoTurnUp) {
  const auto call = Open();
  calls_.last().Say(std::vector<int16_t>(330, 1000));
  calls_.Pass(Ms(4900));
  EXPECT_THAT(calls_.last().log, ElementsAre("played 0"));
  calls_.Pass(Ms(200));
  EXPECT_THAT(calls_.last().log, ElementsAre("played 0", "played 330"));
  EXPECT_EQ(calls_.counts["lost_mark"], 1);
}

TEST_F(CallTest, AHeldAnswerWaitsForItsMarks) {
  const auto call = Open();
  calls_.last().Say(std::vector<int16_t>(330, 1000));
  calls_.last().sink->Hold();
  calls_.Pass(absl::Seconds(20));
  calls_.last().sink->Resume();
  calls_.Pass(Ms(4900));
  EXPECT_EQ(calls_.counts["lost_mark"], 0);
  EXPECT_THAT(line_.events, ElementsAre("sound", "sound", "mark 1", "pause", "continue"));
}

// vellum-ai/vellum-assistant#37061: a line was cleared that had only a greeting of somebody else's.
TEST_F(CallTest, NothingIsClearedThatWasNotSent) {
  const auto call = Open();
  calls_.last().sink->Stop();
  EXPECT_THAT(line_.events, IsEmpty());
  calls_.last().sink->Hold();
  calls_.last().sink->Stop();
  EXPECT_THAT(line_.events, ElementsAre("pause", "continue"));
}

TEST_F(CallTest, WithoutMarksNothingIsSaidToBePlayed) {
  const auto call = Open(/*has_marks=*/false);
  calls_.last().Say(std::vector<int16_t>(8000, 1000));
  call->Hear(std::vector<int16_t>(160));
  calls_.Pass(absl::Seconds(10));
  EXPECT_THAT(calls_.last().log, IsEmpty());
  EXPECT_THAT(EventsWithoutSound(), IsEmpty());
}

TEST_F(CallTest, SoundBeforeTheSessionIsKeptUpToABound) {
  const auto call = Dial();
  call->Hear(std::vector<int16_t>(4000, 1));
  call->Hear(std::vector<int16_t>(4000, 2));
  call->Hear(std::vector<int16_t>(100, 3));
  call->Press('1');
  calls_.Run();
  ASSERT_THAT(calls_.last().sound, SizeIs(8000));
  EXPECT_EQ(calls_.last().sound.front(), 1);
  EXPECT_EQ(calls_.last().sound[3899], 1);
  EXPECT_EQ(calls_.last().sound[3900], 2);
  EXPECT_EQ(calls_.last().sound.back(), 3);
  EXPECT_EQ(calls_.counts["sound_before_session"], 1);
  calls_.Pass(absl::Seconds(3));
  EXPECT_THAT(calls_.last().log, ElementsAre("keys 1"));
}

TEST_F(CallTest, KeysThatWerePressedInWholeBeforeTheSessionAreToldOnceItIsOpen) {
  const auto call = Dial();
  call->Hear(std::vector<int16_t>(160, 1));
  for (const char key : absl::string_view("1#23#4")) call->Press(key);
  calls_.on_open = [&](FakeCalls::Record&) {
    call->Press('5');
    call->Press('#');
  };
  calls_.Run();
  EXPECT_THAT(calls_.last().sound, SizeIs(160));
  EXPECT_THAT(calls_.last().log, ElementsAre("keys 1#", "keys 23#", "keys 45#"));
  call->Press('6');
  EXPECT_THAT(calls_.last().log, SizeIs(3)) << "more may follow";
}

TEST_F(CallTest, KeysBeforeTheSessionAreKeptUpToABound) {
  const auto call = Dial();
  for (int i = 0; i < 20; ++i) {
    call->Press('7');
    call->Press('#');
  }
  EXPECT_EQ(calls_.counts["too_many_keys"], 8);
  calls_.Run();
  EXPECT_THAT(calls_.last().log, SizeIs(16));
  call->Press('8');
  calls_.Pass(absl::Seconds(3));
  EXPECT_EQ(calls_.last().log.back(), "keys 8");
}

TEST_F(CallTest, APushIsASecondAtMost) {
  const auto call = Open();
  call->Hear(std::vector<int16_t>(20000));
  EXPECT_EQ(calls_.last().sound.size(), 20000U);
  EXPECT_EQ(calls_.last().largest_push, 8000U);
}

// openai-agents-js: a gap in the media while somebody speaks left the detector hanging.
TEST_F(CallTest, AGapIsSilence) {
  struct Case {
    const char* name;
    absl::Duration passed;
    absl::Duration missing;
    size_t num_samples;
  };
  const std::vector<Case> cases = {
      {"late", Ms(400), Ms(0), 0},
      {"missing", Ms(0), Ms(300), 2400},
      {"late and missing", Ms(400), Ms(400), 3200},
      {"filled while it goes on", Ms(1000), Ms(0), 8000},
      {"not filled twice", Ms(1000), Ms(1000), 8000},
      {"the rest is filled", Ms(1000), Ms(1200), 9600},
      {"no more than the most", absl::Seconds(60), absl::Seconds(60), 80000},
      {"a wrong clock", Ms(0), absl::Hours(1000), 80000},
  };
  for (const Case& each : cases) {
    FakeCalls calls;
    const auto call = Call::Open(calls.environment(), "", "", {.sample_rate_hz = 8000},
                                 std::make_unique<FakeWriter>(&line_, true));
    calls.Run();
    calls.Pass(absl::Seconds(5));
    EXPECT_THAT(calls.last().sound, IsEmpty()) << "silence before anything was heard";
    call->Hear(std::vector<int16_t>(160, 1));
    calls.Pass(each.passed);
    call->Hear(std::vector<int16_t>(160, 1), each.missing);
    // The tick in which the sound came is not over yet.
    EXPECT_NEAR(calls.last().sound.size(), 320 + each.num_samples, 800) << each.name;
    EXPECT_EQ(calls.last().sound.back(), 1) << each.name;
  }
}

TEST_F(CallTest, KeysAreToldTogether) {
  const auto call = Open();
  for (const char key : absl::string_view("12x3 #")) call->Press(key);
  EXPECT_THAT(calls_.last().log, ElementsAre("keys 123#"));
  EXPECT_EQ(calls_.counts["unknown_key"], 2);
  call->Press('d');
  calls_.Pass(Ms(1900));
  call->Press('*');
  calls_.Pass(Ms(1900));
  EXPECT_THAT(calls_.last().log, SizeIs(1));
  calls_.Pass(Ms(100));
  EXPECT_THAT(calls_.last().log, ElementsAre("keys 123#", "keys D*"));
  for (int i = 0; i < 40; ++i) call->Press('7');
  EXPECT_EQ(calls_.last().log.back(), absl::StrCat("keys ", std::string(32, '7')));
}

TEST_F(CallTest, EitherSideHangsUp) {
  auto call = Open();
  call->HangUp();
  call->HangUp();
  EXPECT_THAT(calls_.last().log, ElementsAre("hang up"));
  calls_.last().Say(std::vector<int16_t>(640));
  calls_.last().sink->Stop();
  EXPECT_THAT(line_.events, IsEmpty()) << "nobody is there";
  const std::weak_ptr<Call> weak = call;
  call.reset();
  EXPECT_FALSE(weak.expired()) << "its session is not closed yet";
  calls_.last().Close(absl::OkStatus());
  EXPECT_TRUE(weak.expired());

  call = Open();
  calls_.last().Close(absl::OkStatus());
  EXPECT_THAT(line_.events, ElementsAre("end 1000 the conversation is over"));
  EXPECT_THAT(calls_.last().log, IsEmpty()) << "a session that is over";
  call->Hear(std::vector<int16_t>(160));
  call->HangUp();

  line_ = {};
  call = Open();
  call->End(kCloseProtocolError, "wrong");
  EXPECT_THAT(line_.events, ElementsAre("end 1002 wrong"));
  EXPECT_THAT(calls_.last().log, ElementsAre("hang up"));
  calls_.last().Close(absl::OkStatus());
}

TEST_F(CallTest, TheEndOfTheSessionSaysWhy) {
  struct Case {
    absl::Status status;
    const char* end;
  };
  const std::vector<Case> cases = {
      {absl::DeadlineExceededError("no sound came for 10m"), "end 1001 no sound came for 10m"},
      {absl::CancelledError("the runtime ended"), "end 1001 the runtime ended"},
      {absl::InternalError("disk"), "end 1011 disk"},
  };
  for (const Case& each : cases) {
    line_ = {};
    const auto call = Open();
    calls_.last().Close(each.status);
    EXPECT_THAT(line_.events, ElementsAre(each.end));
  }
}

TEST_F(CallTest, ACallThatCannotBeOpenedSaysWhy) {
  struct Case {
    absl::Status status;
    const char* end;
  };
  const std::vector<Case> cases = {
      {absl::ResourceExhaustedError("too many sessions"), "end 1013 too many sessions"},
      {absl::UnavailableError("busy; call later"), "end 1013 busy; call later"},
      {absl::NotFoundError("no session x"), "end 1008 no session x"},
      {absl::FailedPreconditionError("closed"), "end 1008 closed"},
      {absl::DataLossError("broken"), "end 1011 broken"},
  };
  for (const Case& each : cases) {
    line_ = {};
    calls_.refusal = each.status;
    auto call = Open();
    EXPECT_THAT(line_.events, ElementsAre(each.end));
    const std::weak_ptr<Call> weak = call;
    call.reset();
    EXPECT_TRUE(weak.expired());
  }
}

TEST_F(CallTest, AHangUpWhileTheSessionIsOpened) {
  auto call = Dial();
  call->HangUp();
  calls_.Run();
  EXPECT_THAT(calls_.records, IsEmpty()) << "it was not opened at all";

  call = Dial();
  calls_.on_open = [&](FakeCalls::Record&) { call->HangUp(); };
  calls_.Run();
  EXPECT_THAT(calls_.last().log, ElementsAre("hang up"));
  calls_.last().Close(absl::OkStatus());

  // The runtime may end before Open has returned.
  line_ = {};
  calls_.on_open = [](FakeCalls::Record& record) { record.Close(absl::CancelledError("ended")); };
  call = Dial();
  calls_.Run();
  EXPECT_THAT(line_.events, ElementsAre("end 1001 ended"));
  const std::weak_ptr<Call> weak = call;
  call.reset();
  EXPECT_TRUE(weak.expired());
}

TEST_F(CallTest, ALineOfAnotherRate) {
  for (const int rate : {8000, 12000, 16000, 24000, 44100, 48000}) {
    line_ = {};
    const auto call = Call::Open(calls_.environment(), "", "", {.sample_rate_hz = rate},
                                 std::make_unique<FakeWriter>(&line_, true));
    calls_.Run();
    calls_.last().Say(std::vector<int16_t>(16010, 1000));
    EXPECT_THAT(line_.frame_sizes, AllOf(SizeIs(51), Each(rate / 50))) << rate;
    call->HangUp();
    calls_.last().Close(absl::OkStatus());
  }
}

// Each side on its own thread: nothing is lost, and tsan finds nothing.
TEST_F(CallTest, BothSidesAtOnce) {
  const auto call = Open();
  FakeCalls::Record& record = calls_.last();
  std::thread session([&] {
    for (int i = 0; i < 500; ++i) {
      record.sink->Frame(std::vector<int16_t>(320, 100));
      if (i % 50 == 49) record.sink->Stop();
      if (i % 100 == 99) record.sink->TurnDone({});
    }
    record.Close(absl::OkStatus());
  });
  for (int i = 0; i < 500; ++i) {
    call->Hear(std::vector<int16_t>(160, 1));
    call->MarkReturned(i);
  }
  session.join();
  EXPECT_EQ(line_.events.back(), "end 1000 the conversation is over");
}

}  // namespace
}  // namespace parlance::pipeline::door
