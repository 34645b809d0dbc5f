#include "pipeline/remote_speech/remote_recognizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/remote_speech/testing/remote_service_test_base.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/testing/gate.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/runtime/worker_pool.h"
#include "pipeline/speech/recognizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

HttpPeer::Script Answer(int status, const std::string& body,
                        const std::string& type = "application/json") {
  return [=](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(status, type, body);
  };
}

class RemoteRecognizerTest : public RemoteServiceTestBase {
 protected:
  void Create(absl::Duration timeout = kLong, int max_failures = 100) {
    CreateService("the recognition server", "whisper-1", kTranscriptionPath, timeout, max_failures);
    recognizer_ = CreateRemoteRecognizer(service_, "en", *reserve_.Create());
  }
  absl::StatusOr<Hypothesis> Hear(const std::vector<int16_t>& sound) {
    EXPECT_THAT(recognizer_->Start(), IsOk());
    EXPECT_THAT(recognizer_->Process(sound), IsOk());
    return recognizer_->Finish();
  }

  RecognizerScript reserve_;
  std::unique_ptr<Recognizer> recognizer_;
};

TEST_F(RemoteRecognizerTest, TheServerHearsTheUtterance) {
  Serve(Answer(200, R"({"text":" What time is it?"})"));
  Create();
  ASSERT_THAT(recognizer_->Start(), IsOk());
  EXPECT_THAT(recognizer_->Start(), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(recognizer_->Process(std::vector<int16_t>{1, 2}), IsOk());
  ASSERT_THAT(recognizer_->Process(std::vector<int16_t>{-1}), IsOk());
  const absl::StatusOr<Hypothesis> partial = recognizer_->Partial();
  ASSERT_THAT(partial, IsOk());
  EXPECT_EQ(partial->text, "");
  const absl::StatusOr<Hypothesis> words = recognizer_->Finish();
  ASSERT_THAT(words, IsOk());
  EXPECT_EQ(words->text, "what time is it");
  EXPECT_FALSE(words->rejected);
  EXPECT_EQ(words->confidence, 1);
  ASSERT_THAT(peer_->requests(), SizeIs(1));
  const HttpPeer::Request request = peer_->requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/audio/transcriptions");
  EXPECT_EQ(request.header("authorization"), "Bearer sk-1");
  EXPECT_THAT(request.header("content-type"), HasSubstr("multipart/form-data; boundary="));
  EXPECT_THAT(request.body, HasSubstr("whisper-1"));
  EXPECT_THAT(request.body, HasSubstr(std::string("data\6\0\0\0\1\0\2\0\xFF\xFF", 14)));
  EXPECT_THAT(reserve_.log(), IsEmpty());
  EXPECT_EQ(service_->stats().num_answers, 1);
  EXPECT_EQ(service_->stats().num_fallbacks, 0);
  // Another utterance has nothing of the last one's sound.
  ASSERT_THAT(Hear({3}), IsOk());
  EXPECT_THAT(peer_->requests()[1].body, HasSubstr(std::string("data\2\0\0\0\3\0\r\n", 12)));
}

TEST_F(RemoteRecognizerTest, SilenceIsNoFailure) {
  Serve(Answer(200, R"({"text":" [BLANK_AUDIO]"})"));
  Create();
  const absl::StatusOr<Hypothesis> words = Hear({0});
  ASSERT_THAT(words, IsOk());
  EXPECT_EQ(words->text, "");
  EXPECT_TRUE(words->rejected);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(reserve_.log(), IsEmpty());
}

// What a server does wrong, why that is, and what is told of it.
struct Fault {
  std::string name;
  HttpPeer::Script script;
  RemoteFailure failure;
  std::string told;
};

class RemoteRecognizerFaultTest : public RemoteRecognizerTest,
                                  public testing::WithParamInterface<Fault> {};

TEST_P(RemoteRecognizerFaultTest, TheReserveHearsTheWholeUtterance) {
  const Fault& fault = GetParam();
  Serve(fault.script);
  // Nothing comes of waiting for a server that does not answer, however long.
  Create(fault.failure == RemoteFailure::kTooLate ? absl::Milliseconds(1) : kLong);
  ASSERT_THAT(recognizer_->Start(), IsOk());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(7, 320)), IsOk());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(8, 320)), IsOk());
  const absl::StatusOr<Hypothesis> words = recognizer_->Finish();
  ASSERT_THAT(words, IsOk());
  EXPECT_EQ(words->text, "word 7 word 8");
  EXPECT_THAT(reserve_.log(), ElementsAre("1 start", "1 process 640", "1 finish"));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr(fault.told), Not(HasSubstr("secret")))));
  const RemoteStats stats = service_->stats();
  EXPECT_EQ(stats.num_failed[static_cast<size_t>(fault.failure)], 1);
  EXPECT_EQ(stats.num_fallbacks, 1);
  EXPECT_THAT(recognizer_->Start(), IsOk());
}

