#include "tools/call_scheduler.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint(seconds(1000));

// Runs a body again and again, each time with other answers to its questions, until every series of
// answers was given: a deterministic scheduler for a model of what threads do.
class Explorer {
 public:
  // One of 0 to n - 1.
  size_t Choose(size_t n) {
    if (next_ == choices_.size()) choices_.push_back({0, n});
    // The body has to ask the same after the same answers.
    EXPECT_EQ(choices_[next_].second, n);
    return choices_[next_++].first;
  }

  // Returns how often the body ran.
  int64_t Explore(const std::function<void()>& body) {
    for (int64_t runs = 1;; ++runs) {
      next_ = 0;
      body();
      choices_.resize(next_);
      while (!choices_.empty() && choices_.back().first + 1 == choices_.back().second) {
        choices_.pop_back();
      }
      if (choices_.empty() || testing::Test::HasFailure()) return runs;
      ++choices_.back().first;
    }
  }

 private:
  // The answer, and how many there are.
  std::vector<std::pair<size_t, size_t>> choices_;
  size_t next_ = 0;
};

// What the rules say of one call, written down a second time, from the events alone.
class Oracle {
 public:
  explicit Oracle(int max_attempts) : max_attempts_(max_attempts) {}

  void Take() {
    if (state_ == CallState::kPending) {
      state_ = CallState::kRunning;
      ++attempts_;
    }
  }
  void Return(Outcome outcome, bool late, bool room_for_pause) {
    if (state_ != CallState::kRunning) return;
    if (late) {
      state_ = CallState::kTimedOut;
    } else if (outcome == Outcome::kResult) {
      state_ = CallState::kSucceeded;
    } else if (outcome == Outcome::kTransientError && attempts_ < max_attempts_ && room_for_pause) {
      state_ = CallState::kPending;
    } else {
      state_ = CallState::kFailed;
    }
  }
  void Deadline() {
    if (!IsEnding(state_)) state_ = CallState::kTimedOut;
  }
  void Cancel() {
    if (!IsEnding(state_)) state_ = CallState::kCancelled;
  }
  CallState state() const { return state_; }
  int attempts() const { return attempts_; }

 private:
  const int max_attempts_;
  CallState state_ = CallState::kPending;
  int attempts_ = 0;
};

// Calls, the workers that run them, the clock and everybody who may end them, as one thread that
// the explorer drives.
class Model {
 public:
  Model(Explorer& explorer, int num_calls, int num_workers, int max_attempts)
      : explorer_(explorer),
        scheduler_({.max_running = num_workers,
                    .max_pending = 16,
                    .max_abandoned = 16,
                    .first_pause = milliseconds(100)},
                   [this](CallScheduler::Call& call) { ++num_endings_[IndexOf(call)]; }),
        num_free_workers_(num_workers) {
    for (int i = 0; i < num_calls; ++i) {
      calls_.push_back(std::make_unique<CallScheduler::Call>(
          &tool_, /*max_of_tool=*/0, max_attempts, kStart + milliseconds(1000 + i)));
      oracles_.emplace_back(max_attempts);
      num_endings_.push_back(0);
      progress_left_.push_back(1);
      EXPECT_THAT(scheduler_.Submit(*calls_.back(), now_), IsOk());
    }
  }

