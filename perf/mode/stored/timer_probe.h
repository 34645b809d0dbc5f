// How late timers are, while something else is measured: a machine that is busy, or a virtual one
// that is not given its CPUs, wakes sleepers late.
//
// Runs in a thread of the runner, not of what is measured: there it would make code behave as it
// does beside threads.
#ifndef PERF_MODE_STORED_TIMER_PROBE_H_
#define PERF_MODE_STORED_TIMER_PROBE_H_

#include <cstdint>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "perf/record/result.pb.h"
#include "third_party/annotated_mutex.h"

namespace perf {

struct TimerLateness {
  // When the timer was due, by the steady clock.
  int64_t at_ns = 0;
  double lateness_ms = 0;
};

// Sets the lateness of the timers that were due between the health's beginning and end, if there
// were at least ten.
void AddLateness(const std::vector<TimerLateness>& timers, Health& health);

// Sleeps 5 ms at a time, and notes how late it wakes, for as long as it lives.
class TimerProbe {
 public:
  TimerProbe();
  ~TimerProbe();
  TimerProbe(const TimerProbe&) = delete;
  TimerProbe& operator=(const TimerProbe&) = delete;

  // The timers so far. Thread-safe.
  std::vector<TimerLateness> Timers() const;

 private:
  void Run();

  mutable annotated::Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<TimerLateness> timers_ ABSL_GUARDED_BY(mutex_);
  // The last member, so that it starts when the others are there.
  std::thread thread_;
};

}  // namespace perf

#endif  // PERF_MODE_STORED_TIMER_PROBE_H_
