#include "pipeline/runtime/worker_pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace parlance::pipeline {
namespace {

// Has this thread give way to others: it does not interrupt whoever runs when it is woken
// (sched(7), SCHED_BATCH), and has less of a processor that both want. Failing changes nothing but
// that.
void GiveWay() {
  constexpr int kNiceness = 5;
  const sched_param parameters = {};
  sched_setscheduler(0, SCHED_BATCH, &parameters);
  // For Linux a niceness is a thread's.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
}

}  // namespace

WorkerPool::WorkerPool(Options options) : options_(std::move(options)) {
  annotated::MutexLock lock(mutex_);
  for (int i = 0; i < options_.num_workers; ++i) StartWorker();
}

WorkerPool::~WorkerPool() {
  std::vector<std::unique_ptr<Worker>> workers;
  std::deque<Task> dropped;
  {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
    workers.swap(workers_);
    work_.notify_all();
  }
  for (const auto& worker : workers) worker->thread.join();
}

bool WorkerPool::Post(Task task) {
  annotated::MutexLock lock(mutex_);
  if (stopping_ || tasks_.size() >= options_.max_waiting) {
    ++stats_.num_refused;
    return false;
  }
  tasks_.push_back(std::move(task));
  work_.notify_one();
  return true;
}

void WorkerPool::StartWorker() {
  workers_.push_back(std::make_unique<Worker>());
  Worker* const worker = workers_.back().get();
  worker->thread = std::thread([this, worker] { Work(*worker); });
}

void WorkerPool::ReplaceOverdue() {
  std::vector<std::function<void()>> overdue;
  std::vector<std::unique_ptr<Worker>> over;
  {
    annotated::MutexLock lock(mutex_);
    // Threads that ended keep their memory until they are joined.
    for (std::unique_ptr<Worker>& worker : workers_) {
      if (worker->is_over) over.push_back(std::move(worker));
    }
    std::erase(workers_, nullptr);
    const absl::Duration now = options_.now();
    for (size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = *workers_[i];
      if (worker.is_replaced || worker.began == absl::InfiniteDuration() ||
          now - worker.began < options_.overdue_after ||
          stats_.num_overdue >= options_.max_replaced) {
        continue;
      }
      worker.is_replaced = true;
      ++stats_.num_overdue;
      ++stats_.num_overdue_ever;
      if (worker.overdue != nullptr) overdue.push_back(std::move(worker.overdue));
      if (!stopping_) StartWorker();
    }
  }
  for (const auto& tell : overdue) tell();
  for (const auto& worker : over) worker->thread.join();
}

WorkerPool::Stats WorkerPool::stats() const {
  annotated::MutexLock lock(mutex_);
  Stats stats = stats_;
  stats.num_waiting = tasks_.size();
  stats.num_threads = workers_.size();
  return stats;
}

void WorkerPool::Work(Worker& worker) {
  GiveWay();
  annotated::MutexLock lock(mutex_);
  while (!worker.is_replaced) {
    while (tasks_.empty() && !stopping_) work_.wait(lock.native());
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    worker.began = options_.now();
    worker.overdue = std::move(task.overdue);
    lock.unlock();
    bool threw = false;
    try {
      task.run();
    } catch (...) {
      threw = true;
    }
    // What the task holds is let go of without the mutex.
    task = Task();
    lock.lock();
    worker.began = absl::InfiniteDuration();
    std::function<void()> unused = std::move(worker.overdue);
    worker.overdue = nullptr;
    ++stats_.num_done;
    if (threw) ++stats_.num_threw;
    lock.unlock();
    unused = nullptr;
    lock.lock();
  }
  --stats_.num_overdue;
  worker.is_over = true;
}

}  // namespace parlance::pipeline
