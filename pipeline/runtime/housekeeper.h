// Calls a function from time to time, on a thread of its own, for as long as it lives: what looks
// after others, such as WorkerPool::ReplaceOverdue.
#ifndef PIPELINE_RUNTIME_HOUSEKEEPER_H_
#define PIPELINE_RUNTIME_HOUSEKEEPER_H_

#include <condition_variable>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class Housekeeper {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(100);

  explicit Housekeeper(std::function<void()> look) : look_(std::move(look)) {
    thread_ = std::thread([this] { Work(); });
  }
  // Waits for a call that is under way.
  ~Housekeeper() {
    {
      annotated::MutexLock lock(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
    thread_.join();
  }
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

 private:
  void Work() {
    annotated::MutexLock lock(mutex_);
    while (!is_over_) {
      over_.wait_for(lock.native(), absl::ToChronoNanoseconds(kInterval));
      lock.unlock();
      look_();
      lock.lock();
    }
  }

  const std::function<void()> look_;
  annotated::Mutex mutex_;
  std::condition_variable over_;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_HOUSEKEEPER_H_
