#include "pipeline/door/socket/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

// The eventfd that wakes the loop.
constexpr EventLoop::Id kWakeId = 0;
constexpr size_t kBufferBytes = size_t{64} << 10;
constexpr int kEventsAtOnce = 256;
constexpr absl::Duration kMaxWait = absl::Hours(1);

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(std::function<absl::Duration()> now) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (!epoll.is_open() || !wake.is_open() ||
      epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot wait for connections: ", std::strerror(errno)));
  }
  return std::unique_ptr<EventLoop>(
      new EventLoop(std::move(now), std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(std::function<absl::Duration()> clock, FileDescriptor epoll,
                     FileDescriptor wake)
    : clock_(std::move(clock)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      now_(clock_()),
      buffer_(kBufferBytes),
      thread_([this] { Run(); }) {}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Post(Task task) {
  annotated::MutexLock lock(mutex_);
  if (is_over_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) eventfd_write(wake_.get(), 1);
}

void EventLoop::SetEvents(Id id, int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = id;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Drain() {
  Post([this] {
    for (const std::shared_ptr<Source>& source : sources()) source->OnDrain();
  });
}

void EventLoop::Stop() {
  if (!thread_.joinable()) return;
  {
    annotated::MutexLock lock(mutex_);
    is_stopping_ = true;
    eventfd_write(wake_.get(), 1);
  }
  thread_.join();
}

EventLoop::Id EventLoop::Add(int fd, uint32_t events, std::shared_ptr<Source> source) {
  const Id id = ++last_id_;
  epoll_event event = {};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return kWakeId;
  entries_[id].source = std::move(source);
  return id;
}

void EventLoop::Remove(Id id, int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  entries_.erase(id);
}

void EventLoop::SetDeadline(Id id, absl::Duration deadline) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.deadline = deadline;
  if (deadline < found->second.timer) {
    found->second.timer = deadline;
    timers_.emplace(deadline, id);
  }
}

std::vector<std::shared_ptr<EventLoop::Source>> EventLoop::sources() const {
  std::vector<std::shared_ptr<Source>> sources;
  sources.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) sources.push_back(entry.source);
  return sources;
}

int EventLoop::MillisecondsToWait() const {
  if (timers_.empty()) return -1;
  const absl::Duration wait =
      std::clamp(timers_.top().first - now_, absl::ZeroDuration(), kMaxWait);
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

void EventLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    annotated::MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::RunTimers() {
  while (!timers_.empty() && timers_.top().first <= now_) {
    const auto [time, id] = timers_.top();
    timers_.pop();
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.timer != time) continue;
    Entry& entry = found->second;
    entry.timer = absl::InfiniteDuration();
    if (entry.deadline > now_) {
      // It was moved further away meanwhile.
      SetDeadline(id, entry.deadline);
      continue;
    }
    entry.deadline = absl::InfiniteDuration();
    const std::shared_ptr<Source> source = entry.source;
    source->OnDeadline();
  }
}

void EventLoop::Run() {
  std::array<epoll_event, kEventsAtOnce> events = {};
  for (;;) {
    const int num_events =
        epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, MillisecondsToWait());
    now_ = clock_();
    for (int i = 0; i < num_events; ++i) {
      if (events[i].data.u64 == kWakeId) {
        eventfd_t count = 0;
        eventfd_read(wake_.get(), &count);
        continue;
      }
      // It may have been removed in this round.
      const auto found = entries_.find(events[i].data.u64);
      if (found == entries_.end()) continue;
      const std::shared_ptr<Source> source = found->second.source;
      source->OnEvents(events[i].events);
    }
    RunTasks();
    RunTimers();
    annotated::MutexLock lock(mutex_);
    if (is_stopping_) break;
  }
  RunTasks();
  for (const std::shared_ptr<Source>& source : sources()) source->OnLoopEnd();
  std::vector<Task> left;
  {
    annotated::MutexLock lock(mutex_);
    is_over_ = true;
    left.swap(tasks_);
  }
  for (Task& task : left) task();
}

}  // namespace parlance::pipeline::door
