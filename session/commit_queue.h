// Group commit: any number of threads hand in writes, and what has gathered is committed at once.
//
// A write that comes while nothing is being committed is committed by the thread that brought it: a
// lone writer waits for nobody. Writes that come meanwhile gather, and a thread of the queue's own
// commits them together as soon as the commit before is over, and so on while there are any. So a
// batch is as large as one commit is slow, and nothing ever waits for more company.
//
// When the queue is full, whoever brings one more waits for room, up to the queue's patience.
#ifndef SESSION_COMMIT_QUEUE_H_
#define SESSION_COMMIT_QUEUE_H_

#include <semaphore.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "third_party/annotated_mutex.h"

namespace parlance::session {

struct CommitQueueOptions {
  // The most writes that may wait, in number and in what they keep in memory. A single larger one
  // passes alone.
  size_t max_writes = 8192;
  size_t max_bytes = size_t{64} << 20;
  // How long Run and Submit wait for room.
  absl::Duration patience = absl::Seconds(5);
  // The most writes of one batch, so that no commit holds the others up for long.
  size_t max_batch = 4096;
  // After so long without a commit, idle work is done.
  absl::Duration idle_after = absl::Milliseconds(50);
};

// All methods may be called from any thread.
template <typename Write>
class CommitQueue {
 public:
  // `commit` commits a batch, in order, and keeps each write's result in the write; it is never
  // called twice at the same time, nor together with `idle`. `idle` does a small piece of work that
  // can wait, and returns whether there is more. `Write` has bytes().
  CommitQueue(const CommitQueueOptions& options,
              std::function<void(absl::Span<Write* const>)> commit, std::function<bool()> idle)
      : options_(options), commit_(std::move(commit)), idle_(std::move(idle)) {
    thread_ = std::thread([this] { Serve(); });
  }

  // Commits what is waiting. Nothing may be handed in any more.
  ~CommitQueue() {
    {
      annotated::MutexLock lock(mutex_);
      stop_ = true;
    }
    work_.notify_one();
    thread_.join();
  }
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Returns when the write's commit is over, whatever its result. ResourceExhausted if the queue
  // stayed full; the write was not tried then.
  absl::Status Run(Write& write) {
    annotated::MutexLock lock(mutex_);
    if (!committing_ && waiting_.empty()) {
      committing_ = true;
      lock.unlock();
      Write* alone = &write;
      num_commits_.fetch_add(1, std::memory_order_relaxed);
      commit_(absl::MakeConstSpan(&alone, 1));
      lock.lock();
      EndCommit();
      return absl::OkStatus();
    }
    Signal over;
    if (absl::Status added = Add(lock, {&write, nullptr, &over}); !added.ok()) return added;
    lock.unlock();
    over.Wait();
    return absl::OkStatus();
  }

  // Returns at once, if there is room. The write is destroyed after its commit. ResourceExhausted
  // as above.
  absl::Status Submit(std::unique_ptr<Write> write) {
    annotated::MutexLock lock(mutex_);
    Write* pointer = write.get();
    return Add(lock, {pointer, std::move(write), nullptr});
  }

  // How many batches were committed so far, idle work aside.
  int64_t num_commits() const { return num_commits_.load(std::memory_order_relaxed); }

 private:
  // Wakes a thread. It is a POSIX semaphore, because it may end as soon as Wait has returned, while
  // whoever raised it is still at it, and because it sleeps at once: std::atomic's and
  // std::binary_semaphore's waits yield the processor several times before.
  class Signal {
   public:
    Signal() { sem_init(&semaphore_, 0, 0); }
    ~Signal() { sem_destroy(&semaphore_); }
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    // Wakes the first, which wakes two more, and so on: waking a thread on another processor takes
    // longer than inserting a row, and the committing thread has more to commit.
    static void RaiseAll(const std::vector<Signal*>& signals) {
      for (size_t i = 1; i < signals.size(); ++i) {
        signals[(i - 1) / 2]->next_[(i - 1) % 2] = signals[i];
      }
      if (!signals.empty()) signals.front()->Raise();
    }
    void Wait() {
      while (sem_wait(&semaphore_) != 0) {
      }
      for (Signal* const next : next_) {
        if (next != nullptr) next->Raise();
      }
    }

   private:
    void Raise() { sem_post(&semaphore_); }

