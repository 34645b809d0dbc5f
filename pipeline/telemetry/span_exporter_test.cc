#include "pipeline/telemetry/span_exporter.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/telemetry/span.h"
#include "pipeline/telemetry/span_destination.h"
#include "pipeline/telemetry/testing/otlp_checker.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;

// Longer than any test takes.
constexpr absl::Duration kLong = absl::Minutes(5);

// What came of each Send, in order, and of all that follow; it can be closed, so that a Send waits.
struct Script {
  annotated::Mutex mutex;
  std::condition_variable changed;
  bool is_closed ABSL_GUARDED_BY(mutex) = false;
  bool is_aborted ABSL_GUARDED_BY(mutex) = false;
  int num_waiting ABSL_GUARDED_BY(mutex) = 0;
  std::deque<SendResult> results ABSL_GUARDED_BY(mutex);
  std::vector<std::string> requests ABSL_GUARDED_BY(mutex);

  void SetClosed(bool closed) {
    annotated::MutexLock lock(mutex);
    is_closed = closed;
    changed.notify_all();
  }
  void AwaitSend() {
    annotated::MutexLock lock(mutex);
    while (num_waiting == 0) changed.wait(lock.native());
  }
  // Returns when somebody aborts, or after some time.
  void AwaitEnd(std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    annotated::MutexLock lock(mutex);
    while (!is_aborted && changed.wait_until(lock.native(), until) != std::cv_status::timeout) {
    }
  }
  // The names of the spans of each request.
  std::vector<std::string> Sent() {
    annotated::MutexLock lock(mutex);
    std::vector<std::string> sent;
    for (const std::string& request : requests) {
      const auto read = ReadTraceRequest(request);
      EXPECT_THAT(read, IsOk());
      std::string names;
      for (const ReceivedSpan& span : read->spans) absl::StrAppend(&names, span.name, " ");
      sent.push_back(names);
    }
    return sent;
  }
};

class ScriptedDestination : public SpanDestination {
 public:
  explicit ScriptedDestination(Script* script) : script_(*script) {}

  SendResult Send(const std::string& request) override {
    annotated::MutexLock lock(script_.mutex);
    script_.requests.push_back(request);
    ++script_.num_waiting;
    script_.changed.notify_all();
    while (script_.is_closed && !script_.is_aborted) script_.changed.wait(lock.native());
    --script_.num_waiting;
    if (script_.is_aborted) {
      script_.requests.pop_back();
      return {.kind = SendResult::Kind::kRetry, .message = "aborted"};
    }
    if (script_.results.empty()) return {};
    const SendResult result = script_.results.front();
    script_.results.pop_front();
    return result;
  }
  void Abort() override {
    annotated::MutexLock lock(script_.mutex);
    script_.is_aborted = true;
    script_.changed.notify_all();
  }

 private:
  Script& script_;
};

class SpanExporterTest : public testing::Test {
 protected:
  SpanExporterTest() {
    options_.pause = [this](absl::Duration pause) {
      pauses_.push_back(pause);
      return absl::ZeroDuration();
    };
  }

  void Start() {
    exporter_ =
        std::make_unique<SpanExporter>(std::make_unique<ScriptedDestination>(&script_), options_);
  }
  void Export(const std::string& name, size_t count = 1) {
    exporter_->Export(std::vector<Span>(count, Span{.trace_id_low = 1,
                                                    .span_id = 1,
                                                    .name = name,
                                                    .start = absl::FromUnixSeconds(1),
                                                    .end = absl::FromUnixSeconds(2)}));
  }
  void Plan(std::deque<SendResult> results) {
    annotated::MutexLock lock(script_.mutex);
    script_.results = std::move(results);
  }

  Script script_;
  SpanExporterOptions options_;
  // Written by the exporter's thread, read once it is idle.
  std::vector<absl::Duration> pauses_;
  std::unique_ptr<SpanExporter> exporter_;
};

const SendResult kRetry = {.kind = SendResult::Kind::kRetry, .message = "away"};
const SendResult kRefused = {.kind = SendResult::Kind::kRefused, .message = "bad"};

