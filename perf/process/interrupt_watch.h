// Notices that the user asks a long run to end, instead of dying of it.
#ifndef PERF_PROCESS_INTERRUPT_WATCH_H_
#define PERF_PROCESS_INTERRUPT_WATCH_H_

namespace perf {

// While one is alive, the first SIGINT (Ctrl-C) is noted, and the next ends the process as usual.
// Not more than one at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  bool seen() const;
};

}  // namespace perf

#endif  // PERF_PROCESS_INTERRUPT_WATCH_H_