  // `outcomes`: with which handlers may come back.
  void Run(const std::vector<Outcome>& outcomes) {
    bool can_cancel = true;
    bool can_cancel_all = true;
    bool can_shut_down = true;
    for (;;) {
      // Everything that may happen next.
      std::vector<std::function<void()>> events;
      if (num_free_workers_ > 0 && scheduler_.HasReady()) {
        events.emplace_back([&] { Take(); });
      }
      for (size_t i = 0; i < calls_.size(); ++i) {
        if (!calls_[i]->is_inside()) continue;
        for (const Outcome outcome : outcomes) {
          events.emplace_back([this, i, outcome] { Return(i, outcome); });
        }
        if (progress_left_[i] > 0) events.emplace_back([this, i] { Progress(i); });
      }
      if (const auto timer = scheduler_.NextTimer(); timer.has_value()) {
        if (*timer > now_) {
          events.emplace_back([this, at = *timer] { PassTime(at); });
        } else {
          events.emplace_back([this] {
            scheduler_.Advance(now_);
            EndLate();
          });
        }
      }
      if (can_cancel) {
        events.emplace_back([&] {
          can_cancel = false;
          Cancel(0, CancelReason::kCaller);
        });
      }
      if (can_cancel_all) {
        events.emplace_back([&] {
          can_cancel_all = false;
          for (size_t i = 0; i < calls_.size(); ++i) Cancel(i, CancelReason::kCaller);
        });
      }
      if (can_shut_down) {
        events.emplace_back([&] {
          can_shut_down = false;
          scheduler_.Shutdown();
          for (Oracle& oracle : oracles_) oracle.Cancel();
        });
      }
      // Nothing that has happened can be undone by what is left: all calls have ended, and
      // handlers that are inside still come back.
      if (AllEnded() && num_free_workers_ == num_workers()) break;
      if (events.empty()) break;
      events[explorer_.Choose(events.size())]();
      Check();
      if (testing::Test::HasFailure()) return;
    }
    for (size_t i = 0; i < calls_.size(); ++i) {
      EXPECT_EQ(num_endings_[i], 1);
      EXPECT_TRUE(IsEnding(calls_[i]->state()));
      EXPECT_FALSE(calls_[i]->is_inside());
      endings_[static_cast<size_t>(calls_[i]->state())] = true;
    }
    EXPECT_EQ(scheduler_.num_running(), 0);
    EXPECT_EQ(scheduler_.num_abandoned(), 0);
    EXPECT_FALSE(scheduler_.NextTimer().has_value());
  }

  // Which endings were seen, in all runs.
  static std::vector<bool>& endings_seen() {
    static auto& seen = *new std::vector<bool>(6);
    return seen;
  }
  ~Model() {
    for (size_t i = 0; i < endings_.size(); ++i) {
      if (endings_[i]) endings_seen()[i] = true;
    }
  }

 private:
  size_t IndexOf(const CallScheduler::Call& call) const {
    return static_cast<size_t>(std::find_if(calls_.begin(), calls_.end(),
                                            [&](const auto& c) { return c.get() == &call; }) -
                               calls_.begin());
  }
  int num_workers() const { return num_free_workers_ + num_inside(); }
  int num_inside() const {
    return static_cast<int>(std::count_if(calls_.begin(), calls_.end(),
                                          [](const auto& call) { return call->is_inside(); }));
  }
  bool AllEnded() const {
    return std::all_of(calls_.begin(), calls_.end(),
                       [](const auto& call) { return IsEnding(call->state()); });
  }

  void Take() {
    CallScheduler::Call* const call = scheduler_.Take(now_);
    EndLate();
    // All that were ready were late.
    if (call == nullptr) return;
    const size_t i = IndexOf(*call);
    EXPECT_EQ(oracles_[i].state(), CallState::kPending);
    oracles_[i].Take();
    --num_free_workers_;
  }
  void Return(size_t i, Outcome outcome) {
    const TimePoint deadline = calls_[i]->deadline();
    const auto pause = milliseconds(100) * (1 << (calls_[i]->num_attempts() - 1));
    oracles_[i].Return(outcome, now_ >= deadline, now_ + pause < deadline);
    scheduler_.Return(*calls_[i], outcome, now_);
    ++num_free_workers_;
  }
  void Progress(size_t i) {
    --progress_left_[i];
    EXPECT_EQ(scheduler_.Progress(*calls_[i], now_),
              oracles_[i].state() == CallState::kRunning && now_ < calls_[i]->deadline());
  }
  // The clock reaches the next timer, and the thread of the timers sees it, or others come first.
  void PassTime(TimePoint at) {
    now_ = std::max(now_, at);
    if (explorer_.Choose(2) == 0) {
      scheduler_.Advance(now_);
      EndLate();
    }
  }
  void EndLate() {
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (now_ >= calls_[i]->deadline()) oracles_[i].Deadline();
    }
  }
  void Cancel(size_t i, CancelReason reason) {
    oracles_[i].Cancel();
    scheduler_.Cancel(*calls_[i], reason);
  }

  void Check() const {
    for (size_t i = 0; i < calls_.size(); ++i) {
      ASSERT_EQ(CallStateName(calls_[i]->state()), CallStateName(oracles_[i].state()));
      ASSERT_EQ(calls_[i]->num_attempts(), oracles_[i].attempts());
      ASSERT_EQ(num_endings_[i], IsEnding(calls_[i]->state()) ? 1 : 0);
    }
    ASSERT_LE(scheduler_.num_running(), num_workers());
  }

  Explorer& explorer_;
  const int tool_ = 0;
  TimePoint now_ = kStart;
  std::vector<std::unique_ptr<CallScheduler::Call>> calls_;
  std::vector<Oracle> oracles_;
  std::vector<int> num_endings_;
  std::vector<int> progress_left_;
  std::vector<bool> endings_ = std::vector<bool>(6);
  CallScheduler scheduler_;
  int num_free_workers_;
};