TEST_F(SpanExporterTest, SendsWhatItIsGiven) {
  Start();
  Export("a");
  ASSERT_TRUE(exporter_->Flush(kLong));
  Export("b", 2);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(script_.Sent(), ElementsAre("a ", "b b "));
  EXPECT_EQ(exporter_->counts().sent, 3);
  EXPECT_EQ(exporter_->counts().last_error, "");
}

// While a receiver is slow, turns wait together, and nobody who exports waits.
TEST_F(SpanExporterTest, WhatWaitsIsSentTogether) {
  options_.max_request_spans = 3;
  script_.SetClosed(true);
  Start();
  Export("a");
  script_.AwaitSend();
  for (const char* name : {"b", "c", "d", "e"}) Export(name);
  EXPECT_FALSE(exporter_->Flush(absl::ZeroDuration()));
  script_.SetClosed(false);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(script_.Sent(), ElementsAre("a ", "b c d ", "e "));
}

TEST_F(SpanExporterTest, AFullQueueDropsTheOldest) {
  options_.max_queued_spans = 4;
  script_.SetClosed(true);
  Start();
  Export("a");
  script_.AwaitSend();
  Export("b", 2);
  Export("c", 2);
  Export("d");
  EXPECT_EQ(exporter_->counts().dropped, 2);
  // The newest stays, however large it is.
  Export("e", 9);
  EXPECT_EQ(exporter_->counts().dropped, 5);
  script_.SetClosed(false);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(script_.Sent(), ElementsAre("a ", "e e e e e e e e e "));
  EXPECT_EQ(exporter_->counts().sent, 10);
}

TEST_F(SpanExporterTest, WhatMayBeSentAgainIs) {
  Plan({kRetry, kRetry, kRetry});
  Start();
  Export("a");
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(script_.Sent(), ElementsAre("a ", "a ", "a ", "a "));
  EXPECT_EQ(exporter_->counts().sent, 1);
  EXPECT_EQ(exporter_->counts().retries, 3);
  EXPECT_EQ(exporter_->counts().failed, 0);
}

// Whoever does not wait for the last try may say why nothing was sent.
TEST_F(SpanExporterTest, ItIsKnownWhyItIsTriedAgain) {
  std::string last_error;
  options_.pause = [&](absl::Duration) {
    last_error = exporter_->counts().last_error;
    return absl::ZeroDuration();
  };
  script_.SetClosed(true);
  Plan({kRetry});
  Start();
  Export("a");
  script_.SetClosed(false);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_EQ(last_error, "away");
}

// Each pause is twice the one before, of which half is left to chance.
TEST_F(SpanExporterTest, PausesGrow) {
  options_.max_tries = 5;
  options_.longest_pause = absl::Seconds(3);
  uint64_t random = 0;
  options_.random = [&random] { return random += 500; };
  Plan({kRetry, kRetry, kRetry, kRetry});
  Start();
  Export("a");
  ASSERT_TRUE(exporter_->Flush(kLong));
  const auto between = [](double least, double most) {
    return AllOf(Ge(absl::Seconds(least)), Le(absl::Seconds(most)));
  };
  EXPECT_THAT(pauses_,
              ElementsAre(between(0.5, 1), between(1, 2), between(1.5, 3), between(1.5, 3)));
  EXPECT_NE(pauses_[2], pauses_[3]);
}

TEST_F(SpanExporterTest, TheReceiverMayAskForAPause) {
  SendResult later = kRetry;
  later.retry_after = absl::Seconds(17);
  SendResult much_later = kRetry;
  much_later.retry_after = absl::Hours(10);
  Plan({later, much_later});
  Start();
  Export("a");
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(pauses_, ElementsAre(absl::Seconds(17), absl::Minutes(5)));
}