    sem_t semaphore_;
    std::array<Signal*, 2> next_ = {};
  };

  struct Entry {
    Write* write;
    std::unique_ptr<Write> owned;
    Signal* over;
  };

  bool HasRoom(size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.empty() ||
           (waiting_.size() < options_.max_writes && waiting_bytes_ + bytes <= options_.max_bytes);
  }

  // Whether the thread has to do something at once.
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !committing_ && (!waiting_.empty() || stop_);
  }

  // `lock` holds the mutex. False if there is no room after the queue's patience.
  bool WaitForRoom(annotated::MutexLock& lock, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto end =
        std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.patience);
    while (!HasRoom(bytes)) {
      if (room_.wait_until(lock.native(), end) == std::cv_status::timeout) return HasRoom(bytes);
    }
    return true;
  }

  absl::Status Add(annotated::MutexLock& lock, Entry entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const size_t bytes = entry.write->bytes();
    if (!HasRoom(bytes) && !WaitForRoom(lock, bytes)) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the queue of writes stayed full for ", absl::FormatDuration(options_.patience), " with ",
          waiting_.size(), " waiting; the disk does not keep up"));
    }
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(entry));
    if (!committing_) work_.notify_one();
    return absl::OkStatus();
  }

  void EndCommit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    committing_ = false;
    idle_left_ = idle_ != nullptr;
    last_commit_ = std::chrono::steady_clock::now();
    // The thread sleeps without end if there was nothing to do, and has to look again.
    if (!waiting_.empty() || (idle_left_ && !napping_)) work_.notify_one();
  }

  // The writes that have waited longest, which are to be committed now.
  std::vector<Entry> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Entry> batch;
    const size_t count = std::min(waiting_.size(), options_.max_batch);
    batch.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      waiting_bytes_ -= waiting_.front().write->bytes();
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    committing_ = true;
    return batch;
  }

  void CommitBatch(std::vector<Entry> batch) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<Write*> writes;
    writes.reserve(batch.size());
    for (const Entry& entry : batch) writes.push_back(entry.write);
    num_commits_.fetch_add(1, std::memory_order_relaxed);
    commit_(writes);
    std::vector<Signal*> waiters;
    for (const Entry& entry : batch) {
      if (entry.over != nullptr) waiters.push_back(entry.over);
    }
    Signal::RaiseAll(waiters);
  }

  void Serve() {
    annotated::MutexLock lock(mutex_);
    for (;;) {
      if (!idle_left_) {
        while (!HasWork() && (!idle_left_ || committing_)) work_.wait(lock.native());
      } else {
        napping_ = true;
        const auto idle_from = last_commit_ + absl::ToChronoNanoseconds(options_.idle_after);
        while (!HasWork() &&
               work_.wait_until(lock.native(), idle_from) != std::cv_status::timeout) {
        }
        napping_ = false;
      }
      if (committing_) {
        // Not idle, and whoever commits tells when it is over.
        last_commit_ = std::chrono::steady_clock::now();
        continue;
      }
      if (!waiting_.empty()) {
        std::vector<Entry> batch = TakeBatch();
        lock.unlock();
        room_.notify_all();
        CommitBatch(std::move(batch));
        lock.lock();
        EndCommit();
      } else if (stop_) {
        return;
      } else if (idle_left_ && std::chrono::steady_clock::now() >=
                                   last_commit_ + absl::ToChronoNanoseconds(options_.idle_after)) {
        committing_ = true;
        lock.unlock();
        const bool more = idle_();
        lock.lock();
        committing_ = false;
        idle_left_ = more;
      }
    }
  }

  const CommitQueueOptions options_;
  const std::function<void(absl::Span<Write* const>)> commit_;
  const std::function<bool()> idle_;

  std::atomic<int64_t> num_commits_ = 0;
  annotated::Mutex mutex_;
  // Wakes the thread: there are writes and nobody commits, or it is to stop.
  std::condition_variable work_;
  // Wakes those who bring writes.
  std::condition_variable room_;
  std::deque<Entry> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Somebody commits, or does idle work.
  bool committing_ ABSL_GUARDED_BY(mutex_) = false;
  bool idle_left_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread sleeps, but not without end.
  bool napping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point last_commit_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace parlance::session

#endif  // SESSION_COMMIT_QUEUE_H_
