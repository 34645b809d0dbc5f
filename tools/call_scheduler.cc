#include "tools/call_scheduler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace parlance::tools {

absl::string_view CallStateName(CallState state) {
  switch (state) {
    case CallState::kPending:
      return "pending";
    case CallState::kRunning:
      return "running";
    case CallState::kSucceeded:
      return "succeeded";
    case CallState::kFailed:
      return "failed";
    case CallState::kTimedOut:
      return "timed_out";
    case CallState::kCancelled:
      return "cancelled";
  }
  return "";
}

absl::Status CallScheduler::Submit(Call& call, TimePoint now) {
  if (is_shut_down_) return absl::CancelledError("the executor ends");
  if (num_abandoned_ >= limits_.max_abandoned) {
    return absl::ResourceExhaustedError(
        absl::StrCat(num_abandoned_, " handlers did not return when their calls ended"));
  }
  // What may run at once does not wait.
  const bool waits = num_running_ >= limits_.max_running || !HasRoom(call);
  if (waits && num_pending_ >= limits_.max_pending) {
    return absl::ResourceExhaustedError(
        absl::StrCat(num_running_, " calls run and ", num_pending_, " wait already"));
  }
  ++num_pending_;
  call.timer_ = timers_.emplace(call.deadline_, &call);
  if (now >= call.deadline_) {
    End(call, CallState::kTimedOut);
  } else {
    Ready(call);
  }
  return absl::OkStatus();
}

CallScheduler::Call* CallScheduler::Take(TimePoint now) {
  Advance(now);
  if (num_running_ >= limits_.max_running) return nullptr;
  const auto next =
      std::find_if(ready_.begin(), ready_.end(), [&](const Call* call) { return HasRoom(*call); });
  if (next == ready_.end()) return nullptr;
  Call& call = **next;
  ready_.erase(next);
  call.ready_.reset();
  --num_pending_;
  ++num_running_;
  call.state_ = CallState::kRunning;
  ++call.num_attempts_;
  call.is_inside_ = true;
  if (call.max_of_tool_ > 0) ++num_inside_[call.tool_];
  return &call;
}

void CallScheduler::Return(Call& call, Outcome outcome, TimePoint now) {
  call.is_inside_ = false;
  if (call.max_of_tool_ > 0) {
    const auto inside = num_inside_.find(call.tool_);
    if (--inside->second == 0) num_inside_.erase(inside);
  }
  if (IsEnding(call.state_)) {
    --num_abandoned_;
    return;
  }
  if (now >= call.deadline_) return End(call, CallState::kTimedOut);
  if (outcome == Outcome::kResult) return End(call, CallState::kSucceeded);
  const auto pause = std::min(limits_.largest_pause,
                              limits_.first_pause * (1 << std::min(call.num_attempts_ - 1, 20)));
  if (outcome == Outcome::kError || call.num_attempts_ >= call.max_attempts_ ||
      now + pause >= call.deadline_) {
    return End(call, CallState::kFailed);
  }
  --num_running_;
  ++num_pending_;
  call.state_ = CallState::kPending;
  SetTimer(call, now + pause);
}

void CallScheduler::Cancel(Call& call, CancelReason reason) {
  if (IsEnding(call.state_)) return;
  call.cancel_reason_ = reason;
  End(call, CallState::kCancelled);
}

void CallScheduler::Advance(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Call& call = *timers_.begin()->second;
    if (now >= call.deadline_) {
      End(call, CallState::kTimedOut);
    } else {
      SetTimer(call, call.deadline_);
      Ready(call);
    }
  }
}

void CallScheduler::Shutdown() {
  is_shut_down_ = true;
  while (!timers_.empty()) Cancel(*timers_.begin()->second, CancelReason::kShutdown);
}

std::optional<TimePoint> CallScheduler::NextTimer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

bool CallScheduler::HasReady() const {
  return num_running_ < limits_.max_running &&
         std::any_of(ready_.begin(), ready_.end(),
                     [&](const Call* call) { return HasRoom(*call); });
}

bool CallScheduler::HasRoom(const Call& call) const {
  if (call.max_of_tool_ == 0) return true;
  const auto inside = num_inside_.find(call.tool_);
  return inside == num_inside_.end() || inside->second < call.max_of_tool_;
}

void CallScheduler::SetTimer(Call& call, TimePoint at) {
  timers_.erase(call.timer_);
  call.timer_ = timers_.emplace(at, &call);
}

void CallScheduler::Ready(Call& call) { call.ready_ = ready_.insert(ready_.end(), &call); }

void CallScheduler::End(Call& call, CallState ending) {
  if (call.state_ == CallState::kRunning) {
    --num_running_;
    if (call.is_inside_) ++num_abandoned_;
  } else {
    --num_pending_;
    if (call.ready_.has_value()) ready_.erase(*call.ready_);
    call.ready_.reset();
  }
  timers_.erase(call.timer_);
  call.state_ = ending;
  on_end_(call);
}

}  // namespace parlance::tools