TEST_F(SpanExporterTest, ItIsGivenUpInTheEnd) {
  options_.max_tries = 3;
  Plan({kRetry, kRetry, kRetry});
  Start();
  Export("a", 2);
  Export("b");
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_EQ(exporter_->counts().retries, 2);
  EXPECT_EQ(exporter_->counts().failed + exporter_->counts().sent, 3);
  EXPECT_GE(exporter_->counts().failed, 2);
  EXPECT_EQ(exporter_->counts().last_error, "away");
}

TEST_F(SpanExporterTest, WhatIsRefusedIsNotSentAgain) {
  Plan({kRefused});
  Start();
  Export("a", 2);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_THAT(script_.Sent(), ElementsAre("a a "));
  EXPECT_EQ(exporter_->counts().failed, 2);
  EXPECT_EQ(exporter_->counts().retries, 0);
  EXPECT_THAT(pauses_, IsEmpty());
}

TEST_F(SpanExporterTest, WhatIsRejectedOfARequestIsCounted) {
  Plan({{.num_rejected = 2}});
  Start();
  Export("a", 5);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_EQ(exporter_->counts().sent, 3);
  EXPECT_EQ(exporter_->counts().failed, 2);
}

// The receiver answers only when the end has had time to come, which it must not have done by then.
TEST_F(SpanExporterTest, TheEndWaitsForWhatIsNotSent) {
  options_.shutdown_limit = kLong;
  script_.SetClosed(true);
  Start();
  for (int i = 0; i < 20; ++i) Export("a");
  std::thread receiver([&] {
    script_.AwaitEnd(std::chrono::milliseconds(50));
    script_.SetClosed(false);
  });
  exporter_.reset();
  receiver.join();
  size_t num_spans = 0;
  for (const std::string& names : script_.Sent()) num_spans += names.size() / 2;
  EXPECT_EQ(num_spans, 20u);
}

TEST_F(SpanExporterTest, WhatIsDroppedAtTheEndIsCountedBeforeTheExporterIsGone) {
  script_.SetClosed(true);
  Start();
  Export("a", 2);
  script_.AwaitSend();
  Export("b", 3);
  EXPECT_FALSE(exporter_->Shutdown(absl::ZeroDuration()));
  EXPECT_EQ(exporter_->counts().dropped, 5);
  // That it was broken off is no error of the receiver.
  EXPECT_EQ(exporter_->counts().last_error, "");
  // Nobody sends what comes after the end.
  Export("c");
  EXPECT_EQ(exporter_->counts().dropped, 6);
  EXPECT_FALSE(exporter_->Shutdown(kLong));
}

TEST_F(SpanExporterTest, AnEndInTimeSendsEverything) {
  Start();
  Export("a", 2);
  EXPECT_TRUE(exporter_->Shutdown(kLong));
  EXPECT_TRUE(exporter_->Shutdown(kLong));
  EXPECT_EQ(exporter_->counts().sent, 2);
  EXPECT_EQ(exporter_->counts().dropped, 0);
}

TEST_F(SpanExporterTest, WhatAReceiverSaysOfARequestThatItTookIsAWarning) {
  Plan({{.message = "slow down"}});
  Start();
  Export("a", 5);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_EQ(exporter_->counts().last_warning, "slow down");
  EXPECT_EQ(exporter_->counts().last_error, "");
  Plan({{.num_rejected = 2, .message = "bad"}});
  Export("b", 5);
  ASSERT_TRUE(exporter_->Flush(kLong));
  EXPECT_EQ(exporter_->counts().last_error, "bad");
}

// A receiver that hangs, and one that wants to be left alone for long, do not hold up the end.
TEST_F(SpanExporterTest, TheEndHasALimit) {
  for (const bool hangs : {true, false}) {
    options_.shutdown_limit = absl::ZeroDuration();
    options_.pause = nullptr;
    {
      annotated::MutexLock lock(script_.mutex);
      script_.is_aborted = false;
      script_.is_closed = hangs;
      SendResult later = kRetry;
      later.retry_after = kLong;
      if (!hangs) script_.results = {later};
    }
    Start();
    Export("a");
    Export("b");
    exporter_.reset();
  }
}

}  // namespace
}  // namespace parlance::pipeline
