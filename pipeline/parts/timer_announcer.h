// Announces timers that are due.
#ifndef PIPELINE_PARTS_TIMER_ANNOUNCER_H_
#define PIPELINE_PARTS_TIMER_ANNOUNCER_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/runtime/announcer.h"
#include "tools/builtin/in_memory_stores.h"

namespace parlance::pipeline {

// Takes the session's timers that are due at `now`, and says which: by their labels, or without.
class TimerAnnouncer : public Announcer {
 public:
  // `timers` must outlive the announcer.
  TimerAnnouncer(tools::InMemoryTimerStore* timers, std::function<absl::Time()> now)
      : timers_(*timers), now_(std::move(now)) {}

  std::vector<std::string> TakeDue(absl::string_view session_id) override {
    std::vector<std::string> sentences;
    for (const tools::Timer& timer : timers_.TakeDue(session_id, now_())) {
      sentences.push_back(timer.label.empty()
                              ? "Your timer is up."
                              : absl::StrCat("Your timer ", timer.label, " is up."));
    }
    return sentences;
  }

 private:
  tools::InMemoryTimerStore& timers_;
  const std::function<absl::Time()> now_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_PARTS_TIMER_ANNOUNCER_H_