std::vector<Fault> Faults() {
  return {
      {"NoText", Answer(200, R"({"language":"secret"})"), RemoteFailure::kNotUnderstood,
       "JSON without a text"},
      {"ErrorAtStatus200", Answer(200, R"({"error":"secret"})"), RemoteFailure::kUnavailable,
       "the recognition server broke off"},
      {"WrongKey", Answer(401, "secret"), RemoteFailure::kRefused, "refuses the key"},
      {"TooMany", Answer(429, "secret"), RemoteFailure::kUnavailable, "(status 429)"},
      {"Broken", Answer(500, "secret"), RemoteFailure::kUnavailable, "(status 500)"},
      {"CutInTheMiddle",
       [](const HttpPeer::Request&, HttpPeer::Responder& responder) {
         responder.Write("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n{\"text\":\"secret");
       },
       RemoteFailure::kUnavailable, "http://127.0.0.1"},
      {"HangsUp", [](const HttpPeer::Request&, HttpPeer::Responder&) {},
       RemoteFailure::kUnavailable, "http://127.0.0.1"},
      {"TooLarge", Answer(200, std::string(size_t{2} << 20, ' ')), RemoteFailure::kTooLong,
       "http://127.0.0.1"},
      {"TooSlow",
       [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); },
       RemoteFailure::kTooLate, "http://127.0.0.1"},
  };
}

INSTANTIATE_TEST_SUITE_P(Faults, RemoteRecognizerFaultTest, testing::ValuesIn(Faults()),
                         [](const auto& each) { return each.param.name; });

// While a server is left alone, the reserve hears what is said as it is said.
TEST_F(RemoteRecognizerTest, AServerThatIsAwayIsLeftAlone) {
  Create(kLong, /*max_failures=*/1);
  ASSERT_THAT(Hear(SoundOfWord(7, 320)), IsOk());
  EXPECT_THAT(told(), ElementsAre(HasSubstr("left alone")));
  ASSERT_THAT(recognizer_->Start(), IsOk());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(8, 320)), IsOk());
  const absl::StatusOr<Hypothesis> partial = recognizer_->Partial();
  ASSERT_THAT(partial, IsOk());
  EXPECT_EQ(partial->text, "word 8");
  const absl::StatusOr<Hypothesis> words = recognizer_->Finish();
  ASSERT_THAT(words, IsOk());
  EXPECT_EQ(words->text, "word 8");
  EXPECT_THAT(told(), SizeIs(1));
  EXPECT_EQ(service_->stats().num_fallbacks, 2);
  EXPECT_EQ(service_->stats().num_requests, 1);
}

TEST_F(RemoteRecognizerTest, WhatIsTooLongIsNotSent) {
  Serve(Answer(200, R"({"text":"no"})"));
  Create();
  ASSERT_THAT(recognizer_->Start(), IsOk());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(7, 60 * 16000)), IsOk());
  EXPECT_THAT(reserve_.log(), IsEmpty());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(8, 1)), IsOk());
  ASSERT_THAT(recognizer_->Process(SoundOfWord(9, 1)), IsOk());
  const absl::StatusOr<Hypothesis> words = recognizer_->Finish();
  ASSERT_THAT(words, IsOk());
  EXPECT_EQ(words->text, "word 7 word 8 word 9");
  EXPECT_THAT(peer_->requests(), IsEmpty());
}

TEST_F(RemoteRecognizerTest, CancelAndForgetEndAnUtterance) {
  Serve(Answer(200, R"({"text":"yes"})"));
  Create();
  EXPECT_THAT(recognizer_->Finish(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(recognizer_->Partial(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(recognizer_->Process({}), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(recognizer_->Start(), IsOk());
  recognizer_->Cancel();
  ASSERT_THAT(recognizer_->Start(), IsOk());
  recognizer_->ForgetSpeaker();
  ASSERT_THAT(Hear({1}), IsOk());
  EXPECT_THAT(peer_->requests(), SizeIs(1));
}

// An utterance that was interrupted before it was sent is not sent, and the next one is.
TEST_F(RemoteRecognizerTest, AnInterruptionEndsWithTheUtterance) {
  Serve(Answer(200, R"({"text":"yes"})"));
  Create();
  ASSERT_THAT(recognizer_->Start(), IsOk());
  recognizer_->Interrupt();
  EXPECT_THAT(recognizer_->Finish(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(peer_->requests(), IsEmpty());
  recognizer_->Cancel();
  EXPECT_THAT(Hear({1}), IsOk());
  EXPECT_EQ(service_->stats().num_cancelled, 1);
}

// Somebody speaks on: the server hears that nobody waits, and the recogniser serves the next.
TEST_F(RemoteRecognizerTest, WhoSpeaksOnCancelsTheRequest) {
  Gate asked;
  Gate hung_up;
  Serve([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    asked.Open();
    responder.WaitForHangUp();
    hung_up.Open();
  });
  Create();
  WorkerPool workers({.num_workers = 1, .now = [] { return absl::ZeroDuration(); }});
  RecognizerPool pool([&] { return std::move(recognizer_); }, &workers, {.max_recognizers = 1});
  const auto utterance = pool.Open(
      "a", {.on_partial = [](const Hypothesis&) {},
            .on_final = [](const absl::StatusOr<Hypothesis>&) { ADD_FAILURE() << "told"; }});
  utterance->Hear(SoundOfWord(7, 320));
  utterance->Finish();
  asked.Wait();
  utterance->Cancel();
  hung_up.Wait();
  Gate told;
  const auto next =
      pool.Open("a", {.on_partial = [](const Hypothesis&) {},
                      .on_final = [&](const absl::StatusOr<Hypothesis>&) { told.Open(); }});
  peer_.reset();
  next->Hear(SoundOfWord(8, 320));
  next->Finish();
  told.Wait();
  EXPECT_EQ(service_->stats().num_cancelled, 1);
}

}  // namespace
}  // namespace parlance::pipeline
