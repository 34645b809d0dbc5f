#include "session/commit_queue.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

struct Number {
  int value = 0;
  size_t size = 1;
  std::shared_ptr<std::atomic<int>> destroyed = nullptr;
  ~Number() {
    if (destroyed != nullptr) ++*destroyed;
  }
  size_t bytes() const { return size; }
};

// Commits as the test lets it.
class Committer {
 public:
  using Queue = CommitQueue<Number>;

  std::function<void(absl::Span<Number* const>)> Commit() {
    return [this](absl::Span<Number* const> writes) {
      // Nothing runs at the same time.
      EXPECT_FALSE(committing_.exchange(true));
      std::vector<int> batch;
      for (const Number* write : writes) batch.push_back(write->value);
      {
        annotated::MutexLock lock(mutex_);
        threads_.push_back(std::this_thread::get_id());
        batches_.push_back(std::move(batch));
        changed_.notify_all();
        while (held_) changed_.wait(lock.native());
      }
      committing_ = false;
    };
  }

  void Hold(bool held) {
    annotated::MutexLock lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void WaitForBatches(size_t count) {
    annotated::MutexLock lock(mutex_);
    while (batches_.size() < count) changed_.wait(lock.native());
  }
  std::vector<std::vector<int>> batches() {
    annotated::MutexLock lock(mutex_);
    return batches_;
  }
  std::thread::id thread_of(size_t batch) {
    annotated::MutexLock lock(mutex_);
    return threads_[batch];
  }

 private:
  annotated::Mutex mutex_;
  std::condition_variable changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> committing_ = false;
  std::vector<std::vector<int>> batches_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread::id> threads_ ABSL_GUARDED_BY(mutex_);
};

using Queue = CommitQueue<Number>;

TEST(CommitQueue, ALoneWriterCommitsItself) {
  Committer committer;
  Queue queue({}, committer.Commit(), nullptr);
  for (int i = 1; i <= 3; ++i) {
    Number write{.value = i};
    ASSERT_THAT(queue.Run(write), IsOk());
  }
  EXPECT_EQ(committer.batches(), (std::vector<std::vector<int>>{{1}, {2}, {3}}));
  EXPECT_EQ(committer.thread_of(0), std::this_thread::get_id());
}

TEST(CommitQueue, WhatGathersIsCommittedTogetherAndInOrder) {
  Committer committer;
  Queue queue({}, committer.Commit(), nullptr);
  committer.Hold(true);
  std::thread lone([&] {
    Number write{.value = 1};
    EXPECT_THAT(queue.Run(write), IsOk());
  });
  committer.WaitForBatches(1);
  for (int i = 2; i <= 5; ++i) {
    ASSERT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = i})), IsOk());
  }
  std::thread waiting([&] {
    Number write{.value = 6};
    EXPECT_THAT(queue.Run(write), IsOk());
    EXPECT_EQ(committer.batches().size(), 2u);
  });
  // Not needed for what is checked, but the usual order of things: 6 is waiting by now.
  absl::SleepFor(absl::Milliseconds(50));
  committer.Hold(false);
  lone.join();
  waiting.join();
  const std::vector<std::vector<int>> batches = committer.batches();
  ASSERT_GE(batches.size(), 2u);
  std::vector<int> all;
  for (const std::vector<int>& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  EXPECT_EQ(all, (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_GE(batches[1].size(), 4u);
}

TEST(CommitQueue, AFullQueueMakesWaitAndThenRefuses) {
  Committer committer;
  Queue queue({.max_writes = 2, .max_bytes = 10, .patience = absl::Milliseconds(20)},
              committer.Commit(), nullptr);
  committer.Hold(true);
  std::thread lone([&] {
    Number write{.value = 1};
    EXPECT_THAT(queue.Run(write), IsOk());
  });
  committer.WaitForBatches(1);
  // Larger than allowed, and alone.
  EXPECT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = 2, .size = 11})), IsOk());
  Number refused{.value = 3};
  EXPECT_THAT(queue.Run(refused), StatusIs(absl::StatusCode::kResourceExhausted));
  committer.Hold(false);
  lone.join();
  committer.WaitForBatches(2);

  // By number.
  committer.Hold(true);
  std::thread another([&] {
    Number write{.value = 4};
    EXPECT_THAT(queue.Run(write), IsOk());
  });
  committer.WaitForBatches(3);
  EXPECT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = 5})), IsOk());
  EXPECT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = 6})), IsOk());
  EXPECT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = 7})),
              StatusIs(absl::StatusCode::kResourceExhausted));
  // Who has the patience gets in.
  auto patient = std::async(std::launch::async, [&] {
    absl::Status status;
    do {
      status = queue.Submit(std::unique_ptr<Number>(new Number{.value = 8}));
    } while (!status.ok());
    return status;
  });
  committer.Hold(false);
  EXPECT_THAT(patient.get(), IsOk());
  another.join();
}

TEST(CommitQueue, TheEndCommitsWhatWaits) {
  Committer committer;
  auto destroyed = std::make_shared<std::atomic<int>>(0);
  {
    Queue queue({}, committer.Commit(), nullptr);
    for (int i = 0; i < 100; ++i) {
      ASSERT_THAT(
          queue.Submit(std::unique_ptr<Number>(new Number{.value = i, .destroyed = destroyed})),
          IsOk());
    }
  }
  EXPECT_EQ(*destroyed, 100);
  size_t count = 0;
  for (const std::vector<int>& batch : committer.batches()) count += batch.size();
  EXPECT_EQ(count, 100u);
}

TEST(CommitQueue, IdleWorkIsDoneAfterwardsUntilThereIsNone) {
  Committer committer;
  std::atomic<int> left = 3;
  std::promise<void> done;
  Queue queue({.idle_after = absl::Milliseconds(1)}, committer.Commit(), [&] {
    if (--left == 0) done.set_value();
    return left > 0;
  });
  EXPECT_EQ(left, 3);
  Number write{.value = 1};
  ASSERT_THAT(queue.Run(write), IsOk());
  done.get_future().wait();
  EXPECT_EQ(left, 0);
}

TEST(CommitQueue, EveryWriteIsCommittedOnce) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 500;
  Committer committer;
  std::atomic<int> idle_calls = 0;
  {
    Queue queue({.max_writes = 16, .idle_after = absl::ZeroDuration()}, committer.Commit(), [&] {
      ++idle_calls;
      return false;
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < kWrites; ++j) {
          if (j % 3 == 0) {
            ASSERT_THAT(queue.Submit(std::unique_ptr<Number>(new Number{.value = i * kWrites + j})),
                        IsOk());
          } else {
            Number write{.value = i * kWrites + j};
            ASSERT_THAT(queue.Run(write), IsOk());
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::vector<int> seen(kThreads * kWrites, 0);
  std::vector<int> last(kThreads, -1);
  for (const std::vector<int>& batch : committer.batches()) {
    for (const int value : batch) {
      ++seen[static_cast<size_t>(value)];
      // The writes of one thread are committed in its order.
      EXPECT_GT(value, last[static_cast<size_t>(value / kWrites)]);
      last[static_cast<size_t>(value / kWrites)] = value;
    }
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), kThreads * kWrites);
}

}  // namespace
}  // namespace parlance::session
