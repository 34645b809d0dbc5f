#include "pipeline/runtime/worker_pool.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/runtime/task_runner.h"
#include "pipeline/runtime/testing/gate.h"

namespace parlance::pipeline {
namespace {

using testing::ElementsAre;

// A task that goes on until it is let go.
class Held {
 public:
  Task MakeTask(std::function<void()> overdue = nullptr) {
    return {.run =
                [began = began_, may_end = may_end_] {
                  began.Open();
                  may_end.Wait();
                },
            .overdue = std::move(overdue)};
  }
  void WaitUntilItRuns() { began_.Wait(); }
  void Release() { may_end_.Open(); }

 private:
  Gate began_;
  Gate may_end_;
};

class WorkerPoolTest : public testing::Test {
 protected:
  std::unique_ptr<WorkerPool> Create(WorkerPool::Options options) {
    options.now = [this] { return absl::Nanoseconds(now_.load()); };
    return std::make_unique<WorkerPool>(std::move(options));
  }
  void Pass(absl::Duration time) { now_ += absl::ToInt64Nanoseconds(time); }
  // Until everything that was posted before is done, by a pool with one worker.
  static void Settle(WorkerPool& pool) {
    const Gate done;
    ASSERT_TRUE(pool.Post({.run = [done] { done.Open(); }}));
    done.Wait();
  }
  // What the pool counts, once it counts `want`; the test's time-out is the guard.
  template <typename Want>
  static WorkerPool::Stats StatsOnce(const WorkerPool& pool, const Want& want) {
    for (;;) {
      const WorkerPool::Stats stats = pool.stats();
      if (want(stats)) return stats;
      std::this_thread::yield();
    }
  }

