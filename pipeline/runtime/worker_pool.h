// A fixed number of threads that run tasks for all conversations.
//
// A task that does not return loses its thread. So that one hanging recogniser does not cost a
// thread for ever, whoever owns the pool calls ReplaceOverdue from time to time, as a Housekeeper
// does: a thread whose task has taken too long is replaced, and ends when the task returns after
// all.
//
// All methods may be called from any thread.
#ifndef PIPELINE_RUNTIME_WORKER_POOL_H_
#define PIPELINE_RUNTIME_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "pipeline/runtime/task_runner.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class WorkerPool : public TaskRunner {
 public:
  struct Options {
    // At least 1.
    int num_workers = 2;
    // The most tasks that wait; one more is refused.
    size_t max_waiting = 4096;
    // After so long a task is overdue, and its thread is replaced, but no more than so many are.
    absl::Duration overdue_after = absl::Seconds(10);
    int max_replaced = 8;
    // A steady clock.
    std::function<absl::Duration()> now = nullptr;
  };
  struct Stats {
    int64_t num_done = 0;
    int64_t num_refused = 0;
    // Tasks that threw, which ends nothing but them.
    int64_t num_threw = 0;
    size_t num_waiting = 0;
    // Threads there are, with those that were replaced and are not over.
    size_t num_threads = 0;
    // Tasks that are overdue at this moment, and how many there were.
    int num_overdue = 0;
    int64_t num_overdue_ever = 0;
  };

  explicit WorkerPool(Options options);
  // Lets what runs come to its end, and drops what waits.
  ~WorkerPool() override;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool Post(Task task) override;
  // A task may return while its `overdue` is called, or just before.
  void ReplaceOverdue();
  Stats stats() const;

 private:
  struct Worker {
    std::thread thread = {};
    // When the task that it is at began; InfiniteFuture of durations if it has none.
    absl::Duration began = absl::InfiniteDuration();
    std::function<void()> overdue = nullptr;
    bool is_replaced = false;
    // It was replaced, and its task has returned after all: nothing is left of it but its thread.
    bool is_over = false;
  };

  void StartWorker() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Work(Worker& worker);

  const Options options_;
  mutable annotated::Mutex mutex_;
  std::condition_variable work_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Worker>> workers_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_WORKER_POOL_H_
