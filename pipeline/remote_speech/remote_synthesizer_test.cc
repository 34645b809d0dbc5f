#include "pipeline/remote_speech/remote_synthesizer.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/remote_speech/testing/remote_service_test_base.h"
#include "pipeline/runtime/testing/gate.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// What the server says: samples of 1000, which no letter is.
constexpr char kSample[] = "\xE8\x03";

std::string Sound(size_t num_samples) {
  std::string bytes;
  for (size_t i = 0; i < num_samples; ++i) absl::StrAppend(&bytes, kSample);
  return bytes;
}
// A header that does not know how long the sound is.
std::string Header() {
  return std::string(
      "RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\1\0\1\0\x80\x3E\0\0\0\x7D\0\0\2\0\x10\0"
      "data\xFF\xFF\xFF\xFF",
      44);
}
HttpPeer::Script Answer(int status, const std::string& body,
                        const std::string& type = "audio/wav") {
  return [=](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(status, type, body);
  };
}
constexpr char kStream[] = "HTTP/1.1 200 x\r\nConnection: close\r\nContent-Type: audio/wav\r\n\r\n";

class RemoteSynthesizerTest : public RemoteServiceTestBase {
 protected:
  void Create(absl::Duration timeout = kLong, int max_failures = 100) {
    CreateService("the speech server", "tts-1", kSpeechPath, timeout, max_failures);
    auto reserve = std::make_unique<LetterSynthesizer>();
    synthesizer_ = CreateRemoteSynthesizer(service_, "alloy", std::move(reserve));
  }
  absl::Status Say(absl::string_view text) {
    return synthesizer_->Synthesize(text, [this](const SpeechChunk& chunk) {
      heard_.insert(heard_.end(), chunk.samples.begin(), chunk.samples.end());
      words_.insert(words_.end(), chunk.words.begin(), chunk.words.end());
      return true;
    });
  }
  // What the reserve says of the text.
  static std::vector<int16_t> Reserves(absl::string_view text) {
    LetterSynthesizer letters;
    std::vector<int16_t> samples;
    EXPECT_THAT(letters.Synthesize(text,
                                   [&](const SpeechChunk& chunk) {
                                     samples.insert(samples.end(), chunk.samples.begin(),
                                                    chunk.samples.end());
                                     return true;
                                   }),
                IsOk());
    return samples;
  }

  std::unique_ptr<Synthesizer> synthesizer_;
  std::vector<int16_t> heard_;
  std::vector<WordMark> words_;
};

TEST_F(RemoteSynthesizerTest, TheServerSpeaks) {
  Serve(Answer(200, Header() + Sound(16000)));
  Create();
  EXPECT_EQ(synthesizer_->sample_rate_hz(), 16000);
  EXPECT_THAT(Say("Ten \"past\" three."), IsOk());
  EXPECT_THAT(heard_, AllOf(SizeIs(16000), Each(1000)));
  EXPECT_THAT(words_, SizeIs(3));
  ASSERT_THAT(peer_->requests(), SizeIs(1));
  const HttpPeer::Request request = peer_->requests()[0];
  EXPECT_EQ(request.target, "/v1/audio/speech");
  EXPECT_EQ(request.header("authorization"), "Bearer sk-1");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.body, R"({"model":"tts-1","input":"Ten \"past\" three.","voice":"alloy",)"
                          R"("response_format":"wav"})");
  EXPECT_EQ(service_->stats().num_answers, 1);
  EXPECT_EQ(service_->stats().num_fallbacks, 0);
}

// The first sound is heard before the server has made the last.
TEST_F(RemoteSynthesizerTest, SoundIsHeardAsItComes) {
  Gate heard_first;
  Serve([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Write(absl::StrCat(kStream, Header(), Sound(100)));
    heard_first.Wait();
    responder.Write(Sound(60));
  });
  Create();
  size_t num_samples = 0;
  EXPECT_THAT(synthesizer_->Synthesize("hello",
                                       [&](const SpeechChunk& chunk) {
                                         num_samples += chunk.samples.size();
                                         if (num_samples >= 100) heard_first.Open();
                                         return true;
                                       }),
              IsOk());
  EXPECT_EQ(num_samples, 160u);
}

// What a server does wrong before its first sound, why that is, and what is told of it.
struct Fault {
  std::string name;
  HttpPeer::Script script;
  RemoteFailure failure;
  std::string told;
};

class RemoteSynthesizerFaultTest : public RemoteSynthesizerTest,
                                   public testing::WithParamInterface<Fault> {};

TEST_P(RemoteSynthesizerFaultTest, TheReserveSpeaks) {
  const Fault& fault = GetParam();
  Serve(fault.script);
  // Nothing comes of waiting for a server that does not answer, however long.
  Create(fault.failure == RemoteFailure::kTooLate ? absl::Milliseconds(1) : kLong);
  EXPECT_THAT(Say("my secret"), IsOk());
  EXPECT_EQ(heard_, Reserves("my secret"));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr(fault.told), Not(HasSubstr("secret")))));
  const RemoteStats stats = service_->stats();
  EXPECT_EQ(stats.num_failed[static_cast<size_t>(fault.failure)], 1);
  EXPECT_EQ(stats.num_fallbacks, 1);
}

