// One thread that waits for many sockets, deadlines and tasks at once, and does what is due.
//
// Source: epoll(7), level-triggered.
#ifndef PIPELINE_DOOR_SOCKET_EVENT_LOOP_H_
#define PIPELINE_DOOR_SOCKET_EVENT_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/door/socket/file_descriptor.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline::door {

class EventLoop {
 public:
  // The interface that is called on the loop's thread, about one socket.
  class Source {
   public:
    virtual ~Source() = default;
    // Events of epoll: EPOLLIN and others.
    virtual void OnEvents(uint32_t events) = 0;
    // The deadline that was set last is over.
    virtual void OnDeadline() = 0;
    // No new work is to be taken on.
    virtual void OnDrain() = 0;
    // The loop ends. The last call.
    virtual void OnLoopEnd() = 0;
  };
  // The id of a source; no two of a loop have the same.
  using Id = uint64_t;
  using Task = absl::AnyInvocable<void()>;

  // Starts the thread. `now` is a steady clock. Unavailable if the system has no more descriptors.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(std::function<absl::Duration()> now);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Any thread.
  // Has the task run soon, after those that were posted before. After Stop it is dropped.
  void Post(Task task);
  // Sets the events that are waited for; EPOLLHUP and EPOLLERR always are.
  void SetEvents(Id id, int fd, uint32_t events);
  // Tells every source to take on no new work, soon.
  void Drain();
  // Runs what was posted, tells every source that the loop ends, and returns when the thread has.
  void Stop();

  // The loop's thread alone.
  // The source is kept until Remove. 0 if the system takes no more.
  Id Add(int fd, uint32_t events, std::shared_ptr<Source> source);
  // Before the descriptor is closed.
  void Remove(Id id, int fd);
  // Instead of the last one. InfiniteDuration: none.
  void SetDeadline(Id id, absl::Duration deadline);
  // When the present round began.
  absl::Duration now() const { return now_; }
  // Room to read into, which all sources share.
  absl::Span<uint8_t> buffer() { return absl::MakeSpan(buffer_); }

 private:
  struct Entry {
    std::shared_ptr<Source> source = nullptr;
    absl::Duration deadline = absl::InfiniteDuration();
    // The earliest of its timers.
    absl::Duration timer = absl::InfiniteDuration();
  };
  // A deadline as it was once: that of the entry counts. Moving one further away, which happens
  // with each byte that comes, costs nothing but the timer that rings too early.
  using Timer = std::pair<absl::Duration, Id>;

  EventLoop(std::function<absl::Duration()> clock, FileDescriptor epoll, FileDescriptor wake);
  std::vector<std::shared_ptr<Source>> sources() const;
  void Run();
  void RunTasks();
  void RunTimers();
  int MillisecondsToWait() const;

  const std::function<absl::Duration()> clock_;
  const FileDescriptor epoll_;
  // An eventfd that is readable while there are tasks.
  const FileDescriptor wake_;

  absl::Duration now_;
  Id last_id_ = 0;
  absl::flat_hash_map<Id, Entry> entries_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<uint8_t> buffer_;

  annotated::Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_EVENT_LOOP_H_
