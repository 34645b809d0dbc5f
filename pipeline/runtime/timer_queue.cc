#include "pipeline/runtime/timer_queue.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/time/time.h"
#include "pipeline/clock/steady_clock.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

TimerQueue::TimerQueue() : thread_([this] { Work(); }) {}

TimerQueue::~TimerQueue() {
  {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void TimerQueue::RunAfter(absl::Duration time, std::function<void()> function) {
  const absl::Duration due = SteadyNow() + time;
  if (due == absl::InfiniteDuration()) return;
  annotated::MutexLock lock(mutex_);
  const auto added = waiting_.emplace(due, std::move(function));
  if (added == waiting_.begin()) changed_.notify_all();
}

void TimerQueue::Work() {
  // A wait that is longer may be more than a clock of the system can tell.
  constexpr absl::Duration kMaxWait = absl::Hours(1);
  annotated::MutexLock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock.native());
      continue;
    }
    const absl::Duration wait = waiting_.begin()->first - SteadyNow();
    if (wait > absl::ZeroDuration()) {
      changed_.wait_for(lock.native(), absl::ToChronoNanoseconds(std::min(wait, kMaxWait)));
      continue;
    }
    std::function<void()> function = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    lock.unlock();
    function();
    // What it holds may need the queue when it goes.
    function = nullptr;
    lock.lock();
  }
}

}  // namespace parlance::pipeline
