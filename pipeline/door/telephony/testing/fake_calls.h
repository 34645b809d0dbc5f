// A runtime that keeps what calls tell their sessions, an executor and a timer that run when they
// are told to. Threads: one at a time.
#ifndef PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CALLS_H_
#define PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CALLS_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/door/telephony/call.h"
#include "pipeline/door/telephony/call_session.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {

class FakeCalls : public CallOpener {
 public:
  // What came of one session, in order but for the sound.
  struct Record {
    CallRequest request = {};
    SessionSink* sink = nullptr;
    std::vector<std::string> log = {};
    std::vector<int16_t> sound = {};
    size_t largest_push = 0;
    // Sessions may be closed on a thread of their own.
    std::atomic<bool> is_over = false;

    // Ends the session, as the runtime does.
    void Close(const absl::Status& status) {
      is_over = true;
      sink->Closed(status);
    }
    // An answer's frames: whole ones, and what remains.
    void Say(absl::Span<const int16_t> samples) {
      for (; !samples.empty(); samples.remove_prefix(std::min<size_t>(320, samples.size()))) {
        sink->Frame(samples.subspan(0, 320));
      }
    }
  };

  FakeCalls() = default;
  // As the runtime's, its end closes sessions.
  ~FakeCalls() override {
    for (const std::shared_ptr<Record>& each : records) {
      if (!each->is_over) each->Close(absl::CancelledError("the runtime ended"));
    }
  }
  FakeCalls(const FakeCalls&) = delete;
  FakeCalls& operator=(const FakeCalls&) = delete;

  absl::StatusOr<std::shared_ptr<CallSession>> Open(const CallRequest& request,
                                                    SessionSink* sink) override {
    if (!refusal.ok()) return refusal;
    auto record = std::make_shared<Record>();
    record->request = request;
    record->sink = sink;
    records.push_back(record);
    if (on_open != nullptr) on_open(*record);
    return std::make_shared<Session>(record);
  }
  int output_sample_rate_hz() const override { return 16000; }

  CallEnvironment environment() {
    CallEnvironment result;
    result.opener = this;
    result.run = [this](std::function<void()> task) { tasks.push_back(std::move(task)); };
    result.run_after = [this](absl::Duration, std::function<void()> task) {
      timers.push_back(std::move(task));
    };
    result.count = [this](absl::string_view what) { ++counts[std::string(what)]; };
    return result;
  }

  // Runs what was given to the executor.
  void Run() {
    while (!tasks.empty()) {
      const std::vector<std::function<void()>> now = std::exchange(tasks, {});
      for (const std::function<void()>& each : now) each();
    }
  }
  // Lets time pass: calls set a timer again and again.
  void Pass(absl::Duration time) {
    for (; time >= Call::kTick; time -= Call::kTick) {
      const std::vector<std::function<void()>> now = std::exchange(timers, {});
      for (const std::function<void()>& each : now) each();
    }
  }
  Record& last() { return *records.back(); }

  absl::Status refusal;
  std::function<void(Record&)> on_open;
  std::vector<std::shared_ptr<Record>> records;
  std::vector<std::function<void()>> tasks;
  std::vector<std::function<void()>> timers;
  std::map<std::string, int> counts;

 private:
  class Session : public CallSession {
   public:
    explicit Session(std::shared_ptr<Record> record) : record_(std::move(record)) {}
    absl::Status Push(absl::Span<const int16_t> samples) override {
      if (record_->is_over) return absl::FailedPreconditionError("over");
      record_->sound.insert(record_->sound.end(), samples.begin(), samples.end());
      record_->largest_push = std::max(record_->largest_push, samples.size());
      return absl::OkStatus();
    }
    void Played(int64_t position) override {
      record_->log.push_back(absl::StrCat("played ", position));
    }
    void Keys(absl::string_view keys) override {
      record_->log.push_back(absl::StrCat("keys ", keys));
    }
    void HangUp() override { record_->log.push_back("hang up"); }

   private:
    const std::shared_ptr<Record> record_;
  };
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_TESTING_FAKE_CALLS_H_
