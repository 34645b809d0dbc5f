// How late timers are, while something else is measured: a machine that is busy, or a virtual one
// that is not given its CPUs, wakes sleepers late.
//
// Runs in a thread of the runner, not of what is measured: there it would make code behave as it
// does beside threads.
#ifndef PERF_RUNNER_TIMER_PROBE_H_
#define PERF_RUNNER_TIMER_PROBE_H_

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "perf/record/result.pb.h"

namespace perf {

struct TimerLateness {
  // Of the steady clock.
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

  // So far. Thread-safe.
  std::vector<TimerLateness> Timers() const;

 private:
  void Run();

  mutable std::mutex mutex_;
  bool over_ = false;
  std::vector<TimerLateness> timers_;
  // Last, so that it starts when the rest is there.
  std::thread thread_;
};

}  // namespace perf

#endif  // PERF_RUNNER_TIMER_PROBE_H_
