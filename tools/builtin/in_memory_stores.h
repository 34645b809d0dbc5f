// Notes and timers that last as long as the process.
#ifndef TOOLS_BUILTIN_IN_MEMORY_STORES_H_
#define TOOLS_BUILTIN_IN_MEMORY_STORES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "third_party/annotated_mutex.h"
#include "tools/builtin/dependencies.h"

namespace parlance::tools {

// Keeps at most `max_notes` notes; ResourceExhausted beyond. Thread-safe.
class InMemoryNoteStore : public NoteStore {
 public:
  explicit InMemoryNoteStore(size_t max_notes = 10000) : max_notes_(max_notes) {}
  absl::StatusOr<int64_t> Add(absl::string_view text) override;
  absl::StatusOr<std::vector<Note>> List() override;
  absl::Status Remove(int64_t id) override;

 private:
  const size_t max_notes_;
  annotated::Mutex mutex_;
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, std::string> notes_ ABSL_GUARDED_BY(mutex_);
};

// Keeps at most `max_timers` timers of each caller, and `max_callers` who have any;
// ResourceExhausted beyond. Thread-safe.
class InMemoryTimerStore : public TimerStore {
 public:
  explicit InMemoryTimerStore(size_t max_timers = 100, size_t max_callers = 100000)
      : max_timers_(max_timers), max_callers_(max_callers) {}
  absl::StatusOr<Timer> Start(absl::string_view caller, absl::string_view label,
                              absl::Time due) override;
  std::vector<Timer> List(absl::string_view caller) override;
  absl::Status Cancel(absl::string_view caller, int64_t id) override;

  // Removes and returns the caller's timers that are due, the first to ring first.
  std::vector<Timer> TakeDue(absl::string_view caller, absl::Time now);

 private:
  // The timers of a caller, and the id that the next one gets.
  struct Timers {
    int64_t next_id = 1;
    std::map<int64_t, Timer> by_id = {};
  };

  const size_t max_timers_;
  const size_t max_callers_;
  annotated::Mutex mutex_;
  // A caller without timers is not in it.
  std::map<std::string, Timers, std::less<>> timers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_IN_MEMORY_STORES_H_