const std::vector<Outcome>& AllOutcomes() {
  static const auto& outcomes =
      *new std::vector<Outcome>{Outcome::kResult, Outcome::kError, Outcome::kTransientError};
  return outcomes;
}

// One call that may be tried three times: every order of being taken, progress, all results, the
// end of a pause, its deadline, a cancel, a cancel of all and the shutdown.
TEST(CallSchedulerTest, EveryOrderOfACallsEventsHasOneEnding) {
  Explorer explorer;
  const int64_t num_orders = explorer.Explore([&] { Model(explorer, 1, 1, 3).Run(AllOutcomes()); });
  RecordProperty("orders", static_cast<int>(num_orders));
  std::printf("%lld orders of one call's events\n", static_cast<long long>(num_orders));
  EXPECT_GT(num_orders, 1000);
  EXPECT_EQ(Model::endings_seen(), (std::vector<bool>{false, false, true, true, true, true}));
}

// Two calls and one worker: the second waits for the first, or for its end.
TEST(CallSchedulerTest, EveryOrderOfTwoCallsEventsHasOneEndingEach) {
  Explorer explorer;
  const int64_t num_orders = explorer.Explore([&] {
    Model(explorer, 2, 1, 1).Run({Outcome::kResult, Outcome::kTransientError});
  });
  RecordProperty("orders", static_cast<int>(num_orders));
  std::printf("%lld orders of two calls' events, one worker\n", static_cast<long long>(num_orders));
  EXPECT_GT(num_orders, 10000);
}

TEST(CallSchedulerTest, EveryOrderOfTwoCallsOnTwoWorkersHasOneEndingEach) {
  Explorer explorer;
  const int64_t num_orders =
      explorer.Explore([&] { Model(explorer, 2, 2, 1).Run({Outcome::kResult}); });
  RecordProperty("orders", static_cast<int>(num_orders));
  std::printf("%lld orders of two calls' events, two workers\n",
              static_cast<long long>(num_orders));
  EXPECT_GT(num_orders, 10000);
}

class LimitsTest : public testing::Test {
 protected:
  CallScheduler Create(const CallScheduler::Limits& limits) {
    return CallScheduler(limits, [this](CallScheduler::Call& call) { ended_.push_back(&call); });
  }
  CallScheduler::Call& NewCall(const void* tool, int max_of_tool, int max_attempts = 1) {
    calls_.push_back(std::make_unique<CallScheduler::Call>(tool, max_of_tool, max_attempts,
                                                           kStart + seconds(10)));
    return *calls_.back();
  }

  const int tool_ = 0;
  const int other_tool_ = 0;
  std::vector<std::unique_ptr<CallScheduler::Call>> calls_;
  std::vector<CallScheduler::Call*> ended_;
};

TEST_F(LimitsTest, AToolAtItsLimitHoldsUpNoOther) {
  CallScheduler scheduler = Create({.max_running = 8});
  CallScheduler::Call& first = NewCall(&tool_, 1);
  CallScheduler::Call& second = NewCall(&tool_, 1);
  CallScheduler::Call& other = NewCall(&other_tool_, 1);
  for (const auto& call : calls_) ASSERT_THAT(scheduler.Submit(*call, kStart), IsOk());
  EXPECT_EQ(scheduler.Take(kStart), &first);
  EXPECT_EQ(scheduler.Take(kStart), &other);
  EXPECT_FALSE(scheduler.HasReady());
  EXPECT_EQ(scheduler.Take(kStart), nullptr);
  // A handler that is still inside keeps its tool's place after its call has ended.
  scheduler.Cancel(first, CancelReason::kCaller);
  EXPECT_EQ(scheduler.num_abandoned(), 1);
  EXPECT_EQ(scheduler.Take(kStart), nullptr);
  scheduler.Return(first, Outcome::kResult, kStart);
  EXPECT_EQ(first.state(), CallState::kCancelled);
  EXPECT_EQ(scheduler.num_abandoned(), 0);
  EXPECT_EQ(scheduler.Take(kStart), &second);
}

