// Which call runs when, and how each one ends: the rules, without threads, clocks or handlers.
//
// A call is pending, then running, and ends once: it has succeeded, failed, timed out or been
// cancelled. What happens first decides, and what comes later changes nothing:
//
//   pending  taken by a worker                    -> running
//            its deadline, a cancel, the shutdown -> timed out, cancelled, cancelled
//   running  its handler returns a result         -> succeeded
//            an error                             -> failed
//            an error that may pass, with an attempt left and time for the pause before it
//                                                 -> pending, from the end of that pause on
//            its deadline, a cancel, the shutdown -> timed out, cancelled, cancelled
//
// A result that comes at or after the deadline is late, whether or not anybody looked at the clock
// in between. Progress decides nothing: it moves no deadline. A handler that is still inside when
// its call has ended is abandoned: it takes no room from other tools, but from its own tool, and
// when many are, no more calls are taken.
//
// Not thread-safe. Every event is one call of a method, so that all orders of events are orders of
// calls; the test tries them all.
#ifndef TOOLS_CALL_SCHEDULER_H_
#define TOOLS_CALL_SCHEDULER_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace parlance::tools {

using TimePoint = std::chrono::steady_clock::time_point;

enum class CallState { kPending, kRunning, kSucceeded, kFailed, kTimedOut, kCancelled };

// The state's name: "pending", "running", …
absl::string_view CallStateName(CallState state);

constexpr bool IsEnding(CallState state) {
  return state != CallState::kPending && state != CallState::kRunning;
}

enum class CancelReason {
  kCaller,
  kShutdown,
};

// The outcome that a handler came back with.
enum class Outcome {
  kResult,
  kError,
  // Another attempt may succeed.
  kTransientError,
};

class CallScheduler {
 public:
  struct Limits {
    // How many calls may run at once.
    int max_running = 8;
    // How many calls may wait to run.
    size_t max_pending = 1024;
    // How many handlers may go on after their calls have ended, before calls are refused.
    int max_abandoned = 256;
    // The pause before the second attempt; doubled before each further one, up to the largest.
    std::chrono::nanoseconds first_pause = std::chrono::milliseconds(50);
    std::chrono::nanoseconds largest_pause = std::chrono::seconds(2);
  };

  class Call {
   public:
    // `tool`: what tells the tool's calls from others'.
    Call(const void* tool, int max_of_tool, int max_attempts, TimePoint deadline)
        : tool_(tool),
          max_of_tool_(max_of_tool),
          max_attempts_(max_attempts),
          deadline_(deadline) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    CallState state() const { return state_; }
    TimePoint deadline() const { return deadline_; }
    int num_attempts() const { return num_attempts_; }
    // Why the call was cancelled, if it was.
    CancelReason cancel_reason() const { return cancel_reason_; }
    // Whether its handler has been entered and has not returned.
    bool is_inside() const { return is_inside_; }

   private:
    friend class CallScheduler;

    const void* const tool_;
    // How many calls of the tool may run at once. 0: no limit.
    const int max_of_tool_;
    const int max_attempts_;
    const TimePoint deadline_;
    CallState state_ = CallState::kPending;
    int num_attempts_ = 0;
    bool is_inside_ = false;
    CancelReason cancel_reason_ = CancelReason::kCaller;
    // Where it is in ready_, if it waits for nothing but room, and in timers_, until it has ended.
    std::optional<std::list<Call*>::iterator> ready_;
    std::multimap<TimePoint, Call*>::iterator timer_;
  };

  // `on_end` is called once for each call that was submitted, in the event that ends it. A call has
  // to live until it has ended and its handler has returned.
  CallScheduler(const Limits& limits, std::function<void(Call&)> on_end)
      : limits_(limits), on_end_(std::move(on_end)) {}

  // ResourceExhausted if too many calls wait or too many handlers are abandoned; Cancelled after
  // Shutdown. The call was not submitted then.
  absl::Status Submit(Call& call, TimePoint now);

  // The call that a free worker is to run; null if none may run now.
  Call* Take(TimePoint now);

  // Whether a handler's progress is still of interest.
  bool Progress(const Call& call, TimePoint now) const {
    return call.state_ == CallState::kRunning && now < call.deadline_;
  }

  // Tells that the handler of a taken call has returned.
  void Return(Call& call, Outcome outcome, TimePoint now);

  // Ends the call, unless it has ended.
  void Cancel(Call& call, CancelReason reason);

  // Ends calls whose deadline has come, and readies those whose pause is over.
  void Advance(TimePoint now);

  // Cancels all calls. None is taken any more.
  void Shutdown();

  // When Advance has something to do; nothing if never.
  std::optional<TimePoint> NextTimer() const;

  // Whether Take would return a call.
  bool HasReady() const;
  int num_running() const { return num_running_; }
  int num_abandoned() const { return num_abandoned_; }

 private:
  bool HasRoom(const Call& call) const;
  void SetTimer(Call& call, TimePoint at);
  void Ready(Call& call);
  void End(Call& call, CallState ending);

  const Limits limits_;
  const std::function<void(Call&)> on_end_;
  bool is_shut_down_ = false;
  int num_running_ = 0;
  int num_abandoned_ = 0;
  size_t num_pending_ = 0;
  // How many handlers are inside, by tool, for tools with a limit.
  std::unordered_map<const void*, int> num_inside_;
  // The calls that wait for nothing but room, in the order in which they came.
  std::list<Call*> ready_;
  // A deadline or the end of a pause, for each call that has not ended.
  std::multimap<TimePoint, Call*> timers_;
};

}  // namespace parlance::tools

#endif  // TOOLS_CALL_SCHEDULER_H_
