#include "pipeline/door/socket/blocking_pool.h"

#include <utility>

namespace parlance::pipeline::door {

BlockingPool::BlockingPool(int num_workers, size_t max_waiting) : max_waiting_(max_waiting) {
  for (int i = 0; i < num_workers; ++i) threads_.emplace_back([this] { Work(); });
}

BlockingPool::~BlockingPool() { Stop(); }

bool BlockingPool::Post(Task task) {
  annotated::MutexLock lock(mutex_);
  if (stopping_ || tasks_.size() >= max_waiting_) return false;
  tasks_.push_back(std::move(task));
  work_.notify_one();
  return true;
}

void BlockingPool::Stop() {
  std::deque<Task> dropped;
  {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
    work_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void BlockingPool::Work() {
  for (;;) {
    Task task;
    {
      annotated::MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) work_.wait(lock.native());
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace parlance::pipeline::door