TEST_F(LimitsTest, AnAbandonedHandlerTakesNoRoomFromOthers) {
  CallScheduler scheduler = Create({.max_running = 1, .max_abandoned = 2});
  CallScheduler::Call& hung = NewCall(&tool_, 0);
  CallScheduler::Call& healthy = NewCall(&other_tool_, 0);
  ASSERT_THAT(scheduler.Submit(hung, kStart), IsOk());
  ASSERT_THAT(scheduler.Submit(healthy, kStart), IsOk());
  EXPECT_EQ(scheduler.Take(kStart), &hung);
  EXPECT_EQ(scheduler.Take(kStart), nullptr);
  scheduler.Cancel(hung, CancelReason::kCaller);
  EXPECT_EQ(hung.cancel_reason(), CancelReason::kCaller);
  EXPECT_EQ(scheduler.Take(kStart), &healthy);
  scheduler.Cancel(healthy, CancelReason::kCaller);
  EXPECT_TRUE(absl::IsResourceExhausted(scheduler.Submit(NewCall(&tool_, 0), kStart)));
  scheduler.Return(healthy, Outcome::kError, kStart);
  EXPECT_THAT(scheduler.Submit(NewCall(&tool_, 0), kStart), IsOk());
  scheduler.Return(hung, Outcome::kResult, kStart);
  scheduler.Shutdown();
}

TEST_F(LimitsTest, AFullQueueRefuses) {
  CallScheduler scheduler = Create({.max_running = 1, .max_pending = 1});
  CallScheduler::Call& running = NewCall(&tool_, 0);
  ASSERT_THAT(scheduler.Submit(running, kStart), IsOk());
  ASSERT_EQ(scheduler.Take(kStart), &running);
  ASSERT_THAT(scheduler.Submit(NewCall(&tool_, 0), kStart), IsOk());
  const absl::Status refused = scheduler.Submit(NewCall(&tool_, 0), kStart);
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_EQ(refused.message(), "1 calls run and 1 wait already");
  EXPECT_TRUE(ended_.empty());
  scheduler.Shutdown();
  EXPECT_EQ(ended_.size(), 2u);
  EXPECT_TRUE(absl::IsCancelled(scheduler.Submit(NewCall(&tool_, 0), kStart)));
  scheduler.Return(running, Outcome::kResult, kStart);
}

TEST_F(LimitsTest, PausesGrowAndFitTheDeadline) {
  CallScheduler scheduler =
      Create({.max_running = 1, .first_pause = seconds(1), .largest_pause = seconds(3)});
  CallScheduler::Call& call = NewCall(&tool_, 0, 10);
  ASSERT_THAT(scheduler.Submit(call, kStart), IsOk());
  TimePoint now = kStart;
  // 1 + 2 + 3 + 3 seconds, and no time for one more.
  for (const int pause : {1, 2, 3, 3}) {
    ASSERT_EQ(scheduler.Take(now), &call);
    scheduler.Return(call, Outcome::kTransientError, now);
    EXPECT_EQ(call.state(), CallState::kPending);
    EXPECT_EQ(scheduler.NextTimer(), now + seconds(pause));
    EXPECT_FALSE(scheduler.HasReady());
    now += seconds(pause);
    scheduler.Advance(now);
  }
  ASSERT_EQ(scheduler.Take(now), &call);
  scheduler.Return(call, Outcome::kTransientError, now);
  EXPECT_EQ(call.state(), CallState::kFailed);
  EXPECT_EQ(call.num_attempts(), 5);
}

TEST_F(LimitsTest, WhatIsLateWhenItComesNeverRuns) {
  CallScheduler scheduler = Create({});
  CallScheduler::Call& call = NewCall(&tool_, 0);
  ASSERT_THAT(scheduler.Submit(call, call.deadline()), IsOk());
  EXPECT_EQ(call.state(), CallState::kTimedOut);
  EXPECT_EQ(ended_.size(), 1u);
  EXPECT_EQ(scheduler.Take(call.deadline()), nullptr);
}

}  // namespace
}  // namespace parlance::tools
