// Runs functions once after a time, all on one thread.
//
// A function should return soon: those that are due after it wait for it. Functions that are due at
// the same time run in the order in which they were given.
//
// RunAfter may be called from any thread, also from a function that the queue runs.
#ifndef PIPELINE_RUNTIME_TIMER_QUEUE_H_
#define PIPELINE_RUNTIME_TIMER_QUEUE_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class TimerQueue {
 public:
  TimerQueue();
  // Lets what runs come to its end, and drops what waits.
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // At once if the time is not positive, and never if it is infinite.
  void RunAfter(absl::Duration time, std::function<void()> function);

 private:
  void Work();

  annotated::Mutex mutex_;
  std::condition_variable changed_;
  // By the moment of the steady clock at which they are due.
  std::multimap<absl::Duration, std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TIMER_QUEUE_H_