  std::atomic<int64_t> now_ = 0;
};

TEST_F(WorkerPoolTest, TasksAreRunInTheirOrder) {
  const auto pool = Create({.num_workers = 1});
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pool->Post({.run = [&order, i] { order.push_back(i); }}));
  }
  Settle(*pool);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(WorkerPoolTest, WorkersRunTasksAtTheSameTime) {
  const auto pool = Create({.num_workers = 2});
  Held first;
  Held second;
  ASSERT_TRUE(pool->Post(first.MakeTask()));
  ASSERT_TRUE(pool->Post(second.MakeTask()));
  first.WaitUntilItRuns();
  second.WaitUntilItRuns();
  first.Release();
  second.Release();
}

TEST_F(WorkerPoolTest, OneTaskTooManyIsRefusedAndCounted) {
  const auto pool = Create({.num_workers = 1, .max_waiting = 2});
  Held running;
  ASSERT_TRUE(pool->Post(running.MakeTask()));
  running.WaitUntilItRuns();
  std::atomic<int> num_run = 0;
  const auto post = [&] { return pool->Post({.run = [&] { ++num_run; }}); };
  EXPECT_TRUE(post());
  EXPECT_TRUE(post());
  EXPECT_FALSE(post());
  EXPECT_EQ(pool->stats().num_waiting, 2U);
  EXPECT_EQ(pool->stats().num_refused, 1);
  running.Release();
  const auto stats =
      StatsOnce(*pool, [](const WorkerPool::Stats& each) { return each.num_done == 3; });
  EXPECT_EQ(num_run, 2);
  EXPECT_EQ(stats.num_waiting, 0U);
}

TEST_F(WorkerPoolTest, ATaskThatThrowsEndsNothingButItself) {
  const auto pool = Create({.num_workers = 1});
  ASSERT_TRUE(pool->Post({.run = [] { throw std::runtime_error("broken"); }}));
  ASSERT_TRUE(pool->Post({.run = [] { throw 7; }}));
  Settle(*pool);
  EXPECT_EQ(pool->stats().num_threw, 2);
}

// What a task holds may post another when it is let go of.
TEST_F(WorkerPoolTest, TasksAreLetGoOfWithoutTheMutex) {
  const auto pool = Create({.num_workers = 1});
  const Gate posted;
  const auto holder = [&] {
    return std::shared_ptr<void>(nullptr, [posted, raw = pool.get()](void*) {
      ASSERT_TRUE(raw->Post({.run = [posted] { posted.Open(); }}));
    });
  };
  ASSERT_TRUE(pool->Post({.run = [held = holder()] {}, .overdue = nullptr}));
  posted.Wait();
}

TEST_F(WorkerPoolTest, ATaskThatHangsIsReplacedAndCounted) {
  const auto pool = Create({.num_workers = 1, .overdue_after = absl::Seconds(10)});
  Held hanging;
  std::atomic<int> num_told = 0;
  ASSERT_TRUE(pool->Post(hanging.MakeTask([&] { ++num_told; })));
  hanging.WaitUntilItRuns();
  Pass(absl::Seconds(9));
  pool->ReplaceOverdue();
  EXPECT_EQ(num_told, 0);
  EXPECT_EQ(pool->stats().num_overdue, 0);
  Pass(absl::Seconds(1));
  pool->ReplaceOverdue();
  pool->ReplaceOverdue();
  EXPECT_EQ(num_told, 1);
  EXPECT_EQ(pool->stats().num_overdue, 1);
  // Another thread is there.
  Settle(*pool);

  // The one that was replaced ends as soon as it can.
  hanging.Release();
  const auto stats = StatsOnce(*pool, [](const WorkerPool::Stats& each) {
    return each.num_overdue == 0 && each.num_done == 2;
  });
  EXPECT_EQ(stats.num_overdue_ever, 1);
  EXPECT_EQ(stats.num_done, 2);
  // Nothing is kept of its thread.
  EXPECT_EQ(pool->stats().num_threads, 2U);
  pool->ReplaceOverdue();
  EXPECT_EQ(pool->stats().num_threads, 1U);
  Settle(*pool);
}

TEST_F(WorkerPoolTest, NotMoreThanSoManyAreReplaced) {
  const auto pool =
      Create({.num_workers = 1, .overdue_after = absl::Seconds(1), .max_replaced = 2});
  std::vector<Held> hanging(3);
  for (Held& each : hanging) {
    ASSERT_TRUE(pool->Post(each.MakeTask()));
    each.WaitUntilItRuns();
    Pass(absl::Seconds(1));
    pool->ReplaceOverdue();
  }
  EXPECT_EQ(pool->stats().num_overdue, 2);
  EXPECT_EQ(pool->stats().num_overdue_ever, 2);
  // Room for another is there again when one has ended.
  hanging[0].Release();
  StatsOnce(*pool, [](const WorkerPool::Stats& each) { return each.num_overdue == 1; });
  pool->ReplaceOverdue();
  EXPECT_EQ(pool->stats().num_overdue, 2);
  Settle(*pool);
  hanging[1].Release();
  hanging[2].Release();
}

// A task that is waited for long, not one that runs long.
TEST_F(WorkerPoolTest, TimeInTheLineIsNotTimeAtWork) {
  const auto pool = Create({.num_workers = 1, .overdue_after = absl::Seconds(10)});
  Held first;
  Held second;
  ASSERT_TRUE(pool->Post(first.MakeTask()));
  ASSERT_TRUE(pool->Post(second.MakeTask()));
  first.WaitUntilItRuns();
  Pass(absl::Seconds(9));
  first.Release();
  second.WaitUntilItRuns();
  Pass(absl::Seconds(9));
  pool->ReplaceOverdue();
  EXPECT_EQ(pool->stats().num_overdue_ever, 0);
  second.Release();
}

TEST_F(WorkerPoolTest, TheDestructorLetsWhatRunsEndAndDropsWhatWaits) {
  auto pool = Create({.num_workers = 1, .max_waiting = size_t{1} << 30});
  WorkerPool* const raw = pool.get();
  Held running;
  ASSERT_TRUE(pool->Post(running.MakeTask()));
  running.WaitUntilItRuns();
  std::atomic<bool> ran = false;
  std::atomic<int> num_refused = 0;
  // What is dropped may post, as an utterance does that is let go of.
  std::shared_ptr<void> held(nullptr, [&](void*) {
    if (!raw->Post({.run = [] {}})) ++num_refused;
  });
  ASSERT_TRUE(pool->Post({.run = [&ran, held = std::move(held)] { ran = true; }}));
  std::thread ending([&] { pool.reset(); });
  // It ends as soon as nothing is taken any more, and waits for what runs.
  while (raw->Post({.run = [] {}})) std::this_thread::yield();
  running.Release();
  ending.join();
  EXPECT_FALSE(ran);
  EXPECT_EQ(num_refused, 1);
}

}  // namespace
}  // namespace parlance::pipeline
