#include "perf/mode/stored/timer_probe.h"

#include <algorithm>
#include <chrono>

#include "perf/stats/statistics.h"

namespace perf {
namespace {

constexpr std::chrono::milliseconds kPeriod(5);

}  // namespace

void AddLateness(const std::vector<TimerLateness>& timers, Health& health) {
  constexpr size_t kMinTimers = 10;
  std::vector<double> within;
  for (const TimerLateness& timer : timers) {
    if (timer.at_ns >= health.begin_ns() && timer.at_ns <= health.end_ns()) {
      within.push_back(timer.lateness_ms);
    }
  }
  if (within.size() < kMinTimers) return;
  std::sort(within.begin(), within.end());
  health.set_timer_lateness_median_ms(Quantile(within, 0.5));
  health.set_timer_lateness_p99_ms(Quantile(within, 0.99));
}

TimerProbe::TimerProbe() : thread_([this] { Run(); }) {}

TimerProbe::~TimerProbe() {
  {
    annotated::MutexLock lock(mutex_);
    over_ = true;
  }
  thread_.join();
}

std::vector<TimerLateness> TimerProbe::Timers() const {
  annotated::MutexLock lock(mutex_);
  return timers_;
}

void TimerProbe::Run() {
  for (;;) {
    const auto due = std::chrono::steady_clock::now() + kPeriod;
    std::this_thread::sleep_until(due);
    const std::chrono::duration<double, std::milli> late = std::chrono::steady_clock::now() - due;
    annotated::MutexLock lock(mutex_);
    if (over_) return;
    timers_.push_back(
        {.at_ns =
             std::chrono::duration_cast<std::chrono::nanoseconds>(due.time_since_epoch()).count(),
         .lateness_ms = late.count()});
  }
}

}  // namespace perf