std::vector<Fault> Faults() {
  return {
      {"WrongKey", Answer(401, "secret"), RemoteFailure::kRefused, "refuses the key"},
      {"UnknownVoice", Answer(422, R"({"detail":[{"input":"my secret"}]})"),
       RemoteFailure::kRefused, "(status 422)"},
      {"Broken", Answer(500, "secret"), RemoteFailure::kUnavailable, "(status 500)"},
      {"ErrorAtStatus200", Answer(200, R"({"error":"my secret is out"})"),
       RemoteFailure::kUnavailable, "the speech server broke off"},
      {"Mp3", Answer(200, "ID3\4 and so on, and so on"), RemoteFailure::kNotUnderstood,
       "MPEG audio, such as MP3, which is not supported"},
      {"Nothing", Answer(200, ""), RemoteFailure::kNotUnderstood, "nothing that can be heard"},
      {"NoSound", Answer(200, Header()), RemoteFailure::kNotUnderstood,
       "nothing that can be heard"},
      {"CutInTheHeader",
       [](const HttpPeer::Request&, HttpPeer::Responder& responder) {
         responder.Write(
             absl::StrCat("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n", Header().substr(0, 20)));
       },
       RemoteFailure::kUnavailable, "http://127.0.0.1"},
      {"TooSlow",
       [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); },
       RemoteFailure::kTooLate, "http://127.0.0.1"},
  };
}

INSTANTIATE_TEST_SUITE_P(Faults, RemoteSynthesizerFaultTest, testing::ValuesIn(Faults()),
                         [](const auto& each) { return each.param.name; });

// Another voice does not go on in the middle of a sentence.
// Bytes keep coming, and none of them is sound.
TEST_F(RemoteSynthesizerTest, BytesWithoutSoundAreSilence) {
  const auto is_over = std::make_shared<std::atomic<bool>>(false);
  Serve([is_over](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Write(
        absl::StrCat(kStream, std::string("RIFF\xFF\xFF\xFF\xFFWAVEJUNK\0\x80\0\0", 20)));
    while (!*is_over) {
      responder.Write("x");
      absl::SleepFor(absl::Milliseconds(1));
    }
  });
  Create(absl::Milliseconds(300));
  EXPECT_THAT(Say("hello"), IsOk());
  *is_over = true;
  EXPECT_EQ(heard_, Reserves("hello"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("gave no sound for")));
}

TEST_F(RemoteSynthesizerTest, AServerThatDiesInTheMiddleEndsTheText) {
  Serve([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Write(
        absl::StrCat("HTTP/1.1 200 x\r\nContent-Length: 1000000\r\n\r\n", Header(), Sound(3000)));
  });
  Create();
  EXPECT_THAT(Say("one two three four five six"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(heard_, AllOf(SizeIs(3000), Each(1000)));
  EXPECT_THAT(words_, SizeIs(1));
  EXPECT_EQ(service_->stats().num_fallbacks, 0);
  EXPECT_THAT(told(), SizeIs(1));
}

TEST_F(RemoteSynthesizerTest, AServerThatIsAwayIsLeftAlone) {
  Create(kLong, /*max_failures=*/1);
  EXPECT_THAT(Say("one"), IsOk());
  EXPECT_THAT(Say("two"), IsOk());
  EXPECT_THAT(told(), ElementsAre(HasSubstr("left alone")));
  EXPECT_EQ(service_->stats().num_requests, 1);
  EXPECT_EQ(service_->stats().num_fallbacks, 2);
}

TEST_F(RemoteSynthesizerTest, WhatIsTooLongIsNotSent) {
  Serve(Answer(200, Header() + Sound(10)));
  Create();
  const std::string text(kMaxRemoteTextBytes + 1, 'x');
  EXPECT_THAT(Say(text), IsOk());
  EXPECT_EQ(heard_, Reserves(text));
  EXPECT_THAT(peer_->requests(), IsEmpty());
}

// Somebody speaks before there is any sound: the server hears that nobody waits.
TEST_F(RemoteSynthesizerTest, WhoInterruptsCancelsTheRequest) {
  Gate asked;
  Gate hung_up;
  Serve([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    asked.Open();
    responder.WaitForHangUp();
    hung_up.Open();
  });
  Create();
  EXPECT_THAT(synthesizer_->Synthesize("hello",
                                       [&](const SpeechChunk& chunk) {
                                         EXPECT_THAT(chunk.samples, IsEmpty());
                                         asked.Wait();
                                         return false;
                                       }),
              IsOk());
  hung_up.Wait();
  EXPECT_EQ(service_->stats().num_cancelled, 1);
  EXPECT_EQ(service_->stats().num_fallbacks, 0);
}

TEST(EstimatedMarksTest, WordsAreWhereSomebodyWouldSayThem) {
  const std::vector<WordMark> marks = EstimatedMarks(" Grüß - 25%!\n\"yes\" ", 15000);
  ASSERT_THAT(marks, SizeIs(3));
  EXPECT_EQ(marks[0].text_begin, 1u);
  EXPECT_EQ(marks[0].text_end, 7u);
  EXPECT_EQ(marks[0].sample, 1000);
  EXPECT_EQ(marks[1].text_begin, 10u);
  EXPECT_EQ(marks[1].text_end, 14u);
  // Characters of two bytes are one each.
  EXPECT_EQ(marks[1].sample, 8000);
  EXPECT_EQ(marks[2].text_begin, 15u);
  EXPECT_EQ(marks[2].text_end, 20u);
  EXPECT_THAT(EstimatedMarks("-", 16000), IsEmpty());
}

}  // namespace
}  // namespace parlance::pipeline
